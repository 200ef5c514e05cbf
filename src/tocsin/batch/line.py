"""Who goes next where several wait for one limiter: by priority, and by age so that nobody waits for ever."""

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Final

from tocsin.batch.config import Priority
from tocsin.batch.limiter import Limiter

FAIR_EVERY: Final = 20
"""Every so many slots one goes to whoever has waited longest, whatever its priority."""

_FIRST_TO_LAST: Final = (Priority.CRITICAL, Priority.HIGH, Priority.NORMAL, Priority.LOW)


class Waiter:
    """One request that waits for its turn; an object that only its line looks into."""

    __slots__ = ("number", "priority", "records", "wake")

    def __init__(self, *, number: int, records: int, priority: Priority, wake: Callable[[], None]) -> None:
        self.number = number
        self.records = records
        self.priority = priority
        self.wake = wake


class Line:
    """Requests that wait for one limiter; one of them is next, and it alone looks at the time.

    Whoever has joined asks with `ask` and is told when to ask again; when somebody else is next, that is
    never, and `wake` is called once it has changed. Higher priorities go first, within one priority first
    come, first served. At most `FAIR_EVERY - 1` slots in a row pass by the one that has waited longest.
    """

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._waiting: dict[Priority, deque[Waiter]] = {one: deque() for one in _FIRST_TO_LAST}
        self._joined = 0
        self._passed_by = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def join(
        self, records: int, priority: Priority = Priority.NORMAL, wake: Callable[[], None] = lambda: None
    ) -> Waiter:
        """Stand in line with a request of so many records; `wake` is called when it is time to ask anew."""
        self._joined += 1
        waiter = Waiter(number=self._joined, records=records, priority=priority, wake=wake)
        self._waiting[priority].append(waiter)
        return waiter

    def ask(self, waiter: Waiter, now: float) -> float:
        """Return when to ask again; what is not after `now` means: go, the slot is yours."""
        if waiter is not self.next:
            return inf
        at = self._limiter.ready_at(now)
        if at > now:
            return at
        self._limiter.reserve(waiter.records, now)
        self._passed_by = 0 if waiter is self._oldest else self._passed_by + 1
        self._waiting[waiter.priority].remove(waiter)
        self.look_again()
        return at

    def leave(self, waiter: Waiter) -> None:
        """Stand in line no longer; whoever has gone or left already may leave again."""
        if waiter in self._waiting[waiter.priority]:
            was_next = waiter is self.next
            self._waiting[waiter.priority].remove(waiter)
            if was_next:
                self.look_again()

    def look_again(self) -> None:
        """Wake who is next, because its instant may have changed."""
        if self.next is not None:
            self.next.wake()

    @property
    def next(self) -> Waiter | None:
        """Return whose turn it is."""
        if self._passed_by >= FAIR_EVERY - 1:
            return self._oldest
        return next((line[0] for line in self._waiting.values() if line), None)

    @property
    def _oldest(self) -> Waiter | None:
        heads = [line[0] for line in self._waiting.values() if line]
        return min(heads, key=lambda waiter: waiter.number, default=None)
