"""What is read ahead of what is sent."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sized
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import QUICK, numbers
from tocsin.batch.config import BatchConfig
from tocsin.batch.feeder import PORTION_RECORDS, Budget
from tocsin.batch.outcome import Kind, Partial, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.report import RunReport
from tocsin.batch.sink import sink
from tocsin.batch.state import open_state
from tocsin.batch.state.base import Checkpoint, RunStatus, State

READ_AT_ONCE = 6_500  # nine portions that are not taken up, and what the reader holds


@pytest.mark.parametrize(("key", "lanes"), [(None, 0), ("k", 8)])
def test_no_more_is_read_than_the_next_requests_need_however_much_memory_is_allowed(
    tmp_path: Path, key: str | None, lanes: int
) -> None:
    read, sent, ahead = 0, 0, 0

    def records() -> Iterator[dict[str, int]]:
        nonlocal read, ahead
        for number in range(50_000):
            read += 1
            ahead = max(ahead, read - sent)
            yield {"n": number, "k": number % 97}

    @sink(max_records=100)
    async def target(batch: Batch) -> None:
        nonlocal sent
        sent += len(batch)

    config = BatchConfig(parallel_workers=2, rate_limit_rps=500, memory_budget_bytes=2**30)
    report = Pipeline("ahead", target, key=key, config=config, state=tmp_path / "batch.db").run(records())

    assert report.delivered == 50_000
    assert ahead <= (2 * 2 + 4 * lanes) * 100 + READ_AT_ONCE


def test_a_source_that_comes_back_when_the_run_is_over_disturbs_nobody(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, raised = threading.Event(), list[object]()
    monkeypatch.setattr(threading, "excepthook", raised.append)

    def records() -> Iterator[dict[str, int]]:
        yield {"n": 1}
        over.wait(30)
        yield {"n": 2}

    sink = BookSink(lambda *_: Refused(Kind.UNAUTHORIZED, "401", status=401))
    report = Pipeline("over", sink, state=state, config=QUICK).run(records())
    readers = [one for one in threading.enumerate() if one.name == "tocsin-batch-source"]
    over.set()
    for reader in readers:
        reader.join(30)

    assert report.status is RunStatus.FAILED
    assert readers != []
    assert raised == []


@pytest.mark.parametrize("is_asynchronous", [False, True])
def test_records_that_are_refused_take_up_memory_until_they_are_written_down(
    state: Path, *, is_asynchronous: bool
) -> None:
    size, count, budget = 200_000, 300, 2 * 2**20
    read, kept, ahead = 0, 0, 0
    all_read = threading.Event()

    def records() -> Iterator[dict[str, str]]:
        nonlocal read, ahead
        for number in range(count):
            read += 1
            ahead = max(ahead, read - kept)
            yield {"n": str(number), "x": "x" * size}
        all_read.set()

    async def as_they_come() -> AsyncIterator[dict[str, str]]:
        for one in records():
            yield one
            await asyncio.sleep(0)

    class Slow:
        """A state that takes a second for the first letters."""

        def __init__(self, inner: State) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

        def save_checkpoint(self, run_id: str, checkpoint: Checkpoint, letters: Sized, *more: object) -> None:
            nonlocal kept
            if letters and not kept:
                all_read.wait(1)
            self._inner.save_checkpoint(run_id, checkpoint, letters, *more)  # type: ignore[arg-type] # passed on
            kept += len(letters)

    slow = Slow(open_state(state))
    config = replace(QUICK, memory_budget_bytes=budget)
    pipeline = Pipeline("bad", BookSink(), validate=lambda _: "no", state=slow, config=config)  # type: ignore[arg-type] # all else is the real one's
    report = asyncio.run(pipeline.arun(as_they_come() if is_asynchronous else records()))

    assert (report.read, report.dead) == (count, count)
    assert ahead * size <= budget + 6 * size
    slow._inner.close()  # noqa: SLF001 -- it is ours


def test_what_is_held_back_frees_its_memory_for_what_comes_after_it(state: Path) -> None:
    records = [{"who": "ann", "n": number, "x": "x" * 10_000} for number in range(300)]
    config = replace(QUICK, memory_budget_bytes=65_536, max_batch_size=5)
    sink = BookSink(lambda batch, _: Partial({0: "no"}) if b'"n":0,' in batch.records[0] else None)
    pipeline = Pipeline("held", sink, key="who", on_reject="hold_key", state=state, config=config)

    report = pipeline.run(records)

    assert (report.read, report.delivered, report.dead) == (300, 4, 296)
    assert report.seconds < 10


def test_who_reads_is_not_woken_for_room_that_it_cannot_use() -> None:
    asked, has_asked, is_enough = list[int](), threading.Event(), True

    def enough() -> bool:
        asked.append(threading.get_ident())
        has_asked.set()
        return is_enough

    budget = Budget(100, enough)
    budget.take(50)
    reader = threading.Thread(target=budget.take, args=(10,))
    reader.start()
    assert has_asked.wait(30)
    pause = threading.Event()
    for _ in range(20):
        budget.give(0)
        pause.wait(0.001)
    is_enough = False
    budget.give(0)
    reader.join(30)

    assert budget.held == 60
    assert asked.count(reader.ident or 0) == 2


def test_records_that_cannot_be_sent_yet_are_taken_up_several_portions_at_a_time(tmp_path: Path) -> None:
    woken = 0

    @sink(max_records=500, rate=20)
    async def target(batch: Batch) -> None:
        """Take it."""

    async def run() -> RunReport:
        loop = asyncio.get_running_loop()
        wake = loop.call_soon_threadsafe

        def counted(callback: Callable[..., object], *args: Any) -> asyncio.Handle:  # noqa: ANN401 -- as the loop has it
            nonlocal woken
            woken += "Event.set" in repr(callback)
            return wake(callback, *args)

        loop.call_soon_threadsafe = counted  # type: ignore[assignment,method-assign]  # the outermost edge
        return await Pipeline("waits", target, state=tmp_path / "batch.db").arun(numbers(10_000))

    report = asyncio.run(run())

    assert report.delivered == 10_000
    assert 1 <= woken < 0.8 * 10_000 / PORTION_RECORDS
