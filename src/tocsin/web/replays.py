"""Which deliveries of vendors were taken already, so that the same one is taken once."""

from collections import OrderedDict
from threading import Lock
from typing import Final

MAX_REMEMBERED: Final = 10_000


class Replays:
    """Remembers the newest deliveries by their ids; threads share it.

    What is older is refused by its age, and whatever comes a second time to another server, or after a
    restart, changes nothing that was not changed since.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: OrderedDict[str, None] = OrderedDict()

    def has(self, delivery: str) -> bool:
        """Whether this one was taken."""
        with self._lock:
            return delivery in self._taken

    def remember(self, delivery: str) -> None:
        """Take note that this one was taken."""
        with self._lock:
            self._taken[delivery] = None
            self._taken.move_to_end(delivery)
            if len(self._taken) > MAX_REMEMBERED:
                self._taken.popitem(last=False)
