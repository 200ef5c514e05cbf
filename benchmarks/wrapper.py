"""What `tocsin run -- true` costs over the bare command, whatever the server does."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.processes import ENVIRONMENT, free_port, get, running
from benchmarks.report import Row, mid, spread

BARE = ["/bin/true"]
WRAPPED = [sys.executable, "-m", "tocsin", "run", "--job", "bench", "--", "/bin/true"]


@contextmanager
def _black_hole() -> Iterator[str]:
    """Listen, and never take a connection: what is sent vanishes."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as hole:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)  # noqa: FBT003 -- the standard library's own form
            filler.connect_ex(hole.getsockname())
        yield f"http://127.0.0.1:{hole.getsockname()[1]}"
        for filler in fillers:
            filler.close()


def measure(rounds: int) -> list[Row]:
    """Return the extra time, with the server up, refusing, black-holed, and under an unknown name."""
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        with running("ours", database=f"{folder}/t.db", cpu=None) as server:
            get(server.port, "/api/v1/jobs")  # what it loads after its first answer has an end
            rows.append(_row("server up", f"http://127.0.0.1:{server.port}", 0.060, rounds))
        rows.append(_row("server down (refused)", f"http://127.0.0.1:{free_port()}", 1, rounds))
        with _black_hole() as address:
            rows.append(_row("server black-holed", address, 1, rounds))
        rows.append(_row("name does not resolve", "http://tocsin.invalid:8465", 1, rounds))
        return rows


def _row(name: str, address: str, at_most: float, rounds: int) -> Row:
    with tempfile.TemporaryDirectory() as spool:
        environment = {**ENVIRONMENT, "TOCSIN_URL": address, "TOCSIN_SPOOL": spool}
        extra = [_timed(WRAPPED, environment) - _timed(BARE, environment) for _ in range(rounds)]
    return Row(
        name=f"tocsin run -- true over the bare command, {name}",
        value=mid(extra),
        unit="s",
        at_most=at_most,
        detail=spread(extra),
    )


def _timed(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started
