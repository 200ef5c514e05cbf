"""Every clock change of every zone from 2020 to 2035, each distinct history once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
LAST = datetime(2036, 1, 1, tzinfo=UTC)

# Shorter than the shortest time between two changes: Morocco's clock goes back for Ramadan, about 30 days.
_STEP = timedelta(days=14)
_SECOND = timedelta(seconds=1)


class Transition(NamedTuple):
    """The instant at which a zone's offset from UTC changes."""

    zone: str
    at: datetime
    before: timedelta
    after: timedelta

    @classmethod
    def of(cls, zone: str, year: int, month: int) -> "Transition":
        """Return the change of a zone in a month."""
        return next(change for change in _changes(zone) if (change.at.year, change.at.month) == (year, month))


@lru_cache(maxsize=1)
def transitions() -> tuple[Transition, ...]:
    """Return all changes; of zones with one history only the first by name."""
    histories: dict[tuple[tuple[datetime, timedelta, timedelta], ...], str] = {}
    for name in sorted(available_timezones() - {"localtime", "Factory"}):
        history = tuple((change.at, change.before, change.after) for change in _changes(name))
        histories.setdefault(history, name)
    return tuple(Transition(name, *change) for history, name in histories.items() for change in history)


def _changes(name: str) -> Iterator[Transition]:
    place = ZoneInfo(name)
    low = FIRST
    while low < LAST:
        high = low + _STEP
        before, after = _offset(place, low), _offset(place, high)
        if before != after:
            yield Transition(name, _changed_at(place, low, high), before, after)
        low = high


def _changed_at(place: tzinfo, low: datetime, high: datetime) -> datetime:
    old = _offset(place, low)
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(place, middle) == old:
            low = middle
        else:
            high = middle
    return high


def _offset(place: tzinfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(place).utcoffset()
    assert offset is not None
    return offset
