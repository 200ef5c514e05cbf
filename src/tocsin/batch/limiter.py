"""How fast requests may go, in requests and in records a second, and a gate that stops all of them."""

from math import inf
from typing import Final

BURST_SECONDS: Final = 0.05
"""What may be caught up with after a rest: even spacing fits any sink, this forgives a late event loop."""

LEAST_SPACING: Final = 0.6
"""Of even spacing; closer than this nothing follows, even to catch up: on its way it comes closer still."""


class _Schedule:
    """One rate as GCRA keeps it: a single instant, at which what was taken so far would be used up."""

    def __init__(self, rate: float | None, burst_seconds: float, now: float) -> None:
        self.rate = rate
        self._burst_seconds = burst_seconds
        self._used_up_at = now + burst_seconds  # at first there is nothing to catch up with
        self._next_at = -inf

    def ready_at(self) -> float:
        return -inf if self.rate is None else max(self._next_at, self._used_up_at - self._burst_seconds)

    def take(self, cost: float, at: float) -> None:
        if self.rate is not None:
            self._used_up_at = max(self._used_up_at, at) + cost / self.rate
            self._next_at = at + LEAST_SPACING * cost / self.rate

    def set_rate(self, rate: float | None, now: float) -> None:
        """Keep what is owed, in requests or records, and pay it back at the new rate."""
        if rate is not None:
            slower = (self.rate or 0.0) / rate
            self._used_up_at = now + max(0.0, self._used_up_at - now) * slower
            self._next_at = now + max(0.0, self._next_at - now) * slower
        self.rate = rate

    def spend_burst(self, at: float) -> None:
        self._used_up_at = max(self._used_up_at, at + self._burst_seconds)


class Limiter:
    """When requests may go, at most so many requests and so many records a second; None: without limit.

    Instants are monotonic seconds. Within any `t` seconds at most `rate * (t + burst_seconds) + 1` requests
    go, and at most `rate * (t + burst_seconds)` records and those of one request more. The formula is the
    generic cell rate algorithm of ITU-T I.371, which keeps one number for each rate.
    """

    def __init__(
        self,
        *,
        requests_per_second: float | None = None,
        records_per_second: float | None = None,
        burst_seconds: float = BURST_SECONDS,
        now: float,
    ) -> None:
        self._requests = _Schedule(requests_per_second, burst_seconds, now)
        self._records = _Schedule(records_per_second, burst_seconds, now)
        self.gate_until: float = -inf

    @property
    def requests_per_second(self) -> float | None:
        """Return how many requests a second may go now."""
        return self._requests.rate

    @property
    def records_per_second(self) -> float | None:
        """Return how many records a second may go now."""
        return self._records.rate

    def ready_at(self, now: float) -> float:
        """Return when the next request may go, `now` at the earliest; nothing is taken."""
        return max(now, self.gate_until, self._requests.ready_at(), self._records.ready_at())

    def reserve(self, records: int, now: float) -> float:
        """Take the next slot for a request with so many records, and return its instant."""
        at = self.ready_at(now)
        if at == self.gate_until:
            self._requests.spend_burst(at)
            self._records.spend_burst(at)
        self._requests.take(1, at)
        self._records.take(records, at)
        return at

    def set_rate(self, requests_per_second: float | None, now: float) -> None:
        """From now on so many requests a second may go."""
        if requests_per_second != self._requests.rate:
            self._requests.set_rate(requests_per_second, now)

    def set_records_rate(self, records_per_second: float | None, now: float) -> None:
        """From now on so many records a second may go."""
        if records_per_second != self._records.rate:
            self._records.set_rate(records_per_second, now)

    def close_until(self, at: float) -> None:
        """Let nothing go before this instant, and then what goes evenly; a gate is never opened earlier."""
        self.gate_until = max(self.gate_until, at)
