"""Soda: the results of a scan of version 3 (`soda scan -srf`), and of contracts of version 4.

Version 4 writes no file of its own. Its results are read in the form in which it sends them to its cloud,
which is that of a scan, and in that of its Python interface (https://docs.soda.io/reference/python-api).
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from tocsin.jobs.checks import Check, Metric
from tocsin.quality.check import CheckVerdict, Judged
from tocsin.quality.told import (
    CRITICAL,
    Told,
    instant,
    judged_alike,
    mapping,
    number,
    over,
    read_as,
    text,
    told_apart,
    under,
)

_VERDICTS: Final = {
    "pass": CheckVerdict.PASS,
    "passed": CheckVerdict.PASS,
    "warn": CheckVerdict.WARN,
    "fail": CheckVerdict.FAIL,
    "failed": CheckVerdict.FAIL,
}
_EXCLUDED: Final = "excluded"
_METRICS: Final = {
    "row_count": Metric.ROW_COUNT,
    "missing_percent": Metric.NULL_RATE,
    "avg": Metric.MEAN,
    "min": Metric.MINIMUM,
    "max": Metric.MAXIMUM,
    "sum": Metric.SUM,
    "stddev": Metric.STANDARD_DEVIATION,
}
_SCALES: Final = {Metric.NULL_RATE: 0.01, Metric.FRESHNESS: 0.001}
"""Of percent and of milliseconds, which Soda tells."""


class _Check(msgspec.Struct, frozen=True):
    outcome: str | None = None
    name: object = None
    identity: object = None
    table: object = None
    column: object = None
    metrics: object = None
    diagnostics: object = None
    checkType: object = None  # noqa: N815 -- Soda's own name
    check: object = None
    threshold_value: object = None

    @property
    def said_of(self) -> Mapping[str, object]:
        """What version 4 says of the check itself."""
        return mapping(self.check)


class _Contract(msgspec.Struct, frozen=True):
    check_results: list[_Check]
    contract: object = None


class _Scan(msgspec.Struct, frozen=True):
    checks: list[_Check] | None = None
    contract_verification_results: list[_Contract] | None = None
    logs: object = None
    hasErrors: object = None  # noqa: N815 -- Soda's own name
    scanEndTimestamp: object = None  # noqa: N815 -- Soda's own name
    sourceOwner: object = None  # noqa: N815 -- Soda's own name


def is_spoken(document: object) -> bool:
    """Whether a parsed JSON is of Soda."""
    found = mapping(document)
    if isinstance(found.get("contract_verification_results"), list):
        return True
    checks = found.get("checks")
    return isinstance(checks, list) and (
        "scanStartTimestamp" in found or (bool(checks) and "outcome" in mapping(checks[0]))
    )


def translate(document: object) -> Told:
    """Return what the checks have come to; raises InvalidResults."""
    scan = read_as(document, _Scan)
    found = [(one, text(one.table)) for one in scan.checks or ()]
    for contract in scan.contract_verification_results or ():
        dataset = text(mapping(contract.contract).get("dataset_name"))
        found += [(one, dataset) for one in contract.check_results]
    asked = [(one, table) for one, table in found if (one.outcome or "").lower() != _EXCLUDED]
    several = len(Counter(table for _, table in asked)) > 1
    judged = tuple(_judged(one, table if several else "") for one, table in asked)
    return Told(
        tool="Soda",
        judged=told_apart(judged, tuple(_identity(one) for one, _ in asked)),
        at=instant(scan.scanEndTimestamp),
        trouble=_trouble(scan) if not judged else "",
        left_out=len(found) - len(asked),
    )


def _identity(check: _Check) -> str:
    return text(check.identity) or text(check.said_of.get("identity"))


def _judged(found: _Check, table: str) -> Judged:
    of, diagnostics = found.said_of, mapping(found.diagnostics)
    column = text(found.column) or text(of.get("column_name"))
    name = text(found.name) or text(of.get("name")) or text(of.get("type")) or _identity(found) or "a check"
    if column and column not in name:
        name = f"{name} ({column})"
    verdict = _VERDICTS.get((found.outcome or "").lower(), CheckVerdict.ERROR)
    told = found.threshold_value if found.check is not None else diagnostics.get("value")
    check = Check(id=f"{table}: {name}" if table else name, metric=_metric(found, diagnostics), column=column)
    check = _limited(check, mapping(diagnostics.get("fail")), mapping(diagnostics.get("warn")), told)
    value, scale = number(told), _SCALES.get(check.metric, 1.0)
    said = "Soda could not evaluate it" if verdict is CheckVerdict.ERROR else ""
    return judged_alike(check, verdict, said, None if value is None else value * scale)


def _metric(found: _Check, diagnostics: Mapping[str, object]) -> Metric:
    """Return what was measured, as far as Soda's own metric tells: `metric-…-email-missing_percent`."""
    if diagnostics.get("measure") == "time":
        return Metric.FRESHNESS
    metrics = found.metrics if isinstance(found.metrics, list) else []
    words = text(metrics[0]).split("-")[-2:] if metrics else [text(found.checkType)]
    metric = next((_METRICS[word] for word in reversed(words) if word in _METRICS), Metric.CUSTOM)
    return Metric.CUSTOM if metric.of_column and not text(found.column) else metric


def _limited(check: Check, fail: Mapping[str, object], warn: Mapping[str, object], value: object) -> Check:
    """Return the check with the limits that Soda tells: those beyond which it fails, or warns."""
    scale = _SCALES.get(check.metric, 1.0)
    least, most = _good(fail, value, scale)
    warn_least, warn_most = _good(warn, value, scale)
    column = "" if check.metric.of_table else check.column
    check = replace(check, column=column, severity=CRITICAL)
    if least is None and most is None:
        return replace(check, least=warn_least, most=warn_most, severity="warning" if warn else CRITICAL)
    return replace(check, least=least, most=most, warn_least=warn_least, warn_most=warn_most)


def _good(bad: Mapping[str, object], value: object, scale: float) -> tuple[float | None, float | None]:
    """Return the smallest and the largest value that is not beyond the limits."""
    below, not_above = number(bad.get("lessThan")), number(bad.get("lessThanOrEqual"))
    above, not_below = number(bad.get("greaterThan")), number(bad.get("greaterThanOrEqual"))
    least = below if not_above is None else over(not_above, value)
    most = above if not_below is None else under(not_below, value)
    return (None if least is None else least * scale), (None if most is None else most * scale)


def _trouble(scan: _Scan) -> str:
    """Return why a scan has no results, as its log says."""
    logs = scan.logs if isinstance(scan.logs, list) else []
    errors = [text(mapping(one).get("message")) for one in logs if mapping(one).get("level") == "error"]
    return next(filter(None, errors), "the scan ended with errors" if scan.hasErrors is True else "")
