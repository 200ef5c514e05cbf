"""What measures: what is asked of every engine, and how all of a table is measured through it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

from tocsin.errors import NotMeasured
from tocsin.jobs.checks import Metric
from tocsin.measure.aggregate import Aggregate, Kind, needed
from tocsin.measure.dialect import Dialect
from tocsin.measure.shape import drift
from tocsin.measure.sql import Asking
from tocsin.measure.table import Column, columns_of, has_no_values
from tocsin.measure.working_out import NO_VALUES, finite, reading
from tocsin.quality.measurement import MAX_SEGMENTS, Age, Custom, Measurement, Reading, Segment

Row = Sequence[object]
_Pass = tuple[tuple[str, ...], Aggregate | None]
"""By what rows are grouped, and the exact count that is made apart."""


class Engine(Protocol):
    """A table that can be asked. Every call raises NotMeasured where it cannot be answered, and says why."""

    @property
    def dialect(self) -> Dialect:
        """The words in which it is asked."""

    @property
    def relation(self) -> str:
        """What stands for the table in SQL."""

    def other(self, table: str) -> str:
        """Return what stands for another table."""

    def columns(self) -> tuple[Column, ...]:
        """Return the columns of the table, in their order."""

    def rows(self, query: str) -> list[Row]:
        """Return what a query gives; none is larger than a few thousand rows."""

    def remarks(self) -> tuple[str, ...]:
        """Return what else is to be said of the table once it was read, such as lines that are broken."""

    def close(self) -> None:
        """Let go of everything; never raises."""


class Table:
    """Measures a table through an engine.

    All that is wanted of the rows is asked for in one query; each other set of `group_by`, and each SELECT of
    the user's own, takes one more, and where the dialect says so each exact count of distinct values.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asking = Asking(engine.dialect, engine.relation, engine.other)
        self.columns = engine.columns()

    def planned(
        self, measurements: Iterable[Measurement]
    ) -> Iterator[tuple[Measurement, Reading | dict[Kind, Aggregate]]]:
        """Yield what each measurement is to be worked out of, or its reading where it shares no pass."""
        for one in dict.fromkeys(measurements):
            columns = columns_of(one, self.columns)
            if isinstance(columns, str):
                yield one, not_measured(columns)
            elif has_no_values(one, columns):
                yield one, NO_VALUES
            elif one.metric is Metric.SCHEMA_DRIFT:
                yield one, drift(one, self.columns)
            elif isinstance(one.detail, Custom) and one.detail.is_query:
                yield one, self._queried(one.detail)
            else:
                try:
                    yield one, self._needed(one, columns)
                except NotMeasured as error:
                    yield one, not_measured(str(error))

    def measure(self, measurements: Iterable[Measurement], as_of: datetime) -> dict[Measurement, Reading]:
        """Return what each measurement comes to; one that cannot be measured says why, and costs no other."""
        readings = dict[Measurement, Reading]()
        asked = dict[_Pass, dict[Measurement, dict[Kind, Aggregate]]]()
        for one, kinds in self.planned(measurements):
            if isinstance(kinds, Reading):
                readings[one] = kinds
                continue
            apart = kinds.get(Kind.DISTINCT) if self._engine.dialect.counts_apart else None
            asked.setdefault((one.group_by, apart), {})[one] = kinds
        for (group_by, _), wanted in asked.items():
            readings |= self._measured(wanted, group_by, as_of)
        return readings

    def _needed(self, one: Measurement, columns: tuple[Column, ...]) -> dict[Kind, Aggregate]:
        """Return what is to be asked for; raises NotMeasured where the dialect has no words for it."""
        kinds = needed(one, columns, can_approximate=bool(self._engine.dialect.roughly))
        self._asking.one_pass(list(kinds.values()))
        return kinds

    def _measured(
        self, wanted: dict[Measurement, dict[Kind, Aggregate]], group_by: tuple[str, ...], as_of: datetime
    ) -> dict[Measurement, Reading]:
        """Return the readings of one pass; where it fails, halves are asked until it is known which fail."""
        aggregates = list(dict.fromkeys(one for kinds in wanted.values() for one in kinds.values()))
        try:
            rows = self._engine.rows(self._asking.one_pass(aggregates, group_by))
        except NotMeasured as error:
            if len(wanted) == 1 or not error.is_statement:
                return dict.fromkeys(wanted, not_measured(str(error)))
            pairs, half = list(wanted.items()), len(wanted) // 2
            parts = (dict(pairs[:half]), dict(pairs[half:]))
            return {
                one: read for part in parts for one, read in self._measured(part, group_by, as_of).items()
            }
        if len(rows) > MAX_SEGMENTS:
            many = f"{', '.join(group_by)} tells more than {MAX_SEGMENTS:,} segments apart; group by less"
            return dict.fromkeys(wanted, not_measured(many))
        places = {one: place for place, one in enumerate(aggregates, len(group_by))}
        found = [
            (row, {one: read_off(one, kinds, row, places, as_of) for one, kinds in wanted.items()})
            for row in rows
        ]
        if not group_by:
            return found[0][1]
        return {one: _segmented(one, [(row, each[one]) for row, each in found]) for one in wanted}

    def _queried(self, custom: Custom) -> Reading:
        """Return the one number that a SELECT of the user's own gives."""
        try:
            rows = self._engine.rows(self._asking.one_answer(custom))
        except NotMeasured as error:
            return not_measured(str(error))
        if len(rows) != 1 or len(rows[0]) != 1:
            number = "more than one row" if len(rows) > 1 else f"{len(rows)} rows"
            shape = f"{number} of {len(rows[0])} columns" if rows else "no row"
            return not_measured(f"the query gives {shape}, and one number is needed")
        try:
            value = _number(rows[0][0])
        except (TypeError, ValueError):
            return not_measured(f"the query gives {rows[0][0]!r:.60}, which is no number")
        return finite(Reading(said="the query gives null") if value is None else Reading(value=value))


def not_measured(why: str) -> Reading:
    """Return the reading of what could not be measured."""
    return Reading(said=why, is_error=True)


def read_off(
    one: Measurement,
    kinds: Mapping[Kind, Aggregate],
    row: Row,
    places: Mapping[Aggregate, int],
    as_of: datetime,
) -> Reading:
    """Return what a measurement comes to by one row of answers, of which each has its place."""
    values = {kind: row[places[aggregate]] for kind, aggregate in kinds.items()}
    try:
        return reading(one, {kind: _number(_second(one, value)) for kind, value in values.items()}, as_of)
    except (TypeError, ValueError):
        return not_measured(f"it gives {next(iter(values.values()))!r:.60}, which is no number")


def _segmented(one: Measurement, found: Sequence[tuple[Row, Reading]]) -> Reading:
    """Return one reading of all segments; the first that could not be measured speaks for all."""
    segments = list[Segment]()
    for row, each in found:
        name = ", ".join(f"{key}={value}" for key, value in zip(one.group_by, row, strict=False))
        if each.is_error:
            return not_measured(f"{name}: {each.said}")
        segments.append(Segment(name, each.value))
    return Reading(segments=tuple(segments), said="" if segments else "there are no rows")


def _second(one: Measurement, value: object) -> object:
    """Return the second since 1970 of an instant that a database gives as such, all else as it is."""
    if one.metric is not Metric.FRESHNESS or not isinstance(value, date):
        return value
    at = value if isinstance(value, datetime) else datetime.combine(value, time())
    zone = one.detail.timezone if isinstance(one.detail, Age) else "UTC"
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).timestamp()


def _number(value: object) -> float | None:
    """Return what a database gives for a number; raises TypeError or ValueError where it is none."""
    if value is None:
        return None
    if isinstance(value, str | bytes):
        raise TypeError
    return float(value)  # type: ignore[arg-type]  # whatever a driver makes of numbers
