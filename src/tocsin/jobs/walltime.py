"""Where wall clocks and instants meet: what a time of day means in a zone, on a given day."""

import difflib
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from tocsin.errors import InvalidSchedule

MIDNIGHT = time()
ONE_DAY = timedelta(days=1)
ONE_HOUR = timedelta(hours=1)
ONE_SECOND = timedelta(seconds=1)

# They are installed beside the zones but name no place: one is whatever this machine is set to, the other is
# "unset".
_NOT_PLACES = frozenset({"localtime", "Factory"})


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, str]:
    return {name.lower(): name for name in sorted(available_timezones() - _NOT_PLACES)}


def check_timezone(name: str) -> str:
    """Return the IANA name of a zone, spelled as IANA spells it.

    Upper and lower case do not matter. Raises InvalidSchedule, with the zone that was probably meant.
    """
    wanted = name.strip()
    canonical = _zone_names().get(wanted.lower())
    if canonical is not None:
        return canonical
    meant = _probable_zone(wanted.lower())
    hint = (
        f"did you mean {meant!r}?"
        if meant
        else "use a name like 'Europe/Berlin', 'America/New_York' or 'UTC'"
    )
    raise InvalidSchedule(f"{wanted[:60]!r} is not an IANA time zone; {hint}")


def _probable_zone(wanted: str) -> str | None:
    names = _zone_names()
    city = wanted.replace(" ", "_").rpartition("/")[2]
    cities = {name.rpartition("/")[2]: name for name in reversed(names)}
    if city in cities:
        return names[cities[city]]
    close = difflib.get_close_matches(wanted[:60], names, n=1, cutoff=0.75)
    if close:
        return names[close[0]]
    close = difflib.get_close_matches(city[:60], cities, n=1, cutoff=0.75)
    return names[cities[close[0]]] if close else None


@lru_cache(maxsize=1024)
def zone(timezone: str) -> tzinfo:
    """Return the rules of a zone that `check_timezone` has accepted."""
    return UTC if timezone in {"UTC", "Etc/UTC"} else ZoneInfo(timezone)


def local_date(instant: datetime, timezone: str) -> date:
    """Return the calendar day that a clock in the zone shows at an instant."""
    return instant.astimezone(zone(timezone)).date()


def instant_of(day: date, at: time, timezone: str) -> datetime:
    """Return the instant, in UTC, at which a clock in the zone first shows this day and time.

    A time that the clock jumps over in spring is the first instant after the jump; of a time that it shows
    twice in autumn the first is meant.
    """
    place = zone(timezone)
    wall = datetime.combine(day, at, tzinfo=place)
    # PEP 495: only a time that is skipped is read as later with fold=0 than with fold=1.
    earlier, instant = wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC)
    return instant if instant <= earlier else _end_of_jump(earlier, instant, place)


def change_between(low: datetime, high: datetime, timezone: str) -> tuple[datetime, ...]:
    """Return the clock change between two instants, and the full local hour from it on, if there is one."""
    place = zone(timezone)
    if _offset(place, high) == _offset(place, low):
        return ()
    changed_at = _end_of_jump(low, high, place)
    local = changed_at.astimezone(place)
    return changed_at, changed_at + timedelta(minutes=-local.minute % 60, seconds=-local.second)


def _offset(place: tzinfo, instant: datetime) -> timedelta:
    return instant.astimezone(place).utcoffset() or timedelta()


def _end_of_jump(before: datetime, after: datetime, place: tzinfo) -> datetime:
    """Find by halving, to the second, the instant between two others at which the offset from UTC changes."""
    old_offset = _offset(place, before)
    while after - before > ONE_SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if _offset(place, middle) == old_offset:
            before = middle
        else:
            after = middle
    return after
