"""What the answer of a web server means for a request: which kind it is, how long to wait, what it says."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from tocsin.batch.outcome import Kind

MAX_WAIT_SECONDS: Final = 300.0
"""The longest wait that a sink is granted; after it one request asks again, and is told again if need be."""

WORDS_LIMIT: Final = 200
_SECRET_LENGTH: Final = 6
_HIDDEN: Final = "…"
_ACCEPTED: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_BROKEN: Final = range(500, 600)
_LATER: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY)
_LOCKED_OUT: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
)
_SECONDS: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")
_ADDRESS: Final = re.compile(r"\b(https?://)(?:[^\s/@]*@)?([^\s/?#'\")]+)[^\s'\")]*", re.IGNORECASE)
_PATH: Final = re.compile(r"\b(url: )\S+")


def kind_of_status(status: int) -> Kind | None:
    """Return how an HTTP status refuses a request, None for one that accepts it.

    Redirects count as UNAUTHORIZED, since they are not followed and none of the records can help it; a status
    that HTTP does not know as UNKNOWN.
    """
    if status in _ACCEPTED:
        return None
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Kind.THROTTLED
    if status in _LATER or status in _BROKEN:
        return Kind.TRANSIENT
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Kind.TOO_LARGE
    if status in _LOCKED_OUT or status in _REDIRECTS:
        return Kind.UNAUTHORIZED
    return Kind.INVALID if status in range(400, 500) else Kind.UNKNOWN


def wait_seconds(retry_after: str | None, *, at: datetime, dated: str | None = None) -> float | None:
    """Return how long a Retry-After header asks to wait, at most MAX_WAIT_SECONDS; None if it says nothing.

    Read are both forms of RFC 9110 §10.2.3, seconds (also with a fraction) and a date, which is reckoned from
    the answer's own `Date` where it has one, so that a wrong clock shifts nothing; one in the past is no
    wait. A negative number and any other text say nothing.
    """
    text = (retry_after or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), MAX_WAIT_SECONDS)
    until = _date(text)
    if until is None:
        return None
    since = _date(dated or "") or at
    return min(max((until - since).total_seconds(), 0.0), MAX_WAIT_SECONDS)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def in_words(said: str | bytes, secrets: Iterable[str] = ()) -> str:
    """Return what somebody else has said as one short line for people.

    Control characters are gone, secrets are struck out, and of addresses only scheme and host are left.
    """
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    text = text[: 4 * WORDS_LIMIT]
    forms = {form for secret in secrets for form in (secret, unquote(secret)) if len(form) >= _SECRET_LENGTH}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, _HIDDEN)
    text = _PATH.sub(rf"\1{_HIDDEN}", _ADDRESS.sub(rf"\1\2/{_HIDDEN}", text))
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= WORDS_LIMIT else line[: WORDS_LIMIT - 1] + "…"
