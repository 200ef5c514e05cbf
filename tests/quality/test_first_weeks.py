"""The first weeks of a job, in which its rhythm shows little by little, and the room for noise after them."""

import math
import random
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from tocsin.quality.baseline import (
    Expected,
    Kind,
    Normal,
    Point,
    Season,
    Series,
    advance,
    expected_at,
    fit,
    spreads,
)
from tocsin.quality.grouping import without_trend

FIRST_AT = datetime(2026, 1, 5, 2, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def learned(values: list[float], first_at: datetime, every: timedelta = DAY) -> tuple[Series, list[Normal]]:
    """Return the runs, and what was normal before each of them."""
    series, normal = Series(), fit(Series(), kind=Kind.DURATION, timezone="UTC")
    before = []
    for index, value in enumerate(values):
        before.append(normal)
        point = Point(order_at=(first_at + index * every).timestamp(), value=value)
        series, normal = advance(series, normal, point, timezone="UTC")
    return series, [*before, normal]


def expected_of(normal: Normal, at: datetime) -> Expected:
    expected = expected_at(normal, at, "UTC")
    assert expected is not None
    return expected


def noisy(count: int, share: float) -> list[float]:
    chance = random.Random(11)
    return [600 * math.exp(chance.gauss(0, share)) for _ in range(count)]


def with_mondays(values: list[float], times: float) -> list[float]:
    return [value * (times if index % 7 == 0 else 1.0) for index, value in enumerate(values)]


@pytest.mark.parametrize("week", [1, 2, 3, 4])
def test_a_long_monday_is_no_alarm_when_it_comes_again_even_before_its_rhythm_is_known(week: int) -> None:
    _, before = learned(with_mondays(noisy(42, 0.05), 2.0), FIRST_AT)
    monday = FIRST_AT + 7 * week * DAY
    expected = expected_of(before[7 * week], monday)

    assert spreads(expected, 1_200) < 3.5
    assert spreads(expected, 6_000) > 3.5
    assert spreads(expected_of(before[7 * week], monday + DAY), 1_500) > 3.5
    assert spreads(expected, 150) < -3.5


def test_what_was_unusual_on_a_weekday_is_no_precedent_for_ever() -> None:
    values = noisy(70, 0.05)
    values[21] *= 2
    _, before = learned(values, FIRST_AT)

    assert before[28].precedents
    assert not before[69].precedents
    assert spreads(expected_of(before[63], FIRST_AT + 63 * DAY), 1_200) > 3.5


def test_runs_before_a_shift_are_no_precedent_for_fast_ones_after_it() -> None:
    values = [*noisy(20, 0.05), *(3 * value for value in noisy(20, 0.05))]
    _, before = learned(values, FIRST_AT)
    expected = expected_of(before[40], FIRST_AT + 40 * DAY)

    assert before[40].shift is not None
    assert before[40].precedents
    assert spreads(expected, 1_800) < 3.5
    assert spreads(expected, 900) < -3.5


def test_a_job_of_before_is_read_without_precedents() -> None:
    _, before = learned(noisy(60, 0.05), FIRST_AT)
    stored = msgspec.json.decode(msgspec.json.encode(before[-1]))

    assert msgspec.convert(stored, Normal) == before[-1]
    assert before[-1].precedents == b""


@pytest.mark.parametrize("weekday", range(7))
def test_an_hourly_job_knows_its_hours_and_weekends_once_a_week_is_over(weekday: int) -> None:
    """Whatever the weekday on which it began: a weekend at either end is not a level of its own."""
    first_at = FIRST_AT + weekday * DAY
    starts = [first_at + index * HOUR for index in range(8 * 24)]
    by_hour = [
        (1 + 0.5 * math.sin(math.tau * (start.hour - 8) / 24)) * (0.5 if start.weekday() >= 5 else 1.0)
        for start in starts
    ]
    values = [value * level for value, level in zip(noisy(len(starts), 0.05), by_hour, strict=True)]
    _, before = learned(values, first_at, HOUR)

    assert all(normal.season >= Season.HOUR_WEEKEND for normal in before[7 * 24 + 1 :])
    ordinary = [
        spreads(expected_of(before[index], starts[index]), 600 * by_hour[index])
        for index in range(7 * 24 + 2, len(starts))
    ]
    assert max(abs(off) for off in ordinary) < 3.5


def test_a_weekend_at_the_start_is_no_level_that_a_trend_leads_away_from() -> None:
    """Three weeks and two days that begin with a weekend: without a trend, what is left is the weekend."""
    at = np.array([(FIRST_AT + (5 + index) * DAY).timestamp() for index in range(23)])
    weekend = np.array([(5 + index) % 7 >= 5 for index in range(23)])

    flat = without_trend(np.where(weekend, -1.0, 0.0), at, DAY.total_seconds())

    assert flat == pytest.approx(np.where(weekend, -1.0, 0.0), abs=0.01)


def test_nearly_twice_as_long_is_unusual_where_runs_differ_by_more_than_a_sixth() -> None:
    _, before = learned(noisy(120, 0.18), FIRST_AT)
    expected = expected_of(before[-1], FIRST_AT + 120 * DAY)

    assert spreads(expected, 1.8 * 600) > 3.5
    assert spreads(expected, 600 / 1.8) < -3.5
    assert abs(spreads(expected, 600 * 1.4)) < 3.5


def test_a_quarter_longer_is_no_news_however_steady_a_job_is() -> None:
    _, before = learned(noisy(120, 0.01), FIRST_AT)
    expected = expected_of(before[-1], FIRST_AT + 120 * DAY)

    assert 2 < spreads(expected, 600 * 1.25) < 3.5
    assert spreads(expected, 600 * 1.45) > 3.5
