"""A run that is killed or stopped is taken up where it was: nothing is lost, and little is sent twice."""

import json
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.batch.job_that_is_killed import RECORDS_PER_BATCH, WORKERS
from tocsin import clock

COUNT = 6_000
WAITING = threading.Event()
IN_FLIGHT = WORKERS * RECORDS_PER_BATCH


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start the program that is to be killed."""
    records = tmp_path / "records.jsonl"
    records.write_text("".join(f"{json.dumps({'id': f'r{number}'})}\n" for number in range(COUNT)))

    def start(*more: str) -> subprocess.Popen[str]:
        where = [records, tmp_path / "state.db", tmp_path / "books"]
        return subprocess.Popen(
            [sys.executable, "-m", "tests.batch.job_that_is_killed", *map(str, where), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def wait_for(tmp_path: Path, count: int) -> None:
    """Wait until so many records have arrived."""
    deadline = clock.monotonic() + 60
    while len(arrived(tmp_path)) < count:
        assert clock.monotonic() < deadline, "the program does not get on"
        WAITING.wait(0.005)


def arrived(tmp_path: Path) -> list[str]:
    books = tmp_path / "books"
    return books.read_text().split() if books.exists() else []


def test_a_run_that_is_killed_again_and_again_loses_nothing_and_repeats_no_more_than_was_in_flight(
    tmp_path: Path, job: Callable[..., subprocess.Popen[str]]
) -> None:
    chance, kills = random.Random(7), 3
    for _ in range(kills):
        before = len(arrived(tmp_path))
        running = job("resume")
        goal = before + chance.randrange(200, 1_000)
        wait_for(tmp_path, goal)
        running.kill()
        running.wait()
        for stream in (running.stdout, running.stderr):
            if stream is not None:
                stream.close()

    done = job("resume")
    told, errors = done.communicate(timeout=120)

    assert done.returncode == 0, errors
    assert f"{COUNT:,} delivered of {COUNT:,} read" in told
    times = Counter(arrived(tmp_path))
    assert len(times) == COUNT
    assert times.total() - COUNT <= kills * IN_FLIGHT


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_a_run_that_is_stopped_finishes_what_is_in_flight_and_can_be_resumed(
    tmp_path: Path, job: Callable[..., subprocess.Popen[str]], number: signal.Signals, code: int
) -> None:
    running = job()
    wait_for(tmp_path, 300)

    running.send_signal(number)
    told, errors = running.communicate(timeout=60)

    assert running.returncode == code
    stopped_at = len(arrived(tmp_path))
    assert stopped_at < COUNT
    assert told == ""
    line = f"tocsin: killed: cancelled: {stopped_at:,} delivered of {stopped_at:,} read; "
    assert errors.startswith(line)
    assert errors.endswith(f"stopped by {number.name}; run it with resume=True to go on from there\n")
    assert errors.count("\n") == 1
    done = job("resume")
    told, errors = done.communicate(timeout=120)
    assert done.returncode == 0, errors
    assert f"{COUNT:,} delivered of {COUNT:,} read" in told
    assert set(Counter(arrived(tmp_path)).values()) == {1}


HANGING = """
import threading
from tocsin.batch import BatchConfig, Pipeline, sink

@sink(max_records=10, rate=1_000)
def hang(batch):
    threading.Event().wait()

config = BatchConfig(timeout_seconds=1, retry_attempts=0, max_outage_seconds=0.5)
print(Pipeline("hang", hang, state=STATE, config=config).run([{"n": 1}]))
"""


def test_a_function_that_never_returns_does_not_keep_the_program_from_its_end(tmp_path: Path) -> None:
    program = HANGING.replace("STATE", repr(str(tmp_path / "state.db")))

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "suspended" in done.stdout
