"""The schedules of a job as they come over the wire, each with its promises."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time

from tocsin.errors import ConfigError, InvalidSchedule, Problem
from tocsin.jobs.occurrence import Timetable
from tocsin.jobs.schedule import Schedule, ScheduleKind, read_schedule
from tocsin.jobs.sla import SLA, read_wall_time
from tocsin.web.wire import DefinitionBody, TimetableBody

_ELSEWHERE = ("deadline", "must_complete_by", "deadline_offset_minutes")


def timetables_of(body: DefinitionBody, sla: SLA, timezone: str) -> list[Timetable]:
    """Return every schedule of a job with its promises, at least one, which may be empty.

    Raises ConfigError for the first that cannot be used.
    """
    entries = body.get("schedules")
    if entries is None:
        found = [Timetable(schedule=one, sla=sla) for one in _schedules(body, timezone, "schedule")]
        return _checked(found, "schedule")
    if body.get("schedule") is not None:
        raise unusable("schedules", "says the same as schedule; keep one of the two")
    for key in _ELSEWHERE:
        if body.get(key) is not None:
            raise unusable(key, "stands in the entries of schedules where there are any; move it there")
    found = []
    for number, entry in enumerate(entries):
        own = _laid_over(sla, entry, f"schedules.{number}")
        schedules = _schedules(entry, timezone, f"schedules.{number}.schedule")
        found += [Timetable(schedule=one, sla=own) for one in schedules]
    return _checked(found, "schedules")


def deadline_of(body: DefinitionBody | TimetableBody, place: str = "") -> time | None:
    """Return the time of day that a deadline names; raises ConfigError for one that is none."""
    found: dict[str, time] = {}
    for field, text in (
        ("deadline", body.get("deadline")),
        ("must_complete_by", body.get("must_complete_by")),
    ):
        if text is not None:
            try:
                found[field] = read_wall_time(text)
            except InvalidSchedule as error:
                raise unusable(f"{place}{field}", str(error)) from None
    if len(set(found.values())) > 1:
        raise unusable(f"{place}must_complete_by", "says another time than deadline, which means the same")
    return next(iter(found.values()), None)


def unusable(field: str, message: str) -> ConfigError:
    """Return the error that says what is wrong with a field of a definition."""
    return ConfigError("definition", (Problem(path=field, message=message),))


def _schedules(
    body: DefinitionBody | TimetableBody, timezone: str, place: str
) -> list[Schedule] | list[None]:
    try:
        return [read_schedule(text, timezone) for text in body.get("schedule") or ()] or [None]
    except InvalidSchedule as error:
        raise unusable(place, str(error)) from None


def _laid_over(sla: SLA, entry: TimetableBody, place: str) -> SLA:
    deadline, offset = deadline_of(entry, f"{place}."), entry.get("deadline_offset_minutes")
    if not _says_something(entry, deadline, offset):
        raise unusable(place, "says of no run when it is; give it a schedule or a deadline")
    grace, business = entry.get("grace_period_minutes"), entry.get("business_days_only")
    closed = bool(entry.get("closed_days_only"))
    if closed and business:
        raise unusable(f"{place}.closed_days_only", "leaves no day beside business_days_only")
    return replace(
        sla,
        deadline=deadline,
        deadline_offset_minutes=offset,
        grace_period_minutes=sla.grace_period_minutes if grace is None else grace,
        business_days_only=not closed and (sla.business_days_only if business is None else business),
        closed_days_only=closed,
    )


def _says_something(entry: Mapping[str, object], deadline: time | None, offset: int | None) -> bool:
    return bool(entry.get("schedule")) or deadline is not None or offset is not None


def _checked(found: list[Timetable], place: str) -> list[Timetable]:
    kinds = [one.schedule.kind for one in found if one.schedule is not None]
    if len(found) > 1 and ScheduleKind.INTERVAL in kinds:
        message = "an interval counts from the last start and cannot stand beside others; write it as cron"
        raise unusable(place, message)
    return found
