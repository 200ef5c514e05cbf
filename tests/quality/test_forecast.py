from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.quality.forecast import Forecast, Progressed, of_expected, of_started
from tocsin.quality.lasting import Comparable, of_history
from tocsin.quality.normal import SHAPE_AT

law = settings(derandomize=True, database=None, deadline=None, max_examples=80)

START = datetime(2026, 3, 10, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def usual(seconds: float, *, scale: float = 0.1, runs: int = 40) -> Comparable:
    offset = max(1.0, 0.05 * seconds)
    return Comparable(mu=log(seconds + offset), scale=scale, offset=offset, runs=runs)


AN_HOUR = usual(3_600)


@st.composite
def pasts(draw: st.DrawFn) -> Comparable:
    past = usual(
        draw(st.sampled_from([5.0, 90.0, 3_600.0, 40_000.0])),
        scale=draw(st.sampled_from([0.02, 0.1, 0.4, 1.2])),
        runs=draw(st.sampled_from([2, 5, 12, 60, 400])),
    )
    steps = draw(st.lists(st.floats(0, 1), min_size=len(SHAPE_AT), max_size=len(SHAPE_AT)))
    shape = tuple(sum(steps[: n + 1]) - sum(steps) / 2 for n in range(len(steps)))
    return draw(st.sampled_from([past, replace(past, shape=shape)]))


@st.composite
def forecasts(draw: st.DrawFn) -> Forecast:
    past = draw(pasts())
    kind = draw(st.sampled_from(["started", "progress", "expected", "awaiting"]))
    if kind == "started":
        return of_started(past, START)
    if kind == "progress":
        share = draw(st.floats(0, 1.2))
        at = START + draw(st.floats(-10, 90_000)) * SECOND
        return of_started(past, START, Progressed(share=share, at=at))
    delays = tuple(draw(st.lists(st.floats(0, 9_000), max_size=30)))
    if kind == "expected":
        return of_expected(past, START, delays)
    above = of_started(draw(pasts()), START - HOUR)
    return of_expected(past, START, delays, (above.ends(START), ((START + MINUTE, 1.0),)))


@law
@given(
    known=forecasts(), limit=st.floats(-100, 200_000), elapsed=st.lists(st.floats(-100, 200_000), min_size=2)
)
def test_the_probability_never_falls_while_nothing_is_heard(
    known: Forecast, limit: float, elapsed: list[float]
) -> None:
    limit_at = START + limit * SECOND
    said = [known.probability(limit_at, START + t * SECOND) for t in sorted(elapsed)]

    assert all(0 <= p <= 1 for p in said)
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(said))


@law
@given(known=forecasts(), limits=st.lists(st.floats(0, 200_000), min_size=2), now=st.floats(0, 20_000))
def test_a_later_deadline_is_never_missed_with_a_greater_probability(
    known: Forecast, limits: list[float], now: float
) -> None:
    said = [known.probability(START + limit * SECOND, START + now * SECOND) for limit in sorted(limits)]

    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(said))


@law
@given(
    known=forecasts(),
    limit=st.floats(-100, 200_000),
    now=st.floats(-100, 50_000),
    threshold=st.sampled_from([0.05, 0.5, 0.8, 0.99, 1.0]),
)
def test_a_threshold_is_crossed_at_the_instant_that_was_named_and_not_before(
    known: Forecast, limit: float, now: float, threshold: float
) -> None:
    limit_at, now_at = START + limit * SECOND, START + now * SECOND
    at = known.crossing_at(limit_at, threshold, now_at)

    assert known.probability(limit_at, at) >= threshold
    assert at == now_at or (now_at < at <= limit_at + SECOND)
    if at > now_at:
        assert known.probability(limit_at, at - TICK) < threshold


@law
@given(known=forecasts(), now=st.floats(0, 90_000))
def test_the_span_of_80_percent_lies_around_the_expected_finish_and_not_in_the_past(
    known: Forecast, now: float
) -> None:
    now_at = START + now * SECOND
    low, middle, high = known.low_at(now_at), known.expected_finish_at(now_at), known.high_at(now_at)

    assert now_at - SECOND < low <= middle <= high
    assert known.probability(high, now_at) <= 0.1 + 1e-9
    assert known.probability(low - SECOND, now_at) > 0.9 or low - SECOND <= now_at


@law
@given(
    known=forecasts(), others=st.lists(pasts(), max_size=3), delays=st.lists(st.floats(0, 9_000), max_size=30)
)
def test_who_waits_for_another_starts_no_sooner(
    known: Forecast, others: list[Comparable], delays: list[float]
) -> None:
    alone = of_expected(AN_HOUR, START, tuple(delays))
    waits = of_expected(AN_HOUR, START, tuple(delays), (known.ends(START),))
    waits_more = of_expected(
        AN_HOUR,
        START,
        tuple(delays),
        (known.ends(START), *(of_started(o, START).ends(START) for o in others)),
    )

    for hours in (1.0, 1.5, 4.0, 20.0):
        said = [one.probability(START + hours * HOUR, START - HOUR) for one in (alone, waits, waits_more)]
        assert said[0] <= said[1] + 1e-9
        assert said[1] <= said[2] + 1e-9


def test_the_longer_it_takes_the_later_it_is_expected() -> None:
    known = of_started(AN_HOUR, START)

    assert abs(known.expected_finish_at(START) - (START + HOUR)) < MINUTE
    assert known.expected_finish_at(START + 75 * MINUTE) > START + 90 * MINUTE


def test_a_long_history_is_believed_as_it_is() -> None:
    known = of_started(usual(3_600, scale=0.1, runs=2_000), START)
    exact = [0.0062, 0.0668, 0.3085, 0.6915, 0.9332]  # of the normal distribution at ±0.5, ±1.5, −2.5

    for z, share in zip((2.5, 1.5, 0.5, -0.5, -1.5), exact, strict=True):
        limit = (3_600 + 180) * 2.718281828459045 ** (z * 0.1) - 180
        assert known.probability(START + limit * SECOND, START) == pytest.approx(share, abs=0.035)


def test_few_runs_are_believed_less_than_many() -> None:
    def missed(runs: int) -> float:
        return of_started(usual(3_600, runs=runs), START).probability(START + 80 * MINUTE, START)

    assert missed(3) > missed(6) > missed(20) > missed(200)


def test_a_short_history_does_not_warn_of_a_run_that_is_only_a_little_late() -> None:
    now = START + 66 * MINUTE

    assert of_started(usual(3_600, runs=2), START).probability(START + 70 * MINUTE, now) < 0.8


def test_early_progress_tells_little_and_late_progress_much() -> None:
    def expected(share: float, minutes: int) -> datetime:
        at = START + minutes * MINUTE
        return of_started(AN_HOUR, START, Progressed(share=share, at=at)).expected_finish_at(at)

    early, late = expected(0.02, 2), expected(0.6, 60)

    assert abs(early - (START + HOUR)) < 10 * MINUTE  # which alone would say 100 minutes
    assert abs(late - (START + 100 * MINUTE)) < 5 * MINUTE


def test_a_run_that_is_as_good_as_done_is_not_warned_of() -> None:
    at = START + 85 * MINUTE
    limit_at = START + 90 * MINUTE

    assert of_started(AN_HOUR, START).probability(limit_at, at) > 0.8
    assert of_started(AN_HOUR, START, Progressed(share=0.99, at=at)).probability(limit_at, at) < 0.5


def test_a_run_that_stands_still_at_its_end_is_warned_of_all_the_same() -> None:
    stood = Progressed(share=0.95, at=START + 57 * MINUTE)
    known = of_started(AN_HOUR, START, stood)

    assert known.probability(START + 90 * MINUTE, START + 57 * MINUTE) < 0.05
    assert known.probability(START + 90 * MINUTE, START + 85 * MINUTE) > 0.8


def test_a_run_that_stays_away_longer_than_ever_is_expected_later_and_later() -> None:
    known = of_expected(AN_HOUR, START, (60.0, 120.0, 240.0))
    expected = [known.expected_finish_at(START + minutes * MINUTE) for minutes in (0, 3, 30, 120)]

    assert expected == sorted(expected)
    assert abs(expected[0] - (START + 62 * MINUTE)) < 3 * MINUTE
    assert expected[-1] > START + 180 * MINUTE


def test_what_is_kept_of_a_history_is_asked_without_being_built_again() -> None:
    assert of_history(AN_HOUR) is of_history(usual(3_600))


@law
@given(
    known=forecasts(),
    limit=st.floats(-100, 200_000),
    at=st.floats(-100, 200_000),
    threshold=st.floats(0.01, 0.99),
)
def test_what_stays_below_a_threshold_is_what_its_probability_says(
    known: Forecast, limit: float, at: float, threshold: float
) -> None:
    limit_at, until_at = START + limit * SECOND, START + at * SECOND
    is_below = until_at < limit_at and known.probability(limit_at, until_at) < threshold

    assert known.stays_below(threshold, limit_at, until_at) is is_below


def test_most_runs_are_over_when_it_says_so_and_few_long_before() -> None:
    known = of_started(AN_HOUR, START)
    ended_by = known.mostly_over_at()

    assert 0.01 < known.probability(ended_by, START) < 0.15
    assert ended_by < START + 90 * MINUTE
