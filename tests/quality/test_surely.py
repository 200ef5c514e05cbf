"""A bound may say less than the distribution, and never anything else."""

from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.quality.test_forecast import AN_HOUR, HOUR, SECOND, START, law, pasts
from tocsin.quality.forecast import Progressed, latest_start, of_expected, of_started
from tocsin.quality.lasting import Comparable, of_history
from tocsin.quality.surely import beyond_at_most, calm_for, ends_within

JUST = 1e-9
LIMITS = st.floats(1, 200_000)
THRESHOLDS = st.floats(0.05, 1)


@law
@given(past=pasts(), seconds=st.floats(-100, 200_000))
def test_no_run_takes_longer_more_often_than_the_bound_says(past: Comparable, seconds: float) -> None:
    assert of_history(past).beyond(seconds) <= beyond_at_most(past, seconds) + JUST


@law
@given(past=pasts(), limit=LIMITS, threshold=THRESHOLDS)
def test_what_is_surely_calm_stays_below_the_threshold_for_so_long(
    past: Comparable, limit: float, threshold: float
) -> None:
    seconds = calm_for(past, limit, threshold)
    assume(seconds is not None)
    assert seconds is not None
    known, limit_at = of_started(past, START), START + limit * SECOND

    assert known.probability(limit_at, START + seconds * SECOND) < threshold + JUST
    assert known.mostly_over_at() >= START + (seconds - 0.001) * SECOND


@law
@given(past=pasts(), limit=LIMITS, threshold=THRESHOLDS, share=st.floats(0.01, 1.2), part=st.floats(0.01, 1))
def test_progress_that_is_on_time_makes_no_calm_run_a_risk(
    past: Comparable, limit: float, threshold: float, share: float, part: float
) -> None:
    seconds = calm_for(past, limit, threshold)
    assume(seconds is not None)
    assert seconds is not None
    elapsed = part * min(share, 1.0) * seconds
    assume(ends_within(elapsed, share, seconds))
    told = of_started(past, START, Progressed(share=share, at=START + elapsed * SECOND))
    until_at = START + seconds * SECOND
    assume(told.takes.beyond(seconds) > JUST)

    assert told.probability(START + limit * SECOND, until_at) < threshold + 1e-3


@law
@given(
    past=pasts(),
    delays=st.lists(st.floats(-600, 9_000), max_size=30),
    limit=LIMITS,
    elapsed=st.integers(0, 20_000),
)
def test_a_run_that_has_not_started_is_no_likelier_late_than_if_it_started_last_of_all(
    past: Comparable, delays: list[float], limit: float, elapsed: int
) -> None:
    assume(elapsed < limit)
    known = of_expected(past, START, tuple(delays))
    until_at = START + timedelta(seconds=elapsed)
    latest = latest_start(tuple(delays), elapsed)

    assert known.probability(START + limit * SECOND, until_at) <= beyond_at_most(past, limit - latest) + JUST


def test_an_ordinary_run_is_surely_calm_long_before_a_limit_of_three_times_its_length() -> None:
    seconds = calm_for(AN_HOUR, 3 * HOUR.total_seconds(), 0.8)

    assert seconds is not None
    assert HOUR.total_seconds() < seconds < 1.5 * HOUR.total_seconds()


def test_nothing_is_sure_of_a_run_that_may_take_no_longer_than_usual() -> None:
    assert calm_for(AN_HOUR, HOUR.total_seconds(), 0.8) is None


def test_what_is_half_done_after_half_of_the_time_ends_within_it_and_what_is_less_done_does_not() -> None:
    assert ends_within(1_800, 0.5, 3_600)
    assert not ends_within(1_800, 0.49, 3_600)
    assert not ends_within(3_600, 1.0, 3_600)
