"""A server to report to, a spool of one's own, and programs that use them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.listener import Listener, listening
from tests.client.programs import Programs
from tocsin.client.client import default_client

SOURCES = Path(__file__).parent.parent.parent / "src"


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have everything wait in a directory of this test."""
    place = tmp_path / "spool"
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TOCSIN_SPOOL", str(place))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return place


@pytest.fixture
def programs(server: Listener, spool: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Programs]:
    """Start `tocsin run` and Python jobs that report to the server."""
    monkeypatch.setenv("TOCSIN_URL", server.url)
    monkeypatch.setenv("PYTHONPATH", str(SOURCES))
    started: list[subprocess.Popen[bytes]] = []
    # Whoever runs the tests may ignore it, as nohup does, and then it is ignored by all that they start.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield Programs(sys.executable, started)
    signal.signal(signal.SIGHUP, before)
    for program in started:
        if program.poll() is None:
            program.kill()
        program.wait()
        for pipe in (program.stdin, program.stdout, program.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def default(server: Listener, spool: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Have `tocsin.job` report to the server, as the environment says."""
    monkeypatch.setenv("TOCSIN_URL", server.url)
    default_client.cache_clear()
    yield server
    default_client().flush(5)
    default_client.cache_clear()
