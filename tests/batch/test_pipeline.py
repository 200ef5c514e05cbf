"""A pipeline delivers every record of whatever source, to the byte, within its memory."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import QUICK, numbers
from tocsin.batch.config import BatchConfig, Strategy
from tocsin.batch.limits import Limits
from tocsin.batch.outcome import Kind, Outcome, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state.base import RunStatus
from tocsin.errors import InvalidPipeline


def test_every_record_of_a_list_arrives_once(state: Path) -> None:
    sink = BookSink()

    report = Pipeline("plain", sink, state=state, config=QUICK).run(numbers(1_234))

    assert (report.status, report.read, report.delivered) == (RunStatus.COMPLETED, 1_234, 1_234)
    assert set(sink.taken.values()) == {1}
    assert sorted(one["n"] for one in sink.order) == list(range(1_234))  # type: ignore[index] # what was sent


def test_an_empty_source_is_a_complete_run_without_a_request(state: Path) -> None:
    sink = BookSink()

    report = Pipeline("empty", sink, state=state, config=QUICK).run([])

    assert (report.status, report.read, sink.requests) == (RunStatus.COMPLETED, 0, 0)


def test_a_generator_is_read_no_further_than_the_memory_budget(state: Path) -> None:
    read, most_ahead, sink = 0, 0, BookSink()

    def records() -> Iterator[dict[str, str]]:
        nonlocal read, most_ahead
        for number in range(5_000):
            read += 1
            most_ahead = max(most_ahead, read - sink.taken.total())
            yield {"n": str(number), "text": "x" * 1_000}

    config = BatchConfig(rate_limit_rps=1_000, memory_budget_bytes=300_000)
    report = Pipeline("budget", sink, state=state, config=config).run(records())

    assert report.delivered == 5_000
    assert most_ahead < 700


def test_an_asynchronous_source_is_read_in_the_loop(state: Path) -> None:
    async def records() -> AsyncIterator[dict[str, int]]:
        for number in range(700):
            await asyncio.sleep(0)
            yield {"n": number}

    sink = BookSink()
    report = asyncio.run(Pipeline("stream", sink, state=state, config=QUICK).arun(records()))

    assert (report.status, sink.taken.total()) == (RunStatus.COMPLETED, 700)


def test_what_a_slow_source_has_brought_does_not_wait_until_it_brings_more(state: Path) -> None:
    arrived = asyncio.Event()

    class Bell(BookSink):
        async def send(self, batch: Batch) -> Outcome:
            outcome = await super().send(batch)
            arrived.set()
            return outcome

    async def records() -> AsyncIterator[dict[str, int]]:
        yield {"n": 1}
        await asyncio.wait_for(arrived.wait(), 20)
        yield {"n": 2}

    sink = Bell()
    config = BatchConfig(max_wait_seconds=0.05)
    report = asyncio.run(Pipeline("slow", sink, state=state, config=config).arun(records()))

    assert (report.delivered, sink.requests) == (2, 2)


def test_no_request_is_larger_than_the_sink_takes_to_the_byte(state: Path) -> None:
    sink = BookSink(limits=Limits(max_bytes=2_000, requests_per_second=2_000))
    records = [{"text": "é" * (number % 200)} for number in range(2_000)]

    report = Pipeline("bytes", sink, state=state, config=QUICK).run(records)

    assert report.delivered == 2_000
    assert max(sink.sizes) <= 2_000
    assert max(sink.sizes) > 1_700


def test_a_source_that_has_changed_is_not_resumed(state: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"n":1}\n{"n":2}\n')
    locked = BookSink(lambda _batch, _number: Refused(Kind.UNAUTHORIZED, "401"))
    Pipeline("changed", locked, state=state, config=QUICK).run(path)
    path.write_text('{"n":1}\n{"n":2}\n{"n":3}\n')

    with pytest.raises(InvalidPipeline, match=r"events\.jsonl.*without resume"):
        Pipeline("changed", BookSink(), state=state, config=QUICK).run(path, resume=True)


def test_a_plan_sends_nothing_and_says_what_would_happen() -> None:
    sink = BookSink(limits=Limits(max_records=10, requests_per_second=2))

    plan = Pipeline("planned", sink, map=lambda one: None if one["n"] == 5 else one).plan(
        [*numbers(101), {"n": float("nan")}]
    )

    assert sink.requests == 0
    assert (plan.read, plan.records, plan.skipped, plan.rejected, plan.requests) == (102, 100, 1, 1, 10)
    assert plan.reasons == (("n is nan, which JSON cannot say", 1),)
    assert plan.seconds == pytest.approx(5.0, abs=0.5)


def test_a_plan_is_right_to_the_byte_where_ids_are_sent_with_the_records(state: Path) -> None:
    class Named(BookSink):
        def encode(self, record: object, record_id: str) -> bytes:
            return super().encode({"id": record_id, "record": record}, record_id)

    sink = Named(limits=Limits(max_bytes=3_000, requests_per_second=2_000))
    pipeline = Pipeline("named", sink, state=state, config=QUICK)

    plan = pipeline.plan(numbers(700))
    pipeline.run(numbers(700))

    assert (plan.requests, plan.largest_request_bytes) == (sink.requests, max(sink.sizes))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "with space"}, "no name for a pipeline"),
        ({"on_reject": "ignore"}, "dead_letter, stop, hold_key"),
        ({"lanes": 0}, "lanes is 0"),
        ({"on_reject": "hold_key"}, "no key is given"),
        ({"max_rejects": "2"}, "max_rejects is '2'"),
        ({"max_rejects": "200%"}, "max_rejects is '200%'"),
    ],
)
def test_a_pipeline_that_cannot_be_is_told_so_at_once(given: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidPipeline, match=said):
        Pipeline(**{"name": "odd", "sink": BookSink(), **given})  # type: ignore[arg-type] # on purpose


def test_by_memory_a_batch_goes_when_half_of_it_is_used(state: Path) -> None:
    half, sink = 40_000, BookSink(limits=Limits(max_records=10_000, requests_per_second=2_000))
    config = BatchConfig(strategy=Strategy.MEMORY_BASED, memory_budget_bytes=2 * half, max_batch_size=10_000)

    report = Pipeline("memory", sink, state=state, config=config).run([{"x": "y" * 990}] * 500)

    assert report.delivered == 500
    assert max(sink.sizes) <= 2 * half
    assert sink.requests <= 500 * 1_000 / half + 2


@pytest.mark.parametrize("strategy", [Strategy.SIZE_BASED, Strategy.MEMORY_BASED])
def test_by_size_and_by_memory_no_time_makes_a_batch_go(state: Path, strategy: Strategy) -> None:
    async def records() -> AsyncIterator[dict[str, int]]:
        for number in range(150):
            yield {"n": number}
            await asyncio.sleep(0.001)

    sink = BookSink()
    config = BatchConfig(strategy=strategy, max_wait_seconds=0.01)
    asyncio.run(Pipeline("size", sink, state=state, config=config).arun(records()))

    assert sink.requests == 2


def test_a_plan_does_not_use_up_what_can_be_read_only_once() -> None:
    with pytest.raises(InvalidPipeline, match="can be read once"):
        Pipeline("once", BookSink()).plan(iter(numbers(10)))


def test_another_list_of_the_same_length_is_not_taken_for_the_one_that_was_stopped(state: Path) -> None:
    locked = BookSink(lambda _batch, _number: Refused(Kind.UNAUTHORIZED, "401"))
    Pipeline("monday", locked, state=state, config=QUICK).run(numbers(10))

    with pytest.raises(InvalidPipeline, match="first and the last records"):
        Pipeline("monday", BookSink(), state=state, config=QUICK).run([{"n": -1}] * 10, resume=True)


def test_functions_of_the_user_are_called_in_one_thread(state: Path) -> None:
    threads: set[int] = set()

    def note(record: dict[str, int]) -> dict[str, int]:
        threads.add(threading.get_ident())
        return record

    def slowly() -> Iterator[dict[str, int]]:
        pause = threading.Event()
        for number in range(40):
            pause.wait(0.005 if number % 4 else 0.0)
            yield {"n": number}

    config = BatchConfig(max_wait_seconds=0.01, rate_limit_rps=1_000)
    Pipeline("threads", BookSink(), map=note, state=state, config=config).run(slowly())

    assert len(threads) == 1


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), True])
def test_a_limit_that_cannot_be_is_told_so(rate: float) -> None:
    with pytest.raises(InvalidPipeline, match="requests_per_second"):
        Limits(requests_per_second=rate)


def test_in_the_loop_of_somebody_else_signals_are_theirs(state: Path) -> None:
    async def program() -> None:
        heard, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, heard.set)
        try:
            await Pipeline("guest", BookSink(), state=state, config=QUICK).arun(numbers(5))
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(heard.wait(), 10)
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    asyncio.run(program())
