"""What the engines are told when a check's metric is measured for a job, and not sent by it."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from msgspec import structs
from pydantic import Field, StringConstraints

from tocsin.config.grammar.base import MAX_TEXT, Name, OneOrMore, Part, read_by
from tocsin.jobs.checks import Metric
from tocsin.jobs.walltime import check_timezone
from tocsin.quality.measurement import (
    Age,
    Between,
    Custom,
    Detail,
    FoundIn,
    Matching,
    OneOf,
    Quantile,
    Shape,
)
from tocsin.rules.pattern import compile_pattern

MAX_COLUMNS = 20
MAX_VALUES = 1_000
MAX_EXPECTED = 10_000
SECONDS = {"seconds": 1.0, "minutes": 60.0, "hours": 3_600.0, "days": 86_400.0}
"""The units of an age."""

Sql = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
ColumnNames = Annotated[list[Name], OneOrMore(), Field(min_length=1, max_length=MAX_COLUMNS)]


class Reference(Part):
    """A column of another table."""

    table: Name
    """The other table: of a database its name, else a path or pattern of files."""

    column: Name
    """Its column in which the values must stand."""


class Measured(Part):
    """What is measured, of which rows, by which test."""

    columns: ColumnNames | None = None
    """Columns that together are measured, instead of one `column`: a key of several columns is unique."""

    where: Sql | None = None
    """SQL condition: only rows for which it holds are measured."""

    group_by: ColumnNames | None = None
    """Columns by whose values the rows are told apart; each segment is checked, and the worst is told."""

    mostly: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    """Share of the values that must be good, 0.99 for 99 %: one bad value in a hundred is no failure."""

    pattern: Annotated[Sql, read_by(compile_pattern)] | None = None
    """RE2 pattern for `pattern_match`, found anywhere in the text unless it is anchored with ^ and $."""

    values: Annotated[list[str | int | float | bool], Field(min_length=1, max_length=MAX_VALUES)] | None = (
        None
    )
    """Values for `accepted_values`; a null is neither good nor bad."""

    references: Reference | None = None
    """Column of another table for `references`: each value must stand there."""

    share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    """Share for `quantile`: 0.5, the median, if left out; 0.95 is the value that 95 % do not exceed."""

    unit: Literal["seconds", "minutes", "hours", "days"] | None = None
    """Unit in which `freshness` is measured; seconds if left out."""

    timezone: Annotated[str, read_by(check_timezone)] | None = None
    """Zone of instants that have none of their own, for `freshness`; that of the file or job if left out."""

    expect: Annotated[dict[Name, str] | list[Name], Field(min_length=1, max_length=MAX_EXPECTED)] | None = (
        None
    )
    """Columns for `schema_drift`: their names, or a mapping of names to types as the engine calls them."""

    may_grow: bool | None = None
    """Whether new columns are no drift; false if left out."""

    in_order: bool | None = None
    """Whether columns in another order are a drift; false if left out."""

    sql: Sql | None = None
    """SQL for `custom` that gives one number: an aggregate over the columns, or a SELECT with `{table}`."""

    approximate: bool | None = None
    """Whether distinct values may be counted in less memory, with a standard error of 3 %; false else."""

    on_fail: Literal["fail_run", "alert", "record"] | None = None
    """What a failed check does: `fail_run` fails the run too, `record` tells nobody; alert if left out."""

    def detail(self, metric: Metric, limits: Between, timezone: str) -> Detail | None:
        """Return what says more of a metric; None where nothing more is to be said, or it was not said."""
        match metric:
            case Metric.VALUE_RANGE | Metric.IN_RANGE:
                return limits
            case Metric.STRING_LENGTH | Metric.LENGTH_IN_RANGE:
                return structs.replace(limits, of_length=True)
            case Metric.PATTERN_MATCH:
                return None if self.pattern is None else Matching(self.pattern)
            case Metric.ACCEPTED_VALUES:
                return None if self.values is None else OneOf(tuple(self.values))
            case Metric.REFERENCES:
                there = self.references
                return None if there is None else FoundIn(there.table, there.column)
            case Metric.QUANTILE:
                return Quantile(0.5 if self.share is None else float(self.share))
            case Metric.FRESHNESS:
                return Age(SECONDS[self.unit or "seconds"], self.timezone or timezone)
            case Metric.SCHEMA_DRIFT:
                return self._shape()
            case Metric.CUSTOM:
                return None if self.sql is None else Custom(self.sql)
            case _:
                return None

    def _shape(self) -> Shape | None:
        if self.expect is None:
            return None
        typed = self.expect.items() if isinstance(self.expect, dict) else ((name, "") for name in self.expect)
        return Shape(tuple(typed), may_grow=bool(self.may_grow), in_order=bool(self.in_order))

    def out_of_place(self, metric: Metric) -> Iterator[tuple[str, str]]:
        """Return the keys that say nothing of this metric, and why."""
        for key, of in _ONLY_OF.items():
            if getattr(self, key) is not None and metric not in of:
                names = " and ".join(one.value for one in of)
                yield key, f"is for {names}, and says nothing of {metric.value}"


TESTED: Final = (
    Metric.PATTERN_MATCH,
    Metric.ACCEPTED_VALUES,
    Metric.REFERENCES,
    Metric.VALUE_RANGE,
    Metric.STRING_LENGTH,
    Metric.UNIQUENESS,
    Metric.NULL_RATE,
)
"""Of these a share of good values can be asked for."""
_ONLY_OF: Final[dict[str, tuple[Metric, ...]]] = {
    "columns": (Metric.UNIQUENESS, Metric.DISTINCT_COUNT),
    "mostly": TESTED,
    "pattern": (Metric.PATTERN_MATCH,),
    "values": (Metric.ACCEPTED_VALUES,),
    "references": (Metric.REFERENCES,),
    "share": (Metric.QUANTILE,),
    "unit": (Metric.FRESHNESS,),
    "timezone": (Metric.FRESHNESS,),
    "expect": (Metric.SCHEMA_DRIFT,),
    "may_grow": (Metric.SCHEMA_DRIFT,),
    "in_order": (Metric.SCHEMA_DRIFT,),
    "sql": (Metric.CUSTOM,),
    "approximate": (Metric.UNIQUENESS, Metric.DISTINCT_COUNT),
}
NEEDED: Final[dict[Metric, str]] = {
    Metric.PATTERN_MATCH: "pattern",
    Metric.ACCEPTED_VALUES: "values",
    Metric.REFERENCES: "references",
    Metric.SCHEMA_DRIFT: "expect",
    Metric.CUSTOM: "sql",
}
"""Without these keys the metric can be sent by a job, and not be measured."""
