"""How many requests may be in flight: as many as a sink works on without letting them wait."""

from collections.abc import Sequence
from math import inf, log10
from statistics import fmean, median
from typing import Final

FIRST_LIMIT: Final = 2
MOST_LIMIT: Final = 64

_FEWEST_SAMPLES: Final = 5
_OVERLOAD_FACTOR: Final = 0.9
_OVERLOADED_SHARE: Final = 0.1
_FEWEST_OVERLOADED: Final = 2
_LOOK_AFRESH_SECONDS: Final = 30.0
_FORGET: Final = 0.02
_LEAST_SPREAD: Final = 0.05
_MOST_PER_RECORD: Final = 0.95


class _Shape:
    """How much of an answer's time each record takes, `b / a` of `seconds = a + b * records`.

    The ratio is what counts, because a queue that lengthens every answer by the same factor leaves it alone;
    and it is learned within each look, because a queue that has grown since the last one, while batches have
    grown too, would pass for what their records take.
    """

    def __init__(self) -> None:
        self._weight = self._x = self._xx = self._xy = 0.0
        self.per_record = 0.0

    def take(self, seen: Sequence[tuple[float, int]]) -> None:
        """Learn from the seconds and the records of one look."""
        usual, size = (fmean(one[which] for one in seen) for which in (0, 1))
        keep = (1 - _FORGET) ** len(seen)
        self._weight = self._weight * keep + len(seen)
        self._x = self._x * keep + size * len(seen)
        self._xx = self._xx * keep + sum((records - size) ** 2 for _, records in seen)
        self._xy = self._xy * keep + sum(
            (records - size) * (seconds / usual - 1) for seconds, records in seen
        )
        mean = self._x / self._weight
        if self._xx / self._weight > (_LEAST_SPREAD * mean) ** 2:
            slope = min(max(self._xy / self._xx, 0.0), _MOST_PER_RECORD / mean)
            self.per_record = slope / (1 - slope * mean)

    def factor(self, records: float) -> float:
        """Return how many times as long so many records take as none."""
        return 1 + self.per_record * records


class Concurrency:
    """How many requests may be in flight, moved by how long good answers take and by overload alone.

    It doubles while answers take no longer than they did at best, then follows TCP Vegas: the part of the
    requests that must be waiting in the sink, `limit * (1 - best / now)`, is kept at a few. One look for each
    round trip, at the median of what was sent since the last one, so that a single slow answer says nothing;
    times are reckoned for batches of one size. It does not grow unless the limit itself was what held
    requests back. Two overloads (503, time-out) within one look that are a tenth of it lower it by a tenth. A
    refusal for the rate is never told to it: that is the limiter's. Brakmo, Peterson: TCP Vegas, 1995.
    """

    def __init__(self, *, most: int = MOST_LIMIT, first: int = FIRST_LIMIT) -> None:
        self._most = most
        self._limit = float(min(first, most))
        self._doubles = True
        self._has_doubled = False
        self._shape = _Shape()
        self._best = (inf, 0.0)
        self._best_at = -inf
        self._resumed: float | None = None
        self._since = -inf
        self._seen: list[tuple[float, int]] = []
        self._was_limited = False
        self._overloaded = 0

    @property
    def limit(self) -> int:
        """Return how many requests may be in flight."""
        return max(1, int(self._limit))

    def succeeded(self, sent_at: float, now: float, records: int, *, was_limited: bool) -> None:
        """A request was delivered; `was_limited`: when it went, it was the last one that might."""
        if sent_at < self._since:
            return
        self._seen.append((now - sent_at, records))
        self._was_limited |= was_limited
        if len(self._seen) >= max(_FEWEST_SAMPLES, self.limit // 2):
            self._look(now)

    def overloaded(self, sent_at: float, now: float) -> None:
        """A request came back with 503, or not in time."""
        if sent_at < self._since:
            return
        self._overloaded += 1
        share = self._overloaded / (self._overloaded + len(self._seen))
        if self._overloaded >= _FEWEST_OVERLOADED and share >= _OVERLOADED_SHARE:
            self._doubles = False
            self._move_to(self._limit * _OVERLOAD_FACTOR, now)

    def _look(self, now: float) -> None:
        self._shape.take(self._seen)
        usual = median(seconds / self._shape.factor(records) for seconds, records in self._seen)
        best = self._best[0] / self._shape.factor(self._best[1])
        if self._resumed is not None or usual <= best:
            records = sum(records for _, records in self._seen) / len(self._seen)
            self._best, self._best_at = (usual * self._shape.factor(records), records), now
            best = usual
        if self._resumed is not None:
            # With the queue empty nothing was learned of whether more would have been of use.
            limit, self._resumed = self._resumed, None
            self._move_to(limit, now)
            return
        limit = self._limit
        waiting = limit * (1 - best / usual)
        if waiting > min(1.0, limit / 4) and now - self._best_at >= _LOOK_AFRESH_SECONDS:
            # What was best may be out of date: look once more with the sink's queue empty.
            self._resumed = limit
            self._move_to(limit / 4, now)
        else:
            self._move_to(limit + self._change(limit, waiting), now)

    def _change(self, limit: float, waiting: float) -> float:
        step = max(1.0, log10(limit))
        has_doubled, self._has_doubled = self._has_doubled, False
        if waiting > min(6 * step, limit / 2):
            self._doubles = False
            # Doubling is ahead of what it sees: as many are left as the sink works on, and a few that wait.
            return (
                min(3 * step, (limit - waiting) / 2) - waiting if has_doubled else -min(2 * step, limit / 4)
            )
        if not self._was_limited:
            return 0.0
        is_idle = waiting <= min(step, limit / 4)
        self._doubles = self._doubles and is_idle
        if is_idle:
            self._has_doubled = self._doubles and limit < self._most
            return limit if self._doubles else min(6 * step, max(1.0, limit / 4))
        return min(step, limit / 4) if waiting <= min(3 * step, limit / 3) else 0.0

    def _move_to(self, limit: float, now: float) -> None:
        self._limit = min(max(limit, 1.0), float(self._most))
        self._since = now
        self._seen.clear()
        self._was_limited = False
        self._overloaded = 0
