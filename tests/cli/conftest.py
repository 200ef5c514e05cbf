"""How the tests call the command line, and the server that it speaks to."""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.replies import Replies
from tests.cli.zones import in_zone
from tests.services.ports import free_port
from tocsin.cli import main
from tocsin.clock import monotonic

PATIENCE_SECONDS = 90.0
ROOT = Path(__file__).parents[2]


class Said(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Tocsin = Callable[..., Said]


@pytest.fixture
def tocsin(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tocsin:
    """Runs one command in an empty folder, with nothing in its environment."""
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def call(*words: str, **environment: str) -> Said:
        with monkeypatch.context() as patch, in_zone("Europe/Berlin"):
            for name, value in environment.items():
                patch.setenv(name, value)
            code = main(words)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def replies(monkeypatch: pytest.MonkeyPatch, tocsin: Tocsin) -> Iterator[Replies]:
    """A server that answers as it is told; commands speak to it."""
    server = Replies()
    monkeypatch.setenv("TOCSIN_URL", server.url)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server without a configuration."""
    with real_server_in(tmp_path_factory.mktemp("server")) as url:
        yield url


@contextmanager
def real_server_in(folder: Path) -> Iterator[str]:
    """Run a server process by the configuration of this folder, with its data there; give its address."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HOME": str(folder)}
    words = ["serve", "--data", str(folder), "--port", str(port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tocsin", *words], cwd=folder, env=environment, stderr=log, stdout=log
        ) as process,
    ):
        try:
            wait_for(port, process, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the port takes connections."""
    until = monotonic() + PATIENCE_SECONDS
    while monotonic() < until and process.poll() is None:
        with socket.socket() as knocking:
            if knocking.connect_ex(("127.0.0.1", port)) == 0:
                return
            select.select([], [], [], 0.02)
    pytest.fail(f"the server did not start:\n{log.read_text()}")
