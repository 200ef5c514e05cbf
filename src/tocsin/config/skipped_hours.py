"""Deadlines that a clock never shows on the day on which it is put forward."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from tocsin.jobs.occurrence import Plan, next_occurrence
from tocsin.jobs.walltime import MIDNIGHT, ONE_DAY, change_between, instant_of, local_date, zone

_AHEAD_DAYS = 400
_MOST_RUNS = 50
_ONE_SECOND = timedelta(seconds=1)


def skipped_deadlines(plan: Plan, at: datetime) -> Iterator[tuple[str, str]]:
    """Return on which day within a year the deadline of a schedule does not exist, and what it becomes."""
    wall = plan.sla.deadline
    if wall is None:
        return
    for day, first, last in _gaps(plan.timezone, local_date(at, plan.timezone)):
        if first <= wall < last:
            becomes = _deadline_on(plan, day)
            if becomes is not None:
                message = (
                    f"{wall:%H:%M} does not exist on {day.isoformat()}, when clocks in {plan.timezone} "
                    f"go from {first:%H:%M} to {last:%H:%M}; it is {becomes:%H:%M} on that day"
                )
                yield "deadline", message
                return


def _deadline_on(plan: Plan, day: date) -> datetime | None:
    """Return the deadline that falls on a day, in local time, where a run is expected for it."""
    after = instant_of(day, MIDNIGHT, plan.timezone) - ONE_DAY - _ONE_SECOND
    for _ in range(_MOST_RUNS):
        coming = next_occurrence(plan, after)
        if coming is None or local_date(coming.nominal_at, plan.timezone) > day:
            return None
        if coming.deadline_at is not None and local_date(coming.deadline_at, plan.timezone) == day:
            return coming.deadline_at.astimezone(zone(plan.timezone))
        after = coming.nominal_at
    return None


@lru_cache(maxsize=256)
def _gaps(timezone: str, since: date) -> tuple[tuple[date, time, time], ...]:
    """Return the days on which a clock is put forward, and the times of day between which it jumps."""
    place, found = zone(timezone), []
    for ahead in range(_AHEAD_DAYS):
        day = since + ahead * ONE_DAY
        starts_at = instant_of(day, MIDNIGHT, timezone)
        changes = change_between(starts_at, instant_of(day + ONE_DAY, MIDNIGHT, timezone), timezone)
        if not changes:
            continue
        last = changes[0].astimezone(place)
        before = (changes[0] - _ONE_SECOND).astimezone(place).replace(tzinfo=None) + _ONE_SECOND
        if before.date() == last.date() and before.time() < last.time():
            found.append((last.date(), before.time(), last.time()))
    return tuple(found)
