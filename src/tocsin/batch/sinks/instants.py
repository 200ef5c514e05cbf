"""Instants in records, as a service wants them: never guessed, and never without a zone."""

from datetime import datetime
from typing import Final

from tocsin.batch.outcome import Rejected
from tocsin.batch.words import a_kind

_MILLISECONDS_FROM: Final = 100_000_000_000
"""Seconds since 1970 that many are in the year 5138: what is meant are milliseconds."""


def iso_instant(value: object, field: str) -> str:
    """Return an instant as ISO 8601; raises Rejected for one without a zone, and for a bare number."""
    if isinstance(value, str):
        _aware(_parsed(value, field), field)
        return value
    if isinstance(value, datetime):
        return _aware(value, field).isoformat()
    raise Rejected(f"{field} is {a_kind(value)}; it is text in ISO 8601, or a datetime with its zone")


def unix_instant(value: object, field: str) -> int:
    """Return an instant as whole seconds since 1970; raises Rejected for one without a zone."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | datetime):
        raise Rejected(f"{field} is {a_kind(value)}; it is seconds since 1970, or a datetime with its zone")
    if isinstance(value, int | float):
        if not 0 <= value < _MILLISECONDS_FROM:
            raise Rejected(f"{field} is {value}; it is in seconds since 1970")
        return int(value)
    instant = _parsed(value, field) if isinstance(value, str) else value
    return int(_aware(instant, field).timestamp())


def _parsed(text: str, field: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Rejected(f"{field} is {text[:40]!r}, which is no instant in ISO 8601") from None


def _aware(instant: datetime, field: str) -> datetime:
    if instant.tzinfo is None:
        raise Rejected(f"{field} has no zone; end it with Z or an offset, or give a datetime with its zone")
    return instant
