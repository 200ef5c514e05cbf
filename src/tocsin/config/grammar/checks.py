"""Checks of the data that a job writes: limits of the metrics that its runs send."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from tocsin.config.grammar.base import Name, OneOrMore, Part
from tocsin.config.problems import closest, refuse, shown
from tocsin.jobs.checks import MAX_CHECKS, Metric

_WORDS = tuple(metric.value for metric in Metric)
_LARGEST = 1e300


def _metric(word: str) -> str:
    if word not in _WORDS:
        raise refuse(f"must be one of {', '.join(_WORDS)}, not {shown(word)}", closest(word, _WORDS))
    return word


Threshold = Annotated[float, Field(ge=-_LARGEST, le=_LARGEST, allow_inf_nan=False)]


class Check(Part):
    """A limit for one metric of the data that a job writes."""

    metric: Annotated[str, AfterValidator(_metric), Field(json_schema_extra={"enum": list(_WORDS)})]
    """row_count, null_rate, uniqueness, freshness, schema_drift, value_range or pattern_match."""

    column: Name | None = None
    """Column that it is measured of; the run sends `<column>_<metric>`, and without one `<metric>`."""

    id: Name | None = None
    """What people call the check; left out: the name under which the metric is sent."""

    threshold_min: Threshold | None = None
    """Smallest value that is good."""

    threshold_max: Threshold | None = None
    """Largest value that is good; of schema_drift 0, if neither limit is given."""

    severity: Literal["info", "warning", "critical", "page"] | None = None
    """How bad it is when the check fails: info, warning, critical or page; warning if left out."""

    @property
    def key(self) -> str:
        """The name under which the metric is sent."""
        return f"{self.column}_{self.metric}" if self.column else self.metric

    @property
    def has_no_limit(self) -> bool:
        """Whether neither limit is given."""
        return self.threshold_min is None and self.threshold_max is None

    @field_validator("column")
    @classmethod
    def _of_a_table(cls, value: str | None, info: ValidationInfo) -> str | None:
        metric = _known(info)
        if value is not None and metric is not None and metric.of_table:
            raise refuse(f"is for metrics of a column; {metric.value} is of the whole table")
        return value

    @field_validator("threshold_min", "threshold_max")
    @classmethod
    def _possible(cls, value: float | None, info: ValidationInfo) -> float | None:
        metric = _known(info)
        if value is None or metric is None:
            return value
        if metric.is_share and not 0 <= value <= 1:
            raise refuse(
                f"is a share from 0 to 1, so that 5 % is 0.05; {value:g} is impossible for {metric.value}"
            )
        if metric in _COUNTED and value < 0:
            raise refuse(f"cannot be less than 0 for {metric.value}")
        return value

    @field_validator("threshold_max")
    @classmethod
    def _not_below_the_smallest(cls, value: float | None, info: ValidationInfo) -> float | None:
        least = info.data.get("threshold_min")
        if value is not None and least is not None and value < least:
            raise refuse(f"is smaller than 'threshold_min' ({value:g} < {least:g}); swap the two")
        return value

    @model_validator(mode="after")
    def _is_a_check(self) -> "Check":
        metric = Metric(self.metric)
        if metric.of_column and self.column is None:
            raise refuse(f"needs a 'column': {self.metric} is measured of one")
        if self.has_no_limit and metric is not Metric.SCHEMA_DRIFT:
            raise refuse("needs 'threshold_min', 'threshold_max' or both; without a limit nothing is checked")
        return self


_COUNTED = (Metric.ROW_COUNT, Metric.FRESHNESS, Metric.SCHEMA_DRIFT)


def _known(info: ValidationInfo) -> Metric | None:
    word = info.data.get("metric")
    return Metric(word) if isinstance(word, str) else None


def _each_once(checks: Sequence[Check]) -> Sequence[Check]:
    seen: dict[str, int] = {}
    for number, check in enumerate(checks):
        name = check.id or check.key
        if name in seen:
            raise refuse(
                f"number {number + 1} is called {name!r} like number {seen[name] + 1}; give one another 'id'"
            )
        seen[name] = number
    return checks


Checks = Annotated[
    list[Check], OneOrMore(), Field(min_length=1, max_length=MAX_CHECKS), AfterValidator(_each_once)
]
