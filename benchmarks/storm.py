"""A storm: ten thousand jobs fail within moments, and a person hears of it twice."""

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.delivery import Ear
from benchmarks.processes import ACCEPTED, Server, post, running
from benchmarks.report import Row

JOBS = 10_000
BATCH = 100
WAIT_SECONDS = 3
PROBE_EVERY_SECONDS = 0.05
CONFIGURATION = """\
route: {{receiver: hook, group_wait: {wait}s}}
receivers: [{{name: hook, webhook: {{url: "http://127.0.0.1:{port}/"}}}}]
"""


def measure(within_seconds: float, judged_seconds: float) -> list[Row]:
    """Return what a storm of JOBS failures within so many seconds costs, and how often the receiver hears."""
    receiver = Ear()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "tocsin.yaml"
        config.write_text(CONFIGURATION.format(port=receiver.port, wait=WAIT_SECONDS))
        with running("ours", database=str(Path(folder) / "t.db"), config=str(config)) as server:
            before = server.memory_mib
            with _probed(server) as delays:
                begins = time.perf_counter()
                _fail_all(server, begins, within_seconds)
                last = time.perf_counter()
                told_at = _storm_heard(receiver, last)
            grown = server.memory_mib - before
            heard = len(receiver.first_byte_at)
    name = f"{JOBS:,} failures in {within_seconds:g} s"
    ordered = sorted(delays)
    p99 = ordered[int(len(ordered) * 0.99)] * 1e3 if ordered else float("inf")
    late = told_at - last - WAIT_SECONDS
    return [
        Row(
            name=f"{name}: all judged, grouped and told after the last",
            value=late,
            unit="s",
            at_most=judged_seconds,
            detail=f"without the {WAIT_SECONDS} s of group_wait; {last - begins:.1f} s to report them",
        ),
        Row(name=f"{name}: notifications", value=heard, unit="", at_most=2),
        Row(
            name=f"{name}: another job's check-in meanwhile, p99",
            value=p99,
            unit="ms",
            at_most=300,
            detail=f"{len(ordered)} of them",
        ),
        Row(name=f"{name}: memory growth", value=grown, unit="MiB", at_most=100),
    ]


def _fail_all(server: Server, begins: float, within_seconds: float) -> None:
    for start in range(0, JOBS, BATCH):
        time.sleep(max(begins + start / JOBS * within_seconds - time.perf_counter(), 0))
        failures = [
            {
                "job": f"storm_{number}",
                "kind": "fail",
                "run": "r",
                "seq": 1,
                "error": {"message": f"connection to db-7 refused after {number} ms"},
            }
            for number in range(start, start + BATCH)
        ]
        if post(server.port, json.dumps(failures).encode()) != ACCEPTED:
            raise RuntimeError("the server did not take a check-in")


@contextmanager
def _probed(server: Server) -> Iterator[list[float]]:
    """Report a healthy job again and again, and collect how long each answer took."""
    delays: list[float] = []
    stopping = threading.Event()

    def probe() -> None:
        number = 0
        while not stopping.wait(PROBE_EVERY_SECONDS):
            number += 1
            body = {"job": "healthy", "kind": "success", "run": f"r{number}", "seq": 1}
            started = time.perf_counter()
            if post(server.port, json.dumps(body).encode()) == ACCEPTED:
                delays.append(time.perf_counter() - started)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield delays
    finally:
        stopping.set()
        thread.join()


def _storm_heard(receiver: Ear, since: float) -> float:
    """Wait for the message with the total, which names as many as wait; return when it came."""
    total = f"{JOBS - 1:,} more jobs"
    while time.perf_counter() - since < 60 + WAIT_SECONDS:
        if total in receiver.first_byte_at:
            return receiver.first_byte_at[total]
        time.sleep(0.05)
    raise RuntimeError(f"nobody was told of {total}; heard: {sorted(receiver.first_byte_at)[:5]}")
