"""Instants and spans as people read them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
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


_UNITS = (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1))


def plural(count: int, noun: str) -> str:
    """Return the count with its noun: `1 run`, `3 runs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
