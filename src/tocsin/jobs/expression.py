"""How a schedule is written: each notation is read into one tidy form, or refused with a reason."""

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from cronsim import CronSim, CronSimError
from oncalendar import BaseIterator, OnCalendarError

from tocsin.errors import InvalidSchedule
from tocsin.jobs.walltime import check_timezone, zone

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
SHORTEST_INTERVAL: Final = timedelta(seconds=10)
LONGEST_INTERVAL: Final = timedelta(days=400)
MAX_CHARACTERS: Final = 500
MAX_LINES: Final = 10

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_EXAMPLES: Final = "write cron '0 2 * * *', OnCalendar 'Mon..Fri 02:00', 'every 15m' or a weekday 'sunday'"
_NICKNAMES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_CALENDAR_WORDS: Final = frozenset(
    {"minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "yearly", "annually"}
)
_DAYS: Final = 31
_MONTHS: Final = 12
_EVERY_DAY: Final = frozenset(range(7))
_CRON_FIELDS: Final = ("minute", "hour", "day of month", "month", "weekday")
_CRON_RANGES: Final = {
    "minute": "0-59",
    "hour": "0-23",
    "day-of-month": "1-31, L or LW",
    "month": "1-12 or jan-dec",
    "day-of-week": "0-7 or sun-sat (0 and 7 are Sunday)",
}
_CRON_FIELD: Final = re.compile(r"[0-9*,/#?LW-]+|[0-9*,/#-]*[a-z]{3}[0-9a-z,/#-]*", re.IGNORECASE)
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNITS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
}
_AMOUNT: Final = re.compile(r"\s*([0-9]{1,9})?\s*([a-z]+)\s*(?:and\s+|,)?", re.ASCII)


class ScheduleKind(Enum):
    """How a schedule is written, or what an SLA without one implies (daily, hourly).

    `is_interval`: it names no instants, but a distance from one start to the next. `names_days`: it names
    days, and no time of them.
    """

    is_interval: bool
    names_days: bool

    CRON = "cron"
    ONCALENDAR = "oncalendar"
    INTERVAL = "interval"
    WEEKLY = "weekly"
    DAILY = "daily"
    HOURLY = "hourly"

    def __init__(self, word: str) -> None:
        self.is_interval = word == "interval"
        self.names_days = word in ("weekly", "daily")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarLine:
    """One line of an OnCalendar schedule: its parsed form and the zone that it is read in."""

    search: BaseIterator
    timezone: str


def read_expression(text: str, timezone: str) -> tuple[ScheduleKind, str]:
    """Return which notation a text is written in, and its tidy form.

    `timezone` must be an accepted zone. Raises InvalidSchedule with what is wrong, why, and what to write
    instead.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidSchedule(f"the schedule has {len(text)} characters; at most {MAX_CHARACTERS} are read")
    lines = [" ".join(line.split()) for line in text.strip().splitlines() if line.strip()]
    if not lines:
        raise InvalidSchedule(f"the schedule is empty; {_EXAMPLES}")
    if len(lines) > 1:
        return ScheduleKind.ONCALENDAR, _read_oncalendar(lines, timezone)
    return _read_line(lines[0], timezone)


def _read_line(line: str, timezone: str) -> tuple[ScheduleKind, str]:
    fields = line.lower().split(" ")
    if fields[0] == "every":
        return _read_every(line.lower())
    if fields[0].startswith("@"):
        return ScheduleKind.CRON, _read_nickname(line.lower())
    weekdays = _weekday_list(line.lower())
    if weekdays is not None:
        return ScheduleKind.WEEKLY, weekdays
    if len(fields) == len(_CRON_FIELDS) or _looks_like_cron(fields):
        return ScheduleKind.CRON, _read_cron(line, timezone)
    return ScheduleKind.ONCALENDAR, _read_oncalendar([line], timezone)


def _looks_like_cron(fields: list[str]) -> bool:
    """Several fields without a clock time or a date: cron with the wrong number of fields."""
    return (
        len(fields) > 1
        and fields[0][0] in "0123456789*"
        and all(_CRON_FIELD.fullmatch(field) for field in fields)
    )


def _read_cron(line: str, timezone: str) -> str:
    fields = line.split(" ")
    if len(fields) == len(_CRON_FIELDS) + 1:
        rest = " ".join(fields[1:])
        raise InvalidSchedule(f"cron {line!r} has six fields, but seconds are not read; write {rest!r}")
    if len(fields) != len(_CRON_FIELDS):
        raise InvalidSchedule(f"cron {line!r} has {len(fields)} fields, not five ({', '.join(_CRON_FIELDS)})")
    try:
        parsed_cron(line, timezone)
    except (CronSimError, AssertionError, ValueError) as error:
        raise InvalidSchedule(_cron_fault(line, str(error))) from error
    return line


def _cron_fault(line: str, fault: str) -> str:
    for number, (name, allowed) in enumerate(_CRON_RANGES.items()):
        if fault == f"Bad {name}":
            field = line.split(" ")[number]
            return (
                f"cron {line!r}: {field!r} is no {name.replace('-', ' ')} that ever comes; "
                f"use {allowed}, *, a list '1,2', a range '1-5' or a step '*/2'"
            )
    return f"cron {line!r} cannot be read; for example '0 2 * * *' is 02:00 every day"


def _read_nickname(line: str) -> str:
    if line in _NICKNAMES:
        return _NICKNAMES[line]
    if line == "@reboot":
        raise InvalidSchedule("'@reboot' names no instant that can be waited for; leave the schedule out")
    raise InvalidSchedule(f"{line!r} is not a cron nickname; {_meant(line, tuple(_NICKNAMES))}")


def _read_oncalendar(lines: list[str], timezone: str) -> str:
    if len(lines) > MAX_LINES:
        raise InvalidSchedule(f"the schedule has {len(lines)} OnCalendar lines; at most {MAX_LINES} are read")
    for line in lines:
        try:
            parsed_oncalendar(line, timezone)
        except (OnCalendarError, AssertionError, ValueError) as error:
            raise InvalidSchedule(_oncalendar_fault(line, str(error))) from error
    return "\n".join(lines)


def _oncalendar_fault(line: str, fault: str) -> str:
    words = re.findall(r"[a-z]+", line.lower())
    for word in words:
        if word not in _KNOWN_WORDS and word not in _WEEKDAY_NUMBERS:
            meant = _meant(word, (*_KNOWN_WORDS, *WEEKDAYS))
            return f"{line!r} is not a schedule: {word[:40]!r} is not known; {meant}"
    part = fault.removeprefix("Bad ") if fault.startswith("Bad ") else "form"
    return f"{line!r} is not an OnCalendar schedule (its {part} cannot be read); {_EXAMPLES}"


def _weekday_list(line: str) -> str | None:
    """Return the days of 'sunday', 'mon, thu', 'monday and friday' or 'mon-fri', else None."""
    chosen: set[int] = set()
    for term in re.split(r"\s*,\s*|\s+and\s+", line):
        first, _, last = (part.strip() for part in re.sub(r"\.\.", "-", term).partition("-"))
        if first not in _WEEKDAY_NUMBERS or (last and last not in _WEEKDAY_NUMBERS):
            return None
        start, end = _WEEKDAY_NUMBERS[first], _WEEKDAY_NUMBERS[last or first]
        chosen.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return ",".join(WEEKDAYS[number] for number in sorted(chosen))


def _read_every(line: str) -> tuple[ScheduleKind, str]:
    amount = line.removeprefix("every").strip()
    weekdays = _weekday_list(amount)
    if weekdays is not None:
        return ScheduleKind.WEEKLY, weekdays
    length = _read_length(line, amount)
    if not SHORTEST_INTERVAL <= length <= LONGEST_INTERVAL:
        raise InvalidSchedule(f"{line!r} is out of range; an interval is from 10 seconds to 400 days")
    return ScheduleKind.INTERVAL, f"every {length // timedelta(seconds=1)}s"


def _read_length(line: str, amount: str) -> timedelta:
    total, position = timedelta(), 0
    while position < len(amount):
        match = _AMOUNT.match(amount, position)
        if match is None:
            raise InvalidSchedule(f"{line!r} cannot be read; write 'every 15m' or 'every 1h 30m'")
        unit = _UNITS.get(match[2])
        if unit is None:
            raise InvalidSchedule(_unit_fault(line, match[2]))
        total += timedelta(seconds=_UNIT_SECONDS[unit] * int(match[1] or 1))
        position = match.end()
    if not total:
        raise InvalidSchedule(f"{line!r} names no length; write 'every 15m' or 'every 2 hours'")
    return total


def _unit_fault(line: str, unit: str) -> str:
    if unit.startswith(("mon", "year", "quarter")) and not unit.startswith("mond"):
        return f"{line!r}: {unit[:40]!r} has no fixed length; write cron '0 0 1 * *' or '0 0 1 1 *'"
    if unit.startswith("milli") or unit == "ms":
        return f"{line!r}: milliseconds are not read; an interval is from 10 seconds to 400 days"
    known = ("seconds", "minutes", "hours", "days", "weeks", *WEEKDAYS)
    return f"{line!r}: {unit[:40]!r} is neither a unit of time nor a weekday; {_meant(unit, known)}"


def _meant(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word[:40], known, n=1)
    return f"did you mean {close[0]!r}?" if close else _EXAMPLES


@lru_cache(maxsize=2048)
def parsed_cron(expression: str, timezone: str) -> CronSim:
    """Return the parsed form of five cron fields, to be copied before searching; raises as the library."""
    return CronSim(expression, EARLIEST.astimezone(zone(timezone)))


class TimesOfDay(NamedTuple):
    """Minutes of the day, ascending, on days of the week: Sunday is 0."""

    minutes: tuple[int, ...]
    weekdays: frozenset[int]


@lru_cache(maxsize=2048)
def times_of_day(expression: str, timezone: str) -> TimesOfDay | None:
    """Return when five cron fields fire if it is at times of the day on days of the week alone, else None."""
    parsed = parsed_cron(expression, timezone)
    named = {day for day in parsed.weekdays if isinstance(day, int) and day >= 0}
    if len(parsed.days) < _DAYS or len(parsed.months) < _MONTHS or named != parsed.weekdays:
        return None
    # Where neither field begins with a star one of the two is enough, and every day of a month is named.
    weekdays = frozenset(day % 7 for day in named) if parsed.day_and else _EVERY_DAY
    minutes = (60 * hour + minute for hour in sorted(parsed.hours) for minute in sorted(parsed.minutes))
    return TimesOfDay(tuple(minutes), weekdays)


@lru_cache(maxsize=2048)
def parsed_oncalendar(expression: str, timezone: str) -> tuple[CalendarLine, ...]:
    """Return the parsed form of each OnCalendar line, like `parsed_cron`; a line may name its own zone."""
    return tuple(_parsed_line(line, timezone) for line in expression.split("\n"))


def _parsed_line(line: str, timezone: str) -> CalendarLine:
    rest, _, last = line.rpartition(" ")
    if rest and last[0].isalpha() and last.lower() not in _WEEKDAY_NUMBERS:
        line, timezone = rest, check_timezone(last)
    return CalendarLine(search=BaseIterator(line, EARLIEST.astimezone(zone(timezone))), timezone=timezone)


@lru_cache(maxsize=2048)
def weekdays_of(expression: str) -> frozenset[int]:
    """Return the weekdays (Monday is 0) of a weekly schedule; of a daily one all seven."""
    if expression == "daily":
        return frozenset(range(7))
    return frozenset(_WEEKDAY_NUMBERS[name] for name in expression.split(","))


_WEEKDAY_NUMBERS: Final = {
    **{name: number for number, name in enumerate(WEEKDAYS)},
    **{name[:3]: number for number, name in enumerate(WEEKDAYS)},
    **dict(zip(("tues", "wednes", "thur", "thurs"), (1, 2, 3, 3), strict=True)),
}
_KNOWN_WORDS: Final = tuple(sorted(_CALENDAR_WORDS | {"every"}))
