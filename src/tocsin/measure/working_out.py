"""What measurements come to, worked out from the aggregates that they needed."""

from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from tocsin.jobs.checks import Metric
from tocsin.measure.aggregate import Found, Kind
from tocsin.quality.measurement import Age, Between, Measurement, Reading

MOST_AHEAD_SECONDS: Final = 300.0
"""Clocks that differ explain instants that lie no further in the future."""

NO_ROWS: Final = Reading(said="there are no rows")
NO_VALUES: Final = Reading(said="there are no values that are not null")


def reading(measurement: Measurement, found: Found, as_of: datetime) -> Reading:
    """Return what a measurement comes to; data is as old as it is at `as_of`.

    A share of nothing is undefined, and so is what has no values: a reading without a value says why.
    """
    broken = found.get(Kind.NOT_FINITE)
    if broken:
        return Reading(said=f"{broken:,.0f} values are NaN, infinite or no numbers", is_error=True)
    no_instants = found.get(Kind.NO_INSTANT)
    if no_instants:
        return Reading(said=f"{no_instants:,.0f} texts are no instant", is_error=True)
    if measurement.metric is Metric.FRESHNESS:
        return _freshness(measurement, found[Kind.NEWEST], as_of)
    return finite(_WORKED_OUT[measurement.metric](measurement, found))


def finite(worked_out: Reading) -> Reading:
    """Return the reading, or that it is no finite number."""
    if worked_out.value is not None and not isfinite(worked_out.value):
        return Reading(said=f"it comes to {worked_out.value}, which is no finite number", is_error=True)
    return worked_out


def _only(kind: Kind) -> Callable[[Measurement, Found], Reading]:
    def value(_measurement: Measurement, found: Found) -> Reading:
        only = found[kind]
        return NO_VALUES if only is None else Reading(value=only)

    return value


def _distinct(measurement: Measurement, found: Found) -> Reading:
    if Kind.ROUGHLY_DISTINCT in found:
        return Reading(value=found[Kind.ROUGHLY_DISTINCT] or 0.0, said="approximate")
    said = "exact, there is no approximate count" if measurement.is_approximate else ""
    return Reading(value=found[Kind.DISTINCT] or 0.0, said=said)


def _null_rate(_measurement: Measurement, found: Found) -> Reading:
    rows, values = found[Kind.ROWS] or 0.0, found[Kind.VALUES] or 0.0
    return Reading(value=(rows - values) / rows) if rows else NO_ROWS


def _uniqueness(measurement: Measurement, found: Found) -> Reading:
    values, distinct = found[Kind.VALUES] or 0.0, _distinct(measurement, found)
    if not values:
        return NO_VALUES
    return Reading(value=min(1.0, (distinct.value or 0.0) / values), said=distinct.said)


def _passing(_measurement: Measurement, found: Found) -> Reading:
    values, passing = found[Kind.VALUES] or 0.0, found[Kind.PASSING] or 0.0
    return Reading(value=passing / values) if values else NO_VALUES


def _worst(measurement: Measurement, found: Found) -> Reading:
    """Return the value furthest outside of the limits, or else of those of a warning.

    Where none is outside of either, the largest speaks, or the least where that alone has a limit.
    """
    least, most = (
        next((found[kind] for kind in kinds if kind in found), None)
        for kinds in ((Kind.LEAST, Kind.SHORTEST), (Kind.MOST, Kind.LONGEST))
    )
    if least is None or most is None:
        return NO_VALUES
    asked = measurement.detail if isinstance(measurement.detail, Between) else Between()
    narrow = asked.without_a_warning
    inside = least if narrow.high is None and narrow.low is not None else most
    outside = (one.furthest_outside(least, most) for one in (asked, narrow))
    worst = next((value for value in outside if value is not None), inside)
    return Reading(value=worst, said=f"from {least:,.10g} to {most:,.10g}")


def _freshness(measurement: Measurement, newest: float | None, as_of: datetime) -> Reading:
    age = measurement.detail if isinstance(measurement.detail, Age) else Age()
    if newest is None:
        return NO_VALUES
    try:
        at = datetime.fromtimestamp(newest, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (OverflowError, ValueError):
        return Reading(said="the newest instant lies beyond the calendar", is_error=True)
    seconds = as_of.timestamp() - newest
    if seconds < -MOST_AHEAD_SECONDS:
        return Reading(said=f"the newest instant, {at}, lies in the future", is_error=True)
    return Reading(value=max(0.0, seconds) / age.unit_seconds, said=f"newest {at}")


_WORKED_OUT: Final[dict[Metric, Callable[[Measurement, Found], Reading]]] = {
    Metric.ROW_COUNT: _only(Kind.ROWS),
    Metric.NULL_RATE: _null_rate,
    Metric.UNIQUENESS: _uniqueness,
    Metric.DISTINCT_COUNT: _distinct,
    Metric.VALUE_RANGE: _worst,
    Metric.STRING_LENGTH: _worst,
    Metric.PATTERN_MATCH: _passing,
    Metric.ACCEPTED_VALUES: _passing,
    Metric.REFERENCES: _passing,
    Metric.IN_RANGE: _passing,
    Metric.LENGTH_IN_RANGE: _passing,
    Metric.MINIMUM: _only(Kind.LEAST),
    Metric.MAXIMUM: _only(Kind.MOST),
    Metric.MEAN: _only(Kind.MEAN),
    Metric.SUM: _only(Kind.SUM),
    Metric.STANDARD_DEVIATION: _only(Kind.STANDARD_DEVIATION),
    Metric.QUANTILE: _only(Kind.QUANTILE),
    Metric.CUSTOM: _only(Kind.CUSTOM),
}
