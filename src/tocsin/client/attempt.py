"""One attempt at a command: started without a shell, watched, timed and measured."""

import errno
import math
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from tocsin import clock
from tocsin.client.bell import Bell
from tocsin.client.streams import Stream, Tail, follow, pump_ready
from tocsin.client.terminal import Terminal
from tocsin.client.values import Value

GRACE_SECONDS = 10.0
TIMED_OUT = 124
NOT_EXECUTABLE = 126
NOT_FOUND = 127
BY_SIGNAL = 128
_STDIN, _STDOUT, _STDERR = 0, 1, 2
_LOOK_SECONDS = 1.0
_GROUP_LOOK_SECONDS = 0.05
_DEAD = ("Z", "X", "x")
_RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


class Ending(Value):
    """How an attempt ended, and when (`at`).

    `exit_code` is the shell's: 128 + n after signal n, 124 after a time-out, 126 and 127 where the
    command could not be started (`trouble` says why). `max_rss_bytes` is the most that one process of
    it held, and at least what this wrapper holds, because the kernel counts from before the exec.
    """

    at: datetime
    exit_code: int
    signal: int | None = None
    timed_out: bool = False
    trouble: str = ""
    cpu_seconds: float | None = None
    max_rss_bytes: int | None = None


class Attempt:
    """A command in a process group of its own, with its output passed through."""

    def __init__(self, command: Sequence[str], bell: Bell, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Nothing is started yet."""
        self._command = list(command)
        self._bell = bell
        self._grace = grace_seconds
        self._terminal = Terminal()
        self._group = 0
        self._streams: list[Stream] = []
        self._deadline = math.inf
        self._kill_at = math.inf
        self._timed_out = False
        self.tail = Tail()
        self.began_at = clock.now()

    def start(self, timeout_seconds: float = 0) -> Ending | None:
        """Start the command; an ending if it could not be. 0 seconds means no time-out."""
        pipes = _pipes()
        self.began_at = clock.now()
        try:
            self._group = _spawn(self._command, pipes)
        except (OSError, ValueError) as error:
            for read, _ in pipes:
                os.close(read)
            return _not_started(self._command[0], error)
        finally:
            for _, write in pipes:
                os.close(write)
        self._streams = [
            Stream(read, sink, self.tail, number)
            for number, ((read, _), sink) in enumerate(zip(pipes, (_STDOUT, _STDERR), strict=False))
        ]
        if timeout_seconds:
            self._deadline = clock.monotonic() + timeout_seconds
        return None

    def wait(self, tick: Callable[[], float]) -> Ending:
        """Pass output and signals on until the command ends.

        `tick` is called again and again and answers after how many seconds it wants to be called next.
        """
        while (ended := self._reap()) is None:
            self._enforce()
            self._terminal.attend(self._group)
            now = clock.monotonic()
            pause = min(tick(), self._deadline - now, self._kill_at - now, _LOOK_SECONDS)
            pump_ready(self._streams, self._bell.file, pause)
            self._forward()
        self._terminal.take_back()
        if self._timed_out:
            self._end_group()
        for stream in self._streams:
            stream.take_rest()
        return self._ending(*ended)

    def pass_rest(self) -> None:
        """Pass on what is still held; where others hold the command's output open, leave them a reader.

        A daemon that the command left behind writes to the pipe that we made: without a reader its
        next word would kill it.
        """
        while any(stream.has_pending for stream in self._streams):
            pump_ready(
                [stream for stream in self._streams if stream.has_pending], self._bell.file, _LOOK_SECONDS
            )
            if self._bell.take() and self._bell.ended_by:
                return
        followed = [stream for stream in self._streams if stream.is_open]
        if followed:
            self._leave_follower(followed)
        for stream in followed:
            stream.close()

    def _leave_follower(self, streams: list[Stream]) -> None:
        try:
            if os.fork():
                return
        except (OSError, Warning):
            return
        try:
            self._bell.hand_back()
            os.close(_STDIN)
            follow(streams)
        finally:
            os._exit(0)

    def _reap(self) -> tuple[int, float, int] | None:
        pid, status, used = os.wait4(self._group, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            return None
        if os.WIFSTOPPED(status):
            self._terminal.on_stop(self._group, os.WSTOPSIG(status))
            return None
        return status, used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT_BYTES

    def _enforce(self) -> None:
        now = clock.monotonic()
        if now >= self._deadline:
            self._deadline, self._kill_at = math.inf, now + self._grace
            self._timed_out = True
            self._signal_group(signal.SIGTERM)
            self._signal_group(signal.SIGCONT)
        if now >= self._kill_at:
            self._kill_at = math.inf
            self._signal_group(signal.SIGKILL)

    def _end_group(self) -> None:
        """Let what is left of the group use up its grace, and end it then."""
        while self._kill_at < math.inf and _is_alive(self._group):
            pause = min(_GROUP_LOOK_SECONDS, self._kill_at - clock.monotonic())
            pump_ready(self._streams, self._bell.file, pause)
            self._forward()
            self._enforce()

    def _forward(self) -> None:
        for number in self._bell.take():
            if number == signal.SIGCONT:
                self._terminal.on_continue(self._group)
            else:
                self._signal_group(number)

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self._group, number)
        except OSError:
            return  # all gone, or not ours to end: a command may have become another user

    def _ending(self, status: int, cpu_seconds: float, max_rss_bytes: int) -> Ending:
        by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        code = os.WEXITSTATUS(status) if by is None else BY_SIGNAL + by
        return Ending(
            at=clock.now(),
            exit_code=TIMED_OUT if self._timed_out else code,
            signal=by,
            timed_out=self._timed_out,
            cpu_seconds=round(cpu_seconds, 3),
            max_rss_bytes=max_rss_bytes,
        )


def hold_standard_files() -> None:
    """Open what is closed of our standard files, or the next thing to be opened takes its place."""
    for file in (_STDIN, _STDOUT, _STDERR):
        try:
            os.fstat(file)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 – positional only


def _pipes() -> list[tuple[int, int]]:
    """Make a pipe for each of our outputs, or one for both where they are the same file.

    With one pipe, what the command says on both keeps its exact order.
    """
    out, err = os.fstat(_STDOUT), os.fstat(_STDERR)
    same = (out.st_dev, out.st_ino, out.st_rdev) == (err.st_dev, err.st_ino, err.st_rdev)
    return [os.pipe() for _ in range(1 if same else 2)]


def _is_alive(group: int) -> bool:
    """Say whether a process group has a member that still runs.

    The dead that nobody has reaped yet would answer to a signal, and in a container without an init
    nobody ever does. Where there is no /proc to look at, they count as alive, until the grace is over.
    """
    try:
        os.killpg(group, 0)
        states = [_state(pid) for pid in os.listdir("/proc") if pid.isdecimal()]
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return any(member == group and state not in _DEAD for state, member in states)


def _state(pid: str) -> tuple[str, int]:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return fields[0].decode(), int(fields[2])
    except (OSError, IndexError, ValueError):
        return "", 0


def _spawn(command: list[str], pipes: Sequence[tuple[int, int]]) -> int:
    actions = [
        (os.POSIX_SPAWN_DUP2, pipes[0][1], _STDOUT),
        (os.POSIX_SPAWN_DUP2, pipes[-1][1], _STDERR),
    ]
    return os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=actions,
        setpgroup=0,
        # Python ignores these two, and a command would inherit that.
        setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
    )


def _not_started(name: str, error: OSError | ValueError) -> Ending:
    if not isinstance(error, OSError):  # what Python refuses by itself: a name that is empty
        return Ending(clock.now(), NOT_FOUND, trouble=f"{name!r}: command not found")
    if error.errno == errno.ENOENT:
        missing = "command not found" if "/" not in name else "no such file, or its interpreter is missing"
        return Ending(clock.now(), NOT_FOUND, trouble=f"{name}: {missing}")
    if error.errno == errno.ENOEXEC:
        return Ending(
            clock.now(),
            NOT_EXECUTABLE,
            trouble=f"{name}: not a program (a script needs a first line with #!)",
        )
    return Ending(clock.now(), NOT_EXECUTABLE, trouble=f"{name}: {error.strerror}")
