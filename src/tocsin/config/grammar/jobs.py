"""What is promised of jobs: the keys of the SLA file, and what a responder must know."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from tocsin.config.grammar.base import (
    LABEL_NAME,
    LongMinutes,
    LongSeconds,
    Minutes,
    Name,
    OneOrMore,
    Part,
    Text,
    WebAddress,
    around,
    one_of_two,
    read_by,
)
from tocsin.config.problems import refuse
from tocsin.errors import InvalidSchedule
from tocsin.jobs.calendar import check_calendar
from tocsin.jobs.schedule import check_timezone, read_schedule
from tocsin.jobs.sla import read_wall_time

MAX_JOBS = 100_000
MAX_LABELS = 50
MAX_UPSTREAM = 100
MAX_ENVIRONMENTS = 50
RESERVED_LABELS = frozenset({"job", "environment", "severity", "condition", "rule"})


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

    @field_validator(
        "max_duration_seconds", "min_duration_seconds", "stalled_after_seconds", "no_progress_after_seconds"
    )
    @classmethod
    def _in_one_unit(cls, value: float | None, info: ValidationInfo) -> float | None:
        one_of_two(info, str(info.field_name).replace("_seconds", "_minutes"))
        return value


class Defaults(Promise):
    """Promises of every job that does not say otherwise, also of those that are not listed."""


class Job(Promise):
    """One job: when it is expected and what is promised of it."""

    description: Text | None = None
    """What the job does, for the person who is woken by it."""

    schedule: Annotated[str, Field(max_length=5_000)] | None = None
    """When it starts: cron `0 2 * * *`, OnCalendar `Mon..Fri 02:00`, `every 15m`, or a weekday `sunday`."""

    deadline: WallTime | None = None
    """Time of day, `06:00`, by which the run has ended; without a schedule it is expected every day."""

    must_complete_by: WallTime | None = None
    """The same as `deadline`."""

    deadline_offset_minutes: Annotated[int, Field(ge=1, le=14 * 24 * 60)] | None = None
    """Minutes after each scheduled start, or without a schedule each full hour, by which it has ended."""

    upstream: Annotated[list[Name], OneOrMore(), Field(max_length=MAX_UPSTREAM)] | None = None
    """Jobs of the same environment that this one needs; what follows from their alerts is not told."""

    @field_validator("must_complete_by")
    @classmethod
    def _one_deadline(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("deadline") not in (None, value):
            raise refuse("says another time than 'deadline', which means the same; keep one of the two")
        return value

    @field_validator("schedule")
    @classmethod
    def _readable_schedule(cls, value: str | None, info: ValidationInfo) -> str | None:
        try:
            if value is not None:
                read_schedule(value, info.data.get("timezone") or around(info).timezone)
        except InvalidSchedule as error:
            raise refuse(str(error)) from None
        return value


def _nothing_promised(value: object) -> object:
    return {} if value is None else value


Jobs = Annotated[
    dict[Name, Annotated[list[Job], Field(min_length=1, max_length=MAX_ENVIRONMENTS), OneOrMore()]],
    BeforeValidator(_nothing_promised),
    Field(max_length=MAX_JOBS),
]
