"""Connections for reading, kept open between uses, and ended when one reads for too long."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

from tocsin.clock import monotonic
from tocsin.errors import StoreUnavailable
from tocsin.store.door import Door

D = TypeVar("D", bound=Door)
S = TypeVar("S")

MAX_IDLE: Final = 8
MAX_READERS: Final = 32
PATIENCE_SECONDS: Final = 5.0


class Lender(Generic[D, S]):
    """Lends sessions to any number of threads, each on a connection of its own.

    `begin` opens a transaction that sees one state; it is tried on a fresh connection when one that
    was kept has been lost in between.
    """

    def __init__(self, open_door: Callable[[], D], begin: str, session: Callable[[D], S]) -> None:
        self._open_door = open_door
        self._begin = begin
        self._session = session
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MAX_READERS)
        self._idle: list[D] = []
        self._busy: dict[D, float] = {}

    @contextmanager
    def lend(self) -> Iterator[S]:
        """Lend a session; StoreUnavailable when too many others read and none ends within five seconds."""
        if not self._places.acquire(timeout=PATIENCE_SECONDS):
            raise StoreUnavailable(f"{MAX_READERS} readings are going on at once: try again in a moment")
        try:
            door = self._begun()
            try:
                yield self._session(door)
            finally:
                self._give_back(door)
        finally:
            self._places.release()

    def end_older_than(self, seconds: float) -> int:
        """End the readings that have gone on for longer than that; return how many there were."""
        now = monotonic()
        with self._lock:
            old = [door for door, since in self._busy.items() if now - since >= seconds]
            for door in old:
                door.suspect = True
                door.interrupt()
        return len(old)

    def close(self) -> None:
        """Close the connections that nobody reads with."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _begun(self) -> D:
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            try:
                return self._begin_on(kept)
            except StoreUnavailable:
                kept.close()
        return self._begin_on(self._open_door())

    def _begin_on(self, door: D) -> D:
        door.run(self._begin)
        with self._lock:
            self._busy[door] = monotonic()
        return door

    def _give_back(self, door: D) -> None:
        door.rollback()
        with self._lock:
            self._busy.pop(door, None)
            if door.suspect or len(self._idle) >= MAX_IDLE:
                door.close()
            else:
                self._idle.append(door)
