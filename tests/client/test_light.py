"""What a job pays for: the imports, the start, and the words of the front door."""

import subprocess
import sys
from pathlib import Path

import pytest

import tocsin
from tests.client.listener import Listener
from tests.client.programs import PATIENCE_SECONDS, Programs
from tocsin import clock

HEAVY = (
    "argparse", "asyncio", "click", "dataclasses", "email", "http", "inspect", "logging", "multiprocessing",
    "pathlib", "pydantic", "random", "ssl", "subprocess", "tempfile", "tokenize", "urllib", "urllib3", "uuid",
)  # fmt: skip # a list of words
# What a command can do without in addition, as long as the server takes everything.
SLOW = ("encodings.idna", "json", "re", "typing")
MOST_SECONDS = 0.120  # the promise is 0.06 s and stands in the benchmarks; the suite shares its machine
MOST_STARTS = 10
ROUNDS = 15


def loaded(programs: Programs, code: str) -> set[str]:
    """Return the modules that are loaded when this code is through."""
    done = programs.python(
        f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*set(sys.modules) - before)"
    )
    return set(done.out.decode().split())


def test_the_front_door_opens_no_room_before_it_is_asked_to(programs: Programs) -> None:
    assert loaded(programs, "import tocsin; dir(tocsin)") == {"tocsin"}


def test_a_python_job_loads_nothing_heavy(programs: Programs, server: Listener) -> None:
    code = "import tocsin\nwith tocsin.job('etl') as run: run.progress(1)\nrun.end(None)"

    assert loaded(programs, code).intersection(HEAVY) == set()


def test_a_command_loads_nothing_heavy(programs: Programs, server: Listener) -> None:
    code = (
        "import os, sys\nfrom tocsin.client import command\n"
        "os._exit = lambda code: print(*sys.modules)\n"
        "command.main(['--', 'true'])"
    )
    modules = set(programs.python(code).out.decode().split())

    assert "tocsin.client.report" in modules
    assert modules.intersection((*HEAVY, *SLOW)) == set()
    assert server.kinds() == ["start", "success"]


@pytest.mark.parametrize("name", tocsin.__all__)
def test_the_front_door_keeps_what_it_promises(name: str) -> None:
    assert getattr(tocsin, name).__module__.startswith("tocsin.client.")


def test_a_word_that_the_front_door_does_not_know_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'jobb'"):
        _ = tocsin.jobb  # type: ignore[attr-defined]  # that is what is tested


def test_a_command_costs_little_while_the_server_is_well(programs: Programs, server: Listener) -> None:
    def seconds(*words: str) -> float:
        began = clock.monotonic()
        subprocess.run(words, check=True)
        return clock.monotonic() - began

    true = subprocess.run(["which", "true"], capture_output=True, check=True).stdout.decode().strip()
    bare, python, ours = [], [], []
    for _ in range(ROUNDS):
        bare.append(seconds(true))
        python.append(seconds(sys.executable, "-c", "pass"))
        began = clock.monotonic()
        assert programs.run("run", "--", "true").code == 0
        ours.append(clock.monotonic() - began)

    # What others do on this machine is not our cost: the best of each counts, and Python's own start is
    # the measure where even that is slow. The benchmarks hold the figure itself.
    assert min(ours) - min(bare) < max(MOST_SECONDS, MOST_STARTS * min(python))
    assert server.kinds() == ["start", "success"] * ROUNDS


def test_a_running_job_shows_no_secret_among_its_arguments(programs: Programs, server: Listener) -> None:
    program = programs.start("run", "--", "sh", "-c", "read x", env={"TOCSIN_KEY": "s3cret"})
    server.wait_until(lambda listener: listener.taken)
    seen = Path(f"/proc/{program.pid}/cmdline").read_bytes()
    assert program.stdin is not None
    program.stdin.close()
    program.wait(PATIENCE_SECONDS)

    assert b"s3cret" not in seen
    assert server.requests[0].headers["authorization"] == "Bearer s3cret"


def test_a_command_that_ends_at_once_is_told_in_one_request(programs: Programs, server: Listener) -> None:
    assert programs.run("run", "--", "true").code == 0

    (request,) = server.requests
    assert [one["kind"] for one in request.check_ins] == ["start", "success"]
