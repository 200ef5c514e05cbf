"""Connections for reading, kept open between uses, and ended when one reads for too long."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tocsin.clock import monotonic
from tocsin.errors import StoreUnavailable
from tocsin.store.sqlite.door import Door
from tocsin.store.sqlite.reading import SqliteReading

MAX_IDLE: Final = 8
MAX_READERS: Final = 64


class Readers:
    """Lends connections to any number of threads, one to each at a time."""

    def __init__(self, open_door: Callable[[], Door]) -> None:
        self._open_door = open_door
        self._lock = threading.Lock()
        self._idle: list[Door] = []
        self._busy: dict[Door, float] = {}

    @contextmanager
    def lend(self) -> Iterator[SqliteReading]:
        """Lend a session that sees one state of the tables; StoreUnavailable when too many read at once."""
        door = self._take()
        try:
            door.run("BEGIN")
            yield SqliteReading(door)
        finally:
            self._give_back(door)

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

    def _take(self) -> Door:
        with self._lock:
            if len(self._busy) >= MAX_READERS:
                raise StoreUnavailable(f"{MAX_READERS} readings are going on at once; try again in a moment")
            door = self._idle.pop() if self._idle else self._open_door()
            self._busy[door] = monotonic()
            return door

    def _give_back(self, door: Door) -> None:
        door.rollback()
        with self._lock:
            self._busy.pop(door, None)
            if door.suspect or len(self._idle) >= MAX_IDLE:
                door.close()
            else:
                self._idle.append(door)
