"""A restart with many escalations under way: whether each level is told once, and how soon the first."""

import tempfile
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.processes import running
from benchmarks.receiver import Receiver
from benchmarks.report import Row
from tests.stories.server import Server, VirtualClock
from tocsin.alerts.group import EACH_ALONE
from tocsin.clock import now
from tocsin.config.loading import load_text
from tocsin.jobs.checkin import CheckIn, CheckInKind
from tocsin.notify.channel import Accepted
from tocsin.notify.message import Message

AWAY_FOR = timedelta(hours=1)
PATIENCE_SECONDS = 60.0
CONFIGURATION = """\
receivers:
  - {{name: team, webhook: {{url: "http://127.0.0.1:{port}/"}}}}
  - {{name: boss, webhook: {{url: "http://127.0.0.1:{port}/"}}}}
  - {{name: vp, webhook: {{url: "http://127.0.0.1:{port}/"}}}}
escalation_policies:
  - policy_id: loads
    levels:
      - {{name: boss, targets: boss, timeout_minutes: 15}}
      - {{name: vp, targets: vp, timeout_minutes: 600}}
route: {{receiver: team, escalation: loads}}
"""


class Taker:
    """A channel that takes everything: what was told before the server went away."""

    kind = "webhook"
    recognises_repeats = True

    def send(self, message: Message, *, at: datetime) -> Accepted:  # noqa: ARG002 -- the protocol passes them
        """Take it."""
        return Accepted(detail="taken")


class Ear(Receiver):
    """Counts the keys of what is escalated, and knows when the first came."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()
        self.alerts: Counter[str] = Counter()
        self.first_at = self.last_at = 0.0
        self._lock = threading.Lock()
        super().__init__(self._heard)

    def _heard(self, said: Any, arrived: float) -> None:  # noqa: ANN401 -- whatever stands in JSON
        if said["kind"] == "escalated":
            self._count(said["key"], said["alert"]["id"], arrived)

    def _count(self, key: str, alert: str, arrived: float) -> None:
        with self._lock:
            self.first_at = self.first_at or arrived
            self.last_at = arrived
            self.keys[key] += 1
            self.alerts[alert] += 1


def measure(count: int) -> list[Row]:
    """Return what a server tells that starts an hour after so many escalations began."""
    receiver = Ear()
    with tempfile.TemporaryDirectory() as folder:
        config, database = Path(folder) / "tocsin.yaml", Path(folder) / "t.db"
        config.write_text(CONFIGURATION.format(port=receiver.port))
        _begin(config, database, count)
        started = time.perf_counter()
        with running("ours", database=str(database), config=str(config), cpu=None):
            ends = started + PATIENCE_SECONDS
            while len(receiver.keys) < count and time.perf_counter() < ends:
                time.sleep(0.05)
            time.sleep(1)
    told_once = sum(1 for alert, times in receiver.alerts.items() if times == 1)
    detail = (
        f"from the start of the process; the last after {receiver.last_at - started:.3g} s; "
        f"{len(receiver.keys)} keys, {receiver.keys.total()} messages"
    )
    what, seconds = f"restart with {count:,} running escalations", receiver.first_at - started
    return [
        Row(
            name=f"{what}: alerts whose level was told once under its key",
            value=told_once,
            unit="",
            at_least=count,
        ),
        Row(name=f"{what}: first send", value=seconds, unit="s", at_most=2, detail=detail),
    ]


def _begin(config: Path, database: Path, count: int) -> None:
    """Let so many jobs fail an hour ago, have the first level told, and go away."""
    loaded = load_text(config.read_bytes(), {}, source=str(config), folder=config.parent)
    policy = replace(loaded.configuration.policy, pace=EACH_ALONE)
    clock = VirtualClock(now() - AWAY_FOR)
    server = Server(database, clock, dict.fromkeys(loaded.channels, Taker()))
    server.boot(replace(loaded.configuration, policy=policy))
    for start in range(0, count, 100):
        numbers = range(start, min(start + 100, count))
        server.report(*(_failure(f"job_{number}", clock.at) for number in numbers))
    server.die()


def _failure(job: str, at: datetime) -> CheckIn:
    return CheckIn(job=job, kind=CheckInKind.FAIL, at=at, received_at=at, run="r", seq=1)
