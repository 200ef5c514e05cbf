"""Which records of a source are settled, in constant memory for a source of any length."""

from collections.abc import Iterable, Iterator

Range = tuple[int, int]
"""Ordinals from the first on, up to but without the second."""


class Acked:
    """Ordinals that are settled: all below `low_water`, and ranges above it.

    As long as settling keeps roughly the order of the source there are no more ranges than batches in flight.
    """

    def __init__(self, low_water: int = 0, ranges: Iterable[Range] = ()) -> None:
        self.low_water = low_water
        self._after: dict[int, int] = {}
        self._first: dict[int, int] = {}
        for first, after in ranges:
            self.add(first, after)

    def add(self, first: int, after: int) -> None:
        """Settle the ordinals from `first` up to but without `after`; each of them once."""
        known = self._first.pop(first, None)
        if known is not None:
            del self._after[known]
            first = known
        known = self._after.pop(after, None)
        if known is not None:
            del self._first[known]
            after = known
        if first <= self.low_water:
            self.low_water = max(self.low_water, after)
        else:
            self._after[first] = after
            self._first[after] = first

    @property
    def ranges(self) -> tuple[Range, ...]:
        """Return the settled ranges above the low-water mark, in order."""
        return tuple(sorted(self._after.items()))

    def __contains__(self, ordinal: int) -> bool:
        return ordinal < self.low_water or any(
            first <= ordinal < after for first, after in self._after.items()
        )


def unsettled(low_water: int, ranges: Iterable[Range]) -> Iterator[Range]:
    """Return the stretches from the low-water mark on that are not settled; the last one has no end (-1)."""
    at = low_water
    for first, after in sorted(ranges):
        if first > at:
            yield at, first
        at = max(at, after)
    yield at, -1
