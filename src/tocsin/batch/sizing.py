"""How large a batch is made: as large as is of use, and never again as large as was too large."""

from collections import deque
from random import Random
from statistics import fmean, median
from typing import Final

OVERHEAD: Final = 0.05
"""So much of a request's time may be spent on what does not depend on its records."""
LONGEST_SECONDS: Final = 2.0
TIMEOUT_SHARE: Final = 0.2

_FIRST_RECORDS: Final = 200
_LEAST_RECORDS: Final = 500
_LEAST_BYTES: Final = 1_024
_LARGE_BYTES: Final = 65_536
_RECOVERED_AFTER: Final = 20
_RECOVERY: Final = 1.1
_BELOW_CEILING: Final = 0.95
_POINTS: Final = 120
_LOOK_EVERY: Final = 5
_JITTER: Final = 0.4


class Sizing:
    """How many records and bytes a batch should have at most, moved by what requests cost and by refusals.

    Where the sink limits requests, or the size does not adapt, batches are as large as the limits allow: a
    record more in a request costs nothing. Otherwise `seconds = a + b * records` is fitted to the last
    answers, and a batch is as large as makes `a` a twentieth of it, but so small that it takes no longer than
    2 s or a fifth of the time-out. For the sake of `a` it is never below 500 records, because answers that
    vary tell `a` only roughly. It at most doubles from one look to the next, and is varied, because a line
    needs more than one point.

    A request that was too large halves the bytes, and its size is remembered as one that is not to be reached
    again; one that was large and timed out halves them too. Twenty batches without either make them a tenth
    larger. `chance` varies sizes.
    """

    def __init__(
        self,
        *,
        most_records: int,
        most_bytes: int,
        timeout_seconds: float,
        adapts: bool,
        chance: Random,
        ceiling_bytes: int | None = None,
        records: int | None = None,
        size: int | None = None,
    ) -> None:
        self._most_records = most_records
        self._most_bytes = most_bytes
        self._longest_seconds = min(LONGEST_SECONDS, timeout_seconds * TIMEOUT_SHARE)
        self._adapts = adapts
        self._chance = chance
        self._target = float(min(records or _FIRST_RECORDS, most_records))
        self._points: deque[tuple[int, float]] = deque(maxlen=_POINTS)
        self._new = 0
        self._clean = 0
        self.ceiling_bytes = ceiling_bytes
        self.bytes = min(size or most_bytes, most_bytes)
        self.records = round(self._target) if adapts else most_records
        self._stay_below_ceiling()

    @property
    def target_records(self) -> int:
        """Return the size that is aimed at, without what varies it."""
        return round(self._target)

    def delivered(self, records: int, seconds: float, *, is_rate_limited: bool) -> None:
        """A batch was taken; `is_rate_limited`: requests are what the sink, or the settings, limit."""
        self._clean += 1
        if self._clean >= _RECOVERED_AFTER:
            self._clean = 0
            self.bytes = min(round(self.bytes * _RECOVERY), self._most_bytes)
            self._stay_below_ceiling()
        if not self._adapts:
            return
        self._points.append((records, seconds))
        self._new += 1
        if is_rate_limited:
            self._target = float(self._most_records)
            self.records = self._most_records
            return
        if self._new >= _LOOK_EVERY:
            self._new = 0
            self._target = self._aim()
        self.records = max(1, round(self._target * self._chance.uniform(1 - _JITTER, 1.0)))

    def too_large(self, records: int, size: int) -> None:
        """A request of so many bytes was too large; that one record alone was says nothing of batches."""
        if records > 1:
            known = self.ceiling_bytes
            self.ceiling_bytes = size if known is None else min(known, size)
            self._halve(size)

    def timed_out(self, size: int) -> None:
        """A request of so many bytes was not answered in time."""
        if size >= _LARGE_BYTES:
            self._halve(size)

    def _halve(self, size: int) -> None:
        self._clean = 0
        self.bytes = max(min(self.bytes, size // 2), _LEAST_BYTES)

    def _stay_below_ceiling(self) -> None:
        if self.ceiling_bytes is not None:
            self.bytes = max(min(self.bytes, int(self.ceiling_bytes * _BELOW_CEILING)), _LEAST_BYTES)

    def _aim(self) -> float:
        fixed, each = self._line()
        wanted = float(self._most_records)
        if each > 0:
            by_overhead = fixed / each * (1 / OVERHEAD - 1)
            by_time = (self._longest_seconds - fixed) / each
            wanted = min(max(by_overhead, _LEAST_RECORDS), max(by_time, 1.0), wanted)
        return min(max(wanted, 1.0), self._target * 2)

    def _line(self) -> tuple[float, float]:
        """Return `a` and `b` of the line through the small and the large half of what was sent.

        Each half is taken at its median time, so that a few slow answers do not tilt the line. A. Wald, 1940.
        """
        ordered = sorted(self._points)
        half = len(ordered) // 2
        small, large = ordered[:half], ordered[-half:]
        if not half:
            return 0.0, 0.0
        x0, x1 = (fmean(records for records, _ in part) for part in (small, large))
        y0, y1 = (median(seconds for _, seconds in part) for part in (small, large))
        if x1 - x0 < 0.05 * x1:
            return 0.0, 0.0
        each = max((y1 - y0) / (x1 - x0), 0.0)
        return max(y0 - each * x0, 0.0), each
