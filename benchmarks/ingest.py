"""Check-ins, durable and judged before the 202, against the floor that only appends them."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.processes import ACCEPTED, Server, load, post, running
from benchmarks.report import Row, mid, spread

JOBS = 10_000
BATCH = 100
SCHEDULE = "0 2 * * *"
WHICH = ("floor", "ours", "bare")
Databases = Callable[[str], str]
Figures = dict[tuple[str, int], list[dict[str, float]]]


def measure(rounds: int, seconds: float, databases: Databases | None = None) -> list[Row]:
    """Return the figures of the embedded store, or of the shared one that has such `databases`.

    All servers live through all rounds and are loaded in turn, for short: what else the machine does,
    and how fast it is at the moment, changes within seconds and meets all of them alike.
    """
    figures: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for batch in (1, BATCH):
            with ExitStack() as stack:
                servers: dict[str, Server] = {}
                for which in WHICH:
                    database = databases(which) if databases else str(Path(folder) / f"{which}-{batch}.db")
                    servers[which] = stack.enter_context(_ready(which, database))
                for _ in range(rounds):
                    for which, server in servers.items():
                        taken = load(server, seconds=seconds, batch=batch, jobs=JOBS)
                        figures[which, batch].append(taken)
    return _rows(figures, "PostgreSQL" if databases else "SQLite FULL", shared=databases is not None)


@contextmanager
def _ready(which: str, database: str) -> Iterator[Server]:
    with running(which, database=database) as server:
        if which != "bare":
            _register(server.port)
        yield server


def _register(port: int) -> None:
    """Give every job of the load a schedule, as a job does that declares itself in code."""
    definition = {"schedule": SCHEDULE, "timezone": "Europe/Berlin"}
    for start in range(0, JOBS, 1_000):
        check_ins = [
            {"job": f"job_{number}", "kind": "success", "run": "first", "definition": definition}
            for number in range(start, start + 1_000)
        ]
        if post(port, json.dumps(check_ins).encode()) != ACCEPTED:
            raise RuntimeError("the server did not take the jobs of the load")


def _rows(figures: Figures, store: str, *, shared: bool) -> list[Row]:
    rows = []
    least_single = 0.4 if shared else 0.5
    for batch, least, name in ((1, least_single, "single check-ins"), (BATCH, 0.3, "batches of 100")):
        ours, floor = figures["ours", batch], figures["floor", batch]
        ratios = [a["per_second"] / b["per_second"] for a, b in zip(ours, floor, strict=True)]
        cpu = [b["cpu_us"] / a["cpu_us"] for a, b in zip(ours, floor, strict=True)]
        detail = (
            f"{spread([f['per_second'] for f in ours])}/s of {spread([f['per_second'] for f in floor])}/s; "
            f"server CPU {spread([f['cpu_us'] for f in ours])} of {spread([f['cpu_us'] for f in floor])} µs"
        )
        target = None if shared and batch > 1 else least
        share = f"{store}: {name}, share of the floor"
        rows.append(Row(name=share, value=mid(ratios), unit="", at_least=target, detail=detail))
        rows.append(Row(name=f"{store}: {name}, share of the floor by CPU", value=mid(cpu), unit=""))
        refused = sum(f["refused"] for f in ours)
        rows.append(
            Row(
                name=f"{store}: {name}, p99 of 256 connections",
                value=mid(f["p99_ms"] for f in ours),
                unit="ms",
                at_most=80 if batch == 1 and not shared else None,
                detail=f"p50 {mid(f['p50_ms'] for f in ours):.3g} ms, floor's p99 "
                f"{mid(f['p99_ms'] for f in floor):.3g} ms, {refused:.0f} refused",
            )
        )
        bare = [a["per_second"] / b["per_second"] for a, b in zip(ours, figures["bare", batch], strict=True)]
        rows.append(Row(name=f"{store}: {name}, share of a bare answer", value=mid(bare), unit=""))
    return rows
