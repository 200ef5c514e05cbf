"""When a job is expected: a schedule, and the instants that it names.

An instant that a schedule names is called nominal. Daylight saving is treated as Debian's cron does (library
`cronsim`): a fixed time that the clock skips is moved to the first instant after the jump, one that it shows
twice runs once, and wildcards follow the clock. OnCalendar is treated as systemd does (library `oncalendar`):
a skipped time is left out.
"""

import copy
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Final

from tocsin.errors import InvalidSchedule
from tocsin.jobs.expression import (
    EARLIEST,
    SHORTEST_INTERVAL,
    ScheduleKind,
    parsed_cron,
    parsed_oncalendar,
    read_expression,
    times_of_day,
    weekdays_of,
)
from tocsin.jobs.walltime import (
    MIDNIGHT,
    ONE_DAY,
    ONE_HOUR,
    ONE_SECOND,
    change_between,
    check_timezone,
    instant_of,
    zone,
)

__all__ = [
    "Schedule",
    "ScheduleKind",
    "check_timezone",
    "interval_of",
    "latest_at",
    "moved_from",
    "next_after",
    "read_schedule",
]

LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

# The most instants that a clock can show again: every second of the longest fold there is, three hours.
_MOST_REPEATED: Final = 11_000
_DAYS_AHEAD: Final = 10
_LOOK_BACK: Final = (
    timedelta(minutes=10),
    timedelta(hours=2),
    timedelta(hours=26),
    timedelta(days=8),
    timedelta(days=32),
    timedelta(days=367),
    timedelta(days=9 * 366),
    timedelta(days=50 * 366),
)
_A_DAY_AND_MORE: Final = timedelta(hours=26)
_MOST_HALVINGS: Final = 64
_PROBES: Final = 10
_REMEMBERED: Final = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a job is expected, as `read_schedule` accepted it.

    `expression` is what was written, tidied: five cron fields; OnCalendar lines; "every 900s" in whole
    seconds; weekday names in the order of the week; "daily" (local midnight); "hourly" (each full local
    hour). `timezone` is an IANA name.
    """

    expression: str
    kind: ScheduleKind
    timezone: str


_answered: Final[dict[int, tuple[Schedule, datetime, datetime]]] = {}


def read_schedule(text: str, timezone: str) -> Schedule:
    """Return the schedule that a text means in a zone.

    Read are cron (five fields, `@daily` and the like), systemd OnCalendar (up to 10 lines, and its words
    `daily`, `hourly`, `weekly`, `monthly`), intervals (`every 15m`, from 10 s to 400 days) and weekdays
    (`sunday`, `mon, thu`). Raises InvalidSchedule, which says what is wrong and what to write instead.
    """
    timezone = check_timezone(timezone)
    kind, expression = read_expression(text, timezone)
    schedule = Schedule(expression=expression, kind=kind, timezone=timezone)
    if kind in {ScheduleKind.CRON, ScheduleKind.ONCALENDAR}:
        _check_pace(schedule)
    return schedule


def _check_pace(schedule: Schedule) -> None:
    at = next_after(schedule, EARLIEST)
    if at is None:
        raise InvalidSchedule(f"{schedule.expression!r} never comes: no date fits it")
    for _ in range(_PROBES):
        following_at = next_after(schedule, at)
        if following_at is None:
            return
        if following_at - at < SHORTEST_INTERVAL:
            raise InvalidSchedule(
                f"{schedule.expression!r} comes more often than every 10 seconds; allow it longer"
            )
        at = following_at


def next_after(schedule: Schedule, instant: datetime) -> datetime | None:
    """Return the first nominal instant strictly after `instant`, in UTC, or None if it never comes again.

    An interval has no instants of its own: it is counted from `instant`, which the caller makes the last
    start.
    """
    if schedule.kind.is_interval:
        return instant.astimezone(UTC) + interval_of(schedule)
    # Most questions about a job fall between the same two nominal instants, so that the last answer holds.
    known = _answered.get(id(schedule))
    if known is not None and known[1] <= instant < known[2]:
        return known[2]
    found_at = _searched(schedule, instant)
    if found_at is not None:
        if len(_answered) >= _REMEMBERED:
            _answered.clear()
        # The schedule is kept with its answer, so that its identity is nobody else's meanwhile.
        _answered[id(schedule)] = (schedule, instant, found_at)
    return found_at


def _searched(schedule: Schedule, instant: datetime) -> datetime | None:
    # The answer for the full hour, which is remembered, mostly holds for the whole of it.
    by_hour = _first_after(schedule, instant.replace(minute=0, second=0, microsecond=0))
    if by_hour is None or by_hour > instant:
        return by_hour
    return _first_after(schedule, instant.replace(microsecond=0))


def latest_at(schedule: Schedule, instant: datetime) -> datetime | None:
    """Return the last nominal instant at or before `instant`, in UTC, or None if it never came since 2000.

    None for an interval, which is counted from a start that only the caller knows.
    """
    if schedule.kind.is_interval:
        return None
    by_hour = _last_before(schedule, instant.replace(minute=0, second=0, microsecond=0))
    if by_hour is not None:
        return _last_between(schedule, by_hour, instant)
    return _last_before(schedule, instant)


def interval_of(schedule: Schedule) -> timedelta:
    """Return the length of an interval schedule."""
    return timedelta(seconds=int(schedule.expression.removeprefix("every ").removesuffix("s")))


def moved_from(schedule: Schedule, nominal_at: datetime) -> datetime | None:
    """Return the wall time (without zone) that was written for a nominal instant at the end of a spring jump.

    None where nothing can have been moved: elsewhere in the year, and for schedules that leave skipped times
    out.
    """
    place = zone(schedule.timezone)
    gap_starts = (nominal_at - ONE_SECOND).astimezone(place).replace(tzinfo=None) + ONE_SECOND
    gap_ends = nominal_at.astimezone(place).replace(tzinfo=None)
    if gap_starts >= gap_ends or not _moves_skipped_times(schedule):
        return None
    written = next_after(replace(schedule, timezone="UTC"), (gap_starts - ONE_SECOND).replace(tzinfo=UTC))
    return None if written is None else written.replace(tzinfo=None)


def _moves_skipped_times(schedule: Schedule) -> bool:
    if schedule.kind is ScheduleKind.CRON:
        return parsed_cron(schedule.expression, schedule.timezone).fixup_tz is not None
    return schedule.kind in {ScheduleKind.WEEKLY, ScheduleKind.DAILY}


@lru_cache(maxsize=8192)
def _first_after(schedule: Schedule, instant: datetime) -> datetime | None:
    if instant >= LATEST:
        return None
    after = max(instant, EARLIEST).astimezone(UTC)
    return _SEARCHES[schedule.kind](schedule, after)


@lru_cache(maxsize=8192)
def _last_before(schedule: Schedule, instant: datetime) -> datetime | None:
    """Look back with `next_after` alone, so that both directions know the same instants."""
    if instant < EARLIEST:
        return None
    for span in _spans_back(schedule, instant):
        found_at = next_after(schedule, max(instant - span, EARLIEST))
        if found_at is not None and found_at <= instant:
            return _last_between(schedule, found_at, instant)
    return None


def _spans_back(schedule: Schedule, instant: datetime) -> Iterator[timedelta]:
    """Try first what most schedules keep: the distance of the next two nominal instants."""
    coming_at = next_after(schedule, instant)
    second_at = None if coming_at is None else next_after(schedule, coming_at)
    if coming_at is not None and second_at is not None:
        yield second_at - coming_at
    yield from _LOOK_BACK


def _last_between(schedule: Schedule, low: datetime, high: datetime) -> datetime:
    """Return the last nominal instant at or before `high`, given one, `low`, that is."""
    limit = high
    for _ in range(_MOST_HALVINGS):
        following_at = next_after(schedule, low)
        if following_at is None or following_at > limit:
            break
        low = following_at
        middle = low + (high - low) / 2
        found_at = next_after(schedule, middle)
        if found_at is None or found_at > limit:
            high = middle
        else:
            low = found_at
    return low


def _next_cron(schedule: Schedule, after: datetime) -> datetime | None:
    """Search again from a clock change on, because the library jumps by hours and may land beside full ones.

    It does so where the clock changes by half an hour or in the middle of one: Lord Howe Island, Antarctica.
    """
    found_at = _soon(schedule, after) or _search_cron(schedule, after)
    if found_at is None:
        return None
    for restart_at in change_between(after - ONE_HOUR, found_at, schedule.timezone):
        if after < restart_at < found_at:
            found_at = _search_cron(schedule, restart_at - ONE_SECOND) or found_at
    return found_at


def _soon(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the next time of the day without a search, as most schedules allow; None where a clock changes.

    A day and more before is looked at too, for a time that the clock has shown already comes no second time.
    """
    times = times_of_day(schedule.expression, schedule.timezone)
    if times is None:
        return None
    place = zone(schedule.timezone)
    local = after.astimezone(place)
    minute = 60 * local.hour + local.minute
    number, weekday, ahead = bisect(times.minutes, minute), local.isoweekday() % 7, 0
    if number == len(times.minutes) or weekday not in times.weekdays:
        number, ahead = 0, 1
        while (weekday + ahead) % 7 not in times.weekdays:
            ahead += 1
    wait = timedelta(days=ahead, minutes=times.minutes[number] - minute)
    found_at = after + wait - timedelta(seconds=local.second, microseconds=local.microsecond)
    known = {at.astimezone(place).utcoffset() for at in (after - _A_DAY_AND_MORE, found_at)}
    return found_at if known == {local.utcoffset()} else None


def _search_cron(schedule: Schedule, after: datetime) -> datetime | None:
    search = copy.copy(parsed_cron(schedule.expression, schedule.timezone))
    local = after.astimezone(zone(schedule.timezone))
    search.dt = local if search.fixup_tz is None else local.replace(tzinfo=None)
    return _first_later(search, after)


def _next_oncalendar(schedule: Schedule, after: datetime) -> datetime | None:
    found = []
    for line in parsed_oncalendar(schedule.expression, schedule.timezone):
        search = copy.copy(line.search)
        local = after.astimezone(zone(line.timezone))
        search.dt = local if search.fixup_tz is None else local.replace(tzinfo=None)
        found.append(_first_later(search, after))
    return min((found_at for found_at in found if found_at is not None), default=None)


def _first_later(search: Iterator[datetime], after: datetime) -> datetime | None:
    """Skip what lies behind: asked in the second of two equal hours, both libraries answer from the first."""
    for found in islice(search, _MOST_REPEATED):
        found_at = found.astimezone(UTC)
        if found_at > after:
            return found_at
    return None


def _next_day(schedule: Schedule, after: datetime) -> datetime | None:
    today = after.astimezone(zone(schedule.timezone)).date()
    wanted = weekdays_of(schedule.expression)
    for ahead in range(_DAYS_AHEAD):
        day = today + ahead * ONE_DAY
        if day.weekday() in wanted:
            starts_at = instant_of(day, MIDNIGHT, schedule.timezone)
            if starts_at > after:
                return starts_at
    return None


def _next_hour(schedule: Schedule, after: datetime) -> datetime | None:
    """Ask again where a zone shifts by half an hour: an hour then begins in the middle of another."""
    place = zone(schedule.timezone)
    local = after.astimezone(place)
    for _ in range(_DAYS_AHEAD):
        after += timedelta(minutes=60 - local.minute, seconds=-local.second, microseconds=-local.microsecond)
        local = after.astimezone(place)
        if local.minute == 0:
            return after
    return None


_SEARCHES: Final[dict[ScheduleKind, Callable[[Schedule, datetime], datetime | None]]] = {
    ScheduleKind.CRON: _next_cron,
    ScheduleKind.ONCALENDAR: _next_oncalendar,
    ScheduleKind.WEEKLY: _next_day,
    ScheduleKind.DAILY: _next_day,
    ScheduleKind.HOURLY: _next_hour,
}
