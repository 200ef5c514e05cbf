"""A command at a terminal, in a real shell: it reads, stops, goes on and is interrupted as without us."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.client.listener import Listener
from tests.client.programs import Programs
from tocsin import clock

PATIENCE_SECONDS = 20.0
# Makes the terminal its own, as a login does, and becomes the shell.
LOG_IN = (
    "import fcntl, os, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp('bash', ['bash', '--norc', '--noediting', '-i'])"
)


class Shell:
    """An interactive shell, and what stands on its screen."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._seen = ""

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._terminal, keys.encode())

    def wait_for(self, text: str) -> None:
        """Read until the text has appeared, and forget what came before it."""
        until = clock.monotonic() + PATIENCE_SECONDS
        while text not in self._seen:
            ready, _, _ = select.select([self._terminal], [], [], max(0.0, until - clock.monotonic()))
            assert ready, f"{text!r} is not in {self._seen!r}"
            self._seen += os.read(self._terminal, 4096).decode(errors="replace")
        self._seen = self._seen.partition(text)[2]


@pytest.fixture
def shell(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.setenv("PS1", "ready> ")
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", LOG_IN], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shell = Shell(ours)
    shell.wait_for("ready> ")
    yield shell
    program.kill()
    program.wait()
    os.close(ours)


def start(shell: Shell, command: str) -> None:
    shell.type(f"{sys.executable} -m tocsin run -- {command}\n")
    shell.wait_for("\n")


def test_the_terminal_is_lent_to_a_command_that_reads_from_it(shell: Shell, server: Listener) -> None:
    start(shell, "sh -c 'read x < /dev/tty; echo got $x; read y; echo and $y'")
    shell.type("one\n")
    shell.wait_for("got one")
    shell.type("two\n")
    shell.wait_for("and two")
    shell.wait_for("ready> ")

    assert server.kinds() == ["start", "success"]


def test_a_command_can_be_stopped_and_continued_from_the_keyboard(shell: Shell, server: Listener) -> None:
    start(shell, "cat")
    shell.type("one\n")
    shell.wait_for("one\r\none")
    shell.type("\x1a")
    shell.wait_for("Stopped")
    shell.wait_for("ready> ")
    shell.type("fg\n")
    shell.wait_for("run -- cat")
    shell.type("two\n")
    shell.wait_for("two\r\ntwo")
    shell.type("\x04")
    shell.wait_for("ready> ")

    assert server.kinds() == ["start", "success"]


def test_a_command_can_be_interrupted_from_the_keyboard(shell: Shell, server: Listener) -> None:
    start(shell, "sh -c 'echo begun; sleep 60'")
    shell.wait_for("begun")
    shell.type("\x03")
    shell.wait_for("ready> ")
    shell.type("echo it was $?\n")
    shell.wait_for("it was 130")

    assert server.kinds() == ["start", "fail"]


def test_a_command_in_the_background_gets_the_terminal_when_it_is_fetched(
    shell: Shell, server: Listener
) -> None:
    start(shell, "sh -c 'echo begun; exec cat' &")
    shell.wait_for("begun")
    shell.type("fg\n")
    shell.wait_for("exec cat'")
    shell.type("one\n")
    shell.wait_for("one\r\none")
    shell.type("\x04")
    shell.wait_for("ready> ")

    assert server.kinds() == ["start", "success"]
