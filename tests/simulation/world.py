"""The world the server lives in: one time, one source of chance, one list of what is to come."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random

from tests.simulation.swarm import Swarm, draw, healed

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""True time begins here; the server's clock and those of the jobs may think otherwise."""


class Crash(BaseException):
    """The process is gone at this very point; nothing that it meant to do next is done."""


class World:
    """Everything a simulation draws, counts and remembers; equal seeds make equal worlds.

    `seconds` is true time since START. `sometimes` counts what rarely happens, to prove that it did.
    `faults` are the promises that were seen broken.
    """

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.swarm: Swarm = draw(self.chance, Random(f"inhibition {seed}"))
        self.seconds = 0.0
        self.offset = timedelta()
        self.furthest = timedelta()
        self.agreed = timedelta()
        self._set_back: list[tuple[float, datetime]] = []
        self.crashes = 0
        self.sometimes: Counter[str] = Counter()
        self.faults: list[str] = []
        self.trace: list[str] = []
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count(1)

    def now(self) -> datetime:
        """Return true time."""
        return START + self.agreed + timedelta(seconds=self.seconds)

    def server_now(self) -> datetime:
        """Return what the server's clock shows."""
        return self.now() + self.offset

    def seconds_of(self, at: datetime) -> float:
        """Return when an instant was, in true time, by clocks that never jumped."""
        return (at - START - self.agreed).total_seconds()

    def jump(self, seconds: float) -> None:
        """Move the server's clock."""
        self.offset += timedelta(seconds=seconds)
        self.furthest = max(self.furthest, self.offset)
        if seconds < 0:
            self._set_back.append((self.seconds, self.server_now()))
        self.happened("clock forward" if seconds > 0 else "clock back")
        self.tell("clock", self.offset)

    def counted_from(self, shown: datetime, since_seconds: float, until_seconds: float) -> datetime:
        """Return from which instant the server counts what happened when its clock showed `shown`.

        That was at `since_seconds` in true time. Nothing that has happened lies ahead of the clock: where it
        was set back until `until_seconds`, it counts from then at the latest.
        """
        later = (at for seconds, at in self._set_back if since_seconds <= seconds <= until_seconds)
        return min((shown, *later))

    def new_id(self) -> str:
        """Return an id that was never given before."""
        return f"id{next(self._numbers):06}"

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Let something happen later."""
        heapq.heappush(self._coming, (self.seconds + max(seconds, 0.0), next(self._numbers), call))

    @property
    def next_seconds(self) -> float:
        """When something happens next, in true time."""
        return self._coming[0][0] if self._coming else float("inf")

    def pop(self) -> Callable[[], None] | None:
        """Return the next of what should have happened by now."""
        if self._coming and self._coming[0][0] <= self.seconds:
            return heapq.heappop(self._coming)[2]
        return None

    def tell(self, *words: object) -> None:
        """Add a line to the trace."""
        self.trace.append(" ".join([f"{self.seconds:10.3f}", *map(str, words)]))

    def happened(self, what: str) -> None:
        """Count something rare."""
        self.sometimes[what] += 1

    def accuse(self, promise: str, what: str) -> None:
        """Note that a promise was broken."""
        self.faults.append(f"{promise}: {what} (at {self.seconds:.0f} s)")
        self.tell("BROKEN", promise, what)

    def strikes(self, likelihood: float) -> bool:
        """Whether a fault of this likelihood strikes now; an absent one draws nothing."""
        return likelihood > 0.0 and self.chance.random() < likelihood

    def point(self, name: str, weight: float = 1.0) -> None:
        """Pass a point at which the process may die; the weight says how much would be at stake."""
        allowed = self.swarm.most_crashes * (2 if weight > 1.0 else 1)
        if self.crashes < allowed and self.strikes(weight * self.swarm.crash_at(name)):
            self.crashes += 1
            self.happened(f"crash {name}")
            self.tell("crash", name)
            raise Crash(name)

    def heal(self) -> None:
        """End every fault; all clocks agree from now on, on the furthest that the server's ever was."""
        self.swarm = healed(self.swarm)
        self.agreed, self.offset = self.furthest, timedelta()
        self.tell("healed")

    def fingerprint(self) -> str:
        """Return a hash of all that happened."""
        return blake2b("\n".join(self.trace).encode(), digest_size=16).hexdigest()
