"""What the file promises of jobs, made into definitions: a job's own keys laid over `defaults`."""

from collections.abc import Iterator
from dataclasses import replace

from tocsin.config.grammar.file import File
from tocsin.config.grammar.jobs import Defaults, Job, Promise, SeverityEscalation
from tocsin.config.grammar.jobs import Timetable as WrittenTimetable
from tocsin.config.problems import Place
from tocsin.jobs.calendar import Calendar, check_calendar
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT
from tocsin.jobs.job import Definition, Impact, JobKey, Rank
from tocsin.jobs.occurrence import Timetable
from tocsin.jobs.schedule import Schedule, check_timezone, read_schedule
from tocsin.jobs.sla import SLA, read_wall_time

SECONDS_A_MINUTE = 60.0
UNITS = ("_minutes", "_seconds")
USUAL = SLA()
SAYS_NOTHING = Defaults()


def definitions(file: File) -> dict[JobKey, Definition]:
    """Return the definition of every job that the file lists."""
    return {key: definition for _, key, definition in placed_definitions(file)}


def placed_definitions(file: File) -> Iterator[tuple[Place, JobKey, Definition]]:
    """Return the definition of every job that the file lists, with its place there."""
    for name, variants in file.jobs.items():
        for number, variant in enumerate(variants):
            job = laid_over(variant, file.defaults)
            key = JobKey(job.environment or DEFAULT_ENVIRONMENT, name)
            definition = _definition(job, _before_deadline(file.defaults, variant), Rank.FILE)
            yield ("jobs", name, number), key, definition


def general_definition(file: File) -> Definition:
    """Return what is promised of a job that the file does not list."""
    return _definition(laid_over(Job(), file.defaults), _before_deadline(file.defaults), Rank.NOBODY)


def laid_over(job: Job, defaults: Defaults) -> Job:
    """Return the job with what it leaves out taken from `defaults`; one subject is taken in one unit."""
    own = {_subject(key) for key in Promise.model_fields if getattr(job, key) is not None}
    inherited = {key: getattr(defaults, key) for key in Promise.model_fields if _subject(key) not in own}
    labels = {**(defaults.labels or {}), **(job.labels or {})}
    if job.severity_escalation is not None and defaults.severity_escalation is not None:
        inherited["severity_escalation"] = _both(defaults, job)
    return job.model_copy(update={**inherited, "labels": labels})


def _both(*parts: Promise) -> SeverityEscalation:
    warning, critical = _before_deadline(*parts)
    return SeverityEscalation(warning_minutes_before=warning, critical_minutes_before=critical)


def _subject(key: str) -> str:
    for unit in UNITS:
        key = key.removesuffix(unit)
    return key


def _definition(job: Job, before_deadline: tuple[float, float], rank: Rank) -> Definition:
    timezone = check_timezone(job.timezone or "UTC")
    first, *others = _timetables(job, _sla(job, before_deadline), timezone)
    return Definition(
        schedule=first.schedule,
        sla=first.sla,
        timetables=tuple(others),
        calendar=check_calendar(job.calendar.country, job.calendar.region) if job.calendar else Calendar(),
        timezone=timezone,
        stalled_after_seconds=_seconds(job.stalled_after_minutes, job.stalled_after_seconds),
        no_progress_after_seconds=_seconds(job.no_progress_after_minutes, job.no_progress_after_seconds),
        labels=tuple(sorted((job.labels or {}).items())),
        upstream=tuple(job.upstream or ()),
        runbook=job.runbook or "",
        owner=job.owner or "",
        description=job.description or "",
        rank=rank,
        checks=tuple(check.meant for check in job.checks or ()),
        impact=None if job.impact is None else Impact(job.impact),
    )


def _timetables(job: Job, sla: SLA, timezone: str) -> list[Timetable]:
    """Return every schedule of a job with its promises; at least one, which may be empty."""
    if job.schedules is None:
        return [Timetable(schedule=one, sla=sla) for one in _schedules(job.schedule, timezone)]
    return [
        Timetable(schedule=one, sla=_sla_of(entry, sla))
        for entry in job.schedules
        for one in _schedules(entry.schedule, timezone)
    ]


def _schedules(texts: list[str] | None, timezone: str) -> list[Schedule | None]:
    return [read_schedule(text, timezone) for text in texts] if texts else [None]


def _sla_of(entry: WrittenTimetable, sla: SLA) -> SLA:
    """Return the job's promises with those of one schedule laid over them."""
    deadline = entry.deadline or entry.must_complete_by
    closed, business = bool(entry.closed_days_only), entry.business_days_only
    return replace(
        sla,
        deadline=read_wall_time(deadline) if deadline else None,
        deadline_offset_minutes=entry.deadline_offset_minutes,
        grace_period_minutes=float(_or(entry.grace_period_minutes, sla.grace_period_minutes)),
        business_days_only=not closed and (sla.business_days_only if business is None else business),
        closed_days_only=closed,
    )


def _sla(job: Job, before_deadline: tuple[float, float]) -> SLA:
    deadline = job.deadline or job.must_complete_by
    warning, critical = before_deadline
    return SLA(
        deadline=read_wall_time(deadline) if deadline else None,
        deadline_offset_minutes=job.deadline_offset_minutes,
        max_duration_seconds=_seconds(job.max_duration_minutes, job.max_duration_seconds),
        min_duration_seconds=_seconds(job.min_duration_minutes, job.min_duration_seconds),
        grace_period_minutes=float(_or(job.grace_period_minutes, USUAL.grace_period_minutes)),
        warning_minutes_before=warning,
        critical_minutes_before=critical,
        business_days_only=bool(job.business_days_only),
        max_failure_rate=None if job.max_failure_rate is None else float(job.max_failure_rate),
        min_records_processed=job.min_records_processed,
        warns_by_the_clock=job.severity_escalation is not None,
    )


def _before_deadline(*parts: Promise) -> tuple[float, float]:
    """Return the minutes of warning and critical, later parts over earlier ones.

    Where the two would contradict each other, the one that was not written gives way.
    """
    warning, critical = float(USUAL.warning_minutes_before), float(USUAL.critical_minutes_before)
    for part in parts:
        if part.severity_escalation is None:
            continue
        if part.severity_escalation.warning_minutes_before is not None:
            warning = float(part.severity_escalation.warning_minutes_before)
            critical = min(critical, warning)
        if part.severity_escalation.critical_minutes_before is not None:
            critical = float(part.severity_escalation.critical_minutes_before)
            warning = max(warning, critical)
    return warning, critical


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _seconds(minutes: float | None, seconds: float | None) -> float | None:
    if seconds is not None:
        return float(seconds)
    return None if minutes is None else minutes * SECONDS_A_MINUTE
