"""Instants from outside: read strictly, corrected for skew, refused where they cannot be meant."""

from datetime import UTC, datetime, timedelta
from typing import Final

from tocsin.jobs.skew import PUNCTUAL, TOLERATED, Sent, corrected, sent_as
from tocsin.web.faults import Fault

FARTHEST_AHEAD: Final = timedelta(days=1)
FARTHEST_BACK: Final = timedelta(days=400)
EARLIEST_NOMINAL: Final = datetime(2000, 1, 1, tzinfo=UTC)

_FORM: Final = "must be an instant with a zone, like 2026-03-01T06:00:00Z or 2026-03-01T07:00:00+01:00"
_EARLIEST: Final = -TOLERATED
_SEPARATORS: Final = frozenset("Tt ")
_LENGTH_OF_DATE: Final = 10


def read_instant(text: str, field: str) -> datetime | Fault:
    """Return the instant, in UTC, that a text in RFC 3339 names, or what is wrong with it."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return Fault(field=field, message=_FORM)
    if len(text) <= _LENGTH_OF_DATE or text[_LENGTH_OF_DATE] not in _SEPARATORS:
        return Fault(field=field, message=_FORM)
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None:
        return Fault(field=field, message=f"has no zone; {_FORM}")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return Fault(field=field, message="lies outside the years 1 to 9999")


Happened = tuple[datetime, Sent | None]
"""When something happened, as its own sending tells it, and what that tells of the sender's clock."""


def read_happened(at: str | None, sent_at: str | None, received_at: datetime) -> Happened | Fault:
    """Return when something happened by our clock, or what is wrong with what the sender says about it.

    `sent_at` corrects for a wrong clock there and may itself be anywhere. What then still lies more than
    a day ahead or 400 days back is refused; the first day ahead counts as now.
    """
    if at is None:
        return received_at, None
    happened = read_instant(at, "at")
    if isinstance(happened, Fault):
        return happened
    sent = None if sent_at is None else read_instant(sent_at, "sent_at")
    if isinstance(sent, Fault):
        return sent
    if sent is not None and _is_punctual(happened, sent, received_at):
        return happened, PUNCTUAL
    return _corrected(happened, sent, received_at)


def _is_punctual(happened: datetime, sent: datetime, received_at: datetime) -> bool:
    """Whether nothing is to be corrected: the quick answer for nearly every check-in."""
    is_right = _EARLIEST <= received_at - sent <= TOLERATED
    return is_right and happened <= received_at and received_at - happened <= FARTHEST_BACK


def _corrected(happened: datetime, sent: datetime | None, received_at: datetime) -> Happened | Fault:
    if happened - (sent or received_at) > FARTHEST_AHEAD:
        return Fault(field="at", message="lies more than a day in the future")
    try:
        corrected_at = corrected(happened, sent_at=sent, received_at=received_at)
    except OverflowError:
        return Fault(field="at", message="lies outside the years 1 to 9999 once corrected by sent_at")
    if received_at - corrected_at > FARTHEST_BACK:
        return Fault(field="at", message=f"lies more than {FARTHEST_BACK.days} days back")
    if sent is None:
        return corrected_at, None
    return corrected_at, sent_as(happened, corrected_at, sent_at=sent, received_at=received_at)


def read_nominal(text: str | None, received_at: datetime) -> datetime | Fault | None:
    """Return the nominal instant as it was given: never corrected, and for a backfill as old as it likes."""
    if text is None:
        return None
    nominal = read_instant(text, "nominal_at")
    if isinstance(nominal, Fault):
        return nominal
    if nominal - received_at > FARTHEST_AHEAD:
        return Fault(field="nominal_at", message="lies more than a day in the future")
    if nominal < EARLIEST_NOMINAL:
        return Fault(field="nominal_at", message=f"lies before the year {EARLIEST_NOMINAL.year}")
    return nominal
