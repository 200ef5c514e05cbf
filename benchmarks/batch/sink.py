"""The sink: a process that takes records over HTTP/1.1 and enforces its limits.

`POST` to any path sends records. `POST /reset` with the terms as JSON begins anew; `GET /stats` answers with
the books, `GET /ledger` with every id that was kept and how often.
"""

import argparse
import asyncio
import gc
import gzip
import json
import os
import zlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

import msgspec
import uvloop

from benchmarks.batch.desk import Answer, Desk
from benchmarks.batch.terms import Terms
from tocsin.clock import monotonic

MAX_HEAD: Final = 65_536
MAX_BODY: Final = 16 * 2**20
JUST_SECONDS: Final = 0.025
"""An answer that was sent so shortly before its connection was lost may not have been read."""


class Day:
    """What happens from one reset to the next."""

    def __init__(self, terms: Terms) -> None:
        self.desk = Desk(terms)
        self.in_flight = 0
        self.most_in_flight = 0
        self.lost_in_flight: list[int] = []
        self.seconds: list[float] = []
        self._free = terms.slots
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def begin(self) -> None:
        """Wait in line until the sink has a hand free."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if self._free is None:
            return
        if self._free == 0:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        else:
            self._free -= 1

    def end(self, seconds: float) -> None:
        """Write down how long a request took, and let the next in line come on."""
        self.in_flight -= 1
        self.seconds.append(seconds)
        if self._waiting:
            self._waiting.popleft().set_result(None)
        elif self._free is not None:
            self._free += 1

    def stats(self) -> dict[str, Any]:
        """Return the books, and what was under way.

        `lost_in_flight`: for each connection that its client dropped, how many kept records had not been
        answered, or so shortly before that nobody need have read it. `seconds`: from request to answer.
        """
        return {
            **self.desk.stats(),
            "most_in_flight": self.most_in_flight,
            "lost_in_flight": self.lost_in_flight,
            "seconds": sorted(self.seconds),
        }


class Sink:
    """What the connections of one process share: the day that it is."""

    def __init__(self, terms: Terms) -> None:
        self.day = Day(terms)


class Connection(asyncio.Protocol):
    """One client: reads a request, answers it when its time has come, reads the next."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._head: tuple[str, str, int, bool] | None = None
        self._work: asyncio.Task[None] | None = None
        self._kept = 0
        self._answered_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """Write down what its client cannot know."""
        unread = self._work is not None or monotonic() - self._answered_at < JUST_SECONDS
        if unread and self._kept:
            self._sink.day.lost_in_flight.append(self._kept)

    def data_received(self, data: bytes) -> None:
        """Take more bytes."""
        self._buffer += data
        self._read_on()

    def _read_on(self) -> None:
        if self._work is not None or not self._has_head():
            return
        method, path, length, is_packed = cast("tuple[str, str, int, bool]", self._head)
        if len(self._buffer) < length:
            return
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._head = None
        self._kept = 0
        self._work = asyncio.get_running_loop().create_task(self._answer(method, path, body, is_packed))

    def _has_head(self) -> bool:
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MAX_HEAD:
                    self._transport.abort()
                return False
            self._head = _read_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            if self._head is None:
                self._write(411, b"{}")
                self._transport.close()
        return self._head is not None

    async def _answer(self, method: str, path: str, body: bytes, is_packed: bool) -> None:  # noqa: FBT001 -- from the head
        if path in _CONTROLS:
            self._write(200, _CONTROLS[path](self._sink, body))
        elif method == "POST":
            await self._take(_unpacked(body) if is_packed else body)
        else:
            self._write(404, b"{}")
        self._work = None
        if not self._transport.is_closing():
            self._read_on()

    async def _take(self, body: bytes) -> None:
        day, began = self._sink.day, monotonic()
        await day.begin()
        answer = day.desk.receive(body, monotonic())
        self._kept = answer.kept
        await asyncio.sleep(answer.delay_seconds)
        day.end(monotonic() - began)
        self._finish(answer)

    def _finish(self, answer: Answer) -> None:
        if self._transport.is_closing():
            return
        if answer.status == 0:
            self._kept = 0
            self._transport.abort()
            return
        self._answered_at = monotonic()
        self._write(answer.status, answer.body, answer.retry_after_seconds)

    def _write(self, status: int, body: bytes, retry_after_seconds: float | None = None) -> None:
        after = "" if retry_after_seconds is None else f"retry-after: {retry_after_seconds:g}\r\n"
        head = f"HTTP/1.1 {status} {status}\r\ncontent-type: application/json\r\n{after}"
        self._transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


def _read_head(head: bytes) -> tuple[str, str, int, bool] | None:
    """Return method, path, length and whether the body is packed; None if the length is not said."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    fields = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    length = fields.get("content-length", "0" if method == "GET" else "")
    if not length.isdigit() or int(length) > MAX_BODY:
        return None
    return method, path, int(length), fields.get("content-encoding") == "gzip"


def _unpacked(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return b""  # which nobody can read as records either


def _reset(sink: Sink, body: bytes) -> bytes:
    sink.day = Day(msgspec.json.decode(body or b"{}", type=Terms))
    return b"{}"


_CONTROLS: Final[dict[str, Callable[[Sink, bytes], bytes]]] = {
    "/reset": _reset,
    "/stats": lambda sink, _body: json.dumps(sink.day.stats()).encode(),
    "/ledger": lambda sink, _body: json.dumps(sink.day.desk.ledger.times).encode(),
}


async def listening(sink: Sink, port: int) -> asyncio.Server:
    """Return a server on this port of this machine."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(sink), "127.0.0.1", port, backlog=1024)


async def _serve(port: int) -> None:
    await (await listening(Sink(Terms()), port)).serve_forever()


def main() -> None:
    """Take records until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    # A sink that is late itself would find requests too close together which were not.
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    gc.disable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
