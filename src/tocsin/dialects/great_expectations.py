"""Great Expectations: the results of a validation, or of a checkpoint with several, of versions 0.13 to 1.x.

Versions before 1 name an expectation by `expectation_type`, later ones by `type`
(https://docs.greatexpectations.io/docs/core/trigger_actions_based_on_results/choose_a_result_format/).
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from tocsin.errors import InvalidResults
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
    plain,
    read_as,
    text,
    told_apart,
    under,
)

_OBSERVED: Final = {
    "expect_table_row_count_to_be_between": Metric.ROW_COUNT,
    "expect_table_row_count_to_equal": Metric.ROW_COUNT,
    "expect_column_min_to_be_between": Metric.MINIMUM,
    "expect_column_max_to_be_between": Metric.MAXIMUM,
    "expect_column_mean_to_be_between": Metric.MEAN,
    "expect_column_sum_to_be_between": Metric.SUM,
    "expect_column_stdev_to_be_between": Metric.STANDARD_DEVIATION,
    "expect_column_median_to_be_between": Metric.QUANTILE,
    "expect_column_unique_value_count_to_be_between": Metric.DISTINCT_COUNT,
    "expect_column_proportion_of_unique_values_to_be_between": Metric.UNIQUENESS,
}
"""Of these the observed value lies between `min_value` and `max_value`, or is `value`."""
_SHARES: Final = {
    "expect_column_values_to_be_between": Metric.IN_RANGE,
    "expect_column_values_to_be_in_set": Metric.ACCEPTED_VALUES,
    "expect_column_values_to_match_regex": Metric.PATTERN_MATCH,
    "expect_column_value_lengths_to_be_between": Metric.LENGTH_IN_RANGE,
}
"""Of these the share of the values that are as expected is at least `mostly`."""
_NOT_NULL: Final = "expect_column_values_to_not_be_null"
_NOT_TOLD: Final = ("column", "batch_id", "result_format", "mostly")


class _Result(msgspec.Struct, frozen=True):
    success: bool | None = None
    expectation_config: object = None
    result: object = None
    exception_info: object = None
    kwargs: object = None
    expectation_type: object = None


class _Validation(msgspec.Struct, frozen=True):
    results: list[_Result] | None = None
    expectations: list[_Result] | None = None
    meta: object = None


def is_spoken(document: object) -> bool:
    """Whether a parsed JSON is of Great Expectations."""
    found = mapping(document)
    if isinstance(found.get("run_results"), dict) or isinstance(found.get("validation_results"), list):
        return True
    results = found.get("results")
    if not isinstance(results, list):
        return False
    known = "great_expectations_version" in mapping(found.get("meta")) or "evaluated_expectations" in mapping(
        found.get("statistics")
    )
    return known or (bool(results) and "expectation_config" in mapping(results[0]))


def translate(document: object) -> Told:
    """Return what the expectations have come to; raises InvalidResults."""
    validations = [read_as(one, _Validation) for one in _validations(mapping(document))]
    judged, added = list[Judged](), list[str]()
    for validation in validations:
        asset = _asset(mapping(validation.meta)) if len(validations) > 1 else ""
        for one in validation.results or validation.expectations or ():
            judged.append(_judged(one, asset))
            added.append(_wanted(_kwargs(one)))
    meta = mapping(validations[0].meta) if validations else {}
    run = mapping(meta.get("run_id"))
    return Told(
        tool=f"Great Expectations {text(meta.get('great_expectations_version'))}".strip(),
        judged=told_apart(tuple(judged), tuple(added)),
        run=text(meta.get("validation_id")),
        at=instant(run.get("run_time")) or instant(meta.get("validation_time")),
    )


def _validations(document: Mapping[str, object]) -> Iterator[object]:
    several, named = document.get("validation_results"), document.get("run_results")
    if isinstance(several, list):
        yield from several
    elif isinstance(named, dict):
        yield from (mapping(one).get("validation_result", one) for one in named.values())
    else:
        yield document


def _asset(meta: Mapping[str, object]) -> str:
    """Return the name of the data that was validated."""
    places = (
        meta.get("active_batch_definition"),
        meta.get("batch_spec"),
        meta.get("batch_kwargs"),
    )
    names = (text(mapping(place).get("data_asset_name")) for place in places)
    return next(filter(None, names), "")


def _config(result: _Result) -> Mapping[str, object]:
    return mapping(result.expectation_config)


def _kwargs(result: _Result) -> Mapping[str, object]:
    return mapping(_config(result).get("kwargs") or result.kwargs)


def _kind(result: _Result) -> str:
    config = _config(result)
    kind = text(config.get("type")) or text(config.get("expectation_type")) or text(result.expectation_type)
    if not kind:
        raise InvalidResults("an expectation has no 'type'; write the whole result, with its configuration")
    return kind


def _judged(result: _Result, asset: str) -> Judged:
    kind, kwargs, found = _kind(result), _kwargs(result), mapping(result.result)
    column = text(kwargs.get("column"))
    severity = text(_config(result).get("severity")).lower()
    severity = severity if severity in ("warning", "info") else CRITICAL
    name = f"{kind}({column})" if column else kind
    named = Check(id=f"{asset}: {name}" if asset else name, metric=Metric.CUSTOM, severity=severity)
    failed = CheckVerdict.FAIL if severity == CRITICAL else CheckVerdict.WARN
    raised = _exception(mapping(result.exception_info))
    if raised or result.success is None:
        return judged_alike(named, CheckVerdict.ERROR, raised or "it was not evaluated")
    check, value = _measured(named, kind, column, kwargs, found)
    return judged_alike(check, CheckVerdict.PASS if result.success else failed, _said(found), value)


def _measured(
    named: Check, kind: str, column: str, kwargs: Mapping[str, object], found: Mapping[str, object]
) -> tuple[Check, float | None]:
    """Return the check with its limits, and the value, where they are numbers."""
    bad, mostly = number(found.get("unexpected_percent")), number(kwargs.get("mostly"))
    mostly = 1.0 if mostly is None else mostly
    named = Check(
        id=named.id,
        severity=named.severity,
        metric=_SHARES.get(kind, _OBSERVED.get(kind, Metric.CUSTOM)),
        column=column if kind in _SHARES or kind == _NOT_NULL or kind in _OBSERVED else "",
    )
    if kind in _OBSERVED:
        return _between(named, kwargs, found.get("observed_value"))
    if bad is None:
        return named, None
    if kind in _SHARES:
        return msgspec.structs.replace(named, least=mostly), round(1 - bad / 100, 12)
    metric = Metric.NULL_RATE if kind == _NOT_NULL else Metric.CUSTOM
    return msgspec.structs.replace(named, metric=metric, most=round(1 - mostly, 12)), round(bad / 100, 12)


def _between(named: Check, kwargs: Mapping[str, object], observed: object) -> tuple[Check, float | None]:
    least, most = number(kwargs.get("min_value")), number(kwargs.get("max_value"))
    if number(kwargs.get("value")) is not None:
        least = most = number(kwargs.get("value"))
    if least is not None and kwargs.get("strict_min") is True:
        least = over(least, observed)
    if most is not None and kwargs.get("strict_max") is True:
        most = under(most, observed)
    return msgspec.structs.replace(named, least=least, most=most), number(observed)


def _said(found: Mapping[str, object]) -> str:
    """Return how many values are not as expected; which ones is nobody's business here."""
    count, share = number(found.get("unexpected_count")), number(found.get("unexpected_percent"))
    if count is None:
        return ""
    return f"{count:,.10g} unexpected" if share is None else f"{count:,.10g} unexpected ({share:.4g} %)"


def _exception(info: Mapping[str, object]) -> str:
    """Return why an expectation could not be evaluated; version 1 tells it for each metric that it needs."""
    for one in (info, *map(mapping, info.values())):
        if one.get("raised_exception") is True:
            return text(one.get("exception_message")) or "it raised an exception"
    return ""


def _wanted(kwargs: Mapping[str, object]) -> str:
    """Return what tells expectations of one kind and column apart: `max_value=1000 min_value=0`."""
    return plain(" ".join(f"{k}={kwargs[k]!s:.40}" for k in sorted(kwargs) if k not in _NOT_TOLD), 60)
