"""Who may send at the same time, so that a receiver that keeps us waiting delays nobody else.

There are two lanes, each with its own room. A target whose last delivery took little time is quick, and may
have several under way; one that is slow, or of which nothing is known yet, has one at a time in the other
lane. A delivery that takes long makes its target slow while it still lasts, and no longer counts against
the room of the quick ones. So receivers that hang cost the others nothing.
"""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

AT_ONCE: Final = 8
"""Most deliveries to one quick target at the same time, unless the configuration says otherwise."""

QUICK_ROOM: Final = 64
TRIED_ROOM: Final = 64
ALL_ROOM: Final = 256
SLOW_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many notifications may be claimed for one lane, and for which targets none."""

    limit: int
    busy: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One delivery that is under way."""

    number: int
    target: str
    began_seconds: float


class Lanes:
    """Keeps count of what is under way; threads share it. Seconds are those of one monotonic clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._under_way: dict[int, Trip] = {}
        self._quick: set[str] = set()

    def room(
        self, targets: Iterable[str], at_once: Callable[[str], int], now_seconds: float
    ) -> tuple[Room, Room]:
        """Return what may be claimed for quick targets, and for the others; a limit of 0 is no room.

        Targets that the configuration does not know any more count as quick: they fail at once.
        """
        with self._lock:
            self._notice_slow(now_seconds)
            tried = frozenset(target for target in targets if target not in self._quick)
            counts = Counter(trip.target for trip in self._under_way.values())
        left = ALL_ROOM - counts.total()
        waiting = sum(counts[target] for target in tried)
        free = {target: at_once(target) - count for target, count in counts.items() if target not in tried}
        full = frozenset(target for target, room in free.items() if room <= 0)
        least = min((room for room in free.values() if room > 0), default=AT_ONCE)
        quick = min(QUICK_ROOM - (counts.total() - waiting), least, AT_ONCE, left)
        idle = [target for target in tried if not counts[target]]
        others = 1 if idle and waiting < TRIED_ROOM and left > 0 else 0
        return (
            Room(limit=max(quick, 0), busy=full | tried),
            Room(limit=others, busy=frozenset(counts) | self._quick),
        )

    def _notice_slow(self, now_seconds: float) -> None:
        late = (t.target for t in self._under_way.values() if now_seconds - t.began_seconds >= SLOW_SECONDS)
        self._quick.difference_update(late)

    def begin(self, target: str, now_seconds: float) -> Trip:
        """Note that a delivery to this target is under way."""
        with self._lock:
            trip = Trip(number=next(self._numbers), target=target, began_seconds=now_seconds)
            self._under_way[trip.number] = trip
            return trip

    def end(self, trip: Trip, now_seconds: float) -> None:
        """Note that it has ended, however it did."""
        with self._lock:
            del self._under_way[trip.number]
            if now_seconds - trip.began_seconds < SLOW_SECONDS:
                self._quick.add(trip.target)
            else:
                self._quick.discard(trip.target)
