"""The engine over a file of SQLite, which lacks some functions and gets them here."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from math import ceil, floor, sqrt
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS, done_within, took_too_long
from tocsin.measure.databases import MAX_LOOKED_AT, DatabaseTable, file_of, is_select, parts_of, type_of
from tocsin.measure.dialect import SQLITE
from tocsin.measure.engine import Row
from tocsin.measure.table import Column, Holds
from tocsin.rules.pattern import compile_pattern

MAX_VALUE_BYTES: Final = 64 << 20
MAX_OF_QUANTILE: Final = 5_000_000
"""Of more values no quantile is taken, for all of them are held in memory."""


class SQLiteTable(DatabaseTable):
    """A table of SQLite, or what a SELECT gives, as an engine; raises NotMeasured where none is there.

    Types are as declared; where none is, the first rows tell. Instants may be texts or seconds since 1970.
    """

    def __init__(
        self,
        url: str,
        table: str,
        *,
        beside: Mapping[str, str] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        super().__init__(SQLITE, table, beside)
        self._timeout = timeout_seconds
        self._connection = sqlite3.connect(
            f"file:{quote(file_of(url))}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        self._connection.create_function("tocsin_matches", 2, _matches, deterministic=True)
        self._connection.create_function("tocsin_second", 2, _second, deterministic=True)
        self._connection.create_aggregate("tocsin_quantile", 2, _Quantile)  # type: ignore[arg-type]  # typeshed wants finalize to return an int
        self._connection.create_aggregate("tocsin_deviation", 1, _Deviation)  # type: ignore[arg-type]  # the same

    def columns(self) -> tuple[Column, ...]:
        """Return the columns; of a SELECT they have the types of the columns that they are."""
        described = self._described()
        if not all(type_ for _, type_ in described):
            seen = self._asked(f"SELECT * FROM {self.relation} LIMIT {MAX_LOOKED_AT}")
            described = [
                (name, type_ or type_of(row[place] for row in seen))
                for place, (name, type_) in enumerate(described)
            ]
        return tuple(_column(name, type_) for name, type_ in described)

    def rows(self, query: str) -> list[Row]:
        """Return what a query gives."""
        return self._asked(query)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _described(self) -> list[tuple[str, str]]:
        """Return the columns with their declared types, empty where none is declared."""
        if is_select(self._table):
            self._asked(f"CREATE TEMP VIEW tocsin_described AS SELECT * FROM {self.relation}")
            found = self._asked("SELECT name, type FROM pragma_table_info('tocsin_described')")
            self._asked("DROP VIEW tocsin_described")
        else:
            called = ", ".join(self.dialect.text_of(part) for part in reversed(parts_of(self._table)))
            found = self._asked(f"SELECT name, type FROM pragma_table_info({called})")
        if not found:
            known = self._asked("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') LIMIT 10000")
            raise self._no_table(str(name) for (name,) in known)
        return [(str(name), str(type_)) for name, type_ in found]

    def _asked(self, query: str) -> list[Row]:
        try:
            return done_within(
                self._timeout,
                lambda: self._connection.execute(query).fetchall(),
                self._connection.interrupt,
            )
        except sqlite3.OperationalError as error:
            if str(error) == "interrupted":
                raise NotMeasured(took_too_long(self._timeout)) from None
            raise NotMeasured(str(error), is_statement=True) from None
        except sqlite3.Error as error:
            is_statement = isinstance(error, sqlite3.DataError | sqlite3.ProgrammingError)
            raise NotMeasured(str(error), is_statement=is_statement) from None


def _column(name: str, type_: str) -> Column:
    """Return a column; a number may be anything here, and an instant is a text or a number."""
    holds = Column(name, type_).holds
    return Column(
        name,
        type_,
        kept_as=Holds.TEXT if holds is Holds.INSTANTS else None,
        may_be_nan=holds is Holds.NUMBERS,
    )


def _matches(value: object, pattern: str) -> bool | None:
    """Return whether a pattern is found in a text; in nothing else it is."""
    if value is None:
        return None
    return isinstance(value, str) and compile_pattern(pattern).search(value) is not None


def _second(value: object, timezone: str) -> float | None:
    """Return the second since 1970 of an instant; None where it is none."""
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).timestamp()
    except (ValueError, OverflowError):
        return None


class _Quantile:
    """The value below which a share of all lies, between two of them by how near it is to each."""

    def __init__(self) -> None:
        self._values = list[float]()
        self._share = 0.5

    def step(self, value: object, share: float) -> None:
        """Take up a value."""
        self._share = share
        if isinstance(value, int | float) and len(self._values) <= MAX_OF_QUANTILE:
            self._values.append(value)

    def finalize(self) -> float | str | None:
        """Return the quantile; None of nothing."""
        if not self._values:
            return None
        if len(self._values) > MAX_OF_QUANTILE:
            return f"more than {MAX_OF_QUANTILE:,} values"
        self._values.sort()
        place = self._share * (len(self._values) - 1)
        low, high = self._values[floor(place)], self._values[ceil(place)]
        return low + (high - low) * (place - floor(place))


class _Deviation:
    """The standard deviation of a sample, by Welford's sums, which lose nothing to large values."""

    def __init__(self) -> None:
        self._values, self._mean, self._squares = 0, 0.0, 0.0

    def step(self, value: object) -> None:
        """Take up a value."""
        if isinstance(value, int | float):
            self._values += 1
            off = value - self._mean
            self._mean += off / self._values
            self._squares += off * (value - self._mean)

    def finalize(self) -> float | None:
        """Return the deviation; None of fewer than two values."""
        return sqrt(self._squares / (self._values - 1)) if self._values > 1 else None
