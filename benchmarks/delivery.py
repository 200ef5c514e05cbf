"""From the commit of a failure to the first byte at a webhook receiver, at a steady rate of alerts."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import ACCEPTED, Server, post, running
from benchmarks.receiver import Receiver
from benchmarks.report import Row, mid

CONFIGURATION = """\
route: {{receiver: hook, group_by: ['...']}}
receivers: [{{name: hook, webhook: {{url: "http://127.0.0.1:{port}/"}}}}]
"""


class Ear(Receiver):
    """Remembers when the first byte about each job came."""

    def __init__(self) -> None:
        self.first_byte_at: dict[str, float] = {}
        super().__init__(self._heard)

    def _heard(self, said: Any, arrived: float) -> None:  # noqa: ANN401 -- whatever stands in JSON
        self.first_byte_at.setdefault(said["alert"]["job"], arrived)


def measure(per_second: int, seconds: float) -> list[Row]:
    """Return the delay between the 202, which follows the commit, and the first byte at the receiver."""
    receiver = Ear()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "tocsin.yaml"
        config.write_text(CONFIGURATION.format(port=receiver.port))
        with running("ours", database=str(Path(folder) / "t.db"), config=str(config), cpu=None) as server:
            sent_at = _fail(server, per_second, seconds)
            _wait(receiver, len(sent_at))
    delays = sorted((receiver.first_byte_at.get(job, float("inf")) - at) for job, at in sent_at.items())
    p99 = delays[int(len(delays) * 0.99)]
    detail = (
        f"p50 {mid(delays) * 1e3:.3g} ms, longest {delays[-1] * 1e3:.3g} ms, {len(delays)} alerts; "
        "counted from before the request was sent, so a little too much"
    )
    name = f"failure reported → first byte at the receiver, {per_second} alerts/s, p99"
    return [Row(name=name, value=p99, unit="s", at_most=1, detail=detail)]


def _fail(server: Server, per_second: int, seconds: float) -> dict[str, float]:
    sent_at: dict[str, float] = {}
    begins = time.perf_counter()
    for number in range(int(per_second * seconds)):
        due = begins + number / per_second
        time.sleep(max(due - time.perf_counter(), 0))
        job = f"failing_{number}"
        body = {"job": job, "kind": "fail", "run": "r", "seq": 1, "error": {"message": "no"}}
        sent_at[job] = time.perf_counter()
        if post(server.port, json.dumps(body).encode()) != ACCEPTED:
            raise RuntimeError("the server did not take a check-in")
    return sent_at


def _wait(receiver: Ear, count: int) -> None:
    ends = time.perf_counter() + 20
    while len(receiver.first_byte_at) < count and time.perf_counter() < ends:
        time.sleep(0.05)
