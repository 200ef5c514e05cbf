"""Checks of the data that a job writes: limits of the metrics that its runs send, and their own past."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from msgspec.structs import replace
from pydantic import (
    AfterValidator,
    BeforeValidator,
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
from tocsin.config.grammar.measuring import NEEDED, Measured
from tocsin.config.problems import closest, refuse, shown
from tocsin.jobs.checks import MAX_CHECKS, USUAL_SPREADS, Metric
from tocsin.jobs.checks import Anomaly as MeantAnomaly
from tocsin.jobs.checks import Check as Meant
from tocsin.jobs.declaring import (
    FEWEST_SPREADS,
    LARGEST,
    MOST_SPREADS,
    among_refusal,
    change_of,
    change_order_refusal,
    change_refusal,
    column_refusal,
    lack_of,
    limit_refusal,
    most_of,
    order_refusal,
    soft_refusal,
    step_refusal,
)
from tocsin.quality.measurement import Between, Custom, DataCheck, Measurement, OnFail

_WORDS = tuple(metric.value for metric in Metric)
_RANGES = {Metric.VALUE_RANGE: Metric.IN_RANGE, Metric.STRING_LENGTH: Metric.LENGTH_IN_RANGE}
"""What is measured of them where a share of the values may be bad."""
_MOST_TOLD_ROUGHLY = 0.9
"""An approximate count is seldom further off than this leaves room for: three of its standard errors."""


def _metric(word: str) -> str:
    if word not in _WORDS:
        raise refuse(f"must be one of {', '.join(_WORDS)}, not {shown(word)}", closest(word, _WORDS))
    return word


Threshold = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]


def _step(value: object) -> object:
    return _unless(None if value is None else step_refusal(value), value)


Step = Annotated[float | str | None, BeforeValidator(_step)]
"""By how much: a number, or a percentage such as `-20%`."""


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


class Check(Measured):
    """A limit for one metric of the data that a job writes, or its own past as the limit."""

    metric: Annotated[str, AfterValidator(_metric), Field(json_schema_extra={"enum": list(_WORDS)})]
    """What is measured: row_count, null_rate and so on; the reference lists every metric."""

    column: Name | None = None
    """Column that it is measured of; the run sends `<column>_<metric>`, and without one `<metric>`."""

    id: Name | None = None
    """What people call the check; left out: the name under which the metric is sent."""

    threshold_min: Threshold | None = None
    """Smallest value that is good."""

    threshold_max: Threshold | None = None
    """Largest value that is good; of schema_drift 0, if neither a limit nor `anomaly` is given."""

    warn_min: Threshold | None = None
    """Smallest value that is not even a warning; it lies above `threshold_min`."""

    warn_max: Threshold | None = None
    """Largest value that is not even a warning; it lies below `threshold_max`."""

    change_min: Step = None
    """Least by which it may differ from the last run that passed: -20% is a fifth less, -500 is 500 less."""

    change_max: Step = None
    """Most by which it may differ from the last run that passed: 50% is half as much again."""

    key: Name | None = None
    """Name under which the run sends the metric, instead of the usual one."""

    severity: Literal["info", "warning", "critical", "page"] | None = None
    """How bad it is when the check fails: info, warning, critical or page; warning if left out."""

    anomaly: Annotated[Anomaly | None, OnOrOff()] = None
    """Fail too when it is far from its own past: true, or how far; left out: only limits count."""

    @field_validator("column")
    @classmethod
    def _of_a_table(cls, value: str | None, info: ValidationInfo) -> str | None:
        metric = _known(info)
        return _unless(None if value is None or metric is None else column_refusal(metric), value)

    @field_validator("threshold_min", "threshold_max", "warn_min", "warn_max")
    @classmethod
    def _possible(cls, value: float | None, info: ValidationInfo) -> float | None:
        metric = _known(info)
        return _unless(None if value is None or metric is None else limit_refusal(metric, value), value)

    @field_validator("threshold_max")
    @classmethod
    def _not_below_the_smallest(cls, value: float | None, info: ValidationInfo) -> float | None:
        return _unless(order_refusal(info.data.get("threshold_min"), value), value)

    @field_validator("change_min", "change_max")
    @classmethod
    def _a_change(cls, value: float | str | None, info: ValidationInfo) -> float | str | None:
        metric = _known(info)
        return _unless(None if value is None or metric is None else change_refusal(metric, value), value)

    @field_validator("change_max")
    @classmethod
    def _not_below_the_least(cls, value: float | str | None, info: ValidationInfo) -> float | str | None:
        return _unless(change_order_refusal(info.data.get("change_min"), value), value)

    @model_validator(mode="after")
    def _is_a_check(self) -> "Check":
        metric, of = Metric(self.metric), "+".join(self.columns or []) or self.column or ""
        for key, why in self.out_of_place(metric):
            raise refuse(f"'{key}' {why}")
        if self.columns and self.column:
            raise refuse("names 'column' and 'columns'; keep one of the two")
        _unless(lack_of(metric, of, is_limited=self._is_limited), self)
        _unless(self._contradiction(metric), self)
        return _unless(soft_refusal(self.meant), self)

    def _contradiction(self, metric: Metric) -> str | None:
        """Return why the check cannot be meant as it is written."""
        if (self.where or self.group_by) and not (self.id or self.key):
            return "needs an 'id': of some rows, or of segments, its metric is sent under that name"
        chooses = next((key for key in ("where", "group_by") if getattr(self, key)), "")
        if metric is Metric.SCHEMA_DRIFT and chooses:
            return f"'{chooses}' is for rows, and columns are those of all of them; leave it out"
        if metric is Metric.CUSTOM and (self.where or (self.group_by and Custom(self.sql or "").is_query)):
            return f"'{chooses}' is for metrics without SQL of their own; say it in 'sql'"
        if self.group_by and any(one is not None for one in self._past):
            return "compares one number with an earlier one; of segments write a check for each, with 'where'"
        if metric is Metric.UNIQUENESS and self.approximate and self._asks_for_more_than(_MOST_TOLD_ROUGHLY):
            most = f"{_MOST_TOLD_ROUGHLY:g}"
            return f"asks for more than {most}, which an 'approximate' count cannot tell; leave that out"
        if self.mostly is None:
            return None
        if metric in _RANGES:
            is_soft = self.warn_min is not None or self.warn_max is not None
            return (
                "has 'mostly' and a warning of its own: with 'mostly' write two checks" if is_soft else None
            )
        side = "threshold_max" if metric is Metric.NULL_RATE else "threshold_min"
        if getattr(self, side) is not None:
            return f"says by 'mostly' and by '{side}' how many must be good; keep one of the two"
        return None

    def _asks_for_more_than(self, share: float) -> bool:
        wanted = (self.threshold_min, self.warn_min, self.mostly)
        return any(one is not None and one > share for one in wanted)

    @property
    def _past(self) -> tuple[object, ...]:
        """Limits that compare a value with earlier ones."""
        return self.change_min, self.change_max, self.anomaly

    @property
    def _is_limited(self) -> bool:
        limits = (self.threshold_min, self.threshold_max, self.warn_min, self.warn_max)
        said_by_mostly = self.mostly is not None and Metric(self.metric) not in _RANGES
        return said_by_mostly or any(limit is not None for limit in (*limits, *self._past))

    @property
    def meant(self) -> Meant:
        """The check that this says."""
        metric, least, most = self._judged()
        check = Meant(
            id=self.id or "",
            metric=metric,
            column="+".join(self.columns or []) or self.column or "",
            least=least,
            most=most,
            severity=self.severity or "",
            anomaly=None if self.anomaly is None else self.anomaly.meant,
            warn_least=None if self.warn_min is None else float(self.warn_min),
            warn_most=None if self.warn_max is None else float(self.warn_max),
            sent_as=self.key or ((self.id or "") if self.where or self.group_by else ""),
            change=change_of(self.change_min, self.change_max),
        )
        return check if check.id else replace(check, id=check.key)

    def _judged(self) -> tuple[Metric, float | None, float | None]:
        """Return what is judged, and between which limits: with `mostly` the share of the good values."""
        metric = Metric(self.metric)
        least = None if self.threshold_min is None else float(self.threshold_min)
        most = most_of(metric, self.threshold_max, is_limited=self._is_limited)
        most = None if most is None else float(most)
        if self.mostly is None:
            return metric, least, most
        if metric is Metric.NULL_RATE:
            return metric, least, round(1 - self.mostly, 12)
        return _RANGES.get(metric, metric), float(self.mostly), None if metric in _RANGES else most

    def measured(self, timezone: str) -> DataCheck:
        """Return the check with what must be measured for it; instants without a zone are of `timezone`."""
        meant = self.meant
        low, high, warn_low, warn_high = (
            None if one is None else float(one)
            for one in (self.threshold_min, self.threshold_max, self.warn_min, self.warn_max)
        )
        limits = Between(low, high, warn_low=warn_low, warn_high=warn_high)
        measurement = Measurement(
            metric=meant.metric,
            columns=tuple(self.columns or ([self.column] if self.column else [])),
            where=self.where or "",
            group_by=tuple(self.group_by or ()),
            detail=self.detail(meant.metric, limits, timezone),
            is_approximate=bool(self.approximate),
        )
        return DataCheck(check=meant, measurement=measurement, on_fail=OnFail(self.on_fail or "alert"))

    @property
    def cannot_be_measured(self) -> str | None:
        """Why the metric can be sent by a job, and not be measured; None where it can."""
        metric = Metric(self.metric)
        key = NEEDED.get(metric)
        if key is not None and getattr(self, key) is None:
            return f"needs '{key}': without it {metric.value} cannot be measured"
        if metric in _RANGES.values():
            usual = next(one for one, share in _RANGES.items() if share is metric)
            return f"is measured as {usual.value} with 'mostly'"
        if metric is Metric.FRESHNESS and self.column is None:
            return "needs a 'column' of instants: without it freshness cannot be measured"
        return None


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
