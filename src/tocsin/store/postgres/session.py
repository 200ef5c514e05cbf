"""The transaction of the writing session, which its parts share."""

from collections.abc import Callable, Iterable

from tocsin.errors import StoreContended, StoreError, StoreUnavailable
from tocsin.store.cache import WatchCache
from tocsin.store.door import OnDoor
from tocsin.store.postgres.door import PostgresDoor

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"


class Session(OnDoor):
    """Begins, commits and forgets; connects anew when the connection was lost."""

    _door: PostgresDoor

    def __init__(self, open_door: Callable[[], PostgresDoor]) -> None:
        self._open_door = open_door
        self._door = open_door()
        self._open = False
        self._cache = WatchCache()
        # The jobs that this transaction has locked: only of these the cache is known to be true.
        self._locked: set[int] = set()

    def begin(self) -> None:
        """Open a transaction, on a new connection if the one there was lost while nobody used it."""
        if self._open:
            raise StoreError("a transaction is open already")
        if not self._door.suspect:
            try:
                self._door.run(BEGIN)
            except StoreContended:
                raise
            except StoreUnavailable:
                self._door.suspect = True
        if self._door.suspect:
            self._door.close()
            self._cache.clear()
            self._door = self._open_door()
            self._door.run(BEGIN)
        self._open = True

    def commit(self) -> None:
        """Make it durable, with the database's own promise of it."""
        try:
            self._door.commit()
        except BaseException:
            self.rollback()
            raise
        self._end()

    def rollback(self) -> None:
        """Forget it; never raises."""
        if self._open:
            self._door.rollback()
            for job_id in self._locked:
                self._cache.drop(job_id)
            self._end()

    def close(self) -> None:
        """Let go of the connection."""
        self.rollback()
        self._door.close()

    def _end(self) -> None:
        self._open = False
        self._locked.clear()
        self._cache.shrink()


def numbers(values: Iterable[int | None]) -> str:
    """Return an array of numbers as PostgreSQL reads it: a twentieth of the driver's own way for a list."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def texts(values: Iterable[str]) -> str:
    """Return an array of texts as PostgreSQL reads it."""
    quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"
