"""A run that is killed twenty times without warning, and resumed until it is done."""

import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec

from benchmarks.batch.beside import source
from benchmarks.batch.figures import Books, said
from benchmarks.batch.ours import Case, Outcome
from benchmarks.batch.running import SinkProcess, run
from benchmarks.batch.terms import Terms
from benchmarks.batch.watched import in_flight
from benchmarks.processes import ENVIRONMENT, FIRST, START_SECONDS
from benchmarks.report import Row, mid
from tocsin.clock import monotonic

COUNT, KILLS = 400_000, 20
LIFE_SECONDS = 0.6
LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Survived:
    """What became of a run that was killed so often; `in_flight`: so many records were so, at all kills."""

    books: Books
    outcome: Outcome
    kills: int
    in_flight: int


def measure(sink: SinkProcess, rounds: int) -> list[Row]:
    """Return what was lost, and what was sent again as a share of what was in flight at the kills.

    In flight is a record from the moment that its request begins until its end is written down.
    """
    survived = [_killed_and_resumed(sink, Random(seed)) for seed in range(rounds)]
    last = survived[-1]
    detail = said(
        last.books, kills=last.kills, in_flight=last.in_flight, read_by_nobody=sum(last.books.lost_in_flight)
    )
    lost = mid(COUNT - one.books.distinct + abs(COUNT - one.outcome.delivered) for one in survived)
    again = mid(one.books.repeated / max(one.in_flight, 1) for one in survived)
    name = f"batch: kill −9 and resume, {KILLS} times"
    share = f"{name}: sent again, of what was in flight"
    return [
        Row(name=f"{name}: records lost", value=lost, unit="", at_most=0, detail=detail),
        Row(name=share, value=again, unit="", at_most=1, detail=detail),
    ]


def _killed_and_resumed(sink: SinkProcess, chance: Random) -> Survived:
    sink.reset(Terms())
    with tempfile.TemporaryDirectory() as folder:
        flight = Path(folder) / "flight"
        case = Case(
            url=sink.url,
            state=f"{folder}/batch.db",
            count=COUNT,
            path=str(source(COUNT, 0)),
            is_resumed=True,
            flight=str(flight),
        )
        command = [sys.executable, "-m", "benchmarks.batch.ours", msgspec.json.encode(case).decode()]
        kills = flown = 0
        for _ in range(KILLS):
            kills += _lives(command, sink, chance.uniform(0, LIFE_SECONDS))
            flown += in_flight(flight)
        ran = run(command)
        if ran.code:
            raise RuntimeError(f"the resumed run ended with {ran.code}: {ran.output[-2_000:]}")
        outcome = msgspec.json.decode(ran.output.splitlines()[-1], type=Outcome)
    return Survived(books=sink.books(), outcome=outcome, kills=kills, in_flight=flown)


def _lives(command: list[str], sink: SinkProcess, seconds: float) -> bool:
    """Let a run live for some time after its first request, kill it, and say whether it was still alive."""
    before, quiet = _kept(sink), subprocess.DEVNULL
    process = subprocess.Popen([*FIRST, *command], env=ENVIRONMENT, stdout=quiet, stderr=quiet)
    ends = monotonic() + START_SECONDS
    while _kept(sink) == before and process.poll() is None and monotonic() < ends:
        threading.Event().wait(LOOK_SECONDS)
    threading.Event().wait(seconds)
    was_alive = process.poll() is None
    process.kill()
    process.wait()
    return was_alive


def _kept(sink: SinkProcess) -> int:
    return sink.books().requests.get("accepted", 0)
