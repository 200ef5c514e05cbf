"""Recurring stretches of time by clock and calendar, in the grammar of Alertmanager's `time_intervals`."""

import difflib
import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from tocsin.errors import InvalidSchedule
from tocsin.jobs.walltime import ONE_DAY, change_between, local_date, zone

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
MINUTES_A_DAY = 24 * 60
SHORTEST_MONTH = 28
LONGEST_MONTH = 31
DAYS_AHEAD = 10 * 366
FURTHEST = timedelta(days=366)

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_YEAR = re.compile(r"[0-9]{1,4}")
_DAY_OF_MONTH = re.compile(r"-?[0-9]{1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Numbers from `first` to `last`, both included."""

    first: int
    last: int

    def holds(self, number: int) -> bool:
        """Whether the number lies in it."""
        return self.first <= number <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeInterval:
    """Instants whose local time fits one span of every kind that is given; a kind without spans fits always.

    `times` count minutes of the day, `weekdays` days from Sunday as 0, `days_of_month` days from 1, or
    from -1 backwards for the end of the month.
    """

    times: tuple[Span, ...] = ()
    weekdays: tuple[Span, ...] = ()
    days_of_month: tuple[Span, ...] = ()
    months: tuple[Span, ...] = ()
    years: tuple[Span, ...] = ()
    timezone: str = "UTC"

    def is_in(self, instant: datetime) -> bool:
        """Whether the instant lies in the interval."""
        local = instant.astimezone(zone(self.timezone))
        return _fits(self.times, local.hour * 60 + local.minute) and self._has_day(local.date())

    def changes_after(self, instant: datetime) -> datetime | None:
        """Return the first instant after this one at which `is_in` says otherwise.

        None: it says the same for the next ten years.
        """
        is_in = self.is_in(instant)
        # A clock that is set back across midnight shows the day before once more.
        day = local_date(instant, self.timezone) - ONE_DAY
        before, here, after = (self._all_day(day + n * ONE_DAY) for n in (-1, 0, 1))
        for _ in range(DAYS_AHEAD):
            if not before is here is after is is_in:
                found = next(
                    (at for at in self._turns(day) if at > instant and self.is_in(at) != is_in), None
                )
                if found is not None:
                    return found
            day += ONE_DAY
            before, here, after = here, after, self._all_day(day + ONE_DAY)
        return None

    def _has_day(self, day: date) -> bool:
        return (
            _fits(self.years, day.year)
            and _fits(self.months, day.month)
            and _fits(self.weekdays, day.isoweekday() % len(WEEKDAYS))
            and (not self.days_of_month or self._has_day_of_month(day))
        )

    def _has_day_of_month(self, day: date) -> bool:
        length = monthrange(day.year, day.month)[1]
        for span in self.days_of_month:
            first, last = (n + length + 1 if n < 0 else n for n in (span.first, span.last))
            if first <= day.day <= last:
                return True
        return False

    def _all_day(self, day: date) -> bool | None:
        """Return whether all of the day, or nothing of it, lies in the interval; None: a part of it."""
        if not self._has_day(day):
            return False
        return None if self.times else True

    def _turns(self, day: date) -> Iterator[datetime]:
        """Return all instants of a day at which the interval may begin or end, in order."""
        minutes = {0, *(m for span in self.times for m in (span.first, span.last + 1) if m < MINUTES_A_DAY)}
        walls = [time(*divmod(minute, 60)) for minute in minutes]
        found = {self._instant(day, wall, fold) for wall in walls for fold in (0, 1)}
        low, high = self._instant(day, time(), 0), self._instant(day + ONE_DAY, time(), 0)
        return iter(sorted({*found, *change_between(low, high, self.timezone)[:1]}))

    def _instant(self, day: date, wall: time, fold: int) -> datetime:
        local = datetime.combine(day, wall.replace(fold=fold), zone(self.timezone))
        return local.astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedInterval:
    """What a route refers to by name: the instants that lie in any of some intervals."""

    name: str
    intervals: tuple[TimeInterval, ...]

    def is_in(self, instant: datetime) -> bool:
        """Whether the instant lies in one of the intervals."""
        return any(interval.is_in(instant) for interval in self.intervals)

    def changes_after(self, instant: datetime) -> datetime | None:
        """Return the first instant after this one at which `is_in` says otherwise.

        None: it says the same for the next ten years. Where one interval follows upon the other for more
        than a year it is an instant at which it still says the same, later than that year.
        """
        minute_at = instant.replace(second=0, microsecond=0)
        if self.is_in(minute_at) == self.is_in(instant):
            found = _change_after(self, minute_at)
            if found is None or found > instant:
                return found
        return _change_after(self, instant)


@lru_cache(maxsize=4096)
def _change_after(named: NamedInterval, instant: datetime) -> datetime | None:
    is_in, at = named.is_in(instant), instant
    while at - instant < FURTHEST:
        found = [change for one in named.intervals if (change := one.changes_after(at)) is not None]
        if not found:
            return None
        at = min(found)
        if named.is_in(at) != is_in:
            break
    return at


def _fits(spans: tuple[Span, ...], number: int) -> bool:
    return not spans or any(span.first <= number <= span.last for span in spans)


def read_times(start: str, end: str) -> Span:
    """Return the minutes from `start` up to, and without, `end`; raises InvalidSchedule."""
    since, until = _minute(start), _minute(end)
    if since >= until:
        raise InvalidSchedule(
            f"the end, {end}, must come after the start, {start}; "
            "write two entries for a time across midnight: one up to 24:00, one from 00:00"
        )
    return Span(first=since, last=until - 1)


def read_clock(text: str) -> str:
    """Return the text if it is a time of day; raises InvalidSchedule."""
    _minute(text)
    return text


def _minute(text: str) -> int:
    if _CLOCK.fullmatch(text) is None:
        raise InvalidSchedule(f"{text[:20]!r} is not a time from 00:00 to 24:00, written as HH:MM")
    return int(text[:2]) * 60 + int(text[3:])


def read_weekdays(text: str) -> Span:
    """Return the days of "monday" or "monday:friday", within a week that begins on Sunday."""
    span = _range(text, _weekday)
    if span.first > span.last:
        raise InvalidSchedule(
            f"{text!r} ends before it starts, for the week begins on sunday; write it as two entries"
        )
    return span


def read_months(text: str) -> Span:
    """Return the months of "may", "5" or "may:august"."""
    return _forward(_range(text, _month), text)


def read_years(text: str) -> Span:
    """Return the years of "2026" or "2026:2028"."""
    return _forward(_range(text, _year), text)


def read_days_of_month(text: str) -> Span:
    """Return the days of "1", "1:5" or "-3:-1", the last three."""
    span = _range(text, _day)
    if span.first < 0 < span.last:
        raise InvalidSchedule(f"{text!r}: a range that starts from the end of the month must end so, too")
    if _day_at_least(span.first) > _day_at_least(span.last):
        raise InvalidSchedule(f"{text!r} ends before it starts, at least in short months")
    return span


def _day_at_least(day: int) -> int:
    return day + SHORTEST_MONTH if day < 0 else day


def _forward(span: Span, text: str) -> Span:
    if span.first > span.last:
        raise InvalidSchedule(f"{text!r} ends before it starts; write it as two entries")
    return span


def _range(text: str, read: Callable[[str], int]) -> Span:
    first, colon, last = text.strip().lower().partition(":")
    return Span(first=read(first), last=read(last if colon else first))


def _weekday(text: str) -> int:
    return _named(text, WEEKDAYS, "a day of the week")


def _month(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= len(MONTHS):
        return int(text)
    return _named(text, MONTHS, "a month, by name or as 1 to 12") + 1


def _named(text: str, names: tuple[str, ...], what: str) -> int:
    if text in names:
        return names.index(text)
    near = difflib.get_close_matches(text[:20], names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise InvalidSchedule(f"{text[:20]!r} is not {what}{hint}")


def _year(text: str) -> int:
    if _YEAR.fullmatch(text) is None or int(text) < 1:
        raise InvalidSchedule(f"{text[:20]!r} is not a year")
    return int(text)


def _day(text: str) -> int:
    if _DAY_OF_MONTH.fullmatch(text) is None or not 1 <= abs(int(text)) <= LONGEST_MONTH:
        raise InvalidSchedule(f"{text[:20]!r} is not a day of the month: 1 to 31, or -1 to -31 from its end")
    return int(text)
