"""The real server as a process of its own: started, asked, killed and started again."""

import http.client
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Any

from tests.services.ports import free_port
from tocsin.clock import monotonic

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30.0
GLANCE_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer of the server."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 -- JSON is anything
        """The body as JSON."""
        return loads(self.body)


class Served:
    """One server on one port and one database; `starts` are the seconds that each start took."""

    def __init__(self, folder: Path, config: Path, database: str, within: Sequence[str] = ()) -> None:
        """`within` is a command that starts another where it shall live."""
        self.port = free_port()
        self.starts: list[float] = []
        self._folder = folder
        self._config = config
        self._database = database
        self._within = within
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting = threading.Event()

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        began = monotonic()
        words = [
            "serve",
            "--config",
            str(self._config),
            "--database",
            self._database,
            "--port",
            str(self.port),
        ]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._within, sys.executable, "-m", "tocsin", *words],
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "HOME": str(self._folder)},
                stdout=log,
                stderr=log,
            )
        while not self._listens():
            assert self._process.poll() is None, f"the server ended:\n{self.log()}"
            assert monotonic() - began < PATIENCE_SECONDS, f"the server did not start:\n{self.log()}"
            self._waiting.wait(GLANCE_SECONDS)
        self.starts.append(monotonic() - began)

    def kill(self) -> None:
        """End it without a warning."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._end(signal.SIGTERM)

    def _end(self, by: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait(PATIENCE_SECONDS)
            self._process = None

    def ask(self, method: str, path: str, body: bytes | None = None) -> Said:
        """Return what it answers; OSError or HTTPException where it does not."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            return Said(status=answer.status, body=answer.read())
        finally:
            connection.close()

    def wait_until(self, method: str, path: str, body: bytes | None, status: int) -> Said:
        """Ask until it answers with this status; fail when it does not in time."""
        until = monotonic() + PATIENCE_SECONDS
        said = self.ask(method, path, body)
        while said.status != status:
            assert monotonic() < until, f"{method} {path} answers {said.status} {said.body!r}\n{self.log()}"
            self._waiting.wait(GLANCE_SECONDS)
            said = self.ask(method, path, body)
        return said

    def reload(self) -> None:
        """Ask it to read its configuration again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def wait_for_log(self, words: str, *, times: int) -> str:
        """Return the end of the log once it holds these words so often."""
        self.wait_for(lambda: self.log().count(words) >= times)
        return self.log()

    def wait_for(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; fail when it does not in time."""
        until = monotonic() + PATIENCE_SECONDS
        while not holds():
            assert monotonic() < until, self.log()
            self._waiting.wait(GLANCE_SECONDS)

    def run_job(self, name: str, *command: str) -> int:
        """Run a command as a watched job with its spool beside the server, and return its exit code."""
        return self._client("run", "-q", "--job", name, "--", *command)

    def flush(self) -> int:
        """Deliver what waits in the spool, and return the exit code."""
        return self._client("flush")

    def _client(self, *words: str) -> int:
        spool = self._folder / "spool"
        spool.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "TOCSIN_URL": f"http://127.0.0.1:{self.port}",
            "TOCSIN_SPOOL": str(spool),
        }
        done = subprocess.run(
            [sys.executable, "-m", "tocsin", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        return done.returncode

    def is_running(self) -> bool:
        """Whether the process that was started last still lives."""
        return self._process is not None and self._process.poll() is None

    def let_files_grow(self, to_bytes: int = resource.RLIM_INFINITY) -> None:
        """Bound what it may write into one file, like a disk that is full beyond that."""
        assert self._process is not None
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (to_bytes, resource.RLIM_INFINITY))

    def log(self) -> str:
        """Return the end of what it has logged."""
        return (self._folder / "server.log").read_text()[-4_000:]

    def _listens(self) -> bool:
        with socket.socket() as knocking:
            return knocking.connect_ex(("127.0.0.1", self.port)) == 0


def write_config(folder: Path, hook: str) -> Path:
    """Write a configuration that tells everything to one webhook."""
    path = folder / "tocsin.yaml"
    path.write_text(
        "route: {receiver: hook, group_by: ['...']}\n"
        f"receivers:\n  - {{name: hook, webhook: {{url: '{hook}'}}}}\n"
    )
    return path
