"""The transaction of the writing session, which its parts share."""

import threading
from collections.abc import Callable

from tocsin.errors import StoreError
from tocsin.store.cache import WatchCache
from tocsin.store.door import OnDoor
from tocsin.store.sqlite.door import SqliteDoor


class Session(OnDoor):
    """Begins, commits and forgets; opens its connection anew after a fault of the disk.

    `turn` is held from begin to commit, so that the journal can be emptied in between. `changed` is
    called after each commit that changed a row: the others leave nothing in the journal.
    """

    _door: SqliteDoor

    def __init__(
        self, open_door: Callable[[], SqliteDoor], turn: threading.Lock, changed: Callable[[], None]
    ) -> None:
        self._open_door = open_door
        self._turn = turn
        self._changed = changed
        self._door = open_door()
        self._cache = WatchCache()
        self._holds_turn = False
        self._changes_before = 0
        # The newest row in the log of jobs whose watches do not say so yet, and of all.
        self._heads: dict[int, int] = {}
        self._last_check_in: int | None = None

    def begin(self) -> None:
        """Open a transaction; StoreUnavailable when another program holds the file."""
        if self._holds_turn:
            raise StoreError("a transaction is open already")
        self._turn.acquire()
        self._holds_turn = True
        try:
            if self._door.suspect:
                self._reopen()
            self._cache.shrink()
            self._changes_before = self._door.changes
            self._door.run("BEGIN IMMEDIATE")
        except BaseException:  # whatever ended it, nothing of it may stay; raised on
            self.rollback()
            raise

    def commit(self) -> None:
        """Make it durable on disk."""
        try:
            self._before_commit()
            self._door.run("COMMIT")
        except BaseException:  # as above
            self.rollback()
            raise
        has_changed = self._door.changes != self._changes_before
        self._release()
        if has_changed:
            self._changed()

    def rollback(self) -> None:
        """Forget it; never raises."""
        if self._holds_turn:
            self._door.rollback()
            self._forget()
            self._release()

    def close(self) -> None:
        """Let go of the file."""
        self.rollback()
        self._door.close()

    def _before_commit(self) -> None:
        """Write what was put off until now; the part that puts off says how."""

    def _forget(self) -> None:
        self._cache.clear()
        self._heads.clear()

    def _release(self) -> None:
        if self._holds_turn:
            self._holds_turn = False
            self._turn.release()

    def _reopen(self) -> None:
        self._door.close()
        self._door = self._open_door()
