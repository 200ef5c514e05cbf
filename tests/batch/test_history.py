"""Every batch is in the history, from when it waits until it has its end, with what it has cost."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import QUICK, numbers
from tocsin.batch import history
from tocsin.batch.config import BatchConfig, ErrorHandling
from tocsin.batch.limits import Limits
from tocsin.batch.outcome import Kind, Outcome, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state import open_state
from tocsin.batch.state.base import BatchRow, BatchStatus, Checkpoint


def kept(state: Path) -> list[BatchRow]:
    opened = open_state(state)
    try:
        return list(opened.batches())
    finally:
        opened.close()


def test_records_that_are_refused_before_they_are_sent_are_in_the_history(state: Path) -> None:
    def odd(record: dict[str, int]) -> str | None:
        return "odd" if record["n"] % 10 == 1 else None

    pipeline = Pipeline("refused", BookSink(), validate=odd, state=state, config=QUICK)
    report = pipeline.run(numbers(1_000))

    batches = kept(state)
    refused = [one for one in batches if one.operation_type == history.PREPARE]
    assert sum(one.failed_records for one in refused) == report.dead == 100
    assert {one.status for one in refused} == {BatchStatus.FAILED}
    assert sum(one.total_records for one in batches) == 1_000
    assert dict(refused[0].metadata)["error"] == "validation"


def test_the_worker_is_the_one_that_carried_it_and_carries_nothing_else_meanwhile(state: Path) -> None:
    sink = BookSink(seconds=0.02)
    config = BatchConfig(parallel_workers=4, rate_limit_rps=1_000, max_batch_size=10)
    Pipeline("workers", sink, state=state, config=config).run(numbers(600))

    batches = kept(state)
    assert sink.most_at_once > 1
    assert {one.worker for one in batches} == set(range(sink.most_at_once))
    for worker in range(4):
        mine = sorted((one for one in batches if one.worker == worker), key=lambda one: one.completed_at)
        spans = [(one.completed_at, after.started_at) for one, after in pairwise(mine)]
        assert all((begun - ended).total_seconds() > -0.005 for ended, begun in spans)


def test_processor_time_and_memory_of_every_batch_are_measured(state: Path) -> None:
    report = Pipeline("measured", BookSink(), state=state, config=QUICK).run(numbers(3_000))

    batches = kept(state)
    assert 0.5 * report.cpu_seconds < sum(one.cpu_seconds for one in batches) <= report.cpu_seconds
    assert all(10**6 < one.memory_bytes < 2 * report.peak_memory_bytes for one in batches)


def test_a_batch_says_which_records_of_the_source_it_has_and_in_which_lane(state: Path) -> None:
    config = BatchConfig(rate_limit_rps=1_000, max_batch_size=50)
    Pipeline("places", BookSink(), state=state, config=config).run(numbers(100))
    Pipeline("lanes", BookSink(), key="n", lanes=2, state=state, config=config).run(numbers(10))

    told = [dict(one.metadata) for one in kept(state) if one.job_id == "places"]
    in_lanes = [dict(one.metadata) for one in kept(state) if one.job_id == "lanes"]
    assert sorted(one["records"] for one in told) == ["0-49", "50-99"]
    assert {one["lane"] for one in in_lanes} == {"0", "1"}


def test_what_is_on_its_way_or_waits_is_seen_while_that_is_so(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOOKED_EVERY_SECONDS", 0.0)
    seen: set[BatchStatus] = set()

    class Watched(BookSink):
        async def send(self, batch: Batch) -> Outcome:
            async with asyncio.timeout(20):
                while not {BatchStatus.PENDING, BatchStatus.PROCESSING} <= seen and self.requests < 2:
                    seen.update(one.status for one in await asyncio.to_thread(kept, state))
                    await asyncio.sleep(0.02)
            return await super().send(batch)

    sink = Watched(limits=Limits(max_records=10, requests_per_second=1_000))
    config = BatchConfig(parallel_workers=1, rate_limit_rps=1_000)
    Pipeline("seen", sink, state=state, config=config).run(numbers(60))

    assert {BatchStatus.PENDING, BatchStatus.PROCESSING} <= seen
    assert {one.status for one in kept(state)} == {BatchStatus.COMPLETED}


def test_what_waits_when_a_run_stops_is_cancelled_and_what_stopped_it_has_failed(state: Path) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        return Refused(Kind.TRANSIENT, "503", status=503) if number == 3 else None

    config = BatchConfig(
        error_handling=ErrorHandling.FAIL_FAST, rate_limit_rps=1_000, parallel_workers=2, max_batch_size=10
    )
    Pipeline("stopped", BookSink(answer, seconds=0.02), state=state, config=config).run(numbers(500))

    batches = kept(state)
    failed = [one for one in batches if one.status is BatchStatus.FAILED]
    cancelled = [one for one in batches if one.status is BatchStatus.CANCELLED]
    assert [(dict(one.metadata)["error"], one.failed_records) for one in failed] == [("network", 0)]
    assert cancelled
    assert {(one.processed_records, one.failed_records) for one in cancelled} == {(0, 0)}


def test_what_a_killed_run_had_under_way_is_cancelled_when_it_is_resumed(state: Path) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        return Refused(Kind.UNAUTHORIZED, "401") if number == 1 else None

    pipeline = Pipeline("killed", BookSink(answer), state=state, config=QUICK)
    run_id = pipeline.run(numbers(10)).run_id
    opened = open_state(state)
    run = opened.run(run_id)
    assert run is not None
    opened.begin(run)
    (batch,) = opened.batches()
    on_its_way = BatchRow(
        **{name: getattr(batch, name) for name in batch.__slots__}
        | {"batch_id": "b", "status": BatchStatus.PROCESSING}
    )
    opened.save_checkpoint(run_id, Checkpoint(at=batch.completed_at), batches=[on_its_way])
    opened.close()

    pipeline.run(numbers(10), resume=True)

    assert {(one.batch_id, one.status) for one in kept(state)} >= {("b", BatchStatus.CANCELLED)}
