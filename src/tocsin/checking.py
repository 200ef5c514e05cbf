"""Data checked by a file of checks or by checks as values: measured, judged, and told with a run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import nan
from pathlib import Path
from typing import Any

from msgspec import structs

from tocsin.client.run import MAX_CHECKS, Run
from tocsin.clock import monotonic, now
from tocsin.config.data_checks import ChecksFile, checks_in, load_checks
from tocsin.errors import ConfigError, Problem
from tocsin.jobs.checks import Check, Metric
from tocsin.jobs.declaring import change_written
from tocsin.measure.checking import Checked, CheckResult, Showing, as_read, carried_out
from tocsin.measure.observed import Observed
from tocsin.measure.opening import opened
from tocsin.quality.check import NOTHING_TO_MEASURE, CheckVerdict
from tocsin.quality.measurement import OnFail

__all__ = ["Checked", "Checks", "Watched", "as_declared", "check", "check_in_run", "declare", "tell_of"]

Checks = str | Path | Sequence[Mapping[str, object]] | ChecksFile
"""The path of a file of checks, or checks with the keys that such a file has."""


def check(data: object, checks: Checks, *, table: str = "", as_of: datetime | None = None) -> Checked:
    """Return what becomes of checks of data: of files, a frame, or whatever else can be measured.

    `table` is that of a database, by its name or as a SELECT, where `data` is the address of one. `as_of` is
    the instant by which data is old or fresh, with a zone; now, if left out. Raises ConfigError where the
    checks cannot be used, with all that is wrong with them, and NotMeasured where the data cannot be read.
    """
    begun, written = monotonic(), _written(checks)
    showing = Showing(key=written.key, sensitive=written.sensitive, most=written.examples)
    table = table or written.table
    beside = {name: name for name in written.beside} if table else written.beside
    engine = opened(data, table=table, beside=beside, null_values=written.null_values)
    try:
        results = carried_out(engine, written.checks, as_of or now(), showing)
        remarks = engine.remarks()
    finally:
        engine.close()
    if written.unmeasured:
        remarks += (f"not measured, for only the job can send it: {', '.join(written.unmeasured)}",)
    source = table or (data if isinstance(data, str) else type(data).__name__)
    return Checked(source=source, results=results, remarks=remarks, seconds=monotonic() - begun)


def check_in_run(run: Run, data: object, checks: Checks, *, table: str = "", name: str = "") -> Checked:
    """Return the same, and have a run tell it; a failed check with `on_fail: fail_run` fails the run.

    With a `name` all checks and their metrics are called by it, so that a run can tell of several tables.
    """
    written = _called(name, _written(checks))
    _refuse_what_is_there(run, written)
    declare(run, written)
    found = check(data, written, table=table)
    tell_of(run, found)
    return found


class Watched:
    """A frame of Spark that is checked by what its job writes: write `frame`, once, then let it be told.

    No rows are shown of failed checks, for that would read the frame again.
    """

    def __init__(self, run: Run, frame: object, checks: Checks, *, name: str = "") -> None:
        written = _called(name, _written(checks))
        _refuse_what_is_there(run, written)
        declare(run, written)
        self._run, self._checks = run, written.checks
        self._begun, self._source = monotonic(), type(frame).__name__
        self._observed = Observed(frame, [one.measurement for one in written.checks])

    @property
    def frame(self) -> Any:  # noqa: ANN401 -- a frame of Spark, which is published without types
        """What is to be written."""
        return self._observed.frame

    def tell(self) -> Checked:
        """Return what becomes of the checks, and have the run tell it."""
        results = as_read(self._observed.measure(now()), self._checks)
        seconds = monotonic() - self._begun
        found = Checked(source=self._source, results=results, remarks=(), seconds=seconds)
        tell_of(self._run, found)
        return found


def declare(run: Run, written: ChecksFile) -> None:
    """Have a run say what is judged from now on: all checks but those that are recorded alone."""
    run.declare([as_declared(one.check) for one in written.checks if one.on_fail is not OnFail.RECORD])


def tell_of(run: Run, found: Checked) -> None:
    """Have a run send what was measured, and of failed checks what the number does not say."""
    for one in found.results:
        if one.judged.value is not None:
            run.metric(one.check.check.key, one.judged.value)
        elif one.judged.verdict is CheckVerdict.ERROR:
            # What is no number is an error at the server too; what is not sent is no data.
            run.metric(one.check.check.key, nan)
    failed = [one for one in found.results if one.is_failed]
    for one in failed:
        if note := _noted(one):
            run.note(one.check.check.key, note)
    fatal = [one for one in failed if one.check.on_fail is OnFail.FAIL_RUN]
    if fatal:
        # Of a run that failed nobody judges the data, so that it is told here of the other checks too.
        others = [one for one in failed if one.counts and one not in fatal]
        run.fail("; ".join([*map(_told, fatal), *(f"also {_told(one)}" for one in others)]))


def _called(name: str, written: ChecksFile) -> ChecksFile:
    if not name:
        return written
    named = tuple(
        structs.replace(
            one,
            check=structs.replace(one.check, id=f"{name}.{one.check.id}", sent_as=f"{name}.{one.check.key}"),
        )
        for one in written.checks
    )
    return replace(written, checks=named)


def _refuse_what_is_there(run: Run, written: ChecksFile) -> None:
    """Refuse what would take the place of what a run has measured, or find none; raises ConfigError."""
    checks, why = run.declared + len(written.checks), ""
    if checks > MAX_CHECKS:
        why = f"a run has at most {MAX_CHECKS} checks, and this would make {checks}"
    elif taken := run.claim([one.check.key for one in written.checks]):
        why = f"{taken!r} was measured in this run already; call those of another table by a name='…'"
    if why:
        raise ConfigError(str(written.at), (Problem(path="checks", message=why),))


def _written(checks: Checks) -> ChecksFile:
    if isinstance(checks, ChecksFile):
        return checks
    if isinstance(checks, str | Path):
        return load_checks(Path(checks))
    return checks_in(json.dumps({"checks": [dict(one) for one in checks]}), "checks")


def _told(one: CheckResult) -> str:
    """Return what became of a failed check, with the rows that failed."""
    rows = f" ({', '.join(one.examples)})" if one.examples else ""
    return f"check {one.check.check.id}: {one.judged.said}{rows}"


def _noted(one: CheckResult) -> str:
    """Return what the number does not say: the segment, why there is none, columns or rows that failed."""
    why = one.reading.said if one.check.measurement.metric is Metric.SCHEMA_DRIFT else one.judged.segment
    if one.judged.value is None:
        why = one.reading.said or f"{why}: {NOTHING_TO_MEASURE}"
    return "; ".join(filter(None, (why, *one.examples)))


def as_declared(check: Check) -> dict[str, object]:
    """Return a check as a check-in declares it."""
    anomaly, (change_min, change_max) = check.anomaly, change_written(check.change)
    told = {
        "id": check.id,
        "metric": check.metric.value,
        "column": check.column,
        "key": check.sent_as,
        "threshold_min": check.least,
        "threshold_max": check.most,
        "warn_min": check.warn_least,
        "warn_max": check.warn_most,
        "change_min": change_min,
        "change_max": change_max,
        "severity": check.severity,
        "anomaly": anomaly
        and {"spreads": anomaly.spreads, "direction": anomaly.direction or None, "least": anomaly.least},
    }
    return {name: value for name, value in told.items() if value not in (None, "")}
