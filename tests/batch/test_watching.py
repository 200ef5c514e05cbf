"""How a run at work does, judged by its last minutes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.batch.state.rows import AT, a_run
from tocsin.batch.config import BatchConfig
from tocsin.batch.limits import Limits
from tocsin.batch.state.base import Checkpoint, Totals
from tocsin.batch.watching import (
    Health,
    Live,
    Thresholds,
    Trouble,
    allowed_rps,
    health_of,
    live_of,
    warnings_of,
)
from tocsin.errors import InvalidPipeline

FINE = Live(
    seconds=300,
    silent_seconds=1,
    batches=12_000,
    total_records=100_000,
    processed_records=100_000,
    failed_records=0,
    slowest_batch_seconds=1,
    allowed_rps=40,
)


@pytest.mark.parametrize(
    ("live", "health", "troubles"),
    [
        (FINE, Health.HEALTHY, []),
        (replace(FINE, failed_records=5_000), Health.HEALTHY, []),
        (replace(FINE, failed_records=5_001), Health.DEGRADED, []),
        (replace(FINE, failed_records=10_000), Health.DEGRADED, []),
        (replace(FINE, failed_records=10_001), Health.CRITICAL, [Trouble.ERROR_RATE]),
        (replace(FINE, failed_records=99, total_records=99), Health.HEALTHY, []),
        (
            replace(FINE, failed_records=1_001, error_threshold_percent=0.5),
            Health.CRITICAL,
            [Trouble.ERROR_RATE],
        ),
        (replace(FINE, slowest_batch_seconds=60), Health.HEALTHY, []),
        (replace(FINE, silent_seconds=500, is_gone=True), Health.CRITICAL, [Trouble.GONE]),
        (replace(FINE, slowest_batch_seconds=60.1), Health.WARNING, [Trouble.SLOW_BATCH]),
        (replace(FINE, batches=3_600), Health.HEALTHY, []),
        (replace(FINE, batches=3_599), Health.WARNING, [Trouble.LOW_THROUGHPUT]),
        (replace(FINE, batches=0, allowed_rps=None), Health.HEALTHY, []),
        (replace(FINE, batches=0, seconds=29), Health.HEALTHY, []),
        (replace(FINE, silent_seconds=31), Health.DEGRADED, []),
        (replace(FINE, silent_seconds=61), Health.CRITICAL, [Trouble.SILENT]),
    ],
)
def test_a_run_is_as_it_was_in_its_last_minutes(live: Live, health: Health, troubles: list[Trouble]) -> None:
    assert health_of(live) is health
    assert [one.trouble for one in warnings_of(live)] == troubles


def test_the_worst_is_said_first_with_its_number_and_limit() -> None:
    live = replace(FINE, failed_records=50_000, slowest_batch_seconds=90)

    first, second = warnings_of(live)

    assert (first.health, first.value, first.limit) == (Health.CRITICAL, 50.0, 10.0)
    assert first.text == "50.0 % of 100,000 records failed, above 10 %"
    assert (second.health, second.value, second.limit) == (Health.WARNING, 90, 60)


def test_every_threshold_can_be_set() -> None:
    tight = Thresholds(
        error_rate_factor=1,
        slow_batch_seconds=0.5,
        least_throughput_share=0.9,
        silent_after_seconds=0.5,
        fewest_records=1,
        settling_seconds=1,
    )

    assert {
        one.trouble for one in warnings_of(replace(FINE, failed_records=5_001, batches=9_000), tight)
    } == set(Trouble) - {Trouble.GONE}
    with pytest.raises(InvalidPipeline, match="slow_batch_seconds, fewest_records: must be above zero"):
        Thresholds(slow_batch_seconds=0, fewest_records=-1)
    with pytest.raises(InvalidPipeline, match="settling_seconds"):
        Thresholds(settling_seconds=float("nan"))


def test_a_young_run_is_judged_by_the_time_since_it_began() -> None:
    run = replace(a_run(), checkpoint=Checkpoint(at=AT + timedelta(seconds=50)), allowed_rps=10.0)

    live = live_of(
        run, Totals(batches=1, total_records=600, processed_records=600), AT + timedelta(minutes=1)
    )

    assert (live.seconds, live.silent_seconds, live.throughput_rps, live.allowed_rps) == (60, 10, 10, 10)


def test_a_clock_that_was_set_back_makes_nothing_negative() -> None:
    live = live_of(a_run(), Totals(), AT - timedelta(hours=1))

    assert (live.seconds, live.silent_seconds, live.throughput_rps) == (0, 0, 0)
    assert health_of(live) is Health.HEALTHY


def test_the_rate_that_is_allowed_is_that_of_the_sink_where_it_says_one() -> None:
    config = BatchConfig(rate_limit_rps=50, max_batch_size=200)

    assert allowed_rps(Limits(), config) is None
    assert allowed_rps(Limits(requests_per_second=40), config) == 40
    assert allowed_rps(Limits(requests_per_second=80), config) == 50
    assert allowed_rps(Limits(records_per_second=1_000, max_records=100), config) == 10
    assert allowed_rps(Limits(records_per_second=1_000, requests_per_second=3), config) == 3
