"""When a layer counts at all: hours of certain weekdays on the clocks of a zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from itertools import chain
from typing import Final

from tocsin.jobs.walltime import ONE_DAY, instant_of, local_date

# A window lasts a day at most and a clock may jump by one, so those of two days ago may still be open; in the
# second of two equal hours around midnight those of tomorrow may have begun.
_DAYS_BACK: Final = 2
# What is restricted at all changes within a week, unless the clock skips the only change of that week.
_DAYS_AHEAD: Final = (9, 23)

Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """A window on each of these weekdays (Monday is 0), from `starts` to `ends` on the wall clock.

    One that does not end later than it starts ends on the next day: 22:00 to 06:00 is a night, 00:00 to
    00:00 the whole day. The weekday is that of its start.
    """

    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    starts: time = time()
    ends: time = time()


def is_open(restrictions: tuple[Restriction, ...], timezone: str, instant: datetime) -> bool:
    """Tell whether an instant lies in any of the windows; without restrictions it always does."""
    if not restrictions:
        return True
    today = local_date(instant, timezone)
    return any(
        start <= instant < end for start, end in _merged(restrictions, timezone, today, _DAYS_AHEAD[0])
    )


def next_turning(restrictions: tuple[Restriction, ...], timezone: str, instant: datetime) -> datetime | None:
    """Return the first instant after this one at which the windows open or close, or None if never."""
    if not restrictions:
        return None
    today = local_date(instant, timezone)
    for ahead in _DAYS_AHEAD:
        known_until = instant_of(today + ahead * ONE_DAY, time(), timezone)
        for start, end in _merged(restrictions, timezone, today, ahead):
            if start <= instant < end:
                if end < known_until:
                    return end
                break
            if start > instant:
                return start
    return None


def _windows(
    restrictions: tuple[Restriction, ...], timezone: str, today: date, ahead: int
) -> Iterator[Window]:
    days = (today + number * ONE_DAY for number in range(-_DAYS_BACK, ahead + 1))
    return chain.from_iterable(_of_day(restrictions, timezone, day) for day in days)


@lru_cache(maxsize=8192)
def _of_day(restrictions: tuple[Restriction, ...], timezone: str, day: date) -> tuple[Window, ...]:
    """Return the windows that begin on a day; one that the clock skips as a whole is none."""
    found = []
    for restriction in restrictions:
        if day.weekday() not in restriction.weekdays:
            continue
        last = day if restriction.ends > restriction.starts else day + ONE_DAY
        starts_at = instant_of(day, restriction.starts, timezone)
        ends_at = instant_of(last, restriction.ends, timezone)
        if starts_at < ends_at:
            found.append((starts_at, ends_at))
    return tuple(found)


@lru_cache(maxsize=256)
def _merged(
    restrictions: tuple[Restriction, ...], timezone: str, today: date, ahead: int
) -> tuple[Window, ...]:
    """Return the windows around a day in order, those that touch or overlap as one."""
    found: list[Window] = []
    for start, end in sorted(_windows(restrictions, timezone, today, ahead)):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)
