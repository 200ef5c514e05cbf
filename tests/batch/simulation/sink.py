"""A sink that has limits and faults, on virtual time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heapreplace
from random import Random

from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a sink behaves; shares are of all requests.

    `limit` returns the requests a second that it takes at an instant; `slots` how many it works on at once
    (0: any number), each for `latency_seconds`; `seconds_per_record` comes on top of that. Now and then, if
    `hitch_every_seconds`, all that would arrive within `hitch_seconds` arrives at the end of them.
    """

    limit: Callable[[float], float] | None = None
    burst_seconds: float = 0.1
    retry_after_seconds: float | None = 1.0
    latency_seconds: float = 0.08
    jitter: float = 0.15
    seconds_per_record: float = 0.0
    slots: int = 0
    errors: float = 0.0
    resets: float = 0.0
    stalls: float = 0.0
    stall_seconds: float = 2.0
    hitch_every_seconds: float = 0.0
    hitch_seconds: float = 0.15
    is_down: Callable[[float], bool] = field(default=lambda _: False)


class Sink:
    """Tells of each request when its answer comes, and keeps books of what it has taken."""

    def __init__(self, behaviour: Behaviour, rng: Random) -> None:
        self._is = behaviour
        self._rng = rng
        self._tokens = 1e9
        self._filled_at = 0.0
        self._free_at = [0.0] * behaviour.slots
        self.taken_at: list[float] = []
        self.throttled_at: list[float] = []

    def answer(self, records: int, sent_at: float) -> tuple[float, Outcome]:
        """Return when the answer to a request comes back, and what it is."""
        way = way_back = self._is.latency_seconds / 2 * self._spread() if not self._is.slots else 0.0
        way += self._held_up(sent_at + way)
        arrived_at = sent_at + way
        outcome, worked_for = self._judge(arrived_at), 0.0
        if isinstance(outcome, Delivered):
            worked_for = self._is.seconds_per_record * records * self._spread()
            if self._is.slots:
                begun_at = max(arrived_at, self._free_at[0])
                worked_for += self._is.latency_seconds * self._spread()
                heapreplace(self._free_at, begun_at + worked_for)
                worked_for += begun_at - arrived_at
            outcome, stalled_for = self._fault(arrived_at)
            worked_for += stalled_for
            if isinstance(outcome, Delivered):
                self.taken_at.append(arrived_at)
        return arrived_at + worked_for + way_back, outcome

    def _judge(self, at: float) -> Outcome:
        if self._is.is_down(at):
            return Refused(Kind.TRANSIENT, "down", status=503)
        if self._is.limit is None:
            return Delivered()
        limit = self._is.limit(at)
        gained = max(0.0, at - self._filled_at) * limit
        self._tokens = min(self._tokens + gained, max(1.0, limit * self._is.burst_seconds))
        self._filled_at = max(at, self._filled_at)
        if self._tokens < 1:
            self.throttled_at.append(at)
            return Refused(
                Kind.THROTTLED, "too many", retry_after_seconds=self._is.retry_after_seconds, status=429
            )
        self._tokens -= 1
        return Delivered()

    def _fault(self, at: float) -> tuple[Outcome, float]:
        chance = self._rng.random()
        if chance < self._is.errors:
            return Refused(Kind.TRANSIENT, "broken", status=500), 0.0
        if chance < self._is.errors + self._is.resets:
            if self._rng.random() < 1 / 2:
                self.taken_at.append(at)
            return Refused(Kind.TRANSIENT, "reset"), 0.0
        stalls = chance < self._is.errors + self._is.resets + self._is.stalls
        return Delivered(), self._is.stall_seconds if stalls else 0.0

    def _held_up(self, at: float) -> float:
        if not self._is.hitch_every_seconds:
            return 0.0
        return max(0.0, self._is.hitch_seconds - at % self._is.hitch_every_seconds)

    def _spread(self) -> float:
        return self._rng.uniform(1 - self._is.jitter, 1 + self._is.jitter)
