"""A real server for what the documentation tells people to try."""

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, SNIPPETS
from tocsin.clock import monotonic

PATIENCE_SECONDS = 30.0
PEOPLE = (SNIPPETS / "on-call" / "tocsin.yaml").read_text(encoding="utf-8")
CONFIGURATION = f"receivers:\n  - {{name: on-call, console: {{}}}}\n{PEOPLE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server of its own; `environment` is what a person who uses it has set."""

    address: str
    folder: Path
    environment: dict[str, str]

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, Any]:
        """Return status and JSON of an answer."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE_SECONDS)
        connection.request(
            method, path, body.encode() or None, {"content-type": "application/json"} if body else {}
        )
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def text(self, path: str) -> str:
        """Return an answer that is no JSON."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE_SECONDS)
        connection.request("GET", path)
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def said(self, words: str) -> str:
        """Return what the server has said to its terminal, once these words are among it."""
        until = monotonic() + PATIENCE_SECONDS
        while words not in (said := (self.folder / "server.log").read_text(encoding="utf-8")):
            assert monotonic() < until, f"{words!r} is not in\n{said}"
            self.ask("GET", "/readyz")
        return said

    def fail(self, job: str) -> str:
        """Have a job fail, and return the id of the alert."""
        assert self.ask("POST", "/api/v1/check-ins", json.dumps({"job": job, "kind": "fail"}))[0] == 202
        alerts = self.ask("GET", "/api/v1/alerts")[1]["items"]
        return str(next(alert["id"] for alert in alerts if alert["job"] == job))


def start(folder: Path, configuration: str = CONFIGURATION) -> Iterator[Served]:
    """Yield a server in a folder of its own, which says in `server.log` what it says to its terminal."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "server.yaml").write_text(configuration)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {
        **clean,
        "PATH": path,
        "PYTHONPATH": str(ROOT / "src"),
        "HOME": str(folder),
        "TOCSIN_URL": f"http://127.0.0.1:{port}",
        "TOCSIN_SPOOL": str(folder / "spool"),
    }
    words = ("serve", "--config", "server.yaml", "--port", str(port), "--data", str(folder / "data"))
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "tocsin", *words], cwd=folder, env=environment, stdout=log, stderr=log
        )
    served = Served(address=f"127.0.0.1:{port}", folder=folder, environment=environment)
    try:
        _await(served, server)
        yield served
    finally:
        server.terminate()
        server.wait()


def _await(served: Served, server: "subprocess.Popen[bytes]") -> None:
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if served.ask("GET", "/readyz")[0] == http.client.OK:
                return
        except OSError:
            pass
        assert server.poll() is None, (served.folder / "server.log").read_text()
        assert monotonic() < until, "the server is not ready"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that the tests of a module share."""
    yield from start(tmp_path_factory.mktemp("served"))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Served]:
    """A server for what changes who may use it."""
    yield from start(tmp_path)
