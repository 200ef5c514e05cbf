"""Sends batches over HTTP, one request a batch, and says what each answer means for its records."""

import asyncio
import gzip
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self

import aiohttp

from tocsin import clock
from tocsin.batch.answers import kind_of_status, wait_seconds
from tocsin.batch.encoding import encode_json, encode_json_each, encode_made_each
from tocsin.batch.failures import refusal_of
from tocsin.batch.limits import JSON_ARRAY, JSON_LINES, Framing, Limits, per_second
from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused, Rejected
from tocsin.batch.parcel import Batch
from tocsin.batch.sinks.address import address_of, checked_headers, merged, scope_of
from tocsin.batch.sinks.indexed import errors_at as read_errors_at
from tocsin.batch.words import a_kind
from tocsin.errors import InvalidPipeline

SHOWN_LIMIT: Final = 64 * 1024
READ_LIMIT: Final = 2**20
"""Of an answer that names bad records; it may name every one of them."""

IDLE_BODY_SECONDS: Final = 1.0
"""How long the rest of an answer is waited for when its status has said all, to use the connection again."""

_WORTH_A_THREAD: Final = 64 * 1024
_GZIP_LEVEL: Final = 3
_METHODS: Final = ("POST", "PUT", "PATCH")


class Reader(Protocol):
    """Reads what an answer says of single records."""

    def reads(self, status: int) -> bool:
        """Return whether an answer of this status has to be read."""

    def outcome(self, status: int, body: bytes, count: int) -> Outcome:
        """Return what became of a request of so many records that was answered like this."""


class HTTPSink:
    """One request a batch to one address; what every sink over HTTP has in common.

    Certificates are verified (`ca_file` adds authorities), redirects are not followed, no time-out is kept:
    whoever sends may cancel. Each request carries the id of its batch in `idempotency_header` (empty: none).
    `compress` sends gzip, as a batch that asks for it does, unless a sink is known not to take it.
    """

    takes_gzip = True

    def __init__(
        self,
        url: str,
        *,
        name: str,
        limits: Limits,
        framing: Framing,
        headers: Mapping[str, str] | None = None,
        authorization: str = "",
        secrets: Iterable[str] = (),
        method: str = "POST",
        reader: Reader | None = None,
        compress: bool = False,
        idempotency_header: str = "Idempotency-Key",
        allow_http: bool = False,
        ca_file: str | None = None,
    ) -> None:
        if method not in _METHODS:
            raise InvalidPipeline(f"method is {method!r}; it is one of {', '.join(_METHODS)}")
        checked_headers({idempotency_header: ""} if idempotency_header else {})
        given = checked_headers(headers)
        self.name = name
        self.limits = limits
        self.framing = framing
        self._where = address_of(
            url, authorization=authorization, headers=given, secrets=secrets, allow_http=allow_http
        )
        self._headers = merged({"Content-Type": "application/json"}, given)
        if self._where.authorization:
            self._headers["Authorization"] = self._where.authorization
        self._method = method
        self._reader = reader
        self._compress = compress
        self._idempotency_header = idempotency_header
        self._ca_file = ca_file
        self._open: dict[asyncio.AbstractEventLoop, tuple[aiohttp.ClientSession, int]] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._where})"

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what is open: a copy in another process opens its own."""
        return {**self.__dict__, "_open": {}}

    def encode(self, record: object, record_id: str) -> bytes:  # noqa: ARG002 -- as the protocol has it
        """Return a record as JSON; raises Rejected."""
        return self._within(encode_json(record))

    def _within(self, encoded: bytes) -> bytes:
        most = self.limits.max_record_bytes
        if most is not None and len(encoded) > most:
            raise Rejected(f"it has {len(encoded)} bytes, and {self.name} takes {most} a record")
        return encoded

    async def send(self, batch: Batch) -> Outcome:
        """Send one request, once, and return what became of it."""
        headers = {self._idempotency_header: batch.id} if self._idempotency_header else {}
        body = batch.body
        if self.takes_gzip and (batch.compress or self._compress):
            headers["Content-Encoding"] = "gzip"
            body = await _compressed(body)
        try:
            async with self._session().request(
                self._method, self._where.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return await self._outcome(answer, len(batch))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return self._refusal(error)

    async def check(self) -> Refused | None:
        """Return what would keep everything from getting through, None if nothing does; no record is sent.

        It asks with HEAD, so that only the way, the certificate and the credentials matter.
        """
        return await self._asked("HEAD", self._where.url)

    async def _asked(self, method: str, url: str, body: bytes | None = None) -> Refused | None:
        try:
            async with self._session().request(method, url, data=body, allow_redirects=False) as answer:
                said = await _start_of(answer)
                refused = self._refused(answer.status, answer.headers, said) or self._told(said)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return self._refusal(error)
        if refused is None or refused.status == HTTPStatus.NOT_IMPLEMENTED:
            return None
        return None if refused.kind in {Kind.INVALID, Kind.TOO_LARGE} else refused

    def _told(self, body: bytes) -> Refused | None:  # noqa: ARG002 -- for sinks whose check is answered in words
        """Return what the accepting answer to a check speaks against."""
        return None

    async def _outcome(self, answer: aiohttp.ClientResponse, count: int) -> Outcome:
        status = answer.status
        if kind_of_status(status) is None and self._reader is not None and self._reader.reads(status):
            return await self._read(self._reader, answer, count)
        refused = self._refused(status, answer.headers, await _start_of(answer))
        if refused is None and status == HTTPStatus.MULTI_STATUS:
            return Refused(
                Kind.UNKNOWN,
                f"{self._where} answered HTTP 207, and it is not said where it names records (errors_at)",
                status=status,
            )
        return refused or Delivered()

    async def _read(self, reader: Reader, answer: aiohttp.ClientResponse, count: int) -> Outcome:
        fault = f"answered HTTP {answer.status}, and its answer broke off"
        try:
            body = await _at_most(answer, READ_LIMIT + 1)
        except (aiohttp.ClientError, OSError, ValueError):
            return Refused(Kind.UNKNOWN, f"{self._where} {fault}", status=answer.status)
        if len(body) > READ_LIMIT:
            fault = f"answered HTTP {answer.status} with more than {READ_LIMIT} bytes"
            return Refused(Kind.UNKNOWN, f"{self._where} {fault}", status=answer.status)
        outcome = reader.outcome(answer.status, body, count)
        if isinstance(outcome, Refused):
            reason = self._where.hidden(outcome.reason)
            return Refused(outcome.kind, f"{self._where} {reason}", status=answer.status)
        return outcome

    def _refused(self, status: int, headers: Mapping[str, str], body: bytes) -> Refused | None:
        kind = kind_of_status(status)
        if kind is None:
            return None
        said = self._where.hidden(body)
        if 300 <= status < 400:  # noqa: PLR2004 -- the redirects of HTTP
            to = self._where.hidden(headers.get("Location", ""))
            said = f"a redirect to {to or 'nowhere'}, which is not followed; give the address it leads to"
        wait = wait_seconds(headers.get("Retry-After"), at=clock.now(), dated=headers.get("Date"))
        return Refused(
            kind, f"{self._where} answered HTTP {status}" + (f": {said}" if said else ""), wait, status
        )

    def _refusal(self, error: Exception) -> Refused:
        refused = refusal_of(error)
        return Refused(refused.kind, f"{self._where}: {self._where.hidden(refused.reason)}")

    def _session(self) -> aiohttp.ClientSession:
        opened = self._open.get(asyncio.get_running_loop())
        if opened is None:
            raise RuntimeError(f"{self.name} is not open: send within `async with`")
        return opened[0]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        opened = self._open.get(loop)
        session, count = opened or (self._new_session(), 0)
        self._open[loop] = (session, count + 1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections, if nobody else in this event loop has it open."""
        loop = asyncio.get_running_loop()
        session, count = self._open.pop(loop)
        if count > 1:
            self._open[loop] = (session, count - 1)
        else:
            await session.close()

    def _new_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=_trust(self._ca_file)),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=merged({"User-Agent": "Tocsin", "Accept-Encoding": "identity"}, self._headers),
            auto_decompress=False,
        )


class HTTPJSON(HTTPSink):
    """Records as JSON to any address.

    `framing`: `array` ([…]), `lines` (one record a line), `single` (one record a request); `wrap` names the
    field of an object that holds the array, `beside` the other fields of that object. `errors_at` says where
    an answer names bad records (`errors[].index/message`); without it every 2xx but 207 means that all were
    taken. `id_field` writes the id of each record into it, for a service that removes repeats. `rate` and
    `records_rate` ("100/s") are declared limits; `scope` names who shares them, by default all with the same
    address and headers.

    Raises InvalidPipeline for what cannot be used as written, without repeating what may be secret.
    """

    def __init__(
        self,
        url: str,
        *,
        method: Literal["POST", "PUT", "PATCH"] = "POST",
        headers: Mapping[str, str] | None = None,
        framing: Literal["array", "lines", "single"] | Framing = "array",
        wrap: str = "",
        beside: Mapping[str, object] | None = None,
        errors_at: str = "",
        id_field: str = "",
        name: str = "",
        max_records: int | None = None,
        max_bytes: int | None = None,
        max_record_bytes: int | None = None,
        rate: str | float | None = None,
        records_rate: str | float | None = None,
        concurrency: int | None = None,
        scope: str = "",
        compress: bool = False,
        idempotency_header: str = "Idempotency-Key",
        allow_http: bool = False,
        ca_file: str | None = None,
    ) -> None:
        given = checked_headers(headers)
        limits = Limits(
            max_records=1 if framing == "single" else max_records,
            max_bytes=max_bytes,
            max_record_bytes=max_record_bytes,
            requests_per_second=None if rate is None else per_second(rate),
            records_per_second=None if records_rate is None else per_second(records_rate),
            max_concurrency=concurrency,
            scope=scope or scope_of("http", method, url, repr(sorted(given.items()))),
        )
        super().__init__(
            url,
            name=name or _host_of(url, allow_http=allow_http),
            limits=limits,
            framing=_framing(framing, wrap, beside or {}),
            headers=merged(_CONTENT_TYPES.get(str(framing), {}), given),
            method=method,
            reader=read_errors_at(errors_at) if errors_at else None,
            compress=compress,
            idempotency_header=idempotency_header,
            allow_http=allow_http,
            ca_file=ca_file,
        )
        self._id_field = id_field

    def encode(self, record: object, record_id: str) -> bytes:
        """Return a record as JSON, with its id where a field for it is named; raises Rejected."""
        if not self._id_field:
            return self._within(encode_json(record))
        return self._within(encode_json(self._named(record, record_id)))

    def _named(self, record: object, record_id: str) -> dict[str, object]:
        if not isinstance(record, Mapping):
            raise Rejected(f"it is {a_kind(record)}, which has no field {self._id_field}")
        return {self._id_field: record_id, **record}

    def encode_each(self, records: Sequence[object], ids: Sequence[str]) -> Iterable[bytes]:
        """Return many records as JSON; what is too large is refused by whoever asks."""
        return encode_made_each(self._named, records, ids) if self._id_field else encode_json_each(records)


_CONTENT_TYPES: Final = {"lines": {"Content-Type": "application/x-ndjson"}}
_FRAMINGS: Final = {
    "array": JSON_ARRAY,
    "lines": JSON_LINES,
    "single": Framing(prefix=b"", separator=b"", suffix=b""),
}


def _framing(framing: str | Framing, wrap: str, beside: Mapping[str, object]) -> Framing:
    if isinstance(framing, Framing):
        return framing
    if framing not in _FRAMINGS:
        raise InvalidPipeline(f"framing is {framing!r}; it is one of {', '.join(_FRAMINGS)}, or a Framing")
    if not wrap and not beside:
        return _FRAMINGS[framing]
    if framing != "array" or not wrap:
        raise InvalidPipeline("wrap names the field of an object that holds the array; beside needs wrap")
    return envelope(wrap, beside)


def envelope(field: str, beside: Mapping[str, object]) -> Framing:
    """Return how an object is framed that holds the records in one field, and others beside it.

    Raises InvalidPipeline for fields that JSON cannot say.
    """
    try:
        name, others = encode_json(field), encode_json({**beside})
    except Rejected as reason:
        raise InvalidPipeline(f"what stands beside the records {reason}") from None
    inner = others[1:-1] + b"," if len(others) > len(b"{}") else b""
    return Framing(prefix=b"{" + inner + name + b":[", separator=b",", suffix=b"]}")


def _host_of(url: str, *, allow_http: bool) -> str:
    return str(address_of(url, allow_http=allow_http)).partition("://")[2]


def _trust(ca_file: str | None) -> ssl.SSLContext | Literal[True]:
    """Return how certificates are verified; True stands for the authorities of this machine."""
    if not ca_file:
        return True
    try:
        context = ssl.create_default_context()
        context.load_verify_locations(ca_file)
    except OSError as error:  # an unreadable certificate is one, too
        raise InvalidPipeline(f"ca_file {ca_file!r} cannot be used: {error.strerror or error}") from None
    return context


async def _compressed(body: bytes) -> bytes:
    if len(body) < _WORTH_A_THREAD:
        return gzip.compress(body, _GZIP_LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, _GZIP_LEVEL, mtime=0)


async def _at_most(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) >= limit:
            break
    return bytes(body[:limit])


async def _start_of(answer: aiohttp.ClientResponse) -> bytes:
    """Return the start of an answer whose status has said all; one that drips or breaks off is let go."""
    body = bytearray()
    with suppress(aiohttp.ClientError, OSError, ValueError):
        async with asyncio.timeout(IDLE_BODY_SECONDS):
            async for piece in answer.content.iter_any():
                body += piece
                if len(body) >= SHOWN_LIMIT:
                    break
    return bytes(body[:SHOWN_LIMIT])
