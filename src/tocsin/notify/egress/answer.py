"""What the answer of a web server means for a message."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from tocsin.notify.channel import Outcome
from tocsin.notify.retry import WAIT_LIMIT

_LATER: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_ACCEPTED: Final = range(200, 300)
_BROKEN: Final = range(500, 600)
_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a web server said: its status, its Retry-After header, and the start of its body."""

    status: int
    retry_after: str | None
    body: bytes


def outcome_of_status(status: int) -> Outcome:
    """Return what an HTTP status means for a message.

    2xx: accepted. 408, 425, 429 and 5xx: later. Anything else is a refusal, redirects too: a message goes
    where the configuration says and nowhere else.
    """
    if status in _ACCEPTED:
        return Outcome.ACCEPTED
    return Outcome.TRY_AGAIN if status in _LATER or status in _BROKEN else Outcome.REFUSED


def wait_of(retry_after: str | None, at: datetime) -> timedelta | None:
    """Return the wait that a Retry-After header asks for at this instant, at most an hour, or None.

    Both forms of RFC 9110 §10.2.3 are read, seconds and a date; fractions of a second too, which some
    receivers send.
    """
    text = (retry_after or "").strip()
    if _SECONDS.fullmatch(text):
        return min(timedelta(seconds=float(text)), WAIT_LIMIT)
    until = _date(text)
    return None if until is None else min(max(until - at, timedelta(0)), WAIT_LIMIT)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
