"""Starting servers, waiting for their first answer, and what the operating system says of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 30.0
TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CPU, LOADER_CPU = 0, 1
ACCEPTED = 202
# An installed package has its bytecode; a setting that forbids it would measure the compiler.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
FIRST = ("nice", "-n", "-10")
"""Before whatever else runs on the machine, where that is allowed; whoever is compared alike."""
CHECK_IN = b'{"job":"first","kind":"success","run":"r1","seq":1}'


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server process."""

    process: subprocess.Popen[bytes]
    port: int
    seconds_to_first_202: float

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def memory_mib(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 1_048_576


def post(port: int, body: bytes, path: str = "/api/v1/check-ins") -> int:
    """Send one request on a new connection and return the status."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        connection.sendall(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        return int(connection.recv(64).split()[1])


def get(port: int, path: str) -> int:
    """Ask for something on a new connection and return the status."""
    with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".encode())
        return int(connection.recv(64).split()[1])


@contextmanager
def running(
    which: str, *, database: str = "", config: str | None = None, cpu: int | None = SERVER_CPU
) -> Iterator[Server]:
    """Start a server, wait for its first 202, and kill it in the end."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.servers", which, "--port", str(port), "--database", database]
    if config is not None:
        command += ["--config", config]
    if cpu is not None:
        command += ["--cpu", str(cpu)]
    started = time.perf_counter()
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=ENVIRONMENT)
    try:
        yield Server(process=process, port=port, seconds_to_first_202=_first_202(process, port, started))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _first_202(process: subprocess.Popen[bytes], port: int, started: float) -> float:
    while time.perf_counter() - started < START_SECONDS:
        try:
            if post(port, CHECK_IN) == ACCEPTED:
                return time.perf_counter() - started
        except (OSError, IndexError):
            pass
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with exit code {process.returncode}")
        time.sleep(0.005)
    raise RuntimeError(f"the server did not answer within {START_SECONDS} s")


def load(server: Server, **options: Any) -> dict[str, float]:  # noqa: ANN401 -- options of the loader
    """Load a server from a process of its own; add its CPU time for each event, in microseconds."""
    command = [sys.executable, "-m", "benchmarks.loader", "--port", str(server.port)]
    command += ["--cpu", str(LOADER_CPU)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    before = server.cpu_seconds
    out = subprocess.run(command, check=True, capture_output=True, timeout=120).stdout
    result: dict[str, float] = json.loads(out)
    whole = result["events"] * (float(options.get("seconds", 3)) + 0.5) / float(options.get("seconds", 3))
    result["cpu_us"] = (server.cpu_seconds - before) / max(whole, 1) * 1e6
    return result
