"""The write-ahead journal, emptied into the file by a thread and a connection of its own.

Done by the writing session itself it would hold up one group of check-ins in every few.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final

from tocsin.errors import StoreError
from tocsin.store.lending import Lender
from tocsin.store.sqlite.door import SqliteDoor
from tocsin.store.sqlite.reading import SqliteReading

EVERY_SECONDS: Final = 0.2
PAGE_BYTES: Final = 4_096
# Above the first the writer is kept waiting for the rest; above the second long readings are ended.
START_OVER_BYTES: Final = 32 * 1024 * 1024
MOST_BYTES: Final = 256 * 1024 * 1024
LONG_READING_SECONDS: Final = 10.0
# How long a checkpoint waits for a reading to end, while the writer waits for the checkpoint.
JOURNAL_WAIT_SECONDS: Final = 0.01

_log = logging.getLogger("tocsin.store")


class Journal:
    """Empties the journal soon after each commit, and keeps it bounded even while somebody reads for ever."""

    def __init__(
        self,
        open_door: Callable[[], SqliteDoor],
        turn: threading.Lock,
        readers: Lender[SqliteDoor, SqliteReading],
    ) -> None:
        self._open_door = open_door
        self._turn = turn
        self._readers = readers
        self._door = open_door()
        self._start_over_at = START_OVER_BYTES
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tocsin-journal", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """Say that something was committed."""
        if not self._changed.is_set():
            self._changed.set()

    def close(self) -> None:
        """Stop, and leave no journal behind if nobody else reads."""
        self._stopping.set()
        self._changed.set()
        self._thread.join()
        self._checkpoint("TRUNCATE")
        self._door.close()

    def empty(self) -> int:
        """Move what is in the journal into the file; return the bytes of the journal that are in use."""
        used = self._checkpoint("PASSIVE")
        if used > self._start_over_at:
            with self._turn:
                used = self._checkpoint("RESTART")
            # Where a reading stands in the way the writer is not made to wait again before it is worth it.
            self._start_over_at = used + START_OVER_BYTES
        if used > MOST_BYTES and self._readers.end_older_than(LONG_READING_SECONDS):
            self._start_over_at = START_OVER_BYTES
        return used

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            self._changed.wait()
            self._changed.clear()
            try:
                self.empty()
            except Exception:  # noqa: BLE001 -- without this thread the journal would grow without an end
                _log.exception("the journal could not be emptied; it is tried again after the next commit")

    def _checkpoint(self, mode: str) -> int:
        """Return the bytes in use, 0 once it has started over; a fault is the writer's to report."""
        try:
            if self._door.suspect:
                self._door.close()
                self._door = self._open_door()
            row = self._door.one(f"PRAGMA wal_checkpoint({mode})")
        except StoreError:
            self._door.suspect = True
            return 0
        if row is None or (mode != "PASSIVE" and row[0] == 0):
            return 0
        return int(row[1]) * PAGE_BYTES
