"""When a run will end, and how likely it is to end too late.

It goes by how long comparable runs took, by how long this one has taken already, by its own progress, and by
when it can start at all.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from tocsin.quality.lasting import Comparable, Lasting, of_history, with_progress

_LOW, _MIDDLE, _HIGH = 0.1, 0.5, 0.9
_ENDS: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
_LONGEST_SECONDS: Final = 3_700 * 86_400
# What stays away longer than ever before: by how much of that it is expected to stay away further.
_LONGER_STILL: Final = 0.25

_MOST_STARTS: Final = 12

Start = tuple[float, float]
"""An instant at which a run may start, in seconds from the base, with its weight."""
Ends = tuple[tuple[datetime, float], ...]
"""Instants that stand for the end of a run, the earliest first, each with its weight."""


class Forecast(Struct, frozen=True, kw_only=True, gc=False):
    """The end of a run, as far as it can be foreseen while nothing more is heard of it.

    `takes` is how long it takes from its start. It started at `base_at`; or, where there are `starts`, it has
    not, and may at any of these so many seconds after it. Whatever is asked holds for a whole second from
    `base_at` on, so that what is asked at two instants of the same second is answered alike.
    """

    base_at: datetime
    takes: Lasting
    starts: tuple[Start, ...] = ()

    def probability(self, limit_at: datetime, now: datetime) -> float:
        """Return how likely it ends after `limit_at`, given that it has not ended by `now`, from 0 to 1.

        It never falls while `now` grows: P(D > limit) / P(D > elapsed), where D is how long it takes.
        """
        return self._late(_seconds(limit_at - self.base_at), self._elapsed(now))

    def stays_below(self, threshold: float, limit_at: datetime, until_at: datetime) -> bool:
        """Whether the probability is still below a threshold at `until_at`, if nothing is heard before."""
        if until_at >= limit_at:
            return False
        if not self.starts:
            return self.probability(limit_at, until_at) < threshold
        limit, elapsed = _seconds(limit_at - self.base_at), self._elapsed(until_at)
        latest = _left(self.starts, elapsed)[-1][0]
        if latest < limit and self.takes.beyond(limit - latest) < threshold:
            return True  # who starts earlier is sooner done
        return self._late(limit, elapsed) < threshold

    def mostly_over_at(self) -> datetime:
        """Return an instant by which most runs that started when this one did are over."""
        return self.base_at + timedelta(seconds=min(self.takes.mostly, _LONGEST_SECONDS))

    def crossing_at(self, limit_at: datetime, threshold: float, now: datetime) -> datetime:
        """Return the first instant, from `now` on, at which the probability has reached a threshold.

        That is if nothing more is heard; it is never later than `limit_at`, or than `now` if that is later.
        """
        limit, high = _seconds(limit_at - self.base_at), -(-(limit_at - self.base_at) // _SECOND)
        low = self._elapsed(now)
        if self._late(limit, low) >= threshold:
            return now
        while high - low > 1:
            middle = (low + high) // 2
            if self._late(limit, middle) >= threshold:
                high = middle
            else:
                low = middle
        return self.base_at + high * _SECOND

    def finish_at(self, share: float, now: datetime) -> datetime:
        """Return the instant by which it has ended with this probability, if it has not by `now`."""
        elapsed = low = self._elapsed(now)
        high, left = max(low * 2, 60), 1.0 - share
        while high < _LONGEST_SECONDS and self._late(high, elapsed) > left:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            if self._late(middle, elapsed) > left:
                low = middle
            else:
                high = middle
        return self.base_at + high * _SECOND

    def ends(self, now: datetime) -> Ends:
        """Return instants that stand for its end, for those who wait for it."""
        return tuple([(self.finish_at(share, now), 1 / len(_ENDS)) for share in _ENDS])

    def expected_finish_at(self, now: datetime) -> datetime:
        """Return the instant before and after which it ends with equal probability."""
        return self.finish_at(_MIDDLE, now)

    def low_at(self, now: datetime) -> datetime:
        """Return the beginning of the span in which it ends with a probability of 80 %."""
        return self.finish_at(_LOW, now)

    def high_at(self, now: datetime) -> datetime:
        """Return the end of that span."""
        return self.finish_at(_HIGH, now)

    def _elapsed(self, now: datetime) -> int:
        return (now - self.base_at) // _SECOND

    def _late(self, limit: float, elapsed: int) -> float:
        if limit <= elapsed:
            return 1.0
        if not self.starts:
            still = self.takes.beyond(elapsed)
            return min(self.takes.beyond(limit) / still, 1.0) if still > 0 else 1.0
        late = whole = 0.0
        for start, weight in _left(self.starts, elapsed):
            late += weight * (self.takes.beyond(limit - start) if start < limit else 1.0)
            whole += weight
        return min(late / whole, 1.0)


_SECOND: Final = timedelta(seconds=1)


def _seconds(span: timedelta) -> float:
    return span.total_seconds()


def _left(starts: tuple[Start, ...], elapsed: int) -> tuple[Start, ...]:
    """Return the starts that are still possible; after the last of them it is later and later."""
    if starts[0][0] > elapsed:
        return starts
    left = tuple([start for start in starts if start[0] > elapsed])
    if left:
        return left
    usual = starts[len(starts) // 2][0]
    return ((elapsed + _LONGER_STILL * max(elapsed - usual, 0.0), 1.0),)


class Progressed(Struct, frozen=True, kw_only=True, gc=False):
    """What a run has told of its progress: the share that was done at an instant."""

    share: float
    at: datetime


def of_started(
    comparable: Comparable, started_at: datetime, progressed: Progressed | None = None
) -> Forecast:
    """Return the forecast of a run that has started."""
    takes = of_history(comparable)
    if progressed is not None:
        elapsed = (progressed.at - started_at).total_seconds()
        takes = with_progress(takes, elapsed, progressed.share)
    return Forecast(base_at=started_at, takes=takes)


def of_expected(
    comparable: Comparable,
    nominal_at: datetime,
    delays_seconds: tuple[float, ...] = (),
    awaited: tuple[Ends, ...] = (),
) -> Forecast:
    """Return the forecast of a run that has not started.

    It starts as late after its nominal instant as the runs before it did (at once where nothing is known),
    and no sooner than each of the runs that it awaits has ended.
    """
    starts = _starts(delays_seconds)
    for one in awaited:
        ends = tuple([((at - nominal_at).total_seconds(), weight) for at, weight in one])
        starts = _later_of(starts, ends)
    return Forecast(base_at=nominal_at, takes=of_history(comparable), starts=starts)


def latest_start(delays_seconds: tuple[float, ...], elapsed_seconds: int) -> float:
    """Return in how many seconds from its nominal instant a run that has not started by then does at most."""
    first, last = (min(delays_seconds), max(delays_seconds)) if delays_seconds else (0.0, 0.0)
    return max(2 * last - first, elapsed_seconds + _LONGER_STILL * max(elapsed_seconds - first, 0.0))


def _starts(delays_seconds: tuple[float, ...]) -> tuple[Start, ...]:
    """Return when a run starts: as one of those before it, or, seldom, later than all of them."""
    ordered = sorted(delays_seconds)
    if not ordered:
        return ((0.0, 1.0),)
    count = min(len(ordered), _MOST_STARTS)
    picked = [ordered[(2 * number + 1) * len(ordered) // (2 * count)] for number in range(count)]
    later = 2 * ordered[-1] - ordered[len(ordered) // 2]
    return (*((at, 1.0) for at in picked), (max(later, ordered[-1]), 1.0 * count / (len(ordered) + 1)))


def _later_of(one: tuple[Start, ...], other: tuple[Start, ...]) -> tuple[Start, ...]:
    """Return when the later of two happens, in no more points than the two have together."""
    joined: dict[float, float] = {}
    for at, weight in one:
        for then, share in other:
            joined[max(at, then)] = joined.get(max(at, then), 0.0) + weight * share
    return tuple(sorted(joined.items()))
