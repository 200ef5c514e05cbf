"""Instants and spans as people read them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import floor, log10
from zoneinfo import ZoneInfo


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=1_024)
def clock_time(instant: datetime, timezone: str) -> str:
    """Return the local date and time with the zone: `2026-03-29 06:00 CEST`."""
    local = instant.astimezone(UTC if timezone == "UTC" else _zone(timezone))
    seconds = ":%S" if local.second else ""
    return local.strftime(f"%Y-%m-%d %H:%M{seconds} %Z")


def span(seconds: float | timedelta) -> str:
    """Return a span in its two largest units: `41 min`, `2 h 5 min`, `3 d 4 h`, `12 s`, `0.4 s`."""
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    if total < 1:
        return f"{max(total, 0):.1f} s"
    whole = round(total)
    for name, size, next_name, next_size in _UNITS:
        if whole >= size:
            count, rest = divmod(whole, size)
            tail = f" {rest // next_size} {next_name}" if next_size and rest // next_size else ""
            return f"{count} {name}{tail}"
    return f"{whole} s"


_MOST_DIGITS = 6
_UNITS = (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1))


def clock_words(behind_seconds: float) -> str:
    """Return how wrong a clock is: `3 min 20 s behind`, `2 h ahead`, `right`."""
    if behind_seconds == 0:
        return "right"
    return f"{span(abs(behind_seconds))} {'behind' if behind_seconds > 0 else 'ahead'}"


def plural(count: int, noun: str) -> str:
    """Return the count with its noun: `1 run`, `3 runs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def percent(share: float) -> str:
    """Return a share from 0 to 1 in percent, to two digits that count: `0.012 %`, `37 %`, `99.9 %`."""
    part = 100 * min(share, 1 - share)
    digits = 0 if part <= 0 else max(0, 1 - floor(log10(part)))
    text = f"{100 * share:.{min(digits, _MOST_DIGITS)}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"
