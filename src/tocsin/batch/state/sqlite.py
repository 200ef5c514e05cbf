"""The state in a file of this machine: SQLite, for any number of processes."""

import fcntl
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tocsin.batch.state.door import Parameters, Row
from tocsin.batch.state.schema import STEPS, statements
from tocsin.batch.state.tables import Keeping, TablesState
from tocsin.errors import StoreBroken, StoreError, StoreUnavailable

WAIT_SECONDS: Final = 30.0
"""So long a process waits for another one's transaction, which takes a thousandth of that."""
LOCK_TRIES: Final = 5
LOCKED_AGAIN_AFTER_SECONDS: Final = 0.01
JOURNAL_KEPT_BYTES: Final = 16 * 2**20
APPLICATION_ID: Final = 0x54435342  # "TCSB": a file of the server is not taken for one of ours
_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA journal_size_limit = {JOURNAL_KEPT_BYTES}",
    "PRAGMA cache_size = -8192",
)
_MEANINGS: Final[dict[str, tuple[type[StoreError], str]]] = {
    "FULL": (StoreUnavailable, "the disk is full, or the file at its limit: free some space, then resume"),
    "READONLY": (
        StoreUnavailable,
        "the file, its folder or its disk is read-only: make it writable, or name another",
    ),
    "IOERR": (StoreUnavailable, "the disk failed to read or write: look at the disk and at the system's log"),
    "BUSY": (
        StoreUnavailable,
        "another program holds a lock on it: end that program, such as an open sqlite3",
    ),
    "LOCKED": (
        StoreUnavailable,
        "another program holds a lock on it: end that program, such as an open sqlite3",
    ),
    "CANTOPEN": (
        StoreUnavailable,
        "it cannot be opened: see that its folder is there and that this user may write in it",
    ),
    "PERM": (StoreUnavailable, "this user may not use it: see to its owner and mode"),
    "NOMEM": (StoreUnavailable, "there is not enough memory"),
    "CORRUPT": (
        StoreBroken,
        "the file is damaged: move it away, and restore it from a copy where dead letters matter",
    ),
    "NOTADB": (StoreBroken, "the file is no database: name another path"),
}


# Closing any descriptor of a file ends all locks that this process has on it: we open it only to make it, and
# nobody else here begins to use it meanwhile.
_MAKING: Final = threading.Lock()


class SqliteState(TablesState):
    """The state in one file, which only this user can read; it is made where it is not there.

    Raises StoreUnavailable or StoreBroken where it cannot be used.
    """

    def __init__(self, path: Path, keeping: Keeping | None = None) -> None:
        super().__init__(SqliteDoor(path), keeping)


class SqliteDoor:
    """A connection to the file; holds on runs are locks of files beside it, which end with their process."""

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser().absolute()
        self._holds: dict[str, int] = {}
        self._in_use: tuple[object, ...] = ()
        with _MAKING:
            self._make()
        try:
            self._connection = sqlite3.connect(
                self._path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise self._meaning(error) from error
        try:
            self._prepare()
        except StoreError:
            self._connection.close()
            raise
        self._in_use = self._at_hand()

    @property
    def where(self) -> str:
        """Return its path."""
        return str(self._path)

    def _make(self) -> None:
        """Make the file, if it is not there, so that nobody else can read it: dead letters hold records."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{self._path}: its folder cannot be made: {error.strerror}") from error
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            if self._path.is_dir():
                raise StoreUnavailable(f"{self._path}: this is a folder: name a file in it") from None
        except OSError as error:
            raise StoreUnavailable(
                f"{self._path}: it cannot be opened for writing: {error.strerror}"
            ) from error

    def _prepare(self) -> None:
        for setting in _SETTINGS:
            self.all(setting)
        if self.all("PRAGMA user_version")[0][0] == len(STEPS) and self._is_ours():
            return
        with self.transaction():
            applied = int(self.all("PRAGMA user_version")[0][0])
            if not self._is_ours() and self.all("SELECT 1 FROM sqlite_master LIMIT 1"):
                raise StoreBroken(f"{self.where}: this is the database of something else: name another path")
            for statement in statements(
                applied, self.where, a_number="INTEGER PRIMARY KEY AUTOINCREMENT", some_bytes="BLOB"
            ):
                self.run(statement)
            self.run(f"PRAGMA application_id = {APPLICATION_ID}")
            self.run(f"PRAGMA user_version = {len(STEPS)}")

    def _is_ours(self) -> bool:
        return bool(self.all("PRAGMA application_id")[0][0] == APPLICATION_ID)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is written within, or nothing when it raises."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:  # whatever ended it, nothing of it may stay; raised on
            with suppress(sqlite3.Error):
                self._connection.rollback()
            raise
        self._see_that_it_is_there()

    def _see_that_it_is_there(self) -> None:
        """Raise StoreBroken where what was written can be found by nobody: it is in files without a name."""
        if self._in_use and self._at_hand() != self._in_use:
            raise StoreBroken(
                f"{self.where}: the file was deleted, moved or replaced while it was in use, with the dead "
                "letters in it: put it back and resume, or begin anew, which sends all of it once more"
            )

    def _at_hand(self) -> tuple[object, ...]:
        """Return which files are there now under the names of the file and of its journal."""
        return tuple(map(_identity, (self._path, self._path.with_name(f"{self._path.name}-wal"))))

    def all(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows of a statement."""
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._meaning(error) from error

    def run(self, statement: str, parameters: Parameters = ()) -> int:
        """Carry out a statement and return how many rows it changed."""
        try:
            return self._connection.execute(statement, parameters).rowcount
        except sqlite3.Error as error:
            raise self._meaning(error) from error

    def many(self, statement: str, rows: Iterable[Parameters]) -> None:
        """Carry out a statement for each row."""
        try:
            self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            raise self._meaning(error) from error

    def hold(self, run_id: str) -> bool:
        """Hold a run until this process ends or lets it go; false while another holds it."""
        path = self._hold_of(run_id)
        try:
            while True:
                file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
                if not _has_locked(file):
                    os.close(file)
                    return False
                if path.exists() and os.fstat(file).st_ino == path.stat().st_ino:
                    self._holds[run_id] = file
                    return True
                os.close(file)  # whoever held it before has taken the file away meanwhile
        except OSError as error:
            raise StoreUnavailable(f"{path}: it cannot be locked: {error.strerror}") from error

    def holds(self, run_id: str) -> bool:
        """Whether it is still held: as long as this process lives."""
        return run_id in self._holds

    def is_held(self, run_id: str) -> bool:
        """Whether anybody holds a run, in this process or another."""
        try:
            file = os.open(self._hold_of(run_id), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False  # whoever lets go takes the file away
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def let_go(self, run_id: str) -> None:
        """Hold a run no more."""
        file = self._holds.pop(run_id, None)
        if file is not None:
            self._hold_of(run_id).unlink(missing_ok=True)
            os.close(file)

    def close(self) -> None:
        """Let go of everything; never raises."""
        for run_id in list(self._holds):
            with suppress(OSError):
                self.let_go(run_id)
        with suppress(sqlite3.Error):
            self._connection.close()

    def _hold_of(self, run_id: str) -> Path:
        name = hashlib.blake2b(run_id.encode("utf-8", "replace"), digest_size=8).hexdigest()
        return self._path.with_name(f"{self._path.name}-run-{name}")

    def _meaning(self, error: sqlite3.Error) -> StoreError:
        name = getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_").split("_")[0]
        kind, words = _MEANINGS.get(name, (StoreBroken, str(error)))
        return kind(f"{self.where}: {words}")


def _has_locked(file: int) -> bool:
    """Lock a file, and return whether that was possible; whoever only looks at it has it for a moment."""
    for _ in range(LOCK_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        threading.Event().wait(LOCKED_AGAIN_AFTER_SECONDS)
    return False


def _identity(path: Path) -> tuple[int, int] | None:
    """Return which file has this name, None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
