"""What an exception looks like to a pipeline, whichever library it is of."""

import asyncio
import errno
import http.client
import io
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import Message

import aiohttp
import pytest
import requests
import urllib3

from tests.batch.sinks.server import Answer, resets, says, sends, serving
from tocsin.batch.failures import refusal_of
from tocsin.batch.outcome import Category, Kind, Rejected

NOBODY = "http://127.0.0.1:1/in?key=s3cret"


def raised_by(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except Exception as error:  # noqa: BLE001 -- whatever it raises is what is looked at
        return error
    raise AssertionError("it raised nothing")


def of_requests(status: int, body: bytes = b"", **headers: str) -> requests.HTTPError:
    answer = requests.Response()
    answer.status_code, answer.url, answer._content = status, NOBODY, body  # noqa: SLF001 -- as its adapter does
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    error = raised_by(answer.raise_for_status)
    assert isinstance(error, requests.HTTPError)
    return error


async def of_aiohttp(answer: Answer) -> BaseException:
    async with serving(answer) as server, aiohttp.ClientSession(raise_for_status=True) as session:
        try:
            async with session.post(server.url, data=b"x") as response:
                await response.read()
        except aiohttp.ClientError as error:
            return error
    raise AssertionError("it raised nothing")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), Kind.TRANSIENT),
        (TimeoutError("slow"), Kind.TRANSIENT),
        (ConnectionResetError(errno.ECONNRESET, "reset"), Kind.TRANSIENT),
        (BrokenPipeError(), Kind.TRANSIENT),
        (OSError(errno.ENETUNREACH, "unreachable"), Kind.TRANSIENT),
        (OSError(errno.ENOSPC, "disk full"), Kind.TRANSIENT),
        (socket.gaierror(socket.EAI_AGAIN, "again"), Kind.TRANSIENT),
        (ssl.SSLError(1, "handshake"), Kind.TRANSIENT),
        (ssl.SSLCertVerificationError(1, "expired"), Kind.UNAUTHORIZED),
        (PermissionError(errno.EACCES, "no"), Kind.UNAUTHORIZED),
        (OSError(errno.EROFS, "read-only"), Kind.UNAUTHORIZED),
        (http.client.RemoteDisconnected("gone"), Kind.TRANSIENT),
        (http.client.IncompleteRead(b""), Kind.TRANSIENT),
        (urllib3.exceptions.ReadTimeoutError(urllib3.HTTPConnectionPool("h"), "/", "slow"), Kind.TRANSIENT),
        (urllib3.exceptions.ProtocolError("broke off"), Kind.TRANSIENT),
        (requests.exceptions.ChunkedEncodingError("broke off"), Kind.TRANSIENT),
        (requests.exceptions.ReadTimeout("slow"), Kind.TRANSIENT),
        (requests.exceptions.InvalidURL("no"), Kind.UNKNOWN),
        (Rejected("no email"), Kind.INVALID),
        (ValueError("what"), Kind.UNKNOWN),
        (KeyError("email"), Kind.UNKNOWN),
        (RuntimeError(), Kind.UNKNOWN),
    ],
)
def test_an_error_is_the_refusal_that_it_looks_like(error: Exception, kind: Kind) -> None:
    assert refusal_of(error).kind is kind


@pytest.mark.parametrize(
    ("status", "category"),
    [
        (429, Category.RATE_LIMIT),
        (500, Category.NETWORK),
        (400, Category.VALIDATION),
        (413, Category.VALIDATION),
        (401, Category.AUTHENTICATION),
        (200, Category.UNKNOWN),
    ],
)
def test_an_answer_that_an_error_carries_counts_by_its_status(status: int, category: Category) -> None:
    answer = requests.Response()
    answer.status_code = status

    refused = refusal_of(requests.HTTPError("no", response=answer))

    assert (refused.kind.category, refused.status) == (category, status)


def test_what_the_answer_said_and_how_long_to_wait_is_kept() -> None:
    refused = refusal_of(of_requests(429, b"slow\n down", Retry_After="7"))

    assert (refused.reason, refused.retry_after_seconds) == ("HTTP 429: slow down", 7.0)


def test_a_wait_until_an_instant_is_reckoned_from_the_answers_own_clock_else_from_ours() -> None:
    until = "Sun, 22 Nov 2026 12:00:30 GMT"
    ours = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)
    theirs = of_requests(503, Retry_After=until, Date="Sun, 22 Nov 2026 12:00:00 GMT")

    assert refusal_of(of_requests(503, Retry_After=until), at=ours).retry_after_seconds == 20.0
    assert refusal_of(theirs, at=ours).retry_after_seconds == 30.0


def test_an_error_of_urllib_and_one_of_botocore_are_read_as_well() -> None:
    headers = Message()
    headers["Retry-After"] = "3"

    class ClientError(Exception):
        def __init__(self) -> None:
            self.response = {"ResponseMetadata": {"HTTPStatusCode": 503, "HTTPHeaders": {"retry-after": "4"}}}

    of_botocore = refusal_of(ClientError())
    of_urllib = refusal_of(urllib.error.HTTPError(NOBODY, 429, "no", headers, io.BytesIO()))

    assert (of_urllib.kind, of_urllib.retry_after_seconds) == (Kind.THROTTLED, 3.0)
    assert (of_botocore.kind, of_botocore.retry_after_seconds) == (Kind.TRANSIENT, 4.0)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(429, headers={"Retry-After": "2"}), Kind.THROTTLED),
        (says(422), Kind.INVALID),
        (resets, Kind.TRANSIENT),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"), Kind.TRANSIENT),
        (sends(b"no http\r\n\r\n"), Kind.UNKNOWN),
    ],
)
def test_errors_of_aiohttp_are_read_from_a_real_answer(answer: Answer, kind: Kind) -> None:
    assert refusal_of(asyncio.run(of_aiohttp(answer))).kind is kind


@pytest.mark.parametrize(
    "call",
    [
        lambda: requests.post(NOBODY, timeout=5),
        lambda: urllib3.PoolManager(retries=0).request("POST", NOBODY),
        lambda: urllib.request.urlopen(NOBODY),
    ],
)
def test_nobody_who_listens_is_transient_and_no_reason_shows_the_secret(call: Callable[[], object]) -> None:
    refused = refusal_of(raised_by(call))

    assert refused.kind is Kind.TRANSIENT
    assert refused.reason
    assert "s3cret" not in refused.reason


def test_what_was_wrapped_counts_and_what_was_merely_under_way_does_not() -> None:
    def wrapped() -> None:
        raise RuntimeError("could not send") from ConnectionResetError()

    def under_way() -> None:
        try:
            raise ConnectionResetError  # noqa: TRY301 -- caught here, for what comes after it
        except ConnectionResetError:
            int("a bug of the sink")

    assert refusal_of(raised_by(wrapped)).kind is Kind.TRANSIENT
    assert refusal_of(raised_by(under_way)).kind is Kind.UNKNOWN


def test_an_error_that_causes_itself_ends() -> None:
    error = RuntimeError("round")
    error.__cause__ = error

    assert refusal_of(error).kind is Kind.UNKNOWN


def test_a_body_that_cannot_be_read_any_more_takes_nothing_from_its_status() -> None:
    class Gone:
        status_code = 503
        headers = None

        @property
        def text(self) -> str:
            raise RuntimeError("closed")

    error = RuntimeError("no")
    error.response = Gone()  # type: ignore[attr-defined]  # as other libraries hang it on

    assert refusal_of(error).kind is Kind.TRANSIENT
