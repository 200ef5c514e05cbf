"""A real HTTP server on the loopback that takes check-ins, and can be as difficult as one wishes."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

CheckIn = dict[str, Any]
PATIENCE_SECONDS = 20.0


class Request(NamedTuple):
    """What came in."""

    path: str
    headers: dict[str, str]
    check_ins: list[CheckIn]
    size: int


class Reply(NamedTuple):
    """What goes back; without a status the connection is closed with nothing said."""

    status: int | None = 202
    body: object = None
    headers: tuple[tuple[str, str], ...] = ()


class Listener:
    """Records every request, counts a repeated (run, seq) once, and answers as `mode` says."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.taken: list[CheckIn] = []
        self.mode: Callable[[Request], Reply] = self.take
        self.released = threading.Event()
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        """Let go of whoever is held, and close."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    def on_request(self, request: Request) -> Reply:
        """Record a request and answer it."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        reply = self.mode(request)
        with self._changed:
            self._changed.notify_all()
        return reply

    def take(self, request: Request) -> Reply:
        """Take everything, as a server does that is well."""
        results = [self._result(index, check_in) for index, check_in in enumerate(request.check_ins)]
        return Reply(body={"results": results})

    def _result(self, index: int, check_in: CheckIn) -> dict[str, Any]:
        known = {(one.get("run"), one.get("seq")) for one in self.taken}
        again = check_in.get("seq") is not None and (check_in.get("run"), check_in["seq"]) in known
        if not again:
            self.taken.append(check_in)
        return {
            "index": index,
            "status": "duplicate" if again else "accepted",
            "run": check_in.get("run"),
            "error": None,
        }

    def answer(self, status: int, **headers: str) -> None:
        """Answer everything with this status from now on."""
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.mode = lambda _: Reply(status, {"error": {"code": "no", "message": "not now"}}, named)

    def hold(self) -> None:
        """Answer nothing until released."""

        def held(request: Request) -> Reply:
            self.released.wait(PATIENCE_SECONDS)
            return self.take(request)

        self.mode = held

    def hang_up(self) -> None:
        """Close every connection without an answer."""
        self.mode = lambda _: Reply(None)

    def reject(self, is_bad: Callable[[CheckIn], bool], field: str = "job") -> None:
        """Take what is good, and answer what is bad by its index."""

        def sorted_out(request: Request) -> Reply:
            results = []
            for index, check_in in enumerate(request.check_ins):
                if is_bad(check_in):
                    error = {"field": field, "message": "is not to our taste"}
                    results.append({"index": index, "status": "rejected", "run": None, "error": error})
                else:
                    results.append(self._result(index, check_in))
            return Reply(body={"results": results})

        self.mode = sorted_out

    def refuse(self, is_bad: Callable[[CheckIn], bool], status: int) -> None:
        """Refuse a whole request that holds anything bad."""

        def refused(request: Request) -> Reply:
            if any(is_bad(check_in) for check_in in request.check_ins):
                return Reply(status, {"error": {"code": "no", "message": "cannot be read"}})
            return self.take(request)

        self.mode = refused

    def wait_until(self, holds: Callable[["Listener"], object]) -> None:
        """Wait until something holds of what was received."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self), PATIENCE_SECONDS), self.taken

    def kinds(self, job: str | None = None) -> list[str]:
        """Return the kinds taken, in order."""
        return [one["kind"] for one in self.taken if job in (None, one["job"])]

    def last(self, kind: str) -> CheckIn:
        """Return the newest check-in of a kind."""
        return next(one for one in reversed(self.taken) if one["kind"] == kind)


@contextmanager
def listening() -> Iterator[Listener]:
    """Run a listener for a while."""
    listener = Listener()
    try:
        yield listener
    finally:
        listener.stop()


def _answering(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found = json.loads(body)
            check_ins = found if isinstance(found, list) else [found]
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = listener.on_request(Request(self.path, headers, check_ins, len(body)))
            self.close_connection = True
            if reply.status is not None:
                self._send(reply, json.dumps(reply.body, separators=(",", ":")).encode())

        def _send(self, reply: Reply, body: bytes) -> None:
            try:
                self.send_response(reply.status or 500)
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                return  # the client did not wait

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Answering
