"""The checks of a table carried out: measured in one pass, judged, and failed rows named by their keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tocsin.errors import NotMeasured
from tocsin.jobs.checks import Metric
from tocsin.measure.engine import Engine, Table
from tocsin.measure.sql import Asking
from tocsin.measure.table import Column, called, columns_of
from tocsin.quality.check import CheckVerdict, Judged, judge_reading
from tocsin.quality.measurement import MAX_SHOWN, Between, DataCheck, Measurement, OnFail, Reading, ValueTest

HIDDEN: Final = "•••"
MAX_VALUE: Final = 80
"""So many characters of a value are shown."""
MAX_ASKED: Final = 20
"""For so many failed checks rows are looked for; each costs a query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Which rows that failed are shown: so many for each check, by the columns of their `key`.

    Without a key none is, but of values that should be unique those that are not. Values of `sensitive`
    columns are never shown.
    """

    key: tuple[str, ...] = ()
    sensitive: frozenset[str] = field(default_factory=frozenset)
    most: int = MAX_SHOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What became of a check: the verdict, what was measured, and examples of rows that failed it."""

    check: DataCheck
    judged: Judged
    reading: Reading
    examples: tuple[str, ...] = ()

    @property
    def is_failed(self) -> bool:
        """Whether the data cannot be relied on, as far as this check tells."""
        return self.judged.verdict.is_failed

    @property
    def counts(self) -> bool:
        """Whether it has failed and is not there to be recorded alone."""
        return self.is_failed and self.check.on_fail is not OnFail.RECORD


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of the checks of one table; `remarks` say what else was found in it."""

    source: str
    results: tuple[CheckResult, ...]
    remarks: tuple[str, ...]
    seconds: float

    @property
    def failed(self) -> int:
        """How many checks failed, other than those that are recorded alone."""
        return sum(one.counts for one in self.results)


def carried_out(
    engine: Engine, checks: Sequence[DataCheck], as_of: datetime, showing: Showing | None = None
) -> tuple[CheckResult, ...]:
    """Return what becomes of each check, in their order; data is as old as it is at `as_of`.

    Raises NotMeasured where the table cannot be read at all.
    """
    table = Table(engine)
    readings = table.measure([check.measurement for check in checks], as_of)
    results = list[CheckResult]()
    asked = 0
    for check in checks:
        read = readings[check.measurement]
        judged = judge_reading(check.check, read)
        examples: tuple[str, ...] = ()
        if showing is not None and _has_rows(judged) and asked < MAX_ASKED:
            asked += 1
            examples = _examples(engine, table.columns, check, showing, is_bearable=judged.is_bearable)
        results.append(CheckResult(check=check, judged=judged, reading=read, examples=examples))
    return tuple(results)


def as_read(readings: Mapping[Measurement, Reading], checks: Sequence[DataCheck]) -> tuple[CheckResult, ...]:
    """Return what becomes of each check by what was measured already; rows are not looked for any more."""
    return tuple(
        CheckResult(check=check, judged=judge_reading(check.check, read), reading=read)
        for check in checks
        for read in (readings[check.measurement],)
    )


def _has_rows(judged: Judged) -> bool:
    """Whether there may be rows that have failed a check."""
    return judged.verdict in (CheckVerdict.FAIL, CheckVerdict.WARN)


def _examples(
    engine: Engine, table: tuple[Column, ...], check: DataCheck, showing: Showing, *, is_bearable: bool
) -> tuple[str, ...]:
    """Return rows that failed, by their keys; what cannot be asked costs no verdict.

    Where the failure `is_bearable`, they are those that are worth a warning.
    """
    asked, columns = check.measurement, columns_of(check.measurement, table)
    if isinstance(columns, str) or not columns or not showing.most:
        return ()
    asking = Asking(engine.dialect, engine.relation, engine.other)
    names: Sequence[str] = [name for name in showing.key if isinstance(called(name, table), Column)]
    if asked.metric is Metric.UNIQUENESS:
        names = [column.name for column in columns]
        query = asking.repeated(columns, asked.where, showing.most)
    elif names and (asked.metric is Metric.NULL_RATE or isinstance(asked.detail, ValueTest)):
        test = asked.detail if isinstance(asked.detail, ValueTest) else None
        if isinstance(test, Between) and is_bearable:
            test = test.without_a_warning
        query = asking.failing(names, columns[0], test, asked.where, showing.most)
    else:
        return ()
    try:
        rows = engine.rows(query)
    except NotMeasured:
        return ()
    return tuple(
        ", ".join(f"{name}={_shown(name, value, showing)}" for name, value in zip(names, row, strict=True))
        for row in rows
    )


def _shown(name: str, value: object, showing: Showing) -> str:
    if name in showing.sensitive:
        return HIDDEN
    text = str(value)
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
