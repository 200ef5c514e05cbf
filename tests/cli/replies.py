"""A real HTTP server on the loopback that answers as a test tells it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: object


class Replies:
    """Answers each path with what was set for it, else with 404 in the API's form."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], tuple[int, bytes, dict[str, str]]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        """Close the door."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def set(
        self, method: str, path: str, body: object, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        """Answer this path from now on; bytes go out as they are, everything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._answers[method, path] = (status, content, headers or {})

    def refuse(self, method: str, path: str, status: int, message: str) -> None:
        """Refuse this path from now on, in the form of the API."""
        self.set(method, path, {"error": {"code": "x", "message": message, "field": None}}, status)

    def answer(self, asked: Asked) -> tuple[int, bytes, dict[str, str]]:
        """Note a request and return what it gets."""
        self.asked.append(asked)
        missing = {"error": {"code": "not_found", "message": "There is no such thing."}}
        return self._answers.get(
            (asked.method, asked.path),
            self._answers.get(
                (asked.method, asked.path.partition("?")[0]), (404, json.dumps(missing).encode(), {})
            ),
        )


def _answering(replies: Replies) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body: object = json.loads(self.rfile.read(length)) if length else None
            asked = Asked(self.command, self.path, dict(self.headers.items()), body)
            status, content, headers = replies.answer(asked)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def __getattr__(self, name: str) -> object:
            if name in ("do_POST", "do_DELETE", "do_PUT"):
                return self.do_GET
            raise AttributeError(name)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
            pass

    return Answering
