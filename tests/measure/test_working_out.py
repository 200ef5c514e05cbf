"""What aggregates come to: a rate of nothing is undefined, and what is no finite number is told."""

from datetime import UTC, datetime

import pytest

from tocsin.jobs.checks import Metric
from tocsin.measure.aggregate import Found, Kind
from tocsin.measure.working_out import NO_ROWS, NO_VALUES, reading
from tocsin.quality.measurement import Age, Between, Measurement, Reading

AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOON = AS_OF.timestamp()


def worked_out(metric: Metric, found: Found, **more: object) -> Reading:
    return reading(Measurement(metric=metric, columns=("a",), **more), found, AS_OF)  # type: ignore[arg-type]  # told by the caller


@pytest.mark.parametrize(
    ("metric", "found", "expected"),
    [
        (Metric.NULL_RATE, {Kind.ROWS: 0.0, Kind.VALUES: 0.0}, NO_ROWS),
        (Metric.NULL_RATE, {Kind.ROWS: 4.0, Kind.VALUES: 3.0}, Reading(value=0.25)),
        (Metric.UNIQUENESS, {Kind.VALUES: 0.0, Kind.DISTINCT: 0.0}, NO_VALUES),
        (Metric.UNIQUENESS, {Kind.VALUES: 4.0, Kind.DISTINCT: 3.0}, Reading(value=0.75)),
        (Metric.PATTERN_MATCH, {Kind.VALUES: 0.0, Kind.PASSING: 0.0}, NO_VALUES),
        (Metric.PATTERN_MATCH, {Kind.VALUES: 4.0, Kind.PASSING: 1.0}, Reading(value=0.25)),
        (Metric.MEAN, {Kind.MEAN: None}, NO_VALUES),
        (Metric.VALUE_RANGE, {Kind.LEAST: None, Kind.MOST: None}, NO_VALUES),
        (Metric.FRESHNESS, {Kind.NEWEST: None}, NO_VALUES),
    ],
)
def test_rates_are_of_what_there_is(metric: Metric, found: Found, expected: Reading) -> None:
    assert worked_out(metric, found) == expected


def test_a_count_that_is_roughly_more_than_there_is_comes_to_all() -> None:
    found = {Kind.VALUES: 100.0, Kind.ROUGHLY_DISTINCT: 103.0}

    assert worked_out(Metric.UNIQUENESS, found, is_approximate=True) == Reading(value=1.0, said="approximate")


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        (Between(low=0.0, high=10.0), 25.0),
        (Between(low=20.0, high=30.0), -5.0),
        (Between(low=-10.0, high=30.0), 25.0),
        (Between(low=0.0), -5.0),
        (Between(high=10.0), 25.0),
        (Between(low=-10.0, high=30.0, warn_low=0.0), -5.0),
        (Between(low=-10.0, high=20.0, warn_low=0.0), 25.0),
        (Between(low=-10.0, warn_high=20.0), 25.0),
        (Between(warn_low=0.0, warn_high=30.0), -5.0),
        (Between(warn_low=-10.0), -5.0),
    ],
)
def test_of_a_range_the_value_speaks_that_is_furthest_outside(asked: Between, value: float) -> None:
    read = worked_out(Metric.VALUE_RANGE, {Kind.LEAST: -5.0, Kind.MOST: 25.0}, detail=asked)

    assert read == Reading(value=value, said="from -5 to 25")


def test_values_that_are_no_finite_numbers_are_an_error() -> None:
    assert worked_out(Metric.MEAN, {Kind.MEAN: 1.0, Kind.NOT_FINITE: 2.0}).is_error
    assert (
        worked_out(Metric.MEAN, {Kind.MEAN: float("inf")}).said
        == "it comes to inf, which is no finite number"
    )


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (NOON - 7200, Reading(value=2.0, said="newest 2026-03-10T10:00:00Z")),
        (NOON + 299, Reading(value=0.0, said="newest 2026-03-10T12:04:59Z")),
        (
            NOON + 301,
            Reading(said="the newest instant, 2026-03-10T12:05:01Z, lies in the future", is_error=True),
        ),
        (float("inf"), Reading(said="the newest instant lies beyond the calendar", is_error=True)),
        (1e15, Reading(said="the newest instant lies beyond the calendar", is_error=True)),
    ],
)
def test_data_is_as_old_as_its_newest_instant(newest: float, expected: Reading) -> None:
    assert worked_out(Metric.FRESHNESS, {Kind.NEWEST: newest}, detail=Age(3600.0)) == expected
