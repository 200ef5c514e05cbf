"""One connection to the file, and what its errors mean to the person who must act."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from tocsin.errors import StoreBroken, StoreError, StoreRefused, StoreUnavailable
from tocsin.store.door import Parameters, Row

Hook = Callable[[sqlite3.Connection], None]

WRITER_CACHE_KIB: Final = 16_384
READER_CACHE_KIB: Final = 2_048
WAIT_SECONDS: Final = 5.0
# A journal that had to grow beyond this gives the room back once it is empty.
JOURNAL_KEPT_BYTES: Final = 64 * 1024 * 1024

# Marks the file as ours: the letters "TCSN".
APPLICATION_ID: Final = 0x5443534E

_TOO_LONG: Final = "the reading took so long that it held up the journal and was ended: ask for less"
_FOR_NOW: Final = {
    "SQLITE_FULL": "the disk is full, or the file at its limit: free some space, it goes on by itself",
    "SQLITE_READONLY": "the file or its disk is read-only: make it writable, it goes on by itself",
    "SQLITE_IOERR": "the disk failed to read or write: look at the system's log and at the disk",
    "SQLITE_BUSY": "another program holds a lock on it: end that program, such as an open sqlite3 shell",
    "SQLITE_LOCKED": "another program holds a lock on it: end that program, such as an open sqlite3 shell",
    "SQLITE_CANTOPEN": "it cannot be opened: see that its folder exists and that this user may write there",
    "SQLITE_PERM": "this user may not use it: see to its owner and mode",
    "SQLITE_NOMEM": "there is not enough memory",
    "SQLITE_INTERRUPT": _TOO_LONG,
    "SQLITE_ABORT": _TOO_LONG,
    "SQLITE_PROTOCOL": "another program holds a lock on it: end that program, such as an open sqlite3 shell",
}
_BROKEN: Final = {
    "SQLITE_CORRUPT": "the file is damaged: restore the last backup",
    "SQLITE_NOTADB": "the file is not a database: give another path, or restore the last backup",
    "SQLITE_CONSTRAINT": "a rule of the tables forbids it",
}
# After these the connection itself may be at fault and is opened anew.
_SUSPECT: Final = frozenset({"SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN"})


class SqliteDoor:
    """A connection that speaks in rows and in our errors.

    It may be handed from thread to thread but serves one at a time. `suspect` tells that it should be
    opened anew before it is used again. `hook` is called with each new connection; tests use it to
    bring about faults.
    """

    def __init__(
        self,
        path: str,
        *,
        cache_kib: int,
        wait_seconds: float = WAIT_SECONDS,
        read_only: bool = False,
        hook: Hook | None = None,
    ) -> None:
        self.path = path
        self.suspect = False
        self._interrupted = False
        try:
            self._connection = sqlite3.connect(
                path,
                timeout=wait_seconds,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            for setting in _settings(cache_kib, read_only=read_only):
                self._connection.execute(f"PRAGMA {setting}").fetchall()
            if hook is not None:
                hook(self._connection)
        except sqlite3.Error as error:
            raise meaning(error, path) from error

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    @property
    def changes(self) -> int:
        """How many rows this connection has changed since it was opened."""
        return self._connection.total_changes

    def all(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows of a statement."""
        self._see_whether_it_serves()
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except (sqlite3.Error, UnicodeError, OverflowError) as error:
            raise self._meaning(error) from error

    def one(self, statement: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row of a statement, or None."""
        self._see_whether_it_serves()
        try:
            row: Row | None = self._connection.execute(statement, parameters).fetchone()
        except (sqlite3.Error, UnicodeError, OverflowError) as error:
            raise self._meaning(error) from error
        return row

    def run(self, statement: str, parameters: Parameters = ()) -> int:
        """Carry out a statement and return how many rows it changed."""
        try:
            return self._connection.execute(statement, parameters).rowcount
        except (sqlite3.Error, UnicodeError, OverflowError) as error:
            raise self._meaning(error) from error

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> int:
        """Carry out a statement for each row and return how many rows all of them changed."""
        try:
            return self._connection.executemany(statement, rows).rowcount
        except (sqlite3.Error, UnicodeError, OverflowError) as error:
            raise self._meaning(error) from error

    def script(self, statements: str) -> None:
        """Carry out several statements, without committing anything by itself."""
        for statement in _split(statements):
            self.run(statement)

    def rollback(self) -> None:
        """Forget an open transaction; never raises."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self.suspect = True

    def interrupt(self) -> None:
        """End what another thread is doing with this connection, and its transaction; it serves no more."""
        self._interrupted = True
        self._connection.interrupt()
        self.rollback()

    def copy_to(self, path: str) -> None:
        """Write all pages to another file, as they are at this instant."""
        try:
            target = sqlite3.connect(path, isolation_level=None)
            try:
                self._connection.backup(target)
                target.execute("PRAGMA journal_mode = DELETE").fetchall()
            finally:
                target.close()
        except sqlite3.Error as error:
            raise meaning(error, path) from error

    def close(self) -> None:
        """Let go of the file; never raises."""
        try:
            self._connection.close()
        except sqlite3.Error:
            self.suspect = True

    def _see_whether_it_serves(self) -> None:
        if self._interrupted:
            raise StoreUnavailable(f"{self.path}: {_TOO_LONG}")

    def _meaning(self, error: Exception) -> StoreError:
        if isinstance(error, sqlite3.Error) and _name(error) in _SUSPECT:
            self.suspect = True
        return meaning(error, self.path)


def meaning(error: Exception, path: str) -> StoreError:
    """Return what an error of the database means to us: for now, for good, or only this value."""
    if not isinstance(error, sqlite3.Error):
        return StoreRefused(f"a value cannot be kept: {error}")
    name = _name(error)
    if name in _FOR_NOW:
        return StoreUnavailable(f"{path}: {_FOR_NOW[name]} ({error})")
    if name in _BROKEN:
        return StoreBroken(f"{path}: {_BROKEN[name]} ({error})")
    return StoreBroken(f"{path}: {error}")


def _name(error: sqlite3.Error) -> str:
    """Return the name of the primary code, which the extended one begins with."""
    full: str = getattr(error, "sqlite_errorname", None) or ""
    return "_".join(full.split("_", 2)[:2])


def _settings(cache_kib: int, *, read_only: bool) -> list[str]:
    return [
        "journal_mode = WAL",
        "synchronous = FULL",
        "wal_autocheckpoint = 0",
        f"journal_size_limit = {JOURNAL_KEPT_BYTES}",
        f"cache_size = -{cache_kib}",
        "foreign_keys = OFF",
        "trusted_schema = OFF",
        "secure_delete = OFF",
        *(["query_only = ON"] if read_only else []),
    ]


def _split(statements: str) -> list[str]:
    """Return the statements of a script one by one: executescript would commit what is open."""
    found: list[str] = []
    rest = ""
    for line in statements.splitlines(keepends=True):
        rest += line
        if sqlite3.complete_statement(rest):
            found.append(rest)
            rest = ""
    return found
