"""The hot way in: check-ins and pings, answered before the framework is asked.

One in a thousand requests is for a page or the API; the others come here, where a request costs a third.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pydantic_core import to_json
from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin.clock import Clock
from tocsin.engine.engine import Engine
from tocsin.errors import StoreError
from tocsin.jobs.checkin import Answer, Answered, CheckIn
from tocsin.jobs.job import JobKey
from tocsin.store.base import Store
from tocsin.web.access import Access, secret_of
from tocsin.web.body import read_body
from tocsin.web.check_in import Faults, Read, Warned, is_list, read_check_ins
from tocsin.web.faults import RETRY_SECONDS, UNAVAILABLE, Fault, Problem, body_of, error_of, problem_of
from tocsin.web.guard import CROSS_SITE, from_elsewhere, is_cross_site, own_hosts
from tocsin.web.intake import Intake
from tocsin.web.ping import BODY_LIMIT, ROOT, NoPing, Ping, check_in_of, read_ping
from tocsin.web.refusals import Refusals, Refused, masked

CHECK_INS: Final = "/api/v1/check-ins"
PINGS: Final = ROOT.decode()
LOOK_UP_THREADS: Final = 4

_JSON: Final = (b"content-type", b"application/json")
_TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
_NO_STORE: Final = (b"cache-control", b"no-store")
_RETRY: Final = (b"retry-after", str(RETRY_SECONDS).encode())
_CHALLENGE: Final = (b"www-authenticate", b"Bearer")
_PING_HEADERS: Final = (
    _TEXT,
    (b"access-control-allow-origin", b"*"),
    (b"ping-body-limit", str(BODY_LIMIT).encode()),
    (b"cache-control", b"max-age=0, no-cache, no-store, must-revalidate, private"),
)
_PREFLIGHT: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
    (b"access-control-allow-headers", b"*"),
)
_REJECTED: Final = Answered.REJECTED.value
_PING_METHODS: Final = frozenset({"GET", "HEAD", "POST"})
_POST_ONLY: Final = Problem(status=405, code="method_not_allowed", message="Check-ins are sent here by POST.")
_UNAUTHORIZED: Final = Problem(
    status=401,
    code="unauthorized",
    message="Send an ingest key or a token: Authorization: Bearer tcs_in_…",
)
_NO_SUCH_KEY: Final = (404, b"not found")

Headers = Mapping[bytes, bytes]
HeaderList = Sequence[tuple[bytes, bytes]]


class Front:
    """An ASGI application that takes check-ins and pings itself and leaves everything else to `app`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        engine: Engine,
        store: Store,
        access: Access,
        clock: Clock,
        refusals: Refusals,
    ) -> None:
        self._app = app
        self._refusals = refusals
        self._engine = engine
        self._store = store
        self._access = access
        self._hosts = own_hosts(access.settings)
        self._clock = clock
        self._intake: Intake | None = None
        self._threads = ThreadPoolExecutor(LOOK_UP_THREADS, thread_name_prefix="tocsin-look-up")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if path == CHECK_INS:
                await self._take_check_ins(scope, receive, send)
                return
            if path.startswith(PINGS):
                await self._take_ping(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _take_check_ins(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await _answer(send, _POST_ONLY.status, body_of(_POST_ONLY), (_JSON, (b"allow", b"POST")))
            return
        headers: Headers = dict(scope["headers"])
        secret = secret_of(headers.get(b"authorization", b""))
        body: bytes | Problem | None = self._refusal(headers, secret)
        if body is _UNAUTHORIZED:
            self._note_key(scope, secret)
        if body is None:
            body = await read_body(headers, receive)
        if isinstance(body, Problem):
            await _refuse(send, body)
            return
        received_at = self._clock.now()
        found = read_check_ins(body, received_at, self._engine.configuration.defaults)
        if isinstance(found, Problem):
            self._refusals.note(Refused.INVALID, f"{found.message} {_from(scope)}")
            await _refuse(send, found)
            return
        good = [
            one.check_in if isinstance(one, Warned) else one for one in found if not isinstance(one, tuple)
        ]
        if len(good) < len(found):
            self._note_faults(scope, found)
        reply = await self._report(good) if good else ()
        if isinstance(reply, Problem):
            await _refuse(send, reply)
        elif is_list(body):
            await _tell_results(send, found, reply)
        else:
            await _tell_result(send, found[0], reply)

    def _note_key(self, scope: Scope, secret: bytes) -> None:
        if secret:
            self._refusals.note(Refused.UNKNOWN_KEY, f"{masked(secret)} {_from(scope)}")
        else:
            self._refusals.note(Refused.NO_KEY, _from(scope))

    def _note_faults(self, scope: Scope, found: Sequence[Read]) -> None:
        faults = [one for one in found if isinstance(one, tuple)]
        last = faults[-1][0]
        self._refusals.note(Refused.INVALID, f"{last.field} {last.message} {_from(scope)}", count=len(faults))

    def _refusal(self, headers: Headers, secret: bytes) -> Problem | None:
        self._look_again()
        if self._access.is_open:
            if problem := from_elsewhere(headers, self._hosts):
                return problem
            return CROSS_SITE if is_cross_site(headers, self._access.settings) else None
        return None if self._access.reporter(secret) is not None else _UNAUTHORIZED

    def _look_again(self) -> None:
        if self._access.is_due():
            self._threads.submit(self._access.refresh)

    async def _report(self, check_ins: Sequence[CheckIn]) -> tuple[Answer, ...] | Problem:
        """Return the engine's answers once what was said is durable."""
        if self._intake is None:
            self._intake = Intake(asyncio.get_running_loop(), self._engine.report)
        return await self._intake.put(check_ins)

    async def _take_ping(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        if method == "OPTIONS":
            await _answer(send, 204, b"", _PREFLIGHT)
            return
        if method not in _PING_METHODS:
            await _answer(send, 405, b"method not allowed", (*_PING_HEADERS, (b"allow", b"GET, HEAD, POST")))
            return
        headers: Headers = dict(scope["headers"])
        body = await read_body(headers, receive)
        if isinstance(body, Problem):
            await _answer(send, body.status, body.message.encode(), _PING_HEADERS)
            return
        status, text = await self._ping(scope, headers, body)
        extra = (_RETRY,) if status == UNAVAILABLE.status else ()
        await _answer(send, status, text, (*_PING_HEADERS, *extra), head=method == "HEAD")

    async def _ping(self, scope: Scope, headers: Headers, body: bytes) -> tuple[int, bytes]:
        ping = read_ping(scope["raw_path"], scope["query_string"])
        if isinstance(ping, NoPing):
            self._refusals.note(Refused.INVALID, f"a ping, {ping.text} {_from(scope)}")
            return ping.status, ping.text.encode()
        refusal = self._ping_refusal(headers, ping)
        if refusal is not None:
            if refusal is _NO_SUCH_KEY:
                key = masked(ping.key.encode())
                self._refusals.note(Refused.UNKNOWN_KEY, f"{key} for {ping.job} {_from(scope)}")
            return refusal
        try:
            known = ping.create or await asyncio.get_running_loop().run_in_executor(
                self._threads, self._knows, JobKey(ping.environment, ping.job)
            )
        except StoreError:
            return UNAVAILABLE.status, UNAVAILABLE.message.encode()
        if not known:
            self._refusals.note(Refused.UNKNOWN_JOB, f"{ping.job} in {ping.environment} {_from(scope)}")
            return 404, b"not found"
        reply = await self._report([check_in_of(ping, body, self._clock.now())])
        if isinstance(reply, Problem):
            return reply.status, reply.message.encode()
        answer = reply[0]
        if answer.status is Answered.REJECTED:
            return 400, (answer.message or "refused").encode()
        return (201, b"Created") if answer.new_job else (200, b"OK")

    def _ping_refusal(self, headers: Headers, ping: Ping) -> tuple[int, bytes] | None:
        """A browser may ping from any page that knows a key; without keys nothing but the page is known."""
        self._look_again()
        if not self._access.is_open:
            return None if self._access.ingest_key(ping.key.encode()) is not None else _NO_SUCH_KEY
        problem = self._refusal(headers, b"")
        return None if problem is None else (problem.status, problem.message.encode())

    def _knows(self, key: JobKey) -> bool:
        with self._store.reading() as reading:
            return reading.job(key) is not None


def _from(scope: Scope) -> str:
    """Return where a request comes from, as the last machine on its way."""
    client = scope.get("client")
    return f"from {client[0]}" if client else "from this machine"


async def _tell_results(send: Send, found: Sequence[Read], answers: Sequence[Answer]) -> None:
    waiting = iter(answers)
    results = [
        _rejection(index, one) if isinstance(one, tuple) else _result(index, one, next(waiting))
        for index, one in enumerate(found)
    ]
    told: dict[str, object] = {"results": results}
    kept = any(result["status"] != _REJECTED for result in results)
    if not kept:
        fault = Fault(field=str(results[0]["field"]), message=str(results[0]["message"]))
        told |= error_of(problem_of([fault], f"None of {len(results)} check-ins"))
    await _answer(send, 202 if kept else 422, to_json(told), (_JSON, _NO_STORE))


async def _tell_result(send: Send, one: Read, answers: Sequence[Answer]) -> None:
    if isinstance(one, tuple):
        await _refuse(send, problem_of(one, "The check-in"))
    elif answers[0].status is Answered.REJECTED:
        fault = Fault(field=answers[0].field or "", message=answers[0].message or "was refused")
        await _refuse(send, problem_of([fault], "The check-in"))
    else:
        await _tell_results(send, [one], answers)


def _result(index: int, one: CheckIn | Warned, answer: Answer) -> dict[str, object]:
    result: dict[str, object] = {"index": index, "status": answer.status.value, "run": answer.run}
    if answer.status is Answered.REJECTED:
        result |= {"field": answer.field or "", "message": answer.message or ""}
    elif isinstance(one, Warned):
        result |= {"field": one.warning.field, "message": f"{one.warning.message}; this was left out"}
    return result


def _rejection(index: int, faults: Faults) -> dict[str, object]:
    return {
        "index": index,
        "status": _REJECTED,
        "field": faults[0].field,
        "message": faults[0].message,
        "faults": [{"field": fault.field, "message": fault.message} for fault in faults],
    }


async def _refuse(send: Send, problem: Problem) -> None:
    extra: HeaderList = ()
    if problem.status == UNAVAILABLE.status:
        extra = (_RETRY,)
    elif problem.status == _UNAUTHORIZED.status:
        extra = (_CHALLENGE,)
    await _answer(send, problem.status, body_of(problem), (_JSON, _NO_STORE, *extra))


async def _answer(send: Send, status: int, body: bytes, headers: HeaderList, *, head: bool = False) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if head else body})
