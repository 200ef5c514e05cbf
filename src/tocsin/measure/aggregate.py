"""What a table is asked for: aggregates, of which one pass over it answers any number.

A measurement needs a few of them; what several have in common is asked for once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from tocsin.jobs.checks import Metric
from tocsin.measure.table import Column, Holds
from tocsin.quality.measurement import Detail, Measurement


class Kind(Enum):
    """An aggregate; all but ROWS leave nulls out.

    PASSING counts values that pass a test, NOT_FINITE those that are NaN or infinite, NO_INSTANT texts that
    are no instant. NEWEST is the second since 1970 of the newest instant, SHORTEST and LONGEST are numbers of
    characters.
    """

    ROWS = auto()
    VALUES = auto()
    DISTINCT = auto()
    ROUGHLY_DISTINCT = auto()
    LEAST = auto()
    MOST = auto()
    SHORTEST = auto()
    LONGEST = auto()
    MEAN = auto()
    SUM = auto()
    STANDARD_DEVIATION = auto()
    QUANTILE = auto()
    PASSING = auto()
    NOT_FINITE = auto()
    NEWEST = auto()
    NO_INSTANT = auto()
    CUSTOM = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One aggregate of the rows that `where` chooses, empty for all; `detail` says more of some kinds."""

    kind: Kind
    columns: tuple[Column, ...] = ()
    where: str = ""
    detail: Detail | None = None


Found = Mapping[Kind, float | None]
"""The values of the aggregates of one measurement; None: there was nothing to aggregate."""

_PASSING: Final = (Kind.VALUES, Kind.PASSING)
_NEEDED: Final[dict[Metric, tuple[Kind, ...]]] = {
    Metric.ROW_COUNT: (Kind.ROWS,),
    Metric.NULL_RATE: (Kind.ROWS, Kind.VALUES),
    Metric.UNIQUENESS: (Kind.VALUES, Kind.DISTINCT),
    Metric.DISTINCT_COUNT: (Kind.DISTINCT,),
    Metric.FRESHNESS: (Kind.NEWEST,),
    Metric.VALUE_RANGE: (Kind.LEAST, Kind.MOST),
    Metric.STRING_LENGTH: (Kind.SHORTEST, Kind.LONGEST),
    Metric.PATTERN_MATCH: _PASSING,
    Metric.ACCEPTED_VALUES: _PASSING,
    Metric.REFERENCES: _PASSING,
    Metric.IN_RANGE: _PASSING,
    Metric.LENGTH_IN_RANGE: _PASSING,
    Metric.MINIMUM: (Kind.LEAST,),
    Metric.MAXIMUM: (Kind.MOST,),
    Metric.MEAN: (Kind.MEAN,),
    Metric.SUM: (Kind.SUM,),
    Metric.STANDARD_DEVIATION: (Kind.STANDARD_DEVIATION,),
    Metric.QUANTILE: (Kind.QUANTILE,),
    Metric.CUSTOM: (Kind.CUSTOM,),
}
_OF_ROWS: Final = (Kind.ROWS, Kind.CUSTOM)
_OF_FLOATS: Final = (Kind.LEAST, Kind.MOST, Kind.MEAN, Kind.SUM, Kind.STANDARD_DEVIATION, Kind.QUANTILE)
_DETAILED: Final = (Kind.PASSING, Kind.QUANTILE, Kind.NEWEST, Kind.NO_INSTANT, Kind.CUSTOM)


def needed(
    measurement: Measurement, columns: tuple[Column, ...], *, can_approximate: bool = True
) -> dict[Kind, Aggregate]:
    """Return the aggregates of which a measurement of these columns is worked out.

    Where distinct values cannot be counted approximately, they are counted exactly.
    """
    kinds = _NEEDED[measurement.metric]
    if any(kind in _OF_FLOATS for kind in kinds) and any(column.is_float for column in columns):
        kinds = (*kinds, Kind.NOT_FINITE)
    if Kind.NEWEST in kinds and any(column.holds is Holds.TEXT for column in columns):
        kinds = (*kinds, Kind.NO_INSTANT)
    if measurement.is_approximate and can_approximate:
        kinds = tuple(Kind.ROUGHLY_DISTINCT if kind is Kind.DISTINCT else kind for kind in kinds)
    return {
        kind: Aggregate(
            kind=kind,
            columns=() if kind in _OF_ROWS else columns,
            where=measurement.where,
            detail=measurement.detail if kind in _DETAILED else None,
        )
        for kind in kinds
    }
