"""One request over HTTP, bounded in time and size.

Every delivery has a connection of its own. One kept open may be closed by the receiver in the very moment in
which the next message is written to it, and then nobody could say whether that message arrived.
"""

import http.client
import socket
from contextlib import closing, suppress
from datetime import datetime
from typing import Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from tocsin.errors import ChannelError
from tocsin.notify import inert
from tocsin.notify.channel import Accepted, Outcome
from tocsin.notify.egress.answer import Answer, outcome_of_status, wait_of
from tocsin.notify.egress.deadline import Deadline
from tocsin.notify.egress.endpoint import Endpoint
from tocsin.notify.egress.fault import fault_of

TIMEOUT_SECONDS: Final = 15.0
CONNECT_SECONDS: Final = 5.0
ANSWER_LIMIT: Final = 64 * 1024
DETAIL_LIMIT: Final = 200


def deliver(
    where: Endpoint, body: bytes, *, headers: dict[str, str], timeout_seconds: float, at: datetime
) -> Accepted:
    """Post the body and return what the receiver answered; raises ChannelError if it did not accept it."""
    return judged(where, post(where, body, headers=headers, timeout_seconds=timeout_seconds), at)


def judged(where: Endpoint, answer: Answer, at: datetime) -> Accepted:
    """Return what an answer means that came at this instant; raises ChannelError unless it is acceptance."""
    outcome = outcome_of_status(answer.status)
    if outcome is Outcome.ACCEPTED:
        return Accepted(detail=f"HTTP {answer.status}")
    said = inert.line(where.hide(answer.body.decode("utf-8", "replace")), DETAIL_LIMIT)
    raise ChannelError(
        f"{where} answered HTTP {answer.status}" + (f": {said}" if said else ""),
        permanent=outcome is Outcome.REFUSED,
        retry_after=wait_of(answer.retry_after, at),
    )


def post(where: Endpoint, body: bytes, *, headers: dict[str, str], timeout_seconds: float) -> Answer:
    """Return the answer to one POST; if none came, ChannelError says whether the body had been sent."""
    return ask(where, "POST", body, headers=headers, timeout_seconds=timeout_seconds)


def ask(
    where: Endpoint, method: str, body: bytes | None, *, headers: dict[str, str], timeout_seconds: float
) -> Answer:
    """Return the answer to one request; if none came, ChannelError says whether it had been sent."""
    with Deadline(timeout_seconds) as deadline, closing(_line(where, deadline, timeout_seconds)) as line:
        _connect(line, where)
        line.timeout = timeout_seconds
        sent = _send(line, where, method, body, headers)
        return _answer(line, where, sent=sent)


class _Line(HTTPConnection):
    """A connection whose socket, as soon as there is one, is bound to the deadline."""

    deadline: Deadline
    where: Endpoint

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self.where.reach.check(connected, self.where.host)
        self.deadline.watch(connected)
        return connected


class _TlsLine(_Line, HTTPSConnection):
    """The same, under TLS."""


def _line(where: Endpoint, deadline: Deadline, timeout_seconds: float) -> _Line:
    seconds = min(CONNECT_SECONDS, timeout_seconds)
    if where.scheme == "https":
        line: _Line = _TlsLine(where.host, where.port, timeout=seconds, ssl_context=where.context)
    else:
        line = _Line(where.host, where.port, timeout=seconds)
    line.deadline, line.where = deadline, where
    return line


def _connect(line: _Line, where: Endpoint) -> None:
    try:
        line.connect()
    except (HTTPError, OSError) as error:
        raise ChannelError(f"{where}: no connection: {fault_of(error, line.deadline)}") from None


def _send(line: _Line, where: Endpoint, method: str, body: bytes | None, headers: dict[str, str]) -> bool:
    """Return whether the receiver can have the whole request."""
    named = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "Tocsin", **headers}
    if where.authorization:
        named["Authorization"] = where.authorization
    try:
        line.request(method, where.target, body=body, headers=named)
    except BrokenPipeError:
        return False  # it may have answered without reading on, and that answer is worth having
    except OSError as error:
        raise ChannelError(f"{where}: not sent in full: {fault_of(error, line.deadline)}") from None
    return True


def _answer(line: _Line, where: Endpoint, *, sent: bool) -> Answer:
    """Return the answer; once its status is known, a body that ends early or never takes nothing from it."""
    try:
        # The standard library's own method: urllib3's logs the whole address when a header is malformed.
        answer = http.client.HTTPConnection.getresponse(line)
    except (http.client.HTTPException, OSError) as error:
        state = "sent, but its answer was lost" if sent else "not sent in full"
        raise ChannelError(
            f"{where}: {state}: {fault_of(error, line.deadline)}", outcome_unknown=sent
        ) from None
    with closing(answer):
        body = b""
        with suppress(http.client.HTTPException, OSError):
            body = answer.read(ANSWER_LIMIT)
        return Answer(status=answer.status, retry_after=answer.getheader("Retry-After"), body=body)
