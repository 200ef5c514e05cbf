"""The gate in front of the API and the pages: who is let through, how much may be carried in, what leaves."""

from collections.abc import Mapping
from typing import Final

import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.web.access import Access
from tocsin.web.body import read_body
from tocsin.web.faults import Problem, body_of
from tocsin.web.guard import CROSS_SITE, SAFE_METHODS, from_elsewhere, is_cross_site, own_hosts

THREADS: Final = 16
MAX_ORDER: Final = 256 * 2**10

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_UNLESS_SET: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_OF_BODY: Final = frozenset({b"content-encoding", b"content-length", b"content-type", b"transfer-encoding"})
_API: Final = "/api/"
_TOO_LARGE: Final = Problem(
    status=413, code="too_large", message=f"The body is larger than {MAX_ORDER // 2**10} KiB."
)
_NUL: Final = Problem(status=400, code="bad_request", message="No name holds a NUL character (%00).")
_NAMED: Final = ("/api/v1/jobs/", "/jobs/")


class Gate:
    """An ASGI application around another one; the body that it hands on is whole, unpacked and bounded."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self._app = app
        self._access = access
        self._hosts = own_hosts(access.settings)
        self._bounded = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._bound_threads()
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        problem = self._refusal(scope, headers)
        if problem is None and scope["method"] not in SAFE_METHODS:
            body = await read_body(headers, receive)
            if isinstance(body, Problem):
                problem = body
            elif len(body) > MAX_ORDER:
                problem = _TOO_LARGE
            else:
                receive = _Whole(body, receive)
                scope = {**scope, "headers": _plain(scope, len(body))}
        send = _marked(send)
        if problem is not None:
            await _refuse(send, problem)
            return
        await self._app(_with_encoded_names(scope), receive, send)

    def _bound_threads(self) -> None:
        """The handlers run in threads of the loop's own pool, so it can be bounded only once a loop runs."""
        if not self._bounded:
            self._bounded = True
            anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS

    def _refusal(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Problem | None:
        if b"%00" in scope.get("raw_path", b"") or b"%00" in scope["query_string"]:
            return _NUL
        if self._access.is_open and (problem := from_elsewhere(headers, self._hosts)):
            return problem
        if scope["method"] not in SAFE_METHODS and is_cross_site(headers, self._access.settings):
            return CROSS_SITE
        return None


class _Whole:
    """Hands on a body that was already read, then whatever follows it."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        return await self._receive()


def _plain(scope: Scope, length: int) -> list[tuple[bytes, bytes]]:
    """Describe the body as it now is: unpacked, in one piece, and for the API JSON whatever curl calls it."""
    kept = [(name, value) for name, value in scope["headers"] if name not in _OF_BODY]
    kept.append((b"content-length", str(length).encode()))
    if scope["path"].startswith(_API):
        return [*kept, (b"content-type", b"application/json")]
    return [*kept, *((name, value) for name, value in scope["headers"] if name == b"content-type")]


def _with_encoded_names(scope: Scope) -> Scope:
    """Route by the path as it was sent where it holds a name, so that a name may hold a slash (%2F)."""
    if not scope["path"].startswith(_NAMED) or not scope.get("raw_path"):
        return scope
    return {**scope, "path": scope["raw_path"].decode("latin-1")}


def _marked(send: Send) -> Send:
    async def marking(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            names = {name for name, _ in headers}
            headers += _ALWAYS
            headers += [(name, value) for name, value in _UNLESS_SET if name not in names]
            message = {**message, "headers": headers}
        await send(message)

    return marking


async def _refuse(send: Send, problem: Problem) -> None:
    body = body_of(problem)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
