"""On which terms the sink takes requests, and how many it permits by them."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import inf


class Answers(StrEnum):
    """How the sink speaks of a bad record.

    STRICT: the request is refused with 400, nobody says for which record. PERMISSIVE: it is answered 200, and
    none of its records is kept. INDEXED: 207 names the bad ones, the others are kept.
    """

    STRICT = "strict"
    PERMISSIVE = "permissive"
    INDEXED = "indexed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the sink permits, how quickly it answers, which faults it has; times count from the first request.

    `then`: (from second, requests a second) pairs in which the limit changes. `failing`, `resetting`,
    `stalling`: shares of the permitted requests that are answered 503, are cut off (half of them after the
    records were kept), or take `stall_seconds` longer. `slots`: requests that it works on at once, others
    wait in line. `down`: the span of seconds in which it cuts everything off.
    """

    requests_per_second: float = 40.0
    burst_seconds: float = 0.1
    then: tuple[tuple[float, float], ...] = ()
    max_records: int = 500
    max_bytes: int = 500_000
    latency_seconds: float = 0.05
    retry_after_seconds: float | None = 1.0
    answers: Answers = Answers.STRICT
    seed: int = 0
    failing: float = 0.0
    resetting: float = 0.0
    stalling: float = 0.0
    stall_seconds: float = 2.0
    slots: int | None = None
    down: tuple[float, float] | None = None

    def rates(self) -> list[tuple[float, float, float]]:
        """Return (from, to, requests a second), one after the other from 0 to infinity."""
        steps = [(0.0, self.requests_per_second), *self.then]
        return [(since, until, rate) for (since, rate), (until, _) in pairwise([*steps, (inf, steps[-1][1])])]

    def permitted(self, since: float, until: float) -> float:
        """Return how many requests the limit allows for between two seconds: its integral."""
        return sum(rate * max(0.0, min(until, end) - max(since, start)) for start, end, rate in self.rates())


class Allowance:
    """A bucket of tokens, filled at the rate of the terms; it holds `burst_seconds` of it, at least one."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._tokens = inf
        self._filled_at = 0.0

    def take(self, at: float) -> bool:
        """Take a token, if there is one, at this second; seconds never go back."""
        for start, end, rate in self._terms.rates():
            if start <= at:
                grown = rate * max(0.0, min(at, end) - max(self._filled_at, start))
                most = max(1.0, rate * self._terms.burst_seconds)
                self._tokens = min(self._tokens + grown, most) if end > self._filled_at else self._tokens
        self._filled_at = at
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True
