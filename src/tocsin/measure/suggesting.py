"""Checks to begin with, worked out from what data is like now, with limits wide enough to be quiet."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Final

from tocsin.jobs.checks import Metric
from tocsin.measure.engine import Engine, Table
from tocsin.measure.files import Files
from tocsin.measure.opening import opened
from tocsin.measure.table import Column, Holds
from tocsin.quality.measurement import Age, Measurement, Reading

MOST_COLUMNS: Final = 200
MOST_VALUES: Final = 20
"""A column of more distinct values has none that could be listed."""
FEWEST_ROWS_EACH: Final = 20
"""Listed values must have come so often on average, or they may be a coincidence."""
MOSTLY_NULL: Final = 0.95
SURELY_NOT_UNIQUE: Final = 0.9
NULL_MARKS: Final = ("NA", "N/A", "n/a", "NULL", "null", "None", "none", "-", "--", "?", "\\N")
"""Texts that often stand for what is missing."""
HOURS: Final = 3_600.0
FRESH_HOURS: Final = 24.0 * 7
"""What is older is no data that comes every day."""

Suggested = Mapping[str, object]
"""A check as it is written, key by key."""


def suggested(engine: Engine, as_of: datetime) -> tuple[Suggested, ...]:
    """Return checks that the data passes now; raises NotMeasured where it cannot be read.

    One pass over the table, and one more for columns that may be unique or hold few values.
    """
    table = Table(engine)
    columns = table.columns[:MOST_COLUMNS]
    whole = Measurement(metric=Metric.ROW_COUNT)
    found = table.measure([whole, *(one for column in columns for one in _asked(column))], as_of)
    rows = found[whole].value or 0.0
    profiles = [_Profile(column, rows, found) for column in columns]
    exact = table.measure([one.uniqueness for one in profiles if one.may_be_unique], as_of)
    return (
        {"metric": "row_count", "threshold_min": _rounded(rows / 2, math.floor), "severity": "critical"},
        {"metric": "schema_drift", "expect": {column.name: column.type for column in table.columns}},
        *_freshness(profiles),
        *(check for one in profiles for check in one.checks(exact, engine)),
    )


def _asked(column: Column) -> Iterator[Measurement]:
    """Return what is measured of a column at first, all in one pass."""
    yield _of_column(Metric.NULL_RATE, column)
    if column.holds in (Holds.NUMBERS, Holds.TEXT):
        yield _of_column(Metric.DISTINCT_COUNT, column)
    if column.holds is Holds.NUMBERS:
        yield from (_of_column(metric, column) for metric in (Metric.MINIMUM, Metric.MAXIMUM))
    if column.holds is Holds.INSTANTS:
        yield _of_column(Metric.FRESHNESS, column)


def _of_column(metric: Metric, column: Column) -> Measurement:
    return Measurement(
        metric=metric,
        columns=(column.name,),
        detail=Age(HOURS) if metric is Metric.FRESHNESS else None,
        is_approximate=metric is Metric.DISTINCT_COUNT,
    )


class _Profile:
    """What is known of a column, and what follows from that."""

    def __init__(self, column: Column, rows: float, found: Mapping[Measurement, Reading]) -> None:
        self.column, self._rows = column, rows
        self._found = found

    def value(self, metric: Metric) -> float | None:
        """Return a metric of the column; None where it was not asked for, or is undefined."""
        reading = self._found.get(_of_column(metric, self.column))
        return None if reading is None else reading.value

    @property
    def uniqueness(self) -> Measurement:
        """What tells exactly whether the column is unique."""
        return Measurement(metric=Metric.UNIQUENESS, columns=(self.column.name,))

    @property
    def may_be_unique(self) -> bool:
        """Whether so many distinct values were counted roughly that all may be."""
        distinct = None if self.column.is_float else self.value(Metric.DISTINCT_COUNT)
        return distinct is not None and self._rows > 1 and distinct >= SURELY_NOT_UNIQUE * self._rows

    def checks(self, exact: Mapping[Measurement, Reading], engine: Engine) -> Iterator[Suggested]:
        """Return the checks of the column."""
        name, nulls = self.column.name, self.value(Metric.NULL_RATE)
        if nulls is not None and nulls < MOSTLY_NULL:
            most = 0 if nulls == 0 else _rounded(min(1.0, 1.5 * nulls + 0.01), math.ceil)
            yield {"metric": "null_rate", "column": name, "threshold_max": most}
        if self.may_be_unique and exact[self.uniqueness].value == 1:
            yield {"metric": "uniqueness", "column": name, "threshold_min": 1, "severity": "critical"}
        elif self.column.holds is Holds.NUMBERS:
            yield from self._range()
        elif self.column.holds is Holds.TEXT:
            yield from self._values(engine)

    def _range(self) -> Iterator[Suggested]:
        """Return limits twice as far from each other as the values lie now; 0 where none is below it.

        A single value tells nothing of how far others may lie from it.
        """
        least, most = self.value(Metric.MINIMUM), self.value(Metric.MAXIMUM)
        if least is None or most is None or least == most:
            return
        width = most - least
        low = 0 if 0 <= least <= width else _rounded(least - width / 2, math.floor)
        yield {
            "metric": "value_range",
            "column": self.column.name,
            "threshold_min": low,
            "threshold_max": _rounded(most + width / 2, math.ceil),
        }

    def _values(self, engine: Engine) -> Iterator[Suggested]:
        """Return the values of a column that has few, each of them often."""
        distinct = self.value(Metric.DISTINCT_COUNT)
        if not distinct or distinct > MOST_VALUES or self._rows < FEWEST_ROWS_EACH * distinct:
            return
        name = engine.dialect.name_of(self.column.name)
        rows = engine.rows(
            f"SELECT DISTINCT {name} FROM {engine.relation} WHERE {name} IS NOT NULL "
            f"ORDER BY 1 LIMIT {MOST_VALUES}"
        )
        yield {
            "metric": "accepted_values",
            "column": self.column.name,
            "values": [str(value) for value, *_ in rows],
            "mostly": 1.0,
        }


def null_marks(source: str) -> tuple[str, ...]:
    """Return the texts of CSV that alone keep columns from being of numbers or instants, as NA often does."""
    with closing(opened(source)) as engine:
        if not isinstance(engine, Files) or not engine.is_csv:
            return ()
        with closing(opened(source, null_values=NULL_MARKS)) as other:
            freed = [
                engine.dialect.name_of(column.name)
                for column, free in zip(engine.columns(), other.columns(), strict=True)
                if column.holds is Holds.TEXT and free.holds in (Holds.NUMBERS, Holds.INSTANTS)
            ]
        marks = ", ".join(map(engine.dialect.text_of, NULL_MARKS))
        asked = ", ".join(f"list(DISTINCT {name}) FILTER ({name} IN ({marks}))" for name in freed)
        row = engine.rows(f"SELECT {asked} FROM {engine.relation}")[0] if freed else ()
    return tuple(sorted({str(mark) for found in row if isinstance(found, list) for mark in found}))


def _freshness(profiles: Sequence[_Profile]) -> Iterator[Suggested]:
    """Return a limit for the column with the newest instants, where those are of these days."""
    ages = [(age, one.column.name) for one in profiles if (age := one.value(Metric.FRESHNESS)) is not None]
    if ages and min(ages)[0] <= FRESH_HOURS:
        age, name = min(ages)
        most = max(26, math.ceil(2 * age))
        yield {"metric": "freshness", "column": name, "unit": "hours", "threshold_max": most}


def _rounded(number: float, to: Callable[[float], int]) -> float | int:
    """Return a number with two digits that count, rounded down or up."""
    if not number:
        return 0
    step = 10.0 ** (math.floor(math.log10(abs(number))) - 1)
    rounded = to(number / step) * step
    return (
        int(rounded) if rounded == int(rounded) else round(rounded, 1 - math.floor(math.log10(abs(number))))
    )
