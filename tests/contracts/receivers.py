"""Real receivers on this machine, which behave as badly as they are told."""

import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from types import TracebackType
from typing import Self

from tests.contracts.situations import Situation

DRIP_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message as it came over the wire: the first line, the headers in lower case, the body."""

    first: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on a free port of this machine and serves one connection after the other until it is left."""

    def __init__(self, situation: Situation, tls: ssl.SSLContext | None = None) -> None:
        self.situation = situation
        self.received: list[Received] = []
        self._tls = tls
        self._over = Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        if self.situation is Situation.ABSENT:
            self._socket.close()
        else:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            connection, _ = self._socket.accept()
            with connection, suppress(OSError):
                self._greet(connection)

    def _greet(self, connection: socket.socket) -> None:
        if self._over.is_set():
            return
        connection.settimeout(10)
        if self.situation is Situation.LEAVES_EARLY:
            reset(connection)
            return
        if self._tls is None:
            self.talk(connection)
            return
        with self._tls.wrap_socket(connection, server_side=True) as protected:
            self.talk(protected)

    def talk(self, connection: socket.socket) -> None:
        """Hold one conversation."""
        raise NotImplementedError

    def after_the_message(self, connection: socket.socket) -> bool:
        """Misbehave, if that is wanted, now that the whole message is here; return whether that was so."""
        misbehaviour: dict[Situation, Callable[[socket.socket], object]] = {
            Situation.SILENT: lambda _: self._over.wait(60),
            Situation.LOSES_ANSWER: reset,
            Situation.DRIPS: self.drip,
            Situation.TALKS_NONSENSE: lambda connection: connection.sendall(b"moo\r\n"),
        }
        if self.situation not in misbehaviour:
            return False
        misbehaviour[self.situation](connection)
        return True

    def drip(self, connection: socket.socket) -> None:
        """Send one byte after the other until nobody listens any more."""
        while not self._over.wait(DRIP_SECONDS):
            connection.sendall(b"2")


class HttpReceiver(Receiver):
    """A web server."""

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def talk(self, connection: socket.socket) -> None:
        """Answer one request."""
        asked = request(connection)
        self.received.append(asked)
        if self.after_the_message(connection):
            return
        repeated = f"Cannot {asked.first}".encode() + asked.body
        answers = {
            Situation.ACCEPTS: self.accepting(asked),
            Situation.REFUSES: b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n" + repeated,
            Situation.BUSY: b"HTTP/1.1 429 Slow Down\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n",
            Situation.BROKEN: b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            Situation.REDIRECTS: b"HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
        }
        if self.situation in answers:
            connection.sendall(answers[self.situation])
        else:
            self.accept_badly(connection, self.accepting(asked))

    def accept_badly(self, connection: socket.socket, answer: bytes) -> None:
        """Accept in such a way that a careless sender would take it for something else."""
        head, end, body = answer.partition(b"\r\n\r\n")
        if self.situation is Situation.ACCEPTS_SLOWLY:
            for start in range(0, len(answer), 8):
                connection.sendall(answer[start : start + 8])
                self._over.wait(DRIP_SECONDS / 4)
            return
        longer = head.replace(b"Content-Length: ", b"Content-Length: 9")
        connection.sendall(longer + end + body[:-1])
        if self.situation is Situation.ACCEPTS_AND_DRIPS:
            self.drip(connection)

    def accepting(self, asked: Received) -> bytes:  # noqa: ARG002 - look-alikes of vendors look at it
        """Return the answer to a request that is welcome."""
        return answered(200, "OK", b"ok")


class SlowHandshake(HttpReceiver):
    """A server that begins a TLS hand-shake and goes on with it one byte at a time."""

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"https://127.0.0.1:{self.port}"

    def talk(self, connection: socket.socket) -> None:
        """Announce a long record of the hand-shake."""
        connection.sendall(b"\x16\x03\x03\x40\x00\x02")
        self.drip(connection)


class SmtpReceiver(Receiver):
    """A mail server that speaks just enough of RFC 5321."""

    def talk(self, connection: socket.socket) -> None:
        """Take one letter."""
        connection.sendall(b"220 mail.example.com ready\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                word = line[:4].upper().rstrip()
                if word == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    self.received.append(_letter(lines.readline))
                    if self.after_the_message(connection) or self._receipted_badly(connection):
                        return
                else:
                    connection.sendall(self._answer(word, line))
                    if word == b"QUIT":
                        return

    def _receipted_badly(self, connection: socket.socket) -> bool:
        """Give the receipt; return whether nothing sensible follows it."""
        receipt = b"250 2.0.0 queued as 1\r\n"
        if self.situation is Situation.ACCEPTS_SLOWLY:
            for start in range(0, len(receipt), 4):
                connection.sendall(receipt[start : start + 4])
                self._over.wait(DRIP_SECONDS)
            return False
        connection.sendall(receipt)
        if self.situation is Situation.ACCEPTS_AND_DRIPS:
            self.drip(connection)
        return self.situation in {Situation.ACCEPTS_AND_LEAVES, Situation.ACCEPTS_AND_DRIPS}

    def _answer(self, word: bytes, line: bytes) -> bytes:
        if word == b"EHLO":
            return b"250-mail.example.com\r\n250 AUTH PLAIN\r\n"
        if word == b"AUTH":
            refused = self.situation is Situation.REFUSES
            return b"535 5.7.8 no: " + line if refused else b"235 2.7.0 welcome\r\n"
        if word == b"MAIL" and self.situation is Situation.BROKEN:
            return b"451 4.3.0 disk full\r\n"
        if word == b"RCPT" and self.situation is Situation.BUSY:
            return b"450 4.7.1 greylisted, come back later\r\n"
        return b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n"


def answered(status: int, word: str, body: bytes) -> bytes:
    """Return an answer as it goes over the wire."""
    return f"HTTP/1.1 {status} {word}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def reset(connection: socket.socket) -> None:
    """Break the connection off, so that the other side notices at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def request(connection: socket.socket) -> Received:
    """Read one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536) or _gone()
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536) or _gone()
    return Received(first=first, headers=headers, body=body)


def _letter(readline: Callable[[], bytes]) -> Received:
    lines: list[bytes] = []
    while (line := readline()) != b".\r\n":
        lines.append((line or _gone()).removeprefix(b"."))
    return Received(first="", headers={}, body=b"".join(lines))


def _gone() -> bytes:
    raise ConnectionResetError
