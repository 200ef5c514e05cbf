"""Disks that a test can fill and empty again, on any machine and as any user."""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests.faults.served import Served

DISK_KIB = 4_096
LEFT_BYTES = 64 * 1024


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let this process write no larger file, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class Disk(Protocol):
    """A place for a database; `within` is how a server is started that sees it."""

    place: Path
    within: tuple[str, ...]

    def fill(self, server: Served) -> None:
        """Leave next to no room."""

    def empty(self, server: Served) -> None:
        """Give the room back."""


class OwnDisk:
    """A file system of four megabytes in a name space of its own, which needs no rights."""

    def __init__(self, place: Path, keeper: int) -> None:
        self.place = place
        enter = ["nsenter", "--preserve-credentials", "--user", "--mount", "--target", str(keeper)]
        self.within = tuple(enter)
        # Only who is in the name space sees the disk at its place.
        self._filler = Path(f"/proc/{keeper}/root") / place.relative_to("/") / "filler"

    def fill(self, _server: Served) -> None:
        """Fill it to the last page."""
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 4_096)

    def empty(self, _server: Served) -> None:
        """Delete what filled it."""
        self._filler.unlink()


class LimitedDisk:
    """A folder in which no file of the server may grow much further once it is full."""

    within: tuple[str, ...] = ()

    def __init__(self, place: Path) -> None:
        self.place = place

    def fill(self, server: Served) -> None:
        """Let its files grow by a few more pages."""
        largest = max(file.stat().st_size for file in self.place.iterdir())
        server.let_files_grow(to_bytes=largest + LEFT_BYTES)

    def empty(self, server: Served) -> None:
        """Let them grow again."""
        server.let_files_grow()


@contextmanager
def own_disk(place: Path) -> Iterator[OwnDisk | None]:
    """Lend a disk of its own, or None where the system gives no name spaces to its users."""
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        yield None
        return
    mount = f"mount -t tmpfs -o size={DISK_KIB}k tmpfs '{place}' && echo made && exec cat"
    with subprocess.Popen(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        try:
            yield OwnDisk(place, keeper.pid) if keeper.stdout.readline() == b"made\n" else None
        finally:
            keeper.stdin.close()  # which ends it, and with it the disk
