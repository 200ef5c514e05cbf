"""The server's API over HTTP, with the standard library alone."""

import http.client
import json
import os
import shutil
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from tocsin.cli.exits import Exit, give_up
from tocsin.client.settings import DEFAULT_URL

TIMEOUT_SECONDS = 15.0
BACKUP_TIMEOUT_SECONDS = 600.0
MAX_ANSWER = 64 * 1024 * 1024
MAX_TOKEN = 4096
PAGE = 1000
OK_STATUS = range(200, 300)
MOVED = range(300, 400)
NOT_FOUND = 404
LINES = "application/x-ndjson"

Json = Mapping[str, object]


class Address(NamedTuple):
    """Where the server is."""

    is_secure: bool
    host: str
    port: int | None
    path: str


class Api:
    """A server, as somebody with a token sees it; every trouble ends the command with its exit code."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self._address = _address(url)
        self._headers = {"Accept": "application/json", "User-Agent": "tocsin-cli"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def get(self, *steps: str, **query: object) -> Json:
        """Return what stands at a path, each step of which is a name as people write it."""
        return self._ask("GET", _path(steps, query))

    def find(self, *steps: str, **query: object) -> Json | None:
        """Return what stands at a path, or None where there is nothing."""
        with self._answer("GET", _path(steps, query), None, TIMEOUT_SECONDS, may_miss=True) as answer:
            content = answer.read(MAX_ANSWER)
        return None if answer.status == NOT_FOUND and _complaint(content) else _object(content, self.url)

    def post(self, *steps: str, body: Json | None = None) -> Json:
        """Have something done."""
        return self._ask("POST", _path(steps), body or {})

    def delete(self, *steps: str) -> Json:
        """Have something removed."""
        return self._ask("DELETE", _path(steps))

    def pages(self, *steps: str, limit: int, **query: object) -> Json:
        """Return up to `limit` items of a list, over its pages; `next` is the cursor of those left out."""
        items: list[object] = []
        following: object = None
        while len(items) < limit:
            page = self.get(*steps, limit=min(limit - len(items), PAGE), cursor=following, **query)
            found = page.get("items")
            items += found if isinstance(found, list) else []
            following = page.get("next")
            if not following or not found:
                break
        return {"items": items, "next": following}

    def download(self, *steps: str, into: IO[bytes], **query: object) -> int:
        """Copy a file from the server; return its length in bytes."""
        with self._answer("GET", _path(steps, query), None, BACKUP_TIMEOUT_SECONDS) as answer:
            shutil.copyfileobj(answer, into, 1024 * 1024)
            _whole(answer, self.url)
        return into.tell()

    def portion(self, *steps: str, **query: object) -> tuple[bytes, str]:
        """Return a portion of lines, and the cursor of the next one: empty after the last."""
        with self._answer("GET", _path(steps, query), None, BACKUP_TIMEOUT_SECONDS) as answer:
            content = answer.read(MAX_ANSWER + 1)
            if len(content) <= MAX_ANSWER:
                _whole(answer, self.url)
            following = answer.headers.get("Tocsin-Next", "")
            if not answer.headers.get("Content-Type", "").startswith(LINES):
                give_up(f"what answers at {self.url} is not Tocsin; is TOCSIN_URL right?", Exit.FAILED)
        return content, following

    def send(self, *steps: str, lines: bytes, **query: object) -> Json:
        """Give the server a portion of lines."""
        with self._answer("POST", _path(steps, query), lines, BACKUP_TIMEOUT_SECONDS) as answer:
            return _object(answer.read(MAX_ANSWER), self.url)

    def _ask(self, method: str, path: str, body: Json | None = None) -> Json:
        with self._answer(method, path, body, TIMEOUT_SECONDS) as answer:
            content = answer.read(MAX_ANSWER + 1)
            if len(content) <= MAX_ANSWER:
                _whole(answer, self.url)
        if len(content) > MAX_ANSWER:
            give_up(f"{self.url} answered with more than 64 MiB", Exit.FAILED)
        return _object(content, self.url)

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        body: Json | bytes | None,
        timeout_seconds: float,
        *,
        may_miss: bool = False,
    ) -> Iterator[http.client.HTTPResponse]:
        connection = self._connection(timeout_seconds)
        headers = dict(self._headers)
        content = body if isinstance(body, bytes) else None
        if body is not None:
            content = content or json.dumps(body).encode()
            headers["Content-Type"] = LINES if isinstance(body, bytes) else "application/json"
        try:
            connection.request(method, self._address.path + path, content, headers)
            answer = connection.getresponse()
            if answer.status not in OK_STATUS and not (may_miss and answer.status == NOT_FOUND):
                _refuse(answer, self.url)
            yield answer
        except (OSError, http.client.HTTPException) as error:
            give_up(_unreachable(self.url, error), Exit.UNREACHABLE)
        finally:
            connection.close()

    def _connection(self, timeout_seconds: float) -> http.client.HTTPConnection:
        to = self._address
        if not to.is_secure:
            return http.client.HTTPConnection(to.host, to.port, timeout=timeout_seconds)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(to.host, to.port, timeout=timeout_seconds, context=context)


def api_of(url: str | None) -> Api:
    """Return the server that was named, or that of the environment, with the token of the environment."""
    chosen = url or os.environ.get("TOCSIN_URL") or DEFAULT_URL
    return Api(chosen.strip().rstrip("/"), _token())


def _token() -> str:
    token = os.environ.get("TOCSIN_TOKEN", "").strip()
    path = os.environ.get("TOCSIN_TOKEN_FILE", "")
    if not token and path:
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 -- pathlib costs every command 5 ms
                token = file.read(MAX_TOKEN).strip()
        except (OSError, ValueError) as error:
            give_up(f"TOCSIN_TOKEN_FILE {path!r} cannot be read: {error}", Exit.USAGE)
    if not token.isascii() or not token.isprintable():
        give_up("the token holds characters that no token has; copy it again", Exit.USAGE)
    return token


def _address(url: str) -> Address:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in url or not url.isprintable():
        give_up(f"{url!r} is not the address of a server; write it like {DEFAULT_URL}", Exit.USAGE)
    return Address(parts.scheme == "https", parts.hostname, port, parts.path.rstrip("/"))


def _path(steps: tuple[str, ...], query: Mapping[str, object] | None = None) -> str:
    path = "/api/v1/" + "/".join(quote(step, safe="") for step in steps)
    asked = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{path}?{urlencode(asked)}" if asked else path


def _object(content: bytes, url: str) -> Json:
    try:
        found: object = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        give_up(f"what answers at {url} is not Tocsin; is TOCSIN_URL right?", Exit.FAILED)
    return found


def _whole(answer: http.client.HTTPResponse, url: str) -> None:
    """End the command if the server announced more than it sent."""
    if answer.length:
        give_up(f"the answer from {url} broke off; {answer.length} bytes are missing", Exit.UNREACHABLE)


def _refuse(answer: http.client.HTTPResponse, url: str) -> None:
    """End the command with what the server says about a request that it did not carry out."""
    message = _complaint(answer.read(MAX_ANSWER))
    if answer.status in MOVED:
        to = answer.headers.get("Location", "another address")
        give_up(f"{url} sends us on to {to}; set TOCSIN_URL to where the server really is", Exit.UNREACHABLE)
    if answer.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        hint = "set TOCSIN_TOKEN or TOCSIN_TOKEN_FILE to a user token (tocsin token create --user NAME)"
        give_up(f"not allowed: {message or 'the server wants a token'}\n{hint}", Exit.NOT_ALLOWED)
    if answer.status >= http.client.INTERNAL_SERVER_ERROR and answer.status != http.client.NOT_IMPLEMENTED:
        give_up(f"the server cannot answer now: {message or f'HTTP {answer.status}'}", Exit.UNREACHABLE)
    give_up(message or f"the server refused: HTTP {answer.status}", Exit.REFUSED)


def _complaint(content: bytes) -> str:
    try:
        error = json.loads(content)["error"]
        faults = error.get("faults") or []
        lines = [f"{fault['field']}: {fault['message']}" for fault in faults]
        return "\n  ".join([str(error["message"]), *(line for line in lines if line != error["message"])])
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""


def _unreachable(url: str, error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return f"no server answers at {url}; start one with: tocsin serve (or set TOCSIN_URL)"
    if isinstance(error, TimeoutError):
        return f"the server at {url} does not answer in time"
    if isinstance(error, socket.gaierror):
        return f"the name in {url} cannot be found; is TOCSIN_URL right?"
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "for an authority of your own, set SSL_CERT_FILE to its certificate"
        return f"the certificate of {url} is not trusted: {error.verify_message}; {hint}"
    if isinstance(error, ssl.SSLError):
        return f"{url} does not speak TLS; is it http:// perhaps?"
    if isinstance(error, http.client.HTTPException):
        return f"what answers at {url} does not speak HTTP; is it https:// perhaps?"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return f"the server at {url} cannot be reached: {reason}"
