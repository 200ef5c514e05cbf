"""What an exception means for a request: the refusal that it looks like.

Errors of other libraries are known by their shape and the names of their classes, so that none has to be
installed: what carries an HTTP answer counts by its status, a lost connection or a time-out as TRANSIENT.
"""

import errno
import http.client
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tocsin import clock
from tocsin.batch.answers import in_words, kind_of_status, wait_seconds
from tocsin.batch.calling import raised
from tocsin.batch.outcome import Kind, Refused, Rejected

_CHAIN_LIMIT: Final = 8
_STATUSES: Final = range(100, 1000)
_OTHERS: Final = frozenset(
    {"aiohttp", "botocore", "http", "httpcore", "httpx", "requests", "urllib", "urllib3"}
)
_OF_THE_WAY: Final = re.compile(
    "Timeout|Connect|Disconnected|Protocol|Transport|Payload|IncompleteRead|ChunkedEncoding|Network|Retry"
)
_NEVER: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR})


def refusal_of(error: BaseException, *, at: datetime | None = None) -> Refused:
    """Return the refusal that an exception of a sink looks like; `at` is when it came, for a Retry-After.

    UNAUTHORIZED is also what no waiting mends and no record can help: a certificate that is not accepted, a
    file that may not be written, a package that is missing, a name that the program does not have. What says
    nothing of itself is UNKNOWN.
    """
    for one in _chain(error):
        answer = _answer_in(one)
        if answer is not None:
            return _judged(error, answer, at or clock.now())
    for one in _chain(error):
        kind = _kind_of(one)
        if kind is not None:
            return Refused(kind, _told(error, one))
    return Refused(Kind.UNKNOWN, _told(error, error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it wraps."""
    one: object = error
    for _ in range(_CHAIN_LIMIT):
        if not isinstance(one, BaseException):
            return
        yield one
        inner = getattr(one, "reason", None) or (one.args[0] if one.args else None)
        one = one.__cause__ or inner


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """The HTTP answer that an error carries."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


def _answer_in(error: BaseException) -> _Answer | None:
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):  # as botocore has it
        told = response.get("ResponseMetadata")
        about = told if isinstance(told, Mapping) else {}
        return _answer(about.get("HTTPStatusCode"), about.get("HTTPHeaders"), "")
    if response is not None:
        status = getattr(response, "status_code", None) or getattr(response, "status", None)
        return _answer(status, getattr(response, "headers", None), _text_of(response))
    libraries = {_library(kind) for kind in type(error).__mro__}
    modules = {type(error).__module__, type(error.__cause__).__module__}
    was_no_http = "aiohttp.http_exceptions" in modules  # then its status is made up
    if was_no_http or not {"aiohttp", "urllib"} & libraries:
        return None
    status = getattr(error, "status", None) or getattr(error, "code", None)
    return _answer(status, getattr(error, "headers", None), "")


def _answer(status: object, headers: object, text: str) -> _Answer | None:
    if not isinstance(status, int) or isinstance(status, bool) or status not in _STATUSES:
        return None
    items = getattr(headers, "items", None)
    named = {str(name).lower(): str(value) for name, value in items()} if callable(items) else {}
    return _Answer(status=int(status), headers=named, text=text)


def _text_of(response: object) -> str:
    try:
        text = getattr(response, "text", "")
    except Exception:  # noqa: BLE001 -- a body that cannot be read any more takes nothing from its status
        return ""
    return text if isinstance(text, str) else ""


def _judged(error: BaseException, answer: _Answer, at: datetime) -> Refused:
    said = in_words(answer.text) or in_words(raised(error))
    headers = answer.headers
    return Refused(
        kind_of_status(answer.status) or Kind.UNKNOWN,  # an acceptance that was raised says nothing
        f"HTTP {answer.status}" + (f": {said}" if said else ""),
        wait_seconds(headers.get("retry-after"), at=at, dated=headers.get("date")),
        answer.status,
    )


def _kind_of(error: BaseException) -> Kind | None:
    if isinstance(error, Rejected):
        return Kind.INVALID
    if isinstance(error, ssl.SSLCertVerificationError | ImportError):
        return Kind.UNAUTHORIZED
    # A name that is not bound yet may be the doing of one record; one that is nowhere is of none.
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return Kind.UNAUTHORIZED
    if isinstance(error, TimeoutError | ConnectionError | socket.gaierror | ssl.SSLError):
        return Kind.TRANSIENT
    if isinstance(error, OSError) and error.errno:
        return Kind.UNAUTHORIZED if error.errno in _NEVER else Kind.TRANSIENT
    if isinstance(error, http.client.HTTPException):
        return Kind.TRANSIENT
    names = " ".join(kind.__name__ for kind in type(error).__mro__ if _library(kind) in _OTHERS)
    wrong_by_itself = isinstance(error, ValueError)  # an address or a body that no library could send
    return Kind.TRANSIENT if _OF_THE_WAY.search(names) and not wrong_by_itself else None


def _library(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _told(error: BaseException, cause: BaseException) -> str:
    """Return it in words: what it is where that is known, else what it says of itself."""
    if isinstance(cause, Rejected):
        return in_words(str(cause))
    for one in _chain(error):
        verification = getattr(one, "certificate_error", one)  # aiohttp wraps it
        if isinstance(verification, ssl.SSLCertVerificationError):
            said = getattr(verification, "verify_message", "") or in_words(str(verification))
            return f"the certificate was not accepted: {said}"
        if isinstance(one, socket.gaierror):
            return "the name of the host does not resolve"
    return in_words(raised(error))
