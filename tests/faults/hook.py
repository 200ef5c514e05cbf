"""A real webhook receiver that now and then is slow, refuses, or hangs up on what it has taken."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from random import Random
from types import TracebackType
from typing import Any, Self

SLOW_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One message that arrived whole; `may_repeat` stands outside of the content, which never changes."""

    key: str
    kind: str
    job: str
    alert: str
    may_repeat: bool
    content: str


class Hook:
    """Listens on a free port; `got` is everything that arrived, whether or not it was answered well."""

    def __init__(self, seed: int = 0, *, moods: bool = True) -> None:
        self.got: list[Got] = []
        self._news = threading.Condition()
        self._chance = Random(seed)
        self._moods = moods
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Return once something holds of what arrived, or False when it does not in time."""
        with self._news:
            return self._news.wait_for(holds, seconds)

    def wait_for_more(self, messages: int, seconds: float) -> bool:
        """Return once so many more have arrived, or False when they do not in time."""
        wanted = len(self.got) + messages
        return self.wait_until(lambda: len(self.got) >= wanted, seconds)

    def of(self, kind: str) -> dict[str, set[str]]:
        """Return the keys of this kind that arrived for each job."""
        found: dict[str, set[str]] = {}
        for one in tuple(self.got):
            if one.kind == kind:
                found.setdefault(one.job, set()).add(one.key)
        return found

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        mood = self._mood()
        if mood == "refuses":
            request.send_response(503)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        self._take(request.headers["webhook-id"], loads(body))
        if mood == "is slow":
            self._over.wait(SLOW_SECONDS)
        if mood == "hangs up":
            request.close_connection = True
            return
        request.send_response(200)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _mood(self) -> str:
        if not self._moods:
            return "is well"
        with self._news:
            return self._chance.choices(
                ("is well", "is slow", "refuses", "hangs up"), weights=(70, 20, 7, 3)
            )[0]

    def _take(self, key: str, body: dict[str, Any]) -> None:
        may_repeat = body.pop("may_repeat")
        alert = body["alert"]
        got = Got(
            key=key,
            kind=body["kind"],
            job=alert["job"],
            alert=alert["id"],
            may_repeat=may_repeat,
            content=repr(body),
        )
        with self._news:
            self.got.append(got)
            self._news.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        class Asked(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                answer(self)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        super().__init__(address, Asked)

    def handle_error(self, *_: object) -> None:
        """A sender that was killed half-way is what these tests are about."""
