"""Passes a command's output through, byte for byte and at once, and remembers the end of it."""

import fcntl
import os
import select
import stat
import struct
import termios
from collections import deque

from tocsin.client.limits import MAX_TAIL_BYTES

_CHUNK_BYTES = 65536
# What a pipe that reports room is sure to take without blocking (PIPE_BUF of Linux).
_SAFE_BYTES = 4096
_LONG_SECONDS = 3600.0
_SURE_BYTES = MAX_TAIL_BYTES // 4


class Tail:
    """The last 10 000 bytes of all that was said, in the order in which it came.

    Each of the two outputs is sure of a quarter: an error must not be pushed out by what waited in
    the other pipe when it was said.
    """

    def __init__(self) -> None:
        self._said: tuple[deque[tuple[int, bytes]], ...] = (deque(), deque())
        self._sizes = [0, 0]
        self._count = 0

    def add(self, data: bytes, output: int = 0) -> None:
        """Remember more of one of the outputs, 0 or 1."""
        self._count += 1
        last = data[-MAX_TAIL_BYTES:]
        self._said[output].append((self._count, last))
        self._sizes[output] += len(last)
        while (excess := sum(self._sizes) - MAX_TAIL_BYTES) > 0:
            self._forget(excess)

    def __bytes__(self) -> bytes:
        return b"".join(data for _, data in sorted([*self._said[0], *self._said[1]]))

    def _forget(self, excess: int) -> None:
        """Forget the oldest of what nothing is sure of."""
        output = min(
            (one for one in (0, 1) if self._sizes[one] > _SURE_BYTES), key=lambda one: self._said[one][0]
        )
        number, data = self._said[output].popleft()
        cut = min(excess, len(data), self._sizes[output] - _SURE_BYTES)
        self._sizes[output] -= cut
        if cut < len(data):
            self._said[output].appendleft((number, data[cut:]))


class Stream:
    """One pipe from the command to one of our own outputs.

    It reads no more than it could write, so that a slow reader slows the command and never our
    memory. When the reader has gone, the pipe is closed, and the command learns of it as it would have.
    """

    def __init__(self, source: int, sink: int, tail: Tail, output: int = 0) -> None:
        """`source` is closed by the stream; `sink` is not. `output` is what the tail knows it by."""
        os.set_blocking(source, False)
        self._source = source
        self._sink = sink
        self._tail = tail
        self._output = output
        self._pending = b""
        self._step = _CHUNK_BYTES if stat.S_ISREG(os.fstat(sink).st_mode) else _SAFE_BYTES

    @property
    def is_open(self) -> bool:
        """Whether more may come."""
        return self._source >= 0

    def interest(self) -> tuple[int, int]:
        """Return the file to wait for, and the event."""
        return (self._sink, select.POLLOUT) if self._pending else (self._source, select.POLLIN)

    def pump(self) -> None:
        """Move on by one step; called when what it is interested in has happened."""
        if self._pending:
            self._write()
        else:
            self._read()

    def close(self) -> None:
        """Take nothing more from the command."""
        if self._source >= 0:
            os.close(self._source)
        self._source = -1

    def take_rest(self) -> None:
        """Take what the command left in its pipe, but not what others write who hold it open too."""
        left = _bytes_in(self._source) if self.is_open else 0
        while self.is_open and left > 0:
            left -= self._read() or left
        if self.is_open and not self._is_held():
            self.close()

    @property
    def has_pending(self) -> bool:
        """Whether something that was taken is not passed on yet."""
        return bool(self._pending)

    def _is_held(self) -> bool:
        """Say whether somebody may still write to the pipe."""
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        return not any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))

    def _read(self) -> int:
        try:
            data = os.read(self._source, _CHUNK_BYTES)
        except BlockingIOError:
            return 0
        except OSError:
            data = b""
        if not data:
            self.close()
        self._tail.add(data, self._output)
        self._pending += data
        return len(data)

    def _write(self) -> None:
        try:
            written = os.write(self._sink, self._pending[: self._step])
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._pending = b""
            self.close()
            return
        except OSError:
            # A full disk behind our output is no reason to end the command, which may not even look.
            written = len(self._pending)
        self._pending = self._pending[written:]


def pump_ready(streams: list[Stream], bell: int, seconds: float) -> None:
    """Wait until a stream can move on, the bell (a file, or -1) rings or the time is up, and pump."""
    poll = select.poll()
    if bell >= 0:
        poll.register(bell, select.POLLIN)
    waiting: dict[int, list[Stream]] = {}
    for stream in streams:
        if stream.is_open or stream.has_pending:
            file, event = stream.interest()
            waiting.setdefault(file, []).append(stream)
            poll.register(file, event)
    for file, _ in poll.poll(max(0.0, seconds) * 1000):
        for stream in waiting.get(file, ()):
            stream.pump()


def follow(streams: list[Stream]) -> None:
    """Pass on the output until its end; for a process that does nothing else."""
    while any(stream.is_open or stream.has_pending for stream in streams):
        pump_ready(streams, -1, _LONG_SECONDS)


def _bytes_in(pipe: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0\0\0\0"))[0])
