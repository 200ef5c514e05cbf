"""A service on this machine that takes arrays of JSON, for tasks that are other processes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Shop(ThreadingHTTPServer):
    """Keeps every record that it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Order)
        self.records: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events"


class _Order(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.records += json.loads(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- named by its base
        """Say nothing."""


@contextmanager
def answering() -> Iterator[Shop]:
    """Run it for a while."""
    with Shop() as shop:
        thread = threading.Thread(target=shop.serve_forever, daemon=True)
        thread.start()
        yield shop
        shop.shutdown()
        thread.join()
