"""A load generator of its own process: connections in a closed loop, each waiting for its answer."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter, time
from typing import cast

import uvloop

WARM_UP_SECONDS = 0.5
FAILING = 50
KINDS = ("start", "heartbeat", "heartbeat", "end")


def life_of_run(job: str, number: int, worker: int) -> list[bytes]:
    """Return the check-ins of one run: start, two heartbeats, end; one run in FAILING fails."""
    run = f"{worker}-{number}"
    start = {"job": job, "kind": "start", "run": run, "seq": 1}
    beats = [
        {"job": job, "kind": "heartbeat", "run": run, "seq": seq, "progress": {"done": seq, "total": 4}}
        for seq in (2, 3)
    ]
    end: dict[str, object] = {"job": job, "kind": "success", "run": run, "seq": 4, "records": {"ok": 200}}
    if number % FAILING == FAILING - 1:
        end = {"job": job, "kind": "fail", "run": run, "seq": 4, "exit_code": 1, "error": {"message": "no"}}
    return [json.dumps(check_in).encode() for check_in in (start, *beats, end)]


def bodies(jobs: int, connection: int, connections: int, batch: int, worker: int) -> Iterator[bytes]:
    """Return what one connection sends: its own jobs in turn, each with whole runs."""
    own = range(connection, jobs, connections)
    number = 0
    waiting: list[bytes] = []
    while True:
        for job in own:
            number += 1
            for body in life_of_run(f"job_{job}", number, worker):
                if batch == 1:
                    yield body
                    continue
                waiting.append(body)
                if len(waiting) == batch:
                    yield b"[" + b",".join(waiting) + b"]"
                    waiting.clear()


@dataclass(slots=True)
class Tally:
    """What came back."""

    begins: float
    ends: float
    answers: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """One client: sends, waits for the whole answer, sends the next."""

    def __init__(self, source: Iterator[bytes], tally: Tally, path: str) -> None:
        self._source = source
        self._tally = tally
        self._head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n".encode()
        self._transport: asyncio.WriteTransport | None = None
        self._sent_at = 0.0
        self._buffer = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        self._transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def _send(self) -> None:
        if self._transport is None:
            return
        body = next(self._source)
        self._sent_at = perf_counter()
        self._transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (self._head, len(body), body))

    def data_received(self, data: bytes) -> None:
        """Count an answer once it is whole."""
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(rest) < int(length or 0):
            return
        self._buffer = b""
        now = perf_counter()
        tally = self._tally
        if now >= tally.begins:
            if b" 202 " in head[:16] or b" 200 " in head[:16]:
                tally.answers += 1
                tally.latencies.append(now - self._sent_at)
            else:
                tally.refused += 1
        if now < tally.ends:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if not self.done.done():
            self.done.set_result(exc)


async def load(  # noqa: PLR0917 -- the options of the command line, in their order
    port: int, seconds: float, connections: int, batch: int, jobs: int, path: str
) -> Tally:
    """Run the load and return what came back after a short warm-up."""
    begins = perf_counter() + WARM_UP_SECONDS
    tally = Tally(begins=begins, ends=begins + seconds)
    loop = asyncio.get_running_loop()
    worker = int(time() * 1000) % 1_000_000_000
    made = []
    for number in range(connections):
        source = bodies(jobs, number, connections, batch, worker)
        _, connection = await loop.create_connection(
            lambda source=source: Connection(source, tally, path),  # type: ignore[misc]  # a default binds it early
            "127.0.0.1",
            port,
        )
        made.append(connection.done)
    await asyncio.gather(*made)
    return tally


def main() -> None:
    """Load the server at --port and print the tally as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--path", default="/api/v1/check-ins")
    parser.add_argument("--cpu", type=int)
    chosen = parser.parse_args()
    if chosen.cpu is not None:
        os.sched_setaffinity(0, {chosen.cpu})
    tally = uvloop.run(
        load(chosen.port, chosen.seconds, chosen.connections, chosen.batch, chosen.jobs, chosen.path)
    )
    ordered = sorted(tally.latencies) or [0.0]
    json.dump(
        {
            "per_second": tally.answers / chosen.seconds * chosen.batch,
            "p50_ms": ordered[len(ordered) // 2] * 1e3,
            "p99_ms": ordered[int(len(ordered) * 0.99)] * 1e3,
            "refused": tally.refused,
            "events": tally.answers * chosen.batch,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
