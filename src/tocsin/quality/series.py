"""What a job's runs were measured by, one value a run, and the scale on which such values are compared."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from math import exp, log

from msgspec import Struct

MAX_POINTS = 600


class Kind(StrEnum):
    """What is measured, which decides on what scale it is compared."""

    DURATION = "duration"
    COUNT = "count"
    RATE = "rate"
    RAW = "raw"


# Found here and not by way of their class, which takes four times as long before Python 3.12.
_RAW, _RATE = Kind.RAW, Kind.RATE


class Point(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One run: when it started (seconds since 1970), what was measured, and whether that was unusual."""

    order_at: float
    value: float
    flagged: bool = False


class Series(Struct, frozen=True, kw_only=True, gc=False):
    """The newest comparable runs of a job, oldest first, as parallel columns of at most MAX_POINTS.

    `order_at` is when each started, in seconds since 1970; `value` what was measured, in seconds, records or
    a share from 0 to 1; `flagged` whether it was unusual and is not to be learnt from.
    """

    order_at: tuple[float, ...] = ()
    value: tuple[float, ...] = ()
    flagged: tuple[bool, ...] = ()

    def __len__(self) -> int:
        """Return how many runs there are."""
        return len(self.order_at)

    def with_point(self, point: Point, *, flagged: bool) -> "Series":
        """Return the series with one more run, without the oldest when there are too many."""
        # Tuples are joined as they are, for to unpack hundreds of values takes longer than a lesson should.
        at, value, flag = (point.order_at,), (point.value,), (flagged,)
        return Series(
            order_at=self.order_at[-MAX_POINTS + 1 :] + at,
            value=self.value[-MAX_POINTS + 1 :] + value,
            flagged=self.flagged[-MAX_POINTS + 1 :] + flag,
        )

    def without_first(self) -> "Series":
        """Return the series without the oldest run."""
        return Series(order_at=self.order_at[1:], value=self.value[1:], flagged=self.flagged[1:])

    def first(self, count: int) -> "Series":
        """Return the oldest so many runs."""
        return Series(order_at=self.order_at[:count], value=self.value[:count], flagged=self.flagged[:count])

    def points_from(self, index: int) -> Iterator[tuple[float, float, bool]]:
        """Return the runs from one on, each with when it started, what was measured, and its flag."""
        return zip(self.order_at[index:], self.value[index:], self.flagged[index:], strict=True)

    def learning_again_from(self, index: int) -> "Series":
        """Return the series with nothing flagged from this run on: what was unusual is the new normal."""
        calm = (False,) * (len(self) - index)
        return Series(order_at=self.order_at, value=self.value, flagged=self.flagged[:index] + calm)


def series_of(points: Iterable[Point]) -> Series:
    """Return the newest MAX_POINTS runs in the order in which they started, each once."""
    ordered = sorted({point.order_at: point for point in points}.items())[-MAX_POINTS:]
    return Series(
        order_at=tuple(float(at) for at, _ in ordered),
        value=tuple(float(point.value) for _, point in ordered),
        flagged=tuple(point.flagged for _, point in ordered),
    )


def scaled(kind: Kind, value: float, offset: float) -> float:
    """Return a value on the scale on which it is compared: ratios for durations and counts, odds for rates.

    `offset` keeps the smallest values from counting most: ln(x + c), and ln((x + c) / (1 - x + c)).
    """
    if kind is _RAW:
        return value
    if kind is _RATE:
        share = min(max(value, 0.0), 1.0)
        return log((share + offset) / (1.0 - share + offset))
    return log(max(value, 0.0) + offset)


def unscaled(kind: Kind, position: float, offset: float) -> float:
    """Return the value at a position on its scale, never less than nothing: the inverse of `scaled`."""
    if kind is _RAW:
        return position
    odds = exp(min(max(position, -_FURTHEST), _FURTHEST))
    if kind is _RATE:
        return min(max((odds * (1.0 + offset) - offset) / (1.0 + odds), 0.0), 1.0)
    return max(odds - offset, 0.0)


_FURTHEST = 60.0
