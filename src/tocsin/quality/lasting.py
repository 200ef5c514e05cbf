"""How long something takes that has happened before: a distribution made of a few overlapping bells.

Each bell is a normal distribution of ln(x + offset). Bells, because what a run has told of its progress can
be added to them exactly, and because asking them costs microseconds without any library of arrays.
"""

from bisect import bisect
from collections.abc import Iterable
from functools import lru_cache
from math import erfc, exp, log, pi, sqrt
from typing import Final

from msgspec import Struct

from tocsin.quality.normal import SHAPE_AT, Expected, Normal

# Standard normal quantiles at (i + ½) / 11: where the bells of a history stand if it were normal.
_NORMAL: Final = (
    -1.6906216295848977,
    -1.0968035620935048,
    -0.7478585947633022,
    -0.4727891209922674,
    -0.22988411757923208,
    0.0,
    0.22988411757923208,
    0.4727891209922674,
    0.7478585947633022,
    1.0968035620935048,
    1.6906216295848977,
)
BELLS: Final = len(_NORMAL)
# Below so many runs the shape of their own spread counts for less than a half.
_HALF_BELIEVED: Final = 20
_WIDTH: Final = 0.4
"""Of one bell, in normal spreads of the history."""
_NARROWED: Final = 1.0 / sqrt(1.0 + _WIDTH * _WIDTH)
# Of runs, the share that are unlike their history, and how unlike in ln: a hang, a doubled input.
_UNLIKE: Final = 0.03
_UNLIKE_LATER: Final = 0.45
_UNLIKE_WIDTH: Final = 0.6
# Of ln(projected end), halfway: how far progress that is reported evenly goes from being even.
_UNEVEN: Final = 0.12
_UNEVEN_AT_LEAST: Final = 0.02
# How often progress tells nothing of the end: the last record takes as long as all before, the total grows.
_MISLEADS: Final = 0.005
_MISLED_DENSITY: Final = 0.3
_ROOT_TWO: Final = sqrt(2.0)
_ROOT_TWO_PI: Final = sqrt(2.0 * pi)
_LEAST_SHARE: Final = 1e-9
MOST_SHARE: Final = 0.999
"""More of a run is never taken to be done while it goes on."""
_LEAST_DEVIATION: Final = 1e-6
# Half the weight of a bell that is no oddity; that of the runs that are unlike the others is never more.
_COUNTS: Final = 0.04

Bell = tuple[float, float, float]
"""Half its weight, its middle in ln(seconds + offset), and 1 / (√2 × its deviation)."""
Part = tuple[float, float, float]
"""The weight of some runs among all, and a middle and deviation of theirs in ln(seconds + offset)."""


class Comparable(Struct, frozen=True, kw_only=True, gc=False):
    """What comparable runs say of a span in seconds.

    ln(x + `offset`) lies around `mu`; `shape` is its distance from there in `scale`s, at the shares SHAPE_AT
    of the runs; empty: nobody knows, and it is taken for normal. `runs` says how many are behind it.
    """

    mu: float
    scale: float
    offset: float
    runs: int
    shape: tuple[float, ...] = ()


def comparable_of(normal: Normal, expected: Expected) -> Comparable:
    """Return what is known of the runs with which one that is so expected is compared."""
    return Comparable(
        mu=expected.mu, scale=expected.scale, offset=expected.offset, runs=expected.runs, shape=normal.shape
    )


class Lasting(Struct, frozen=True, kw_only=True, gc=False):
    """A distribution of spans in seconds."""

    bells: tuple[Bell, ...]
    offset: float

    def beyond(self, seconds: float) -> float:
        """Return the probability that it takes longer than this."""
        if seconds <= 0:
            return 1.0
        at, sum_ = log(seconds + self.offset), 0.0
        for half, middle, narrow in self.bells:
            sum_ += half * erfc((at - middle) * narrow)
        return sum_

    @property
    def mostly(self) -> float:
        """Seconds in which most of what is like the others is over; 0 where no part of it stands out."""
        ends = [middle + 1.0 / (_ROOT_TWO * narrow) for half, middle, narrow in self.bells if half > _COUNTS]
        return max(exp(max(ends)) - self.offset, 0.0) if ends else 0.0


@lru_cache(maxsize=1_024)
def of_history(comparable: Comparable) -> Lasting:
    """Return how long the next comparable run takes.

    The middle of the distribution is that of the history, drawn towards Student's t where the history is
    short; a small part of it belongs to runs that are unlike all before.
    """
    runs = max(comparable.runs, 2)
    (share, _, _), unlike = parts_of(comparable)
    places = [_place(comparable.shape, runs, number) for number in range(BELLS)]
    mu, scale = comparable.mu, comparable.scale
    bells = [_bell(share / BELLS, mu + at * scale, _WIDTH * scale) for at in places]
    return Lasting(bells=(*bells, _bell(*unlike)), offset=comparable.offset)


def parts_of(comparable: Comparable) -> tuple[Part, Part]:
    """Return the runs that are like the others, with their latest bell, and those that are unlike."""
    mu, scale, runs = comparable.mu, comparable.scale, max(comparable.runs, 2)
    share = 1.0 - _UNLIKE - 0.2 / (runs + 2)
    latest = mu + _place(comparable.shape, runs, BELLS - 1) * scale
    return (
        (share, latest, max(_WIDTH * scale, _LEAST_DEVIATION)),
        (1.0 - share, mu + _UNLIKE_LATER, max(_UNLIKE_WIDTH, 3 * scale)),
    )


def _place(shape: tuple[float, ...], runs: int, number: int) -> float:
    """Return where one of the bells stands, in spreads from the middle: the later, the higher its number."""
    guessed = _guessed(runs)[number]
    if len(shape) != len(SHAPE_AT):
        return guessed * _NARROWED
    believed, (above, part) = runs / (runs + _HALF_BELIEVED), _BETWEEN[number]
    own = shape[above - 1] * (1 - part) + shape[above] * part
    return (believed * own + (1 - believed) * guessed) * _NARROWED


@lru_cache(maxsize=1_024)
def _guessed(runs: int) -> tuple[float, ...]:
    """Return where the bells of so many runs stand, in spreads from the middle, if they are normal."""
    return tuple([_student(z, runs - 1) * sqrt(1.0 + 1.0 / runs) for z in _NORMAL])


def _between(share: float) -> tuple[int, float]:
    """Return between which two of SHAPE_AT a share lies, by the number of the later, and how far."""
    above = bisect(SHAPE_AT, share)
    return above, (share - SHAPE_AT[above - 1]) / (SHAPE_AT[above] - SHAPE_AT[above - 1])


_BETWEEN: Final = tuple(_between((number + 0.5) / BELLS) for number in range(BELLS))


def _student(z: float, freedom: int) -> float:
    """Return Student's quantile from the normal one (Abramowitz & Stegun 26.7.5, two terms)."""
    v = max(freedom, 2)
    return z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v * v)


def _bell(weight: float, middle: float, deviation: float) -> Bell:
    return weight / 2, middle, 1.0 / (_ROOT_TWO * max(deviation, _LEAST_DEVIATION))


def with_progress(lasting: Lasting, elapsed_seconds: float, done_share: float) -> Lasting:
    """Return how long a run takes that had this share done when so many seconds were over.

    Bayes: evenly made progress would end at elapsed / share, and ln of that is off by a normal error that
    shrinks as the share grows (that of a gamma bridge: √((1 − share) / share)). In a small part of runs
    progress tells nothing, so that one that stands still long before its end is not taken for nearly done.
    """
    if elapsed_seconds <= 0 or done_share <= _LEAST_SHARE:
        return lasting
    share = min(done_share, MOST_SHARE)
    seen = log(elapsed_seconds / share + lasting.offset)
    error = max(_UNEVEN * sqrt((1 - share) / share), _UNEVEN_AT_LEAST)
    told = [_told(bell, seen, error) for bell in lasting.bells]
    misled = [(half * _MISLEADS * _MISLED_DENSITY, m, k) for half, m, k in lasting.bells]
    return Lasting(bells=_weighed((*told, *misled)), offset=lasting.offset)


def _told(bell: Bell, seen: float, error: float) -> Bell:
    half, middle, narrow = bell
    own = 0.5 / (narrow * narrow)
    of_progress = error * error
    both = own + of_progress
    density = exp(-0.5 * (seen - middle) ** 2 / both) / (_ROOT_TWO_PI * sqrt(both))
    joined = (middle * of_progress + seen * own) / both
    return half * (1 - _MISLEADS) * density, joined, sqrt(both / (2 * own * of_progress))


def _weighed(bells: Iterable[Bell]) -> tuple[Bell, ...]:
    kept = tuple(bells)
    whole = 2 * sum(bell[0] for bell in kept)
    return tuple([(half / whole, m, k) for half, m, k in kept if half > whole * 1e-7])
