"""The gate: on a few series of each scenario what is unusual is found, and what is not is left alone.

`python -m benchmarks anomaly` measures the same on many series, and beside other detectors.
"""

from collections import Counter
from datetime import UTC, datetime

import pytest

from tests.quality.scenarios import DAILY, GATE, HOURLY, UNSCORED_AFTER_SHIFT, History, history
from tocsin.quality.baseline import (
    WARNING_SPREADS,
    Kind,
    Point,
    Series,
    advance,
    expected_at,
    fit,
    spreads,
)


def judged(past: History) -> tuple[list[bool], list[int]]:
    """Return which runs were unusual by what was known before them, and where the level was said to shift."""
    series, normal = Series(), fit(Series(), kind=Kind.DURATION, timezone="UTC")
    unusual, shifts = [], []
    for index, (at, value) in enumerate(zip(past.order_at, past.value, strict=True)):
        expected = expected_at(normal, datetime.fromtimestamp(at, UTC), "UTC")
        unusual.append(expected is not None and abs(spreads(expected, value)) >= WARNING_SPREADS)
        series, normal = advance(series, normal, Point(order_at=at, value=value), timezone="UTC")
        if normal.shift is not None and normal.shift.age == 0 and not normal.shift.returned:
            shifts.append(index)
    return unusual, shifts


def test_unusual_runs_are_found_and_ordinary_ones_left_alone() -> None:
    runs: Counter[float] = Counter()
    found: Counter[float] = Counter()
    for past in (history(name, seed) for name in DAILY for seed in GATE):
        unusual, _ = judged(past)
        for was, factor, scored in zip(unusual, past.factor, past.scored, strict=True):
            runs[factor] += scored
            found[factor] += scored and was

    assert found[1.0] / runs[1.0] <= 0.004
    assert (found[2.0] + found[1 / 2]) / (runs[2.0] + runs[1 / 2]) >= 0.85
    assert (found[3.0] + found[1 / 3]) / (runs[3.0] + runs[1 / 3]) >= 0.95


def test_an_hourly_job_with_two_rhythms_is_judged_by_both() -> None:
    past = history(HOURLY, GATE[0])

    unusual, _ = judged(past)

    scored = [(was, factor) for was, factor, s in zip(unusual, past.factor, past.scored, strict=True) if s]
    assert sum(was for was, factor in scored if factor == 1.0) <= 2
    large = [was for was, factor in scored if factor >= 3 or factor <= 1 / 3]
    assert sum(large) >= 0.9 * len(large)


@pytest.mark.parametrize("seed", GATE)
def test_a_shift_of_the_level_is_found_within_five_runs(seed: int) -> None:
    past = history("level shift", seed)

    _, shifts = judged(past)

    (at,) = past.shifts
    assert [index for index in shifts if at <= index < at + UNSCORED_AFTER_SHIFT] == shifts[:1]


def test_incidents_of_a_few_runs_hide_neither_themselves_nor_the_next() -> None:
    past = history("bursts", GATE[0])

    unusual, shifts = judged(past)

    in_bursts = [was for was, burst, s in zip(unusual, past.burst, past.scored, strict=True) if burst and s]
    assert sum(in_bursts) >= 0.9 * len(in_bursts)
    assert len(shifts) <= 1


def test_a_seed_gives_the_same_history_again() -> None:
    assert history("weekly", 7) == history("weekly", 7)
    assert history("weekly", 7) != history("weekly", 8)
