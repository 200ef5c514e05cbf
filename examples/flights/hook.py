"""A real receiver of webhooks: it believes nothing that is not signed, and remembers what it was told."""

import base64
import binascii
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OLDEST_SECONDS = 300
MAX_BYTES = 1_000_000
SECRET_PREFIX = "whsec_"  # noqa: S105 -- the public prefix of Standard Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One message that came with a good signature; `at_seconds` counts from the receiver's start."""

    key: str
    kind: str
    job: str
    condition: str
    severity: str
    at_seconds: float


class Hook:
    """Listens on a free port of this machine; `wait_for` waits until it was told enough."""

    def __init__(self, secret: str) -> None:
        self._secret = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
        self._began = time.monotonic()
        self._changed = threading.Condition()
        self._words: dict[str, Word] = {}
        self._refused = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._answering())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address to post to."""
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    @property
    def words(self) -> tuple[Word, ...]:
        """What was told, in order; a repeat under the same key counts once."""
        with self._changed:
            return tuple(self._words.values())

    @property
    def refused(self) -> int:
        """How many requests had no good signature."""
        return self._refused

    def wait_for(self, enough: Callable[[], bool], seconds: float) -> bool:
        """Return whether it was told enough within so many seconds."""
        with self._changed:
            return self._changed.wait_for(enough, seconds)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, headers: dict[str, str], body: bytes) -> bool:
        """Keep a message whose signature is good; say whether it was."""
        if not is_signed(self._secret, headers, body, now_seconds=time.time()):
            self._refused += 1
            return False
        message = json.loads(body)
        alert = message["alert"]
        word = Word(
            key=headers["webhook-id"],
            kind=message["kind"],
            job=alert["job"],
            condition=alert["condition"],
            severity=alert["severity"],
            at_seconds=time.monotonic() - self._began,
        )
        with self._changed:
            self._words.setdefault(word.key, word)
            self._changed.notify_all()
        return True

    def _answering(self) -> type[BaseHTTPRequestHandler]:
        hook = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(min(int(self.headers.get("content-length", "0")), MAX_BYTES))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(204 if hook.take(headers, body) else 401)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's own name
                """Leave the terminal to the alerts."""

        return Answering


def is_signed(secret: bytes, headers: dict[str, str], body: bytes, *, now_seconds: float) -> bool:
    """Say whether a request is signed with the secret and not old, after the Standard Webhooks specification.

    Signed is `id.timestamp.body`, with HMAC-SHA256; the header holds one signature `v1,base64` or several.
    """
    try:
        sent_seconds = int(headers["webhook-timestamp"])
        signatures = headers["webhook-signature"].split()
        content = b".".join((headers["webhook-id"].encode(), str(sent_seconds).encode(), body))
        found = [base64.b64decode(s.removeprefix("v1,")) for s in signatures if s.startswith("v1,")]
    except (KeyError, ValueError, binascii.Error):
        return False
    good = hmac.new(secret, content, hashlib.sha256).digest()
    fresh = abs(now_seconds - sent_seconds) <= OLDEST_SECONDS
    return fresh and any(hmac.compare_digest(good, signature) for signature in found)
