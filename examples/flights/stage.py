"""The server and the jobs: real processes, started as a person or cron would start them."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PYTHON = Path(sys.executable)
LOOPBACK = "127.0.0.1"
STOP_SECONDS = 15.0
LOOK_SECONDS = 0.1
API_SECONDS = 20.0
LOG_CHARACTERS = 3_000


class StageError(Exception):
    """The play cannot go on; the text says why."""


class Stage:
    """One folder, one server, and the jobs that report to it.

    Jobs are started in the folder. What they print goes to `NAME.log`, what the server logs to `server.log`;
    the server's own output, where the alerts appear, is ours.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://{LOOPBACK}:{port}"
        self._server: subprocess.Popen[bytes] | None = None
        self._started: list[subprocess.Popen[bytes]] = []
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        path = f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self._surroundings = {
            **clean,
            "PATH": path,
            "TOCSIN_URL": self.url,
            "TOCSIN_SPOOL": str(folder / "spool"),
        }
        (folder / "jobs").symlink_to(HERE / "jobs")

    def open_server(self, hook_url: str, hook_secret: str, *, within_seconds: float) -> None:
        """Start the server and wait until it is ready; raises StageError if that does not happen."""
        configuration = self.folder / "tocsin.yaml"
        text = (HERE / "tocsin.yaml").read_text(encoding="utf-8")
        configuration.write_text(f"{text}\nbase_url: {self.url}\n", encoding="utf-8")
        words = (
            "serve",
            "--config",
            str(configuration),
            "--port",
            str(self.port),
            "--data",
            str(self.folder),
        )
        hook = {"FLIGHTS_HOOK": hook_url, "FLIGHTS_SECRET": hook_secret}
        with (self.folder / "server.log").open("wb") as log:
            self._server = subprocess.Popen(
                (sys.executable, "-m", "tocsin", *words),
                env={**self._surroundings, **hook},
                stdin=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + within_seconds
        while not self._is_ready():
            self.check_server()
            if time.monotonic() > deadline:
                raise StageError(
                    f"the server was not ready within {within_seconds:g} s:\n{self.server_log()}"
                )
            time.sleep(LOOK_SECONDS)

    def check_server(self) -> None:
        """Raise StageError if the server has ended."""
        if self._server is not None and self._server.poll() is not None:
            raise StageError(f"the server ended with code {self._server.returncode}:\n{self.server_log()}")

    def server_log(self) -> str:
        """Return the end of what the server has logged."""
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")[-LOG_CHARACTERS:]

    def start(self, script: str, *words: object) -> subprocess.Popen[bytes]:
        """Start one of the jobs that report by themselves, or a program that is none."""
        return self._start(script, PYTHON.name, f"jobs/{script}.py", *words)

    def start_wrapped(
        self, script: str, *words: object, options: tuple[str, ...] = ()
    ) -> "subprocess.Popen[bytes]":
        """Start a job that knows nothing of Tocsin, by `tocsin run`."""
        job = (PYTHON.name, f"jobs/{script}.py", *words)
        return self._start(script, PYTHON.name, "-m", "tocsin", "run", "--job", script, *options, "--", *job)

    def _start(self, name: str, *words: object) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                tuple(map(str, words)),
                cwd=self.folder,
                env=self._surroundings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def ask(self, path: str) -> Any:  # noqa: ANN401 -- JSON, as it comes
        """Return what the API answers."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=API_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            raise StageError(f"the server does not answer: {error}") from None
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise StageError(f"{path} was answered {answer.status}: {body[:300]!r}")
        return json.loads(body)

    def _is_ready(self) -> bool:
        try:
            return bool(self.ask("/readyz")["status"] == "ready")
        except StageError:
            return False

    def close(self) -> None:
        """End the server, then every job, whose end is no news any more, and wait for them."""
        if self._server is not None:
            _end(self._server)
        for process in self._started:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group; one that does not go is killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)


def free_port(wanted: int) -> int:
    """Return the wanted port, or another where that one is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StageError("this machine has no free port")
