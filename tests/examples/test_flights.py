"""`make run` does what it promises, and says so when it cannot."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JOBS = ("origin_totals", "arrival_delays", "join_planes", "route_table", "departure_board")


def play(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run the example once, as the Makefile does."""
    return subprocess.run(
        [sys.executable, "examples/flights/main.py", "--once", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


@pytest.mark.timeout(300)
def test_every_alert_of_the_example_is_told_and_so_is_its_end() -> None:
    done = play()

    assert done.returncode == 0, done.stdout + done.stderr
    for job in JOBS:
        assert re.search(rf"^\d\d:\d\d:\d\d  (WARNING|CRITICAL) +{job} ", done.stdout, re.MULTILINE), job
        assert re.search(rf"^\d\d:\d\d:\d\d  RESOLVED +{job} ", done.stdout, re.MULTILINE), job
    assert re.search(r"^\d\d:\d\d:\d\d  NOW CRITICAL +route_table ", done.stdout, re.MULTILINE)
    assert "load_flights  " not in done.stdout.partition("──")[2]
    assert done.stderr == ""


def test_what_was_not_heard_is_listed_and_a_taken_port_is_no_obstacle() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        done = play("--port", str(taken), "--patience", "1")

    assert done.returncode == 1, done.stdout + done.stderr
    assert f"port {taken} is taken" in done.stdout
    assert "departure_board: missing_run was not told (firing critical)" in done.stdout
