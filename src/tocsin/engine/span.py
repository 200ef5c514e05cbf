"""A span of days in a zone, as people name it: a month, or from one day to another. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tocsin.jobs.walltime import MIDNIGHT, ONE_DAY, instant_of, local_date

LONGEST_DAYS = 400
EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Whole days of a zone, `first` and `last` included.

    `from_at` is when the first begins there, `to_at` when the day after the last does. A day on which the
    clocks change is longer or shorter than others, and so may the span be.
    """

    first: date
    last: date
    timezone: str

    @property
    def from_at(self) -> datetime:
        """The first instant of it, in UTC."""
        return instant_of(self.first, MIDNIGHT, self.timezone)

    @property
    def to_at(self) -> datetime:
        """The first instant behind it, in UTC."""
        return instant_of(self.last + ONE_DAY, MIDNIGHT, self.timezone)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def is_month(self) -> bool:
        """Whether it is exactly one month of the calendar."""
        return self == month(self.first.year, self.first.month, self.timezone)

    @property
    def words(self) -> str:
        """What people call it: `October 2026`, or `2026-10-05 to 2026-10-11`."""
        if self.is_month:
            return f"{self.first:%B %Y}"
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


def month(year: int, number: int, timezone: str) -> Span:
    """Return a month of the calendar."""
    after = date(year + number // 12, number % 12 + 1, 1)
    return Span(first=date(year, number, 1), last=after - ONE_DAY, timezone=timezone)


def last_month(now: datetime, timezone: str) -> Span:
    """Return the last month that is over in the zone."""
    end = local_date(now, timezone).replace(day=1) - ONE_DAY
    return month(end.year, end.month, timezone)


def before(span: Span) -> Span:
    """Return what to compare a span with: the month before a month, else as many days before its first."""
    last = span.first - ONE_DAY
    if span.is_month:
        return month(last.year, last.month, span.timezone)
    return Span(first=last - timedelta(days=span.days - 1), last=last, timezone=span.timezone)


def fault_of(span: Span, now: datetime) -> str | None:
    """Return what keeps a span from being looked back on, in words, or None."""
    if span.last < span.first:
        return f"it ends on {span.last}, before it begins on {span.first}"
    if span.days > LONGEST_DAYS:
        return f"it is {span.days} days long; at most {LONGEST_DAYS} can be asked for at once"
    if span.first < EARLIEST:
        return f"it begins before the year {EARLIEST.year}"
    if span.from_at > now:
        return f"it has not begun: in {span.timezone} it is {local_date(now, span.timezone)}"
    return None
