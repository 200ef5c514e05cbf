"""What waits for its instant, the earliest first."""

import heapq
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import UNSET

Id = TypeVar("Id", int, str)

_SPARE = 64


class Waiting(Generic[Id]):
    """Ids, each with the instant that it waits for, or with none."""

    def __init__(self) -> None:
        self._at: dict[Id, datetime] = {}
        self._heap: list[tuple[datetime, Id]] = []

    def put(self, of: Id, at: datetime | None) -> None:
        """Let it wait for this instant from now on, and for no other."""
        known = self._at.get(of, UNSET)
        if at is None:
            if known is not UNSET:
                del self._at[of]
        elif known != at:
            self._at[of] = at
            heapq.heappush(self._heap, (at, of))
            if len(self._heap) > 2 * len(self._at) + _SPARE:
                self._heap = [(instant, id_) for id_, instant in self._at.items()]
                heapq.heapify(self._heap)

    def first_at(self) -> datetime | None:
        """Return the earliest instant that anything waits for."""
        heap, known = self._heap, self._at
        while heap and known.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def first(self) -> Id | None:
        """Return the id that waits for the earliest instant."""
        return self._heap[0][1] if self.first_at() is not None else None

    def due(self, now: datetime, limit: int) -> list[Id]:
        """Return up to `limit` ids whose instant has come, the earliest first; they go on waiting for it."""
        found: dict[Id, datetime] = {}
        while len(found) < limit and (at := self.first_at()) is not None and at <= now:
            found[heapq.heappop(self._heap)[1]] = at
        for of, at in found.items():
            heapq.heappush(self._heap, (at, of))
        return list(found)
