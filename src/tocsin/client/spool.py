"""The check-ins that no server has taken yet: one file each, so that a kill in mid-write tears nothing.

A check-in is written under another name and then renamed: it is there as a whole or not at all. File
names sort by the start of the run, then by the number of the check-in, and end in a letter for what
is dropped first when the spool is full. One process at a time delivers (`hold`). Nothing is forced
to the platter: a kill loses nothing, a power failure may lose the last seconds.
"""

import binascii
import fcntl
import math
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tocsin import clock

MAX_BYTES = 64 * 1024 * 1024
MAX_AGE_SECONDS = 30 * 86_400
MAX_IN_MEMORY = 1000
MAX_REJECTED_BYTES = 4 * 1024 * 1024
_STALE_SECONDS = 3600
_TRIM_SECONDS = 600
_LEFT_BY_TRIM = 0.9  # so that a full spool is not trimmed again by the very next job
_LEAST_BYTES = 4096  # what the smallest file takes up on common disks
_LIVE, _WRITING, _TORN = ".json", ".tmp", ".torn"
_DROP_ORDER = "hse"  # heartbeats first, ends last
_ENDS = ("success", "fail", "timeout", "skip")


def entry_name(started_us: int, token: str, seq: int, kind: str) -> str:
    """Return the name under which a check-in waits; within a run, names sort as the check-ins happened."""
    letter = "h" if kind == "heartbeat" else "e" if kind in _ENDS else "s"
    return f"{started_us:016d}-{token}-{seq:016d}{letter}"


def run_of(name: str) -> str:
    """Return what the names of all check-ins of one run begin with."""
    return name.rpartition("-")[0]


def find_place(places: Sequence[str]) -> tuple[str, str]:
    """Return the first directory that can be written, and why the wanted one could not be (or nothing).

    The last place lies where every user of the machine can write: it is taken only if it is ours alone.
    """
    trouble = ""
    for index, place in enumerate(places):
        if not place:
            continue
        try:
            os.makedirs(place, mode=0o700, exist_ok=True)
            if not os.access(place, os.W_OK | os.X_OK):
                raise PermissionError(0, "not writable")
            if index and not _is_ours_alone(place):
                raise PermissionError(0, "belongs to somebody else")
        except OSError as error:
            trouble = trouble or f"cannot keep check-ins in {place}: {error.strerror}"
        else:
            return place, trouble
    return "", trouble


def _is_ours_alone(place: str) -> bool:
    seen = os.lstat(place)
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid() and not seen.st_mode & 0o077


class Spool:
    """The check-ins that wait for one server, on disk; where no disk can be written, in memory."""

    def __init__(self, place: str, url: str) -> None:
        """`place`: the root of all spools of this user, or nothing; `url`: the server they are meant for."""
        origin = url.partition("://")[2].partition("/")[0]
        safe = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in origin)[:100]
        self.directory = f"{place}/{safe}-{binascii.crc32(url.encode()):08x}" if place else ""
        self.dropped = 0
        self._memory: dict[str, bytes] = {}
        self._lock_file = -1

    def put(self, name: str, body: bytes) -> None:
        """Keep a check-in: on disk, or in memory while the disk refuses."""
        try:
            self._write(name, body)
        except FileNotFoundError:
            self._put_anew(name, body)
        except OSError:
            self._remember(name, body)

    def names(self) -> list[str]:
        """Return what waits, in the order in which it is to be delivered."""
        found = {name.removesuffix(_LIVE) for name in self._listing() if name.endswith(_LIVE)}
        return sorted(found.union(self._memory))

    def has(self, name: str) -> bool:
        """Say whether a check-in still waits."""
        return name in self._memory or os.path.exists(self._path(name, _LIVE))

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a check-in, or None if it has gone or cannot be read."""
        if name in self._memory:
            return self._memory[name]
        try:
            with open(self._path(name, _LIVE), "rb") as file:
                return file.read()
        except OSError:
            return None

    def remove(self, name: str) -> None:
        """Forget a check-in that was delivered."""
        self._memory.pop(name, None)
        _unlink(self._path(name, _LIVE))

    def set_aside(self, name: str) -> None:
        """Take a check-in that is torn or damaged out of the queue and keep its file."""
        try:
            os.rename(self._path(name, _LIVE), self._path(name, _TORN))
        except OSError:
            _unlink(self._path(name, _LIVE))

    def replace(self, name: str, body: bytes) -> None:
        """Put another body in the place of a check-in."""
        self._memory.pop(name, None)
        self.put(name, body)

    def set_down(self, line: bytes) -> str:
        """Write a line to the file of rejected check-ins; return its path, or nothing where there is none.

        Of that file and the one before it, 4 MiB each are kept.
        """
        path = f"{self.directory}/rejected.jsonl" if self.directory else ""
        try:
            if os.path.exists(path) and os.path.getsize(path) > MAX_REJECTED_BYTES:
                os.replace(path, f"{self.directory}/rejected.1.jsonl")
            _append(path, line)
        except OSError:
            return ""
        return path

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Give the right to deliver to one process at a time; yields False where another has it.

        The kernel takes it back when a process dies. Without a directory nobody shares.
        """
        if self.directory and not self._lock():
            yield False
            return
        try:
            yield True
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Close the lock file, also the copy of it that a forked child got."""
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1

    def neighbours(self) -> tuple[str, ...]:
        """Return the spools of other servers in which something waits."""
        place = os.path.dirname(self.directory)
        try:
            others = [f"{place}/{name}" for name in os.listdir(place)] if place else []
            return tuple(sorted(one for one in others if one != self.directory and _has_live(one)))
        except OSError:
            return ()

    def forget_memory(self) -> None:
        """Leave what is in memory to the process that put it there."""
        self._memory.clear()

    def trim_when_due(self) -> None:
        """Trim when nobody has for ten minutes, or when there are too many to be small enough.

        To look at every file of a long absence takes a tenth of a second, which no cron job should pay.
        """
        lock = f"{self.directory}/lock"
        too_many = len(self._listing()) * _LEAST_BYTES > MAX_BYTES
        try:
            if too_many or clock.now().timestamp() - os.stat(lock).st_mtime > _TRIM_SECONDS:
                self.trim()
                os.utime(lock)
        except OSError:
            return

    def trim(self) -> None:
        """Drop what is too old; while it is too much, heartbeats, then starts, then ends, oldest first."""
        oldest = clock.now().timestamp() - MAX_AGE_SECONDS
        sizes: dict[str, int] = {}
        for file in self._listing():
            path = f"{self.directory}/{file}"
            size, changed = _size_and_change(path)
            if file.endswith((_LIVE, _TORN)) and changed < oldest:
                _unlink(path)
                self.dropped += 1
            elif file.endswith(_LIVE):
                sizes[file.removesuffix(_LIVE)] = size
            elif file.endswith(_WRITING) and changed < oldest + MAX_AGE_SECONDS - _STALE_SECONDS:
                _unlink(path)
        self._shrink(sizes)

    def _shrink(self, sizes: dict[str, int]) -> None:
        total = sum(sizes.values())
        goal = MAX_BYTES if total <= MAX_BYTES else MAX_BYTES * _LEFT_BY_TRIM
        for name in sorted(sizes, key=lambda name: (_DROP_ORDER.find(name[-1]), name)):
            if total <= goal:
                return
            self.remove(name)
            self.dropped += 1
            total -= sizes[name]

    def _path(self, name: str, suffix: str) -> str:
        return f"{self.directory}/{name}{suffix}"

    def _listing(self) -> list[str]:
        try:
            return os.listdir(self.directory) if self.directory else []
        except OSError:
            return []

    def _write(self, name: str, body: bytes) -> None:
        if not self.directory:
            raise PermissionError
        draft = self._path(name, _WRITING)
        try:
            _create(draft, body)
            os.rename(draft, self._path(name, _LIVE))
        except OSError:
            _unlink(draft)
            raise

    def _put_anew(self, name: str, body: bytes) -> None:
        """Make the directory, which is missing at first and whenever somebody cleaned up."""
        try:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            self._write(name, body)
        except OSError:
            self._remember(name, body)

    def _remember(self, name: str, body: bytes) -> None:
        if len(self._memory) >= MAX_IN_MEMORY:
            self._memory.pop(min(self._memory, key=lambda name: (_DROP_ORDER.find(name[-1]), name)))
            self.dropped += 1
        self._memory[name] = body

    def _lock(self) -> bool:
        try:
            self._lock_file = os.open(f"{self.directory}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.let_go()
            return False
        except OSError:
            # A disk that knows no locks: two may send the same, which counts once, rather than nobody.
            return True
        return True


def _has_live(directory: str) -> bool:
    return os.path.isdir(directory) and any(name.endswith(_LIVE) for name in os.listdir(directory))


def _create(path: str, body: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _write_all(file, body)
    finally:
        os.close(file)


def _append(path: str, line: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        _write_all(file, line)
    finally:
        os.close(file)


def _write_all(file: int, body: bytes) -> None:
    while body:
        body = body[os.write(file, body) :]


def _size_and_change(path: str) -> tuple[int, float]:
    """Return what a file takes up on the disk, which for a short one is more than its length, and its age."""
    try:
        seen = os.stat(path)
    except OSError:
        return 0, math.inf
    return max(seen.st_size, seen.st_blocks * 512), seen.st_mtime


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
