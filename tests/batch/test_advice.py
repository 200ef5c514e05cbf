"""A report names what held a run up, and says honestly whether a wish can be met and how."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import numbers
from tocsin.batch import BatchConfig, Limits, Pipeline, RunReport
from tocsin.batch.advice import explained, suggested
from tocsin.batch.state.base import RunStatus
from tocsin.batch.tally import Share

MEASURED = RunReport(
    pipeline="sync",
    run_id="1",
    source="events.jsonl",
    status=RunStatus.COMPLETED,
    delivered=100_000,
    read=100_000,
    read_now=100_000,
    seconds=50.0,
    waited={"rate": 46.0, "sink": 3.0, "state": 1.0},
    requests=1_000,
    batch_seconds=0.1,
    slowest_batch_seconds=0.4,
    records_per_batch=100.0,
    bytes_per_record=300.0,
    most_in_flight=3,
    requests_per_second=19.4,
    seconds_in_source=0.1,
    seconds_encoding=0.4,
    config=BatchConfig(max_batch_size=100, rate_limit_rps=100, parallel_workers=2),
    limits=Limits(max_records=500, requests_per_second=20.0),
)


def test_what_was_waited_for_is_told_with_its_evidence_the_longest_first() -> None:
    rate, sink = explained(MEASURED)

    assert rate.startswith("92% of 50.0 s: waited for the allowed rate of 19.4 requests a second, with 100 ")
    assert sink.startswith("6% of 50.0 s: waited for answers of the sink: 0.1 s on average, 0.4 s at most; ")
    assert MEASURED.bottleneck is Share.RATE


def test_a_wish_that_can_be_met_is_met_by_as_little_as_it_takes() -> None:
    found = suggested(MEASURED, 8_000)

    assert (found.is_possible, found.records_per_second) == (True, 8_000)
    assert found.config == BatchConfig(max_batch_size=500, rate_limit_rps=16, parallel_workers=2)
    assert found.reason == (
        "max_batch_size 100 → 500, rate_limit_rps 100 → 16; as far as larger requests take no longer, "
        "which a short run will show"
    )


@pytest.mark.parametrize(
    ("report", "most", "why"),
    [
        (MEASURED, 10_000, "the sink takes 20 requests a second of at most 500 records"),
        (
            replace(MEASURED, found_requests_per_second=8.0),
            4_000,
            "the sink takes 8 requests a second of at most 500 records",
        ),
        (
            replace(MEASURED, limits=Limits(max_records=5_000), seconds_in_source=49.6),
            2_000,
            "reading the source keeps it to 2,000 records a second on one core",
        ),
        (
            replace(MEASURED, limits=Limits(records_per_second=700)),
            700,
            "the sink takes 700 records a second",
        ),
        (
            replace(MEASURED, limits=Limits(max_records=500), batch_seconds=2.0),
            5_000,
            "20 requests may be in flight, and each of 500 records takes 2 s",
        ),
        (
            replace(MEASURED, limits=Limits(max_records=5_000), seconds_encoding=49.9),
            2_000,
            "map and encoding keep it to 2,000 records a second on one core",
        ),
        (
            replace(MEASURED, limits=Limits(), bytes_per_record=60_000.0, batch_seconds=0.001),
            8_000,
            "rate_limit_rps may be at most 1,000 requests a second of at most 8 records",
        ),
    ],
)
def test_a_wish_that_cannot_be_met_is_told_why_and_what_is_the_most(
    report: RunReport, most: float, why: str
) -> None:
    found = suggested(report, 1_000_000)

    assert not found.is_possible
    assert found.records_per_second == pytest.approx(most)
    assert found.reason == f"not possible: {why}"


@pytest.mark.parametrize(
    ("limits", "seconds", "workers", "share"),
    [
        (Limits(max_records=30, requests_per_second=10), 0.0, 20, Share.RATE),
        (Limits(max_records=10, requests_per_second=1_000), 0.1, 2, Share.CONCURRENCY),
    ],
)
def test_a_run_finds_out_itself_what_held_it_up(
    state: Path, limits: Limits, seconds: float, workers: int, share: Share
) -> None:
    config = BatchConfig(parallel_workers=workers, rate_limit_rps=1_000)
    sink = BookSink(limits=limits, seconds=seconds)

    report = Pipeline("held-up", sink, state=state, config=config).run(numbers(300))

    assert report.bottleneck is share
    assert sum(report.waited.values()) == pytest.approx(report.seconds, rel=0.1, abs=0.1)
    assert explained(report)


def test_a_slow_source_is_what_holds_a_run_up(state: Path) -> None:
    report = Pipeline("slow", BookSink(), state=state).run(_slowly())

    assert report.bottleneck is Share.SOURCE


def _slowly() -> Iterator[dict[str, int]]:
    pause = threading.Event()
    for number in range(20):
        pause.wait(0.02)
        yield {"n": number}
