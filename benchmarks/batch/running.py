"""Processes of a benchmark of batches: the sink, and who sends to it."""

import http.client
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.batch.figures import Books, books_of
from benchmarks.batch.terms import Terms
from benchmarks.processes import ENVIRONMENT, FIRST, START_SECONDS, free_port
from tocsin.clock import monotonic

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "batch"
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class SinkProcess:
    """The sink, in a process of its own."""

    port: int

    @property
    def url(self) -> str:
        """Where to send records."""
        return f"http://127.0.0.1:{self.port}/v1/batch"

    def reset(self, terms: Terms) -> None:
        """Begin anew on these terms."""
        self._ask("POST", "/reset", msgspec.json.encode(terms))

    def books(self) -> Books:
        """Return what it has written down."""
        return books_of(self._ask("GET", "/stats"))

    def ledger(self) -> dict[str, int]:
        """Return every id that was kept, and how often."""
        return msgspec.json.decode(self._ask("GET", "/ledger"), type=dict[str, int])

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            connection.request(method, path, body)
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def open_sink() -> Iterator[SinkProcess]:
    """Start the sink, wait until it answers, and end it."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.batch.sink", "--port", str(port)]
    process = subprocess.Popen(command, env=ENVIRONMENT)
    try:
        sink = SinkProcess(port)
        ends = monotonic() + START_SECONDS
        while not _answers(sink):
            if process.poll() is not None or monotonic() > ends:
                raise RuntimeError("the sink did not start")
        yield sink
    finally:
        process.terminate()
        process.wait()


def _answers(sink: SinkProcess) -> bool:
    try:
        sink.books()
    except OSError:
        threading.Event().wait(SAMPLE_SECONDS)
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of a process: its code is negative when it was killed, or by its time.

    `peak_mib` is the most that it and its children had resident at once, looked at twenty times a second.
    """

    code: int
    seconds: float
    peak_mib: float
    output: str


def run(command: Sequence[str], *, timeout_seconds: float = 120.0) -> Ran:
    """Run a process to its end, or for its time."""
    began, peak = monotonic(), 0.0
    process = subprocess.Popen(
        [*FIRST, *command], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output: list[str] = []
    reading = threading.Thread(target=lambda: output.append(process.communicate()[0]))
    reading.start()
    while reading.is_alive():
        peak = max(peak, _resident_mib(process.pid))
        if monotonic() - began > timeout_seconds:
            process.kill()
        reading.join(SAMPLE_SECONDS)
    seconds = monotonic() - began
    return Ran(code=process.returncode, seconds=seconds, peak_mib=peak, output=output[0])


def _resident_mib(pid: int) -> float:
    """Return what a process and all below it have resident."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0.0
    below = sum(_resident_mib(int(child)) for child in children)
    return pages * os.sysconf("SC_PAGESIZE") / 2**20 + below
