"""A million jobs with schedules: start, memory, and the price of ticks."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from benchmarks.processes import LOADER_CPU, running
from benchmarks.report import Row, mid, spread
from tocsin.app import calm_collector
from tocsin.clock import SystemClock
from tocsin.config.loading import load as load_configuration
from tocsin.engine.adopting import version_of
from tocsin.engine.draft import Draft
from tocsin.engine.writer import TICK_JOBS, Writer
from tocsin.jobs.job import Definition, Job, Rank
from tocsin.jobs.schedule import read_schedule
from tocsin.store.rows import Watch
from tocsin.store.sqlite import SqliteStore
from tocsin.telemetry.metrics import Metrics

CHUNK = 10_000
DUE = 1_000
TICKS = 200


class MovableClock(SystemClock):
    """The machine's clock, moved ahead at will."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the moved instant."""
        return super().now() + self.ahead


def measure(jobs: int, rounds: int) -> list[Row]:
    """Return the figures for so many jobs."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "million.db")
        _fill(path, jobs)
        return [*_server(path, jobs), *_ticks(path, jobs, rounds)]


def _jobs(numbers: Iterable[int], now: datetime) -> list[Job]:
    schedule = read_schedule("0 2 * * *", "Europe/Berlin")
    definition = Definition(schedule=schedule, timezone="Europe/Berlin", rank=Rank.API)
    return [
        Job(name=f"job_{n}", environment="production", registered_at=now, definition=definition)
        for n in numbers
    ]


def _fill(path: str, jobs: int) -> None:
    """Register the jobs and judge each once, so that all of them wait for their next instant."""
    store = SqliteStore(path)
    clock = SystemClock()
    configuration = load_configuration(None, os.environ).configuration
    writer = _writer(store, clock)
    writing = store.writing()
    now = clock.now()
    for start in range(0, jobs, CHUNK):
        writing.begin()
        writer.rounds.refresh_if_needed(now)
        version_of(writing, configuration, now)
        draft = Draft(writing, writer.rounds.book, now, lambda: secrets.token_hex(8))
        draft.load(writing.register(_jobs(range(start, start + CHUNK), now)).values())
        for job_id in list(draft.watches):
            draft.look(job_id)
        draft.write()
        writing.commit()
    store.close()


def _writer(store: SqliteStore, clock: SystemClock) -> Writer:
    configuration = load_configuration(None, os.environ).configuration
    return Writer(
        store.writing(),
        configuration,
        clock=clock,
        new_id=lambda: secrets.token_hex(8),
        metrics=Metrics(clock),
        on_outbox=lambda: None,
    )


def _server(path: str, jobs: int) -> list[Row]:
    with running("ours", database=path) as server:
        command = [sys.executable, "-m", "benchmarks.loader", "--port", str(server.port)]
        command += ["--cpu", str(LOADER_CPU), "--seconds", "5", "--connections", "16", "--jobs", str(jobs)]
        out = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
        name = f"{jobs:,} jobs"
        return [
            Row(name=f"{name}: start to first 202", value=server.seconds_to_first_202, unit="s", at_most=5),
            Row(
                name=f"{name}: memory of the server under load",
                value=server.memory_mib,
                unit="MiB",
                at_most=400,
                detail=f"after {out['events']:,.0f} check-ins of random jobs",
            ),
        ]


def _ticks(path: str, jobs: int, rounds: int) -> list[Row]:
    store = SqliteStore(path)
    clock = MovableClock()
    writer = _writer(store, clock)
    calm_collector()
    while writer.turn():
        pass
    idle = []
    for _ in range(TICKS):
        started = time.perf_counter()
        writer._tick(clock.now())  # noqa: SLF001 -- the part that is measured
        idle.append((time.perf_counter() - started) * 1e3)
    whole, slices = [], []
    for number in range(rounds):
        spent = _thousand_due(store, writer, clock, number * DUE)
        whole.append(sum(spent))
        slices.append(max(spent))
    store.close()
    name = f"{jobs:,} jobs"
    return [
        Row(
            name=f"{name}: tick with nothing due",
            value=mid(idle),
            unit="ms",
            at_most=0.2,
            detail=spread(idle),
        ),
        Row(
            name=f"{name}: {DUE:,} due, half fire",
            value=mid(whole),
            unit="ms",
            at_most=250,
            detail=f"{spread(whole)}; longest slice {spread(slices)} ms of {TICK_JOBS} jobs each",
        ),
    ]


def _thousand_due(store: SqliteStore, writer: Writer, clock: MovableClock, first: int) -> list[float]:
    """Make a thousand jobs due, every other one with a run that never started, and time each turn."""
    writing = store.writing()
    now = clock.now()
    writing.begin()
    watches = writing.register(_jobs(range(first, first + DUE), now)).values()
    writing.save(_due(watch, now, fires=number % 2 == 0) for number, watch in enumerate(watches))
    writing.commit()
    writer.next_due_at = now
    spent = []
    while _is_due(writer, clock):
        started = time.perf_counter()
        writer.turn()
        spent.append((time.perf_counter() - started) * 1e3)
    return spent


def _is_due(writer: Writer, clock: SystemClock) -> bool:
    return writer.next_due_at is not None and writer.next_due_at <= clock.now()


def _due(watch: Watch, now: datetime, *, fires: bool) -> Watch:
    if not fires:
        return replace(watch, due_at=now)
    long_ago = now - timedelta(hours=1)
    missed = [
        replace(o, nominal_at=long_ago, opens_at=long_ago, start_by=long_ago) for o in watch.state.occurrences
    ]
    return replace(watch, due_at=now, state=replace(watch.state, occurrences=tuple(missed)))
