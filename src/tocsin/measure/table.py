"""What a table is made of: its columns, what they hold, and what cannot be measured of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Final

from tocsin.jobs.checks import Metric
from tocsin.quality.measurement import Measurement


class Holds(Enum):
    """What a column holds, as far as it matters to what can be measured of it; NOTHING: nulls of no type."""

    NUMBERS = "numbers"
    TEXT = "text"
    INSTANTS = "instants"
    NOTHING = "nothing"
    ELSE = "something else"


_TYPES: Final = (
    (Holds.NOTHING, re.compile(r'^"?(null|void)"?$', re.IGNORECASE)),
    (Holds.INSTANTS, re.compile(r"timestamp|datetime|^date\b", re.IGNORECASE)),
    (
        Holds.ELSE,
        re.compile(r"\[|\(.*\(|^(struct|map|list|array|union|row|interval)|time|point|range", re.IGNORECASE),
    ),
    (Holds.TEXT, re.compile(r"char|text|string|clob|uuid|enum|^name$", re.IGNORECASE)),
    (
        Holds.NUMBERS,
        re.compile(r"int|serial|dec|numeric|number|float|double|real|money|long|short", re.IGNORECASE),
    ),
)
_FLOATS: Final = re.compile(r"float|double|real", re.IGNORECASE)
_ZONED: Final = re.compile(r"with time zone|timestamptz|tz=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name, and its type in the words of whoever holds the table.

    The rest is said where the type does not tell: what it holds, that its numbers may be NaN or infinite
    though they are no floats, that its instants know their zone, and why it cannot be measured.
    """

    name: str
    type: str
    unreadable: str = ""
    kept_as: Holds | None = None
    may_be_nan: bool = False
    knows_zone: bool = False

    @property
    def holds(self) -> Holds:
        """What can be measured of it."""
        return self.kept_as or next(
            (holds for holds, pattern in _TYPES if pattern.search(self.type)), Holds.ELSE
        )

    @property
    def is_float(self) -> bool:
        """Whether it may hold NaN and infinities."""
        return self.holds is Holds.NUMBERS and (self.may_be_nan or _FLOATS.search(self.type) is not None)

    @property
    def has_zone(self) -> bool:
        """Whether its instants know their zone."""
        return self.knows_zone or _ZONED.search(self.type) is not None


_ASKS_FOR: Final = {
    **dict.fromkeys(
        (
            Metric.VALUE_RANGE,
            Metric.IN_RANGE,
            Metric.MINIMUM,
            Metric.MAXIMUM,
            Metric.MEAN,
            Metric.SUM,
            Metric.STANDARD_DEVIATION,
            Metric.QUANTILE,
        ),
        (Holds.NUMBERS,),
    ),
    **dict.fromkeys((Metric.PATTERN_MATCH, Metric.STRING_LENGTH, Metric.LENGTH_IN_RANGE), (Holds.TEXT,)),
    Metric.FRESHNESS: (Holds.INSTANTS, Holds.TEXT),
}


def columns_of(measurement: Measurement, table: tuple[Column, ...]) -> tuple[Column, ...] | str:
    """Return the columns that a measurement is of, or why they cannot be measured."""
    found = list[Column]()
    for name in measurement.columns:
        column = called(name, table)
        if isinstance(column, str):
            return column
        wanted = _ASKS_FOR.get(measurement.metric)
        if wanted is not None and column.holds not in (*wanted, Holds.NOTHING):
            words = " or ".join(holds.value for holds in wanted)
            return f"column {name!r} is {column.type}, and {measurement.metric.value} is measured of {words}"
        found.append(column)
    for name in measurement.group_by:
        column = called(name, table)
        if isinstance(column, str):
            return column
    return tuple(found)


def has_no_values(measurement: Measurement, columns: tuple[Column, ...]) -> bool:
    """Whether a measurement of these columns asks for values of some kind, and there is none of any."""
    return measurement.metric in _ASKS_FOR and any(column.holds is Holds.NOTHING for column in columns)


def called(name: str, table: tuple[Column, ...]) -> Column | str:
    """Return the column of a name, or why there is none."""
    same = [column for column in table if column.name == name]
    if len(same) > 1:
        return f"there are {len(same)} columns called {name!r}; give each a name of its own"
    if same:
        return same[0].unreadable or same[0]
    return f"there is no column {name!r}{meant(name, [column.name for column in table])}"


def meant(name: str, known: Iterable[str]) -> str:
    """Return which of the known names was probably meant, as the end of a sentence; empty if none is near."""
    spelt = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), spelt, n=1, cutoff=0.6)
    return f"; did you mean {spelt[near[0]]!r}?" if near else ""
