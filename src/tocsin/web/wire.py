"""The check-in as it comes over the wire: version 1 of the public contract, checked for shape."""

from typing import Annotated, Any, Final, Literal, Required

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, WithJsonSchema, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from tocsin.jobs.checkin import CheckInKind
from tocsin.jobs.checks import MAX_CHECKS, Metric
from tocsin.jobs.declaring import FEWEST_SPREADS, MOST_SPREADS, step_refusal
from tocsin.jobs.declaring import LARGEST as MOST
from tocsin.jobs.job import Impact
from tocsin.web.faults import names_of
from tocsin.web.names import MAX_NAME

MAX_CHECK_INS: Final = 1_000
LABEL_NAME: Final = r"^[a-zA-Z_][a-zA-Z0-9_.]{0,99}$"
MAX_LABELS: Final = 64
MAX_LABEL_VALUE: Final = 500
MAX_METRICS: Final = 200
MAX_CONTEXT: Final = 32
LARGEST: Final = 2**63 - 1

STRICT: Final = ConfigDict(strict=True, extra="forbid")

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Instant = Annotated[str, Field(max_length=40), WithJsonSchema({"type": "string", "format": "date-time"})]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=True)]
LabelName = Annotated[str, Field(pattern=LABEL_NAME)]
LabelValue = Annotated[str, Field(max_length=MAX_LABEL_VALUE)]
Labels = Annotated[dict[LabelName, LabelValue], Field(max_length=MAX_LABELS)]
LongMinutes = Annotated[float, Field(gt=0, le=527_040, allow_inf_nan=False)]
Minutes = Annotated[float, Field(ge=0, le=527_040, allow_inf_nan=False)]
Threshold = Annotated[float, Field(ge=-MOST, le=MOST, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=31_622_400, allow_inf_nan=False)]


@with_config(STRICT)
class ProgressBody(TypedDict, total=False):
    """How far the run has come."""

    done: Required[Amount]
    total: Amount | None


@with_config(STRICT)
class RecordsBody(TypedDict, total=False):
    """Records brought through, and records that could not be."""

    ok: Count | None
    failed: Count | None


@with_config(STRICT)
class ErrorBody(TypedDict, total=False):
    """What the job says went wrong; the message is kept to 2 000 characters."""

    type: Annotated[str, Field(max_length=MAX_NAME)] | None
    message: str | None


@with_config(STRICT)
class ResourcesBody(TypedDict, total=False):
    """What the run has used of its machine."""

    cpu_seconds: Amount | None
    max_rss_bytes: Count | None


@with_config(STRICT)
class EscalationBody(TypedDict, total=False):
    """How long before a deadline the warnings come."""

    warning_minutes_before: Minutes | None
    critical_minutes_before: Minutes | None


@with_config(STRICT)
class CalendarBody(TypedDict, total=False):
    """Whose public holidays count: codes of ISO 3166 such as DE, and BY for its region."""

    country: Annotated[str, Field(max_length=60)] | None
    region: Annotated[str, Field(max_length=60)] | None


ScheduleText = Annotated[str, Field(max_length=5_000)]
ScheduleTexts = Annotated[
    list[ScheduleText],
    Field(min_length=1, max_length=10),
    BeforeValidator(lambda given: [given] if isinstance(given, str) else given),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


@with_config(STRICT)
class TimetableBody(TypedDict, total=False):
    """One of several schedules of a job, with what is promised of the runs that it names."""

    schedule: ScheduleTexts | None
    deadline: Annotated[str, Field(max_length=10)] | None
    must_complete_by: Annotated[str, Field(max_length=10)] | None
    deadline_offset_minutes: Annotated[int, Field(ge=1, le=20_160)] | None
    grace_period_minutes: Minutes | None
    business_days_only: bool | None
    closed_days_only: bool | None


@with_config(STRICT)
class AnomalyBody(TypedDict, total=False):
    """How far from its own past a metric may be."""

    spreads: Annotated[float, Field(ge=FEWEST_SPREADS, le=MOST_SPREADS, allow_inf_nan=False)] | None
    direction: Literal["both", "high", "low"] | None
    least: Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)] | None


def _on_or_off(given: object) -> object:
    if given is True:
        return {}
    return None if given is False else given


_ON_OR_OFF: Final = WithJsonSchema(
    {"anyOf": [{"type": "boolean"}, TypeAdapter(AnomalyBody).json_schema(), {"type": "null"}]}
)


def _step(given: object) -> object:
    refused = None if given is None else step_refusal(given)
    if refused is not None:
        raise PydanticCustomError("step", "{refused}", {"refused": refused})
    return given


@with_config(STRICT)
class CheckBody(TypedDict, total=False):
    """A limit for one metric of the data that the job writes, or its own past as the limit."""

    metric: Required[Annotated[Metric, Field(strict=False)]]
    column: Name | None
    id: Name | None
    threshold_min: Threshold | None
    threshold_max: Threshold | None
    warn_min: Threshold | None
    warn_max: Threshold | None
    change_min: Annotated[float | str | None, BeforeValidator(_step)]
    change_max: Annotated[float | str | None, BeforeValidator(_step)]
    key: Name | None
    severity: Literal["info", "warning", "critical", "page"] | None
    anomaly: Annotated[AnomalyBody | None, BeforeValidator(_on_or_off), _ON_OR_OFF]


@with_config(STRICT)
class DefinitionBody(TypedDict, total=False):
    """What is promised of a job; the keys are those of the configuration file."""

    schedule: ScheduleTexts | None
    schedules: Annotated[list[TimetableBody], Field(min_length=1, max_length=10)] | None
    timezone: Annotated[str, Field(max_length=60)] | None
    grace_period_minutes: Minutes | None
    deadline: Annotated[str, Field(max_length=10)] | None
    must_complete_by: Annotated[str, Field(max_length=10)] | None
    deadline_offset_minutes: Annotated[int, Field(ge=1, le=20_160)] | None
    max_duration_minutes: LongMinutes | None
    max_duration_seconds: Seconds | None
    min_duration_minutes: LongMinutes | None
    min_duration_seconds: Seconds | None
    severity_escalation: EscalationBody | None
    business_days_only: bool | None
    calendar: CalendarBody | None
    max_failure_rate: Annotated[float, Field(ge=0, le=1)] | None
    min_records_processed: Count | None
    stalled_after_minutes: LongMinutes | None
    stalled_after_seconds: Seconds | None
    no_progress_after_minutes: LongMinutes | None
    no_progress_after_seconds: Seconds | None
    labels: Labels | None
    upstream: Annotated[list[Name], Field(max_length=100)] | None
    runbook: Annotated[str, Field(max_length=2_000)] | None
    owner: Annotated[str, Field(max_length=MAX_NAME)] | None
    description: Annotated[str, Field(max_length=2_000)] | None
    impact: Annotated[Impact, Field(strict=False)] | None
    checks: Annotated[list[CheckBody], Field(min_length=1, max_length=MAX_CHECKS)] | None


@with_config(STRICT)
class CheckInBody(TypedDict, total=False):
    """One message of a job. Only `job` and `kind` are required; null means the same as left out.

    Instants are RFC 3339 with a zone. (`run`, `seq`) is the identity of a check-in: the same one twice
    counts once.
    """

    job: Required[Name]
    kind: Required[CheckInKind]
    environment: Name | None
    run: Name | None
    seq: Annotated[int, Field(ge=1, le=LARGEST)] | None
    at: Instant | None
    sent_at: Instant | None
    nominal_at: Instant | None
    partition: Annotated[str, Field(max_length=MAX_NAME)] | None
    backfill: bool | None
    attempt: Annotated[int, Field(ge=1, le=1_000_000)] | None
    max_attempts: Annotated[int, Field(ge=1, le=1_000_000)] | None
    progress: ProgressBody | None
    records: RecordsBody | None
    labels: Labels | None
    exit_code: Annotated[int, Field(ge=-(2**31), lt=2**32)] | None
    signal: Annotated[int, Field(ge=0, le=255)] | None
    error: ErrorBody | None
    log_tail: str | None
    metrics: Annotated[dict[Name, Number | None], Field(max_length=MAX_METRICS)] | None
    metric_notes: Annotated[dict[Name, str], Field(max_length=MAX_CHECKS)] | None
    checks: Annotated[list[CheckBody], Field(max_length=MAX_CHECKS)] | None
    resources: ResourcesBody | None
    context: Annotated[dict[Name, str], Field(max_length=MAX_CONTEXT)] | None
    metadata: dict[str, Any] | None
    definition: DefinitionBody | None


ONE: Final = TypeAdapter(CheckInBody)
MANY: Final = TypeAdapter(Annotated[list[CheckInBody], Field(min_length=1, max_length=MAX_CHECK_INS)])
DEFINITION: Final = TypeAdapter(DefinitionBody)
KNOWN: Final = names_of(ONE)
