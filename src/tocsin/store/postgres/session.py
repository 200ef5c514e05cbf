"""The transaction of the writing session, which its parts share."""

from collections.abc import Callable, Iterable
from typing import Final

from tocsin.errors import StoreContended, StoreError, StoreUnavailable
from tocsin.store.cache import WatchCache
from tocsin.store.door import OnDoor
from tocsin.store.postgres.door import PostgresDoor

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
# What all jobs share carries one number, which grows with every change of it.
SHARED: Final = "SELECT value FROM notes WHERE name = 'shared'"
_SHARE: Final = (
    "INSERT INTO notes VALUES ('shared', '1') "
    "ON CONFLICT (name) DO UPDATE SET value = (notes.value::bigint + 1)::text RETURNING value"
)
GROUPS_LOCK: Final = 0x746F6373696E67
_LOCK_GROUPS: Final = "SELECT pg_advisory_xact_lock(?)"


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
        # The number of what all jobs share that decisions are made under, once somebody has asked for it.
        self._shared: int | None = None
        self._shares = False
        self._was_refused = False

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

    def lock_groups(self) -> None:
        """Let no other server change groups until the end."""
        self._door.all(_LOCK_GROUPS, (GROUPS_LOCK,))

    def commit(self) -> None:
        """Make it durable, with the database's own promise of it."""
        try:
            if self._shares:
                self._tell_others()
            self._door.commit()
        except BaseException:  # whatever ended it, nothing of it may stay; raised on
            self.rollback()
            raise
        self._was_refused = False
        self._end()

    def rollback(self) -> None:
        """Forget it; never raises."""
        if self._open:
            self._door.rollback()
            for job_id in self._locked:
                self._cache.drop(job_id)
            self._end()

    def take_up_shared(self) -> None:
        """Decide under what all jobs share as it stands now; `save` refuses once another changed it."""
        self._shared = _number(self._door.one(SHARED))

    def _share(self) -> None:
        """Note that this transaction changes what all jobs share."""
        self._shares = True

    def _tell_others(self) -> None:
        """Let the number grow, last of all: who waits for it must hold nothing that we need."""
        number = _number(self._door.one(_SHARE))
        if self._shared == number - 1:
            self._shared = number

    def _see_that_it_holds(self, row: tuple[str | None] | None) -> None:
        """Refuse what was decided under what another server has changed; only once, lest we never get on."""
        if self._shared is None or self._was_refused or _number(row) == self._shared:
            return
        self._was_refused = True
        raise StoreContended(f"{self._door.where}: another server has changed what all jobs share")

    def close(self) -> None:
        """Let go of the connection."""
        self.rollback()
        self._door.close()

    def _end(self) -> None:
        self._open = False
        self._shares = False
        self._locked.clear()
        self._cache.shrink()


def _number(row: tuple[str | None] | None) -> int:
    return 0 if row is None or row[0] is None else int(row[0])


def numbers(values: Iterable[int | None]) -> str:
    """Return an array of numbers as PostgreSQL reads it: a twentieth of the driver's own way for a list."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def texts(values: Iterable[str]) -> str:
    """Return an array of texts as PostgreSQL reads it."""
    quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"
