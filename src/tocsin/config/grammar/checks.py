"""Checks of the data that a job writes: limits of the metrics that its runs send, and their own past."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from msgspec.structs import replace
from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from tocsin.config.grammar.base import Name, OneOrMore, Part
from tocsin.config.problems import closest, refuse, shown
from tocsin.jobs.checks import MAX_CHECKS, USUAL_SPREADS, Metric
from tocsin.jobs.checks import Anomaly as MeantAnomaly
from tocsin.jobs.checks import Check as Meant
from tocsin.jobs.declaring import (
    FEWEST_SPREADS,
    LARGEST,
    MOST_SPREADS,
    among_refusal,
    column_refusal,
    lack_of,
    limit_refusal,
    most_of,
    order_refusal,
)

_WORDS = tuple(metric.value for metric in Metric)


def _metric(word: str) -> str:
    if word not in _WORDS:
        raise refuse(f"must be one of {', '.join(_WORDS)}, not {shown(word)}", closest(word, _WORDS))
    return word


Threshold = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]


class Anomaly(Part):
    """How far from its own past a metric may be."""

    spreads: Annotated[float, Field(ge=FEWEST_SPREADS, le=MOST_SPREADS, allow_inf_nan=False)] | None = None
    """Normal spreads by which it may be off; 4 if left out."""

    direction: Literal["both", "high", "low"] | None = None
    """Which side fails: both, high or low; left out: the side on which data of that metric is worse."""

    least: Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)] | None = None
    """Never fail for a difference of less than this; left out: 0.01 for shares, 0 for all others."""

    @property
    def meant(self) -> MeantAnomaly:
        """How far from its past that is."""
        spreads = USUAL_SPREADS if self.spreads is None else float(self.spreads)
        least = None if self.least is None else float(self.least)
        return MeantAnomaly(spreads=spreads, direction=self.direction or "", least=least)


class OnOrOff:
    """A part that may be written as true, as usual, or false, not at all."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the part's own schema, asked after a yes or no was read."""
        return core_schema.no_info_before_validator_function(_on_or_off, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema of the part, or of a yes or no."""
        return {"anyOf": [{"type": "boolean"}, *handler(core)["anyOf"]]}


def _on_or_off(value: object) -> object:
    if value is True:
        return {}
    if value is False:
        return None
    if value is not None and not isinstance(value, dict):
        raise refuse(f"must be true, false, or a mapping of spreads, direction and least, not {shown(value)}")
    return value


class Check(Part):
    """A limit for one metric of the data that a job writes, or its own past as the limit."""

    metric: Annotated[str, AfterValidator(_metric), Field(json_schema_extra={"enum": list(_WORDS)})]
    """row_count, null_rate, uniqueness, freshness, schema_drift, value_range or pattern_match."""

    column: Name | None = None
    """Column that it is measured of; the run sends `<column>_<metric>`, and without one `<metric>`."""

    id: Name | None = None
    """What people call the check; left out: the name under which the metric is sent."""

    threshold_min: Threshold | None = None
    """Smallest value that is good."""

    threshold_max: Threshold | None = None
    """Largest value that is good; of schema_drift 0, if neither a limit nor `anomaly` is given."""

    severity: Literal["info", "warning", "critical", "page"] | None = None
    """How bad it is when the check fails: info, warning, critical or page; warning if left out."""

    anomaly: Annotated[Anomaly | None, OnOrOff()] = None
    """Fail too when it is far from its own past: true, or how far; left out: only limits count."""

    @field_validator("column")
    @classmethod
    def _of_a_table(cls, value: str | None, info: ValidationInfo) -> str | None:
        metric = _known(info)
        return _unless(None if value is None or metric is None else column_refusal(metric), value)

    @field_validator("threshold_min", "threshold_max")
    @classmethod
    def _possible(cls, value: float | None, info: ValidationInfo) -> float | None:
        metric = _known(info)
        return _unless(None if value is None or metric is None else limit_refusal(metric, value), value)

    @field_validator("threshold_max")
    @classmethod
    def _not_below_the_smallest(cls, value: float | None, info: ValidationInfo) -> float | None:
        return _unless(order_refusal(info.data.get("threshold_min"), value), value)

    @model_validator(mode="after")
    def _is_a_check(self) -> "Check":
        return _unless(lack_of(Metric(self.metric), self.column or "", is_limited=self._is_limited), self)

    @property
    def _is_limited(self) -> bool:
        limits = (self.threshold_min, self.threshold_max, self.anomaly)
        return any(limit is not None for limit in limits)

    @property
    def meant(self) -> Meant:
        """The check that this says."""
        metric = Metric(self.metric)
        most = most_of(metric, self.threshold_max, is_limited=self._is_limited)
        check = Meant(
            id=self.id or "",
            metric=metric,
            column=self.column or "",
            least=None if self.threshold_min is None else float(self.threshold_min),
            most=None if most is None else float(most),
            severity=self.severity or "",
            anomaly=None if self.anomaly is None else self.anomaly.meant,
        )
        return check if check.id else replace(check, id=check.key)


_T = TypeVar("_T")


def _unless(refusal: str | None, value: _T) -> _T:
    if refusal is not None:
        raise refuse(refusal)
    return value


def _known(info: ValidationInfo) -> Metric | None:
    word = info.data.get("metric")
    return Metric(word) if isinstance(word, str) else None


def _beside_each_other(checks: Sequence[Check]) -> Sequence[Check]:
    refused = among_refusal(check.meant for check in checks)
    return _unless(None if refused is None else refused[1], checks)


Checks = Annotated[
    list[Check], OneOrMore(), Field(min_length=1, max_length=MAX_CHECKS), AfterValidator(_beside_each_other)
]
