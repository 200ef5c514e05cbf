"""What is measured of the hostile rows, and what each comes to, worked out in plain Python."""

import math
import re
import statistics
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from tests.measure.hostile import AS_OF, PARENTS, QUOTED, Row
from tocsin.jobs.checks import Metric
from tocsin.quality.measurement import (
    Age,
    Between,
    Custom,
    FoundIn,
    Matching,
    Measurement,
    OneOf,
    Quantile,
    ValueTest,
)

Rows = list[Row]
Worked = Callable[[Rows], float | None]
BERLIN: Final = "Europe/Berlin"
PATTERNS: Final = (
    r"^\w+$", r"o.b", r"a.b", r"(?i)NAN", r"\bwords\b", r"\d", r"^\s|\s$", r"^[^\x00-\x{7F}]", r"[\w-]{4,}",
    r"'|\"", r"%", r"^$", r"(?P<who>\w)@(?:y|z)\.de$", r"\\", r"^[^a]+$", r"\S+ \S+", r"[[:digit:]]+", r"--",
)  # fmt: skip  # one under the other they would fill the screen


def values(rows: Rows, column: str) -> list[object]:
    """Return the values of a column that are not null."""
    return [row[column] for row in rows if row[column] is not None]


def numbers(rows: Rows, column: str) -> list[float]:
    """Return the same as numbers."""
    return [float(one) for one in values(rows, column) if isinstance(one, int | float | Decimal)]


def _share(passing: int, of: int) -> float | None:
    return passing / of if of else None


def _unless_empty(worked: Callable[[list[float]], float], column: str, least: int = 1) -> Worked:
    def work(rows: Rows) -> float | None:
        found = numbers(rows, column)
        return worked(found) if len(found) >= least else None

    return work


def _quantile(share: float, column: str) -> Worked:
    def of(found: list[float]) -> float:
        place = share * (len(found) - 1)
        low, high = sorted(found)[math.floor(place)], sorted(found)[math.ceil(place)]
        return low + (high - low) * (place - math.floor(place))

    return _unless_empty(of, column)


def null_rate(column: str) -> Worked:
    """Return how large a share of a column is null."""
    return lambda rows: _share(len(rows) - len(values(rows, column)), len(rows))


def distinct(*columns: str) -> Worked:
    """Return how many different values there are, where none is null."""
    return lambda rows: len(_keys(rows, columns))


def _keys(rows: Rows, columns: tuple[str, ...]) -> set[tuple[object, ...]]:
    return {key for row in rows if None not in (key := tuple(row[one] for one in columns))}


def unique(*columns: str) -> Worked:
    """Return how large a share of the values would be left without repetitions."""

    def work(rows: Rows) -> float | None:
        there = sum(all(row[one] is not None for one in columns) for row in rows)
        return _share(len(_keys(rows, columns)), there)

    return work


def passing(column: str, test: Callable[[object], bool]) -> Worked:
    """Return how large a share of the values passes a test."""
    return lambda rows: _share(sum(map(test, values(rows, column))), len(values(rows, column)))


def age(column: str, timezone: str = "UTC") -> Worked:
    """Return how many hours old the newest instant of a column is."""

    def work(rows: Rows) -> float | None:
        found = [_instant(one, timezone) for one in values(rows, column)]
        return (AS_OF - max(found)).total_seconds() / 3600 if found else None

    return work


def _instant(value: object, timezone: str) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        assert isinstance(value, date)
        value = datetime.combine(value, time())
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=ZoneInfo(timezone))


def _of(metric: Metric, column: str = "", detail: object = None, **more: object) -> Measurement:
    columns = (column,) if column else ()
    return Measurement(metric=metric, columns=columns, detail=detail, **more)  # type: ignore[arg-type]  # told by the caller


def _test(
    metric: Metric, column: str, detail: ValueTest, test: Callable[[object], bool]
) -> tuple[Measurement, Worked]:
    return _of(metric, column, detail), passing(column, test)


def _matches(pattern: str) -> Callable[[object], bool]:
    in_python = re.sub(r"\\x\{(\w+)\}", r"\\x\1", pattern).replace("[[:digit:]]", "[0-9]")
    return lambda value: re.search(in_python, str(value), re.ASCII) is not None


MEASURED: Final[dict[str, tuple[Measurement, Worked]]] = {
    "rows": (_of(Metric.ROW_COUNT), len),
    "rows where": (
        _of(Metric.ROW_COUNT, where="amount > 50.5 AND note <> 'it''s 50%'"),
        lambda rows: sum(row["note"] is not None and float(str(row["amount"] or 0)) > 50.5 for row in rows),
    ),
    "nulls": (_of(Metric.NULL_RATE, "note"), null_rate("note")),
    "nulls where": (
        _of(Metric.NULL_RATE, "note", where="id < 0"),
        lambda _: None,
    ),
    "nulls of a quoted name": (_of(Metric.NULL_RATE, QUOTED), null_rate(QUOTED)),
    "nulls of nothing but nulls": (_of(Metric.NULL_RATE, "nothing"), null_rate("nothing")),
    "unique ids": (_of(Metric.UNIQUENESS, "id"), unique("id")),
    "unique notes": (_of(Metric.UNIQUENESS, "note"), unique("note")),
    "unique pairs": (
        Measurement(metric=Metric.UNIQUENESS, columns=("country", "code")), unique("country", "code")
    ),
    "unique of nothing": (_of(Metric.UNIQUENESS, "nothing"), lambda _: None),
    "distinct notes": (_of(Metric.DISTINCT_COUNT, "note"), distinct("note")),
    "distinct amounts": (_of(Metric.DISTINCT_COUNT, "amount"), distinct("amount")),
    "distinct pairs where": (
        Measurement(metric=Metric.DISTINCT_COUNT, columns=("country", "note"), where="id >= 60"),
        lambda rows: len(_keys([row for row in rows if int(str(row["id"])) >= 60], ("country", "note"))),
    ),
    "smallest": (_of(Metric.MINIMUM, "amount"), _unless_empty(min, "amount")),
    "largest": (_of(Metric.MAXIMUM, "ratio"), _unless_empty(max, "ratio")),
    "mean": (_of(Metric.MEAN, "amount"), _unless_empty(statistics.fmean, "amount")),
    "mean of integers": (_of(Metric.MEAN, "id"), _unless_empty(statistics.fmean, "id")),
    "sum": (_of(Metric.SUM, "ratio"), _unless_empty(math.fsum, "ratio")),
    "deviation": (
        _of(Metric.STANDARD_DEVIATION, "amount"), _unless_empty(statistics.stdev, "amount", least=2)
    ),
    "median": (_of(Metric.QUANTILE, "amount", Quantile(0.5)), _quantile(0.5, "amount")),
    "ninth tenth where": (
        _of(Metric.QUANTILE, "id", Quantile(0.9), where="flag"),
        lambda rows: _quantile(0.9, "id")([row for row in rows if row["flag"]]),
    ),
    "furthest below": (
        _of(Metric.VALUE_RANGE, "ratio", Between(low=0.0, high=14.0)), _unless_empty(min, "ratio")
    ),
    "furthest above": (
        _of(Metric.VALUE_RANGE, "amount", Between(low=-10.0, high=100.0)), _unless_empty(max, "amount")
    ),
    "in range": _test(
        Metric.IN_RANGE, "amount", Between(low=0.0, high=100.5), lambda one: 0 <= float(str(one)) <= 100.5
    ),
    "in range, NaN among them": _test(
        Metric.IN_RANGE, "broken", Between(low=0.0, high=1.0), lambda one: 0 <= float(str(one)) <= 1
    ),
    "longest": (
        _of(Metric.STRING_LENGTH, "note"),
        lambda rows: max((len(str(one)) for one in values(rows, "note")), default=None),
    ),
    "lengths": _test(
        Metric.LENGTH_IN_RANGE, "note", Between(low=1, high=5, of_length=True),
        lambda one: 1 <= len(str(one)) <= 5,
    ),
    "accepted texts": _test(
        Metric.ACCEPTED_VALUES, "country", OneOf(("DE", "C'H", "ü")), lambda one: one in ("DE", "C'H")
    ),
    "accepted numbers": _test(Metric.ACCEPTED_VALUES, "id", OneOf((1.0, 7, 1e6)), lambda one: one in (1, 7)),
    "accepted truths": _test(Metric.ACCEPTED_VALUES, "flag", OneOf((True,)), bool),
    "references": _test(
        Metric.REFERENCES, "parent", FoundIn("{parents}", "key"), lambda one: one in PARENTS
    ),
    "freshness of dates": (_of(Metric.FRESHNESS, "day", Age(3600.0)), age("day")),
    "freshness with a zone": (_of(Metric.FRESHNESS, "at", Age(3600.0, BERLIN)), age("at")),
    "freshness without one": (
        _of(Metric.FRESHNESS, "local_at", Age(3600.0, BERLIN)), age("local_at", BERLIN)
    ),
    "freshness of texts": (_of(Metric.FRESHNESS, "stamp", Age(3600.0, BERLIN)), age("stamp", BERLIN)),
    "custom": (
        _of(Metric.CUSTOM, detail=Custom("sum(id) % 1000 + count(note)")),
        lambda rows: sum(numbers(rows, "id")) % 1000 + len(values(rows, "note")) if rows else None,
    ),
    "a query": (
        _of(Metric.CUSTOM, detail=Custom("SELECT count(*) FROM {table} WHERE id BETWEEN 3 AND 9 -- all")),
        lambda rows: sum(3 <= float(str(row["id"])) <= 9 for row in rows),
    ),
    **{
        f"pattern {pattern}": _test(Metric.PATTERN_MATCH, "note", Matching(pattern), _matches(pattern))
        for pattern in PATTERNS
    },
}  # fmt: skip  # a measurement and what it comes to, side by side
