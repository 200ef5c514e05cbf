"""A run that cannot begin leaves nothing behind, and tells whoever is at the terminal why, in a line."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import QUICK, numbers
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state import open_state
from tocsin.batch.state.base import RunStatus, State
from tocsin.errors import RunTaken, StoreUnavailable

PATIENCE_SECONDS = 10.0


class Closed(BookSink):
    """A sink that cannot be opened."""

    async def __aenter__(self) -> Self:
        raise ConnectionRefusedError("nobody is there")


class Unread:
    """A source that cannot be opened."""

    name = "unread"
    total = None

    def fingerprint(self) -> str:
        return ""

    def records(self, start: int) -> None:
        raise PermissionError(f"not from {start} on")


class Away:
    """A state that has gone away before a run could begin."""

    def __init__(self, inner: State) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def begin(self, run: object) -> None:
        raise StoreUnavailable(f"no room for {run.__class__.__name__}")


def no_sink(state: State) -> None:
    Pipeline("closed", Closed(), state=state, config=QUICK, progress=True).run(numbers(3))


def no_source(state: State) -> None:
    Pipeline("unread", BookSink(), state=state, config=QUICK, progress=True).run(Unread())


def no_state(state: State) -> None:
    Pipeline("away", BookSink(), state=Away(state), config=QUICK, progress=True).run(numbers(3))  # type: ignore[arg-type] # all else is the real one's


@pytest.mark.parametrize(
    ("begin", "raised"),
    [(no_sink, ConnectionRefusedError), (no_source, PermissionError), (no_state, StoreUnavailable)],
)
def test_no_thread_outlives_a_run_that_could_not_begin(
    state: Path, begin: Callable[[State], None], raised: type[Exception]
) -> None:
    opened, before = open_state(state), set(threading.enumerate())

    with pytest.raises(raised):
        begin(opened)

    begun = set(threading.enumerate()) - before
    for thread in begun:
        thread.join(PATIENCE_SECONDS)  # that of a bar is told to end, and may take a moment to hear of it
    assert [thread.name for thread in begun if thread.is_alive()] == []
    assert opened.runs(at_work=True) == []
    opened.close()


TAKEN = """
import sys
from tocsin.batch import BatchConfig, Pipeline, sink

@sink(max_records=10)
def book(batch):
    pass

pipeline = Pipeline("nightly", book, state=sys.argv[1])
CALL
"""


def a_run_that_is_taken(state: Path) -> State:
    """Return a state that is at work on a run of `nightly` over a list of three."""
    stopped = Pipeline("nightly", Closed(), state=state, config=QUICK)
    with pytest.raises(ConnectionRefusedError):
        stopped.run(numbers(3))
    holder = open_state(state)
    found = holder.last_unfinished("nightly")
    assert found is not None
    holder.begin(found)
    return holder


def program(call: str, state: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TAKEN.replace("CALL", call), str(state)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_program_whose_run_another_process_has_ends_with_a_sentence_and_no_traceback(state: Path) -> None:
    holder = a_run_that_is_taken(state)

    done = program('pipeline.run([{"n": n} for n in range(3)], resume=True)', state)

    assert done.returncode == 1
    assert done.stdout == ""
    (told,) = done.stderr.splitlines()
    assert told.startswith("tocsin: run ")
    assert "of 'nightly' is in the hands of process" in told
    assert told.endswith("wait until it has ended, or stop it")
    holder.close()


def test_a_program_that_replays_what_another_replays_ends_with_a_sentence_too(state: Path) -> None:
    holder = open_state(state)

    with holder.replaying("nightly", "dead letters of nightly"):
        done = program("pipeline.replay()", state)

    assert done.returncode == 1
    assert done.stderr.startswith("tocsin: dead letters of nightly are being replayed by another process")
    assert len(done.stderr.splitlines()) == 1
    holder.close()


def test_code_can_catch_that_a_run_is_taken_and_go_on(state: Path) -> None:
    holder = a_run_that_is_taken(state)

    done = program(
        "from tocsin.errors import RunTaken\n"
        "try:\n"
        '    pipeline.run([{"n": n} for n in range(3)], resume=True)\n'
        "except RunTaken as taken:\n"
        '    print("caught:", taken)\n',
        state,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("caught: run ")
    holder.close()


def test_in_a_loop_or_a_thread_of_somebody_else_it_is_an_exception_like_others(state: Path) -> None:
    holder = a_run_that_is_taken(state)
    pipeline = Pipeline("nightly", BookSink(), state=state, config=QUICK)

    another = Pipeline("weekly", BookSink(), state=state, config=QUICK)

    async def both() -> list[object]:
        runs = pipeline.arun(numbers(3), resume=True), another.arun(numbers(3))
        return list(await asyncio.gather(*runs, return_exceptions=True))

    taken, fresh = asyncio.run(both())
    assert type(taken) is RunTaken
    assert fresh.status is RunStatus.COMPLETED  # type: ignore[attr-defined] # a report
    with ThreadPoolExecutor(1) as pool:
        caught = pool.submit(lambda: pipeline.run(numbers(3), resume=True)).exception(60)
    assert type(caught) is RunTaken
    holder.close()
