"""Instants of rule tests: as people write them, on the day of the test and in its zone."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from tocsin.errors import InvalidSchedule
from tocsin.jobs.walltime import MIDNIGHT, ONE_DAY, instant_of, local_date, zone

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FIRST_DAY: Final = date(2026, 1, 5)
"""A Monday, on which a test begins that says no other day."""

_SPAN: Final = re.compile(
    r"(?:([0-9]{1,4})d)?(?:([0-9]{1,5})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?", re.ASCII
)
_FORMS: Final = "02:00, Tue 02:00, 2026-03-10 02:00, or +5m"
MOST: Final = timedelta(days=400)


def read_length(text: str) -> timedelta:
    """Return the length that a text such as `5m`, `1h30m`, `1d` means; raises InvalidSchedule."""
    found = _SPAN.fullmatch(text.replace(" ", ""))
    if found is None or not any(found.groups()):
        raise InvalidSchedule(f"must be a length of time such as 5m, 1h30m or 1d, not {text[:40]!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta() < length <= MOST:
        raise InvalidSchedule(f"must be from 1s to {MOST.days}d, not {text[:40]!r}")
    return length


def read_beginning(text: str | None, timezone: str) -> datetime:
    """Return when a test begins that says `2026-03-10`, `2026-03-10 08:00`, or nothing.

    Raises InvalidSchedule.
    """
    if text is None:
        return instant_of(FIRST_DAY, MIDNIGHT, timezone)
    return instant_of(*day_and_time(text), timezone)


def day_and_time(text: str) -> tuple[date, time]:
    """Return the day and the time of day, or midnight, that a text says; raises InvalidSchedule."""
    day, _, clock = text.strip().partition(" ")
    return _day(day), _time(clock) if clock else MIDNIGHT


def read_when(text: str, *, begins_at: datetime, before_at: datetime, timezone: str) -> datetime:
    """Return the instant that a line means: of the day of the test, or after the line before.

    Raises InvalidSchedule for what cannot be read, and for a time that clocks jump over that day.
    """
    if text.strip().startswith("+"):
        return before_at + read_length(text.strip()[1:])
    first = local_date(begins_at, timezone)
    day, clock = _parts(text)
    if not day:
        return _instant(first, clock, timezone)
    if day not in WEEKDAYS:
        return _instant(_day(day), clock, timezone)
    ahead = (WEEKDAYS.index(day) - first.weekday()) % 7
    return _instant(first + ahead * ONE_DAY, clock, timezone)


def check_when(text: str) -> None:
    """See whether a text can mean an instant, whatever the day of the test; raises InvalidSchedule."""
    if text.strip().startswith("+"):
        read_length(text.strip()[1:])
    else:
        _parts(text)


def _parts(text: str) -> tuple[str, str]:
    """Return the day that a text names, or nothing, and its time of day, both of which can be read."""
    *before, clock = text.split() or [""]
    if len(before) > 1:
        raise InvalidSchedule(f"must be an instant such as {_FORMS}, not {text[:40]!r}")
    day = before[0] if before else ""
    if day and day not in WEEKDAYS:
        _day(day)
    _time(clock)
    return day, clock


def repeated(first_at: datetime, every: timedelta, times: int, timezone: str) -> list[datetime]:
    """Return instants so long after one another; whole days keep the time of day through clock changes."""
    if every % ONE_DAY:
        return [first_at + number * every for number in range(times)]
    local = first_at.astimezone(zone(timezone))
    days = every // ONE_DAY
    clock = local.time().replace(tzinfo=None)
    return [instant_of(local.date() + number * days * ONE_DAY, clock, timezone) for number in range(times)]


def _instant(day: date, clock: str, timezone: str) -> datetime:
    wall = _time(clock)
    instant = instant_of(day, wall, timezone)
    if instant.astimezone(zone(timezone)).replace(tzinfo=None) != datetime.combine(day, wall):
        raise InvalidSchedule(f"{clock} does not exist on {day} in {timezone}: the clocks are put forward")
    return instant.astimezone(UTC)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidSchedule(f"{text[:40]!r} is not a day; write it as 2026-03-10") from None


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text.zfill(5) if text.count(":") == 1 else text.zfill(8))
    except ValueError:
        raise InvalidSchedule(f"{text[:40]!r} is not a time of day; write it as 02:00") from None
