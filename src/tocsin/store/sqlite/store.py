"""The embedded store: one file, one server."""

import fcntl
import os
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final

from tocsin.errors import StoreBroken, StoreError, StoreUnavailable
from tocsin.store.lending import Lender
from tocsin.store.migrating import migrations, missing
from tocsin.store.sqlite.door import (
    APPLICATION_ID,
    READER_CACHE_KIB,
    WAIT_SECONDS,
    WRITER_CACHE_KIB,
    Hook,
    SqliteDoor,
)
from tocsin.store.sqlite.journal import JOURNAL_WAIT_SECONDS, Journal
from tocsin.store.sqlite.reading import SqliteReading
from tocsin.store.sqlite.writing import SqliteWriting

# We hold the lock, so whoever was sending these is dead; their leases would only hold them up.
_TAKE_OVER: Final = (
    "UPDATE notifications SET lease_until = due_at, look_at = due_at "
    "WHERE state IN ('pending', 'sending') AND state = 'sending'"
)


class SqliteStore:
    """A SQLite database at `path`, made if it is not there, brought to the newest schema, and locked.

    StoreBroken: another server has it, it is not ours, it is damaged or newer than we are.
    StoreUnavailable: it cannot be opened or written for now. `hook` is given every connection that is
    opened; tests bring about faults with it.
    """

    def __init__(self, path: str, *, hook: Hook | None = None) -> None:
        self._path = str(Path(path).absolute())
        self._hook = hook
        self._lock = _lock(self._path)
        try:
            _make_private(self._path)
            self._migrate()
            self._readers = Lender(
                lambda: self._open(READER_CACHE_KIB, read_only=True), "BEGIN", SqliteReading
            )
            turn = threading.Lock()
            self._journal = Journal(
                lambda: self._open(READER_CACHE_KIB, wait_seconds=JOURNAL_WAIT_SECONDS), turn, self._readers
            )
            self._writing = SqliteWriting(lambda: self._open(WRITER_CACHE_KIB), turn, self._journal.changed)
        except BaseException:  # the lock is given back whatever happened; raised on
            os.close(self._lock)
            raise

    def writing(self) -> SqliteWriting:
        """Return the writing session; there is one for each process."""
        return self._writing

    def reading(self) -> AbstractContextManager[SqliteReading]:
        """Return a reading session for the length of a `with` block."""
        return self._readers.lend()

    def backup(self, path: str) -> None:
        """Write a consistent copy while others write; a file of that name is replaced only by a whole one.

        StoreError when `path` is the store itself or cannot be written.
        """
        target = str(Path(path).absolute())
        if target == self._path:
            raise StoreError(f"{path} is the store itself: give the copy another name")
        part = f"{target}.part"
        door = self._open(READER_CACHE_KIB, read_only=True)
        try:
            os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
            door.copy_to(part)
            _sync(part)
            Path(part).replace(target)
        except OSError as error:
            raise StoreError(f"{path}: the copy cannot be written: {error.strerror}") from error
        finally:
            door.close()
            with suppress(OSError):
                Path(part).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of every connection and of the lock; the file is whole without its journal."""
        self._writing.close()
        self._readers.close()
        self._journal.close()
        os.close(self._lock)

    def _open(
        self, cache_kib: int, *, read_only: bool = False, wait_seconds: float = WAIT_SECONDS
    ) -> SqliteDoor:
        return SqliteDoor(
            self._path, cache_kib=cache_kib, wait_seconds=wait_seconds, read_only=read_only, hook=self._hook
        )

    def _migrate(self) -> None:
        door = self._open(READER_CACHE_KIB)
        try:
            door.run("BEGIN IMMEDIATE")
            _see_that_it_is_ours(door)
            applied = door.all("PRAGMA user_version")[0][0]
            for step in missing(migrations("tocsin.store.sqlite"), applied, self._path):
                door.script(step.sql)
                door.run(f"PRAGMA user_version = {step.number}")
            door.run(f"PRAGMA application_id = {APPLICATION_ID}")
            door.run(_TAKE_OVER)
            door.run("COMMIT")
        finally:
            door.rollback()
            door.close()


def _make_private(path: str) -> None:
    """Make the file, where it is not there, for its owner alone: it holds logs and digests of secrets."""
    with suppress(OSError):  # opening it will say better what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _see_that_it_is_ours(door: SqliteDoor) -> None:
    if door.all("PRAGMA application_id")[0][0] == APPLICATION_ID:
        return
    if door.all("SELECT count(*) FROM sqlite_schema")[0][0]:
        raise StoreBroken(f"{door.path} is a database of another program: give another path for the store")


def _lock(path: str) -> int:
    """Take the lock beside the file for as long as the process lives; StoreBroken when another has it."""
    name = f"{path}.lock"
    try:
        lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(
            f"{name}: {error.strerror}: see that the store's folder exists and this user may write there"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
        os.close(lock)
        raise StoreBroken(
            f"{path} is in use by another server (process {owner or 'unknown'}): stop that one, give this "
            "one another path, or use PostgreSQL, which several servers can share"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _sync(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
