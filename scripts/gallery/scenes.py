"""What the gallery shows: true messages, which the real engine owes after what happens to real jobs.

One world for each severity, on a virtual clock: a night in which a load fails and is escalated, goes on, is
taken in hand and ends, in which another gets later and later; a day on which one does not start because what
it needs is still at work, and on which many fail at once; then a drill.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from itertools import count
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

from tests.stories.server import ALIVE_EVERY, BLIND_AFTER, Server, VirtualClock
from tocsin.alerts.alert import AlertState
from tocsin.alerts.drill import Aim
from tocsin.config.loading import load_text
from tocsin.engine import auditing, rounds
from tocsin.engine.commands import Acknowledge, StartDrill
from tocsin.jobs.checkin import CheckIn, CheckInKind, Detail, Progress, Records
from tocsin.notify.channel import Accepted
from tocsin.notify.message import Message, MessageKind
from tocsin.rules.finding import Severity

SEVERITIES = ("info", "warning", "critical", "page")
KINDS = (
    "first",
    "louder",
    "update",
    "escalated",
    "acknowledged",
    "resolved",
    "digest",
    "upstream",
    "storm",
    "over",
    "drill",
)
HERE = Path(__file__).parent
ZONE = ZoneInfo("Europe/Berlin")
LOAD, REPORT = "nightly_orders", "daily_revenue"
NEEDED, NEEDING, TOTALS = "stock_import", "stock_report", "stock_totals"
MANY = 24
LOG = """\
02:31:40 INFO  orders.load  batch 412 of 960: 50,000 rows written
02:31:58 WARN  orders.load  lost connection to db-7.example.com:5432, attempt 3 of 3
02:33:59 ERROR orders.load  giving up
Traceback (most recent call last):
  File "/opt/jobs/orders/load.py", line 118, in write_batch
    cursor.executemany(INSERT_ORDER, rows)
psycopg.OperationalError: server closed the connection unexpectedly
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One message of the gallery, and to which target it was owed."""

    severity: str
    kind: str
    target: str
    message: Message


class _Recorder:
    """A channel that keeps what it is given."""

    kind = "recording"
    recognises_repeats = True

    def __init__(self, target: str, kept: list[tuple[str, Message]]) -> None:
        self._target = target
        self._kept = kept

    def send(self, message: Message, *, at: datetime) -> Accepted:  # noqa: ARG002 -- as every channel has it
        self._kept.append((self._target, message))
        return Accepted(detail="kept")


class _World(Server):
    """The real engine, whose ids look as they do in life and are the same every time."""

    def __init__(self, path: Path, kept: list[tuple[str, Message]], severity: str) -> None:
        text = (HERE / "tocsin.yaml").read_text(encoding="utf-8").replace("SEVERITY", severity)
        loaded = load_text(text.encode(), {}, source="tocsin.yaml", folder=HERE)
        channels = {target: _Recorder(target, kept) for target in loaded.channels}
        super().__init__(path, VirtualClock(_instant("2026-03-29 01:30")), channels)
        self._ids = (blake2b(f"{severity} {n}".encode(), digest_size=8).hexdigest() for n in count())
        configuration = loaded.configuration
        self.boot(replace(configuration, policy=replace(configuration.policy, blind_after=BLIND_AFTER)))

    def at(self, when: str, kind: CheckInKind, job: str, check_in: CheckIn | None = None) -> None:
        """Let time pass until then, and one job report."""
        self.live_until(_instant(when))
        now = self.clock.at
        plain = CheckIn(job=job, kind=kind, at=now, received_at=now)
        self.report(plain if check_in is None else check_in)


def exhibits(folder: Path) -> Iterator[Exhibit]:
    """Return every message of the gallery, for each severity each kind once; `folder` is for the stores."""
    for severity in SEVERITIES:
        kept: list[tuple[str, Message]] = []
        with _few_signs_of_life():
            world = _World(folder / f"{severity}.db", kept, severity)
            try:
                _play(world, Severity[severity.upper()])
            finally:
                world.die()
        for kind in KINDS:
            target, message = next(one for one in reversed(kept) if _PICKS[kind](one[1]))
            yield Exhibit(severity=severity, kind=kind, target=target, message=message)


@contextmanager
def _few_signs_of_life() -> Iterator[None]:
    """Spare most of the work of a simulated day."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(rounds, "ALIVE_EVERY", ALIVE_EVERY))
        for name in ("SILENT_AFTER", "TURNED_AFTER"):
            stack.enter_context(patch.object(auditing, name, 2 * ALIVE_EVERY))
        yield


def _play(world: _World, severity: Severity) -> None:
    world.at("2026-03-29 02:00", CheckInKind.START, LOAD)
    world.at("2026-03-29 03:41", CheckInKind.SUCCESS, LOAD)
    world.at("2026-03-29 04:00", CheckInKind.START, REPORT)
    world.at("2026-03-29 05:12", CheckInKind.SUCCESS, REPORT)
    for job, begin, end in (
        (NEEDED, "09:00", "09:20"),
        (NEEDING, "09:30", "09:35"),
        (TOTALS, "17:00", "17:05"),
    ):
        world.at(f"2026-03-29 {begin}", CheckInKind.START, job)
        world.at(f"2026-03-29 {end}", CheckInKind.SUCCESS, job)
    world.at("2026-03-30 02:00", CheckInKind.START, LOAD)
    world.at("2026-03-30 02:34", CheckInKind.FAIL, LOAD, _failed(_instant("2026-03-30 02:34")))
    world.at("2026-03-30 04:01", CheckInKind.START, REPORT)
    world.at("2026-03-30 05:20", CheckInKind.HEARTBEAT, REPORT, _progress(_instant("2026-03-30 05:20")))
    world.live_until(_instant("2026-03-30 07:02"))
    with world.store.reading() as reading:
        alert = next(a for a in reading.alerts(states=(AlertState.FIRING,), limit=9) if a.job == LOAD)
    world.order(Acknowledge(alert_id=alert.id, who="Maria", note="the disk of db-7 is full"))
    world.at("2026-03-30 07:20", CheckInKind.SUCCESS, LOAD)
    world.live_until(_instant("2026-03-30 08:01"))
    world.at("2026-03-30 08:30", CheckInKind.SUCCESS, REPORT)
    world.at("2026-03-30 09:00", CheckInKind.START, NEEDED)
    world.at("2026-03-30 10:10", CheckInKind.SUCCESS, NEEDED)
    world.at("2026-03-30 10:12", CheckInKind.SUCCESS, NEEDING)
    for number in range(MANY):
        instant = _instant(f"2026-03-30 14:00:{number:02}")
        world.at(f"2026-03-30 14:00:{number:02}", CheckInKind.FAIL, "", _one_of_many(number, instant))
    world.live_until(_instant("2026-03-30 14:10"))
    for number in range(MANY):
        world.at("2026-03-30 15:05", CheckInKind.SUCCESS, f"shop_{number + 1:02}_stock")
    world.live_until(_instant("2026-03-30 16:00"))
    world.order(StartDrill(aim=Aim.RECEIVER, target="team", who="Maria", severity=severity))


def _failed(at: datetime) -> CheckIn:
    detail = Detail(
        exit_code=1,
        error_type="OperationalError",
        error_message="server closed the connection unexpectedly (db-7.example.com:5432)",
        log_tail=LOG,
        context=(("host", "etl-3.example.com"),),
    )
    return CheckIn(
        job=LOAD,
        kind=CheckInKind.FAIL,
        at=at,
        received_at=at,
        attempt=3,
        max_attempts=3,
        records=Records(ok=20_600_000, failed=50_000),
        detail=detail,
    )


def _progress(at: datetime) -> CheckIn:
    return CheckIn(
        job=REPORT,
        kind=CheckInKind.HEARTBEAT,
        at=at,
        received_at=at,
        progress=Progress(done=4_300, total=10_000),
    )


def _one_of_many(number: int, at: datetime) -> CheckIn:
    detail = Detail(
        error_message=f"connection to db-7.example.com:5432 refused (pid {9_000 + number})",
        context=(("host", f"shop-{number % 3 + 1}.example.com"),),
    )
    return CheckIn(
        job=f"shop_{number + 1:02}_stock", kind=CheckInKind.FAIL, at=at, received_at=at, detail=detail
    )


def _instant(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=ZONE)


def _is(kind: MessageKind, job: str) -> Callable[[Message], bool]:
    return lambda message: message.kind is kind and (message.job == job or not job) and not message.is_drill


def _is_of_many(kind: MessageKind) -> Callable[[Message], bool]:
    return lambda message: message.kind is kind and message.tells_of_many


_PICKS: dict[str, Callable[[Message], bool]] = {
    "first": _is(MessageKind.FIRING, LOAD),
    "louder": _is(MessageKind.LOUDER, REPORT),
    "update": _is(MessageKind.REPEAT, LOAD),
    "escalated": _is(MessageKind.ESCALATED, LOAD),
    "acknowledged": _is(MessageKind.ACKNOWLEDGED, LOAD),
    "resolved": _is(MessageKind.RESOLVED, LOAD),
    "digest": _is(MessageKind.SUMMARY, ""),
    "upstream": _is(MessageKind.FIRING, NEEDING),
    "storm": _is_of_many(MessageKind.FIRING),
    "over": _is_of_many(MessageKind.RESOLVED),
    "drill": lambda message: message.is_drill and message.kind is MessageKind.FIRING,
}
