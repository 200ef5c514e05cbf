"""What is promised of jobs: the keys of the SLA file, and what a responder must know."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from tocsin.alerts.fingerprint import OF_ERRORS
from tocsin.config.grammar.base import (
    LABEL_NAME,
    LongMinutes,
    LongSeconds,
    Minutes,
    Name,
    OneOrMore,
    Part,
    ReadableFile,
    Text,
    WebAddress,
    around,
    one_of_two,
    read_by,
)
from tocsin.config.grammar.checks import Checks
from tocsin.config.grammar.failures import ImpactWord
from tocsin.config.problems import refuse
from tocsin.errors import InvalidSchedule
from tocsin.jobs.calendar import check_calendar
from tocsin.jobs.schedule import check_timezone, read_schedule
from tocsin.jobs.sla import read_wall_time

MAX_JOBS = 100_000
MAX_LABELS = 50
MAX_UPSTREAM = 100
MAX_ENVIRONMENTS = 50
MAX_SCHEDULES = 10
MAX_SLA_FILES = 20
RESERVED_LABELS = frozenset({"job", "environment", "severity", "condition", "rule"}) | OF_ERRORS


def _free_label(name: str) -> str:
    if LABEL_NAME.fullmatch(name) is None:
        raise refuse("must be letters, digits, '_' and '.', and begin with a letter or '_'")
    if name in RESERVED_LABELS:
        raise refuse(f"{name!r} is set by Tocsin itself for every job or alert; choose another name")
    return name


LabelName = Annotated[str, AfterValidator(_free_label)]
Zone = Annotated[str, read_by(check_timezone)]
WallTime = Annotated[str, read_by(read_wall_time)]


class SeverityEscalation(Part):
    """How severity rises as a deadline comes near; past it, it rises with lateness."""

    warning_minutes_before: Minutes | None = None
    """Minutes before the deadline at which a warning is given; 30 if left out."""

    critical_minutes_before: Minutes | None = None
    """Minutes before the deadline at which it becomes critical; 15 if left out."""

    @field_validator("critical_minutes_before")
    @classmethod
    def _after_the_warning(cls, value: float | None, info: ValidationInfo) -> float | None:
        warning = info.data.get("warning_minutes_before")
        if value is not None and warning is not None and value > warning:
            raise refuse(f"comes before the warning ({value:g} > {warning:g} minutes); swap the two")
        return value


class HolidayCalendar(Part):
    """Whose public holidays are no business days."""

    country: Name
    """ISO 3166 code or English name of the country: DE, US, "Germany"."""

    region: Name | None = None
    """State or province by code or name: BY, CA, "Bayern"."""

    @field_validator("region")
    @classmethod
    def _of_the_country(cls, value: str | None, info: ValidationInfo) -> str | None:
        return _known(info.data.get("country"), value)

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        _known(value, None)
        return value


def _known(country: str | None, region: str | None) -> str | None:
    try:
        if country is not None:
            check_calendar(country, region)
    except InvalidSchedule as error:
        raise refuse(str(error)) from None
    return region


class Promise(Part):
    """What may be promised of one job, or of all of them under `defaults`."""

    timezone: Zone | None = None
    """IANA time zone in which schedule, deadline and business days are read; UTC if left out."""

    environment: Name | None = None
    """Environment of the job; `production` if left out."""

    grace_period_minutes: Minutes | None = None
    """Minutes that a run may start late before it counts as missing; 5 if left out."""

    max_duration_minutes: LongMinutes | None = None
    """Longest time that a run may take, in minutes. Left out: no promise is made up."""

    max_duration_seconds: LongSeconds | None = None
    """The same in seconds."""

    min_duration_minutes: LongMinutes | None = None
    """Shortest time that an honest run takes, in minutes."""

    min_duration_seconds: LongSeconds | None = None
    """The same in seconds."""

    severity_escalation: SeverityEscalation | None = None
    """When to warn before a deadline, and when that becomes critical."""

    business_days_only: bool | None = None
    """Expect the job on business days alone: not at weekends and not on public holidays."""

    calendar: HolidayCalendar | None = None
    """Whose public holidays count; without it only Saturday and Sunday are free."""

    max_failure_rate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    """Largest share of records that may fail, from 0 to 1: `failure_rate` tells of more."""

    min_records_processed: Annotated[int, Field(ge=0, le=10**15)] | None = None
    """Fewest records that a run must bring through: `min_records` tells of fewer."""

    stalled_after_minutes: LongMinutes | None = None
    """Minutes without a sign of life after which a run is stalled. Left out: judged by its own heartbeats."""

    stalled_after_seconds: LongSeconds | None = None
    """The same in seconds."""

    no_progress_after_minutes: LongMinutes | None = None
    """Minutes of heartbeats without progress after which a run is stalled."""

    no_progress_after_seconds: LongSeconds | None = None
    """The same in seconds."""

    labels: Annotated[dict[LabelName, Text], Field(max_length=MAX_LABELS)] | None = None
    """Free names and values, by which rules, routes and silences choose; a job's own win over `defaults`."""

    runbook: WebAddress | None = None
    """Web address of the page that says what to do; it is in every message."""

    owner: Text | None = None
    """Team or person who answers for the job."""

    impact: ImpactWord | None = None
    """What it costs the business when its work is missing: low, medium, high or critical."""

    @field_validator(
        "max_duration_seconds", "min_duration_seconds", "stalled_after_seconds", "no_progress_after_seconds"
    )
    @classmethod
    def _in_one_unit(cls, value: float | None, info: ValidationInfo) -> float | None:
        one_of_two(info, str(info.field_name).replace("_seconds", "_minutes"))
        return value


class Defaults(Promise):
    """Promises of every job that does not say otherwise, also of those that are not listed."""


def _readable_schedule(text: str, info: ValidationInfo) -> str:
    try:
        read_schedule(text, info.data.get("timezone") or around(info).timezone)
    except InvalidSchedule as error:
        raise refuse(str(error)) from None
    return text


def _no_interval_among(texts: list[str], schedules: int) -> None:
    if max(schedules, len(texts)) > 1 and any(text.strip().lower().startswith("every") for text in texts):
        raise refuse(
            "an interval counts from the last start and cannot stand beside others; write it as cron"
        )


def _without_interval(texts: list[str]) -> list[str]:
    _no_interval_among(texts, len(texts))
    return texts


def _the_same_deadline(value: str | None, info: ValidationInfo) -> str | None:
    if value is not None and info.data.get("deadline") not in (None, value):
        raise refuse("says another time than 'deadline', which means the same; keep one of the two")
    return value


Schedules = Annotated[
    list[Annotated[str, Field(max_length=5_000), AfterValidator(_readable_schedule)]],
    OneOrMore(),
    Field(min_length=1, max_length=MAX_SCHEDULES),
    AfterValidator(_without_interval),
]


class Timetable(Part):
    """One of several schedules of a job, with what is promised of the runs that it names."""

    schedule: Schedules | None = None
    """When it starts, as in a job; left out: every day for a `deadline`, each full hour for an offset."""

    deadline: WallTime | None = None
    """Time of day by which these runs have ended."""

    must_complete_by: WallTime | None = None
    """The same as `deadline`."""

    deadline_offset_minutes: Annotated[int, Field(ge=1, le=14 * 24 * 60)] | None = None
    """Minutes after each of these starts by which the run has ended."""

    grace_period_minutes: Minutes | None = None
    """Minutes that these runs may start late; the job's own if left out."""

    business_days_only: bool | None = None
    """Expect these runs on business days alone; the job's own if left out."""

    closed_days_only: bool | None = None
    """Expect these runs at weekends and on public holidays alone."""

    @field_validator("must_complete_by")
    @classmethod
    def _one_deadline(cls, value: str | None, info: ValidationInfo) -> str | None:
        return _the_same_deadline(value, info)

    @field_validator("closed_days_only")
    @classmethod
    def _some_days(cls, value: bool | None, info: ValidationInfo) -> bool | None:  # noqa: FBT001 -- pydantic's shape
        if value and info.data.get("business_days_only"):
            raise refuse("leaves no day beside 'business_days_only'; keep one of the two")
        return value

    @model_validator(mode="after")
    def _says_when(self) -> "Timetable":
        if not (self.schedule or self.deadline or self.must_complete_by or self.deadline_offset_minutes):
            raise refuse("says of no run when it is; give it a 'schedule' or a 'deadline'")
        return self


class Job(Promise):
    """One job: when it is expected and what is promised of it."""

    description: Text | None = None
    """What the job does, for the person who is woken by it."""

    schedule: Schedules | None = None
    """When it starts: cron `0 2 * * *`, OnCalendar `Mon..Fri 02:00`, `every 15m`, a weekday; or a list."""

    schedules: Annotated[list[Timetable], Field(min_length=1, max_length=MAX_SCHEDULES)] | None = None
    """Several schedules, each with its own deadline, grace or days."""

    deadline: WallTime | None = None
    """Time of day, `06:00`, by which the run has ended; without a schedule it is expected every day."""

    must_complete_by: WallTime | None = None
    """The same as `deadline`."""

    deadline_offset_minutes: Annotated[int, Field(ge=1, le=14 * 24 * 60)] | None = None
    """Minutes after each scheduled start, or without a schedule each full hour, by which it has ended."""

    checks: Checks | None = None
    """What the metrics of its good runs must be like."""

    upstream: Annotated[list[Name], OneOrMore(), Field(max_length=MAX_UPSTREAM)] | None = None
    """Jobs of the same environment that this one needs; what follows from their alerts is not told."""

    @field_validator("must_complete_by")
    @classmethod
    def _one_deadline(cls, value: str | None, info: ValidationInfo) -> str | None:
        return _the_same_deadline(value, info)

    @field_validator("deadline", "must_complete_by", "deadline_offset_minutes")
    @classmethod
    def _not_beside_several(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("schedules"):
            raise refuse("stands in the entries of 'schedules' where there are any; move it there")
        return value

    @field_validator("schedules")
    @classmethod
    def _in_place_of_one(cls, value: list[Timetable] | None, info: ValidationInfo) -> list[Timetable] | None:
        if value is not None:
            one_of_two(info, "schedule")
            _no_interval_among([text for one in value for text in one.schedule or ()], len(value))
        return value


def _nothing_promised(value: object) -> object:
    return {} if value is None else value


SlaFiles = Annotated[list[ReadableFile], OneOrMore(), Field(max_length=MAX_SLA_FILES)]
Jobs = Annotated[
    dict[Name, Annotated[list[Job], Field(min_length=1, max_length=MAX_ENVIRONMENTS), OneOrMore()]],
    BeforeValidator(_nothing_promised),
    Field(max_length=MAX_JOBS),
]


class SlaFile(Part):
    """A file of promises: jobs under `jobs` or by themselves, and what holds for all of them."""

    defaults: Defaults = Field(default_factory=Defaults)
    """Promises of every job of this file that does not say otherwise."""

    jobs: Jobs = Field(default_factory=dict)
    """Jobs by name."""
