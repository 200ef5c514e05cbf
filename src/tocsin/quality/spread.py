"""How far from the expected is still normal: one spread, its floor, and its guards (needs numpy)."""

from dataclasses import dataclass
from math import log, log1p, sqrt

import numpy as np

from tocsin.quality.grouping import Floats
from tocsin.quality.normal import WARNING_SPREADS
from tocsin.quality.series import Kind, unscaled

MAD_TO_SPREAD = 1.4826
LEAST_SHARE = 0.05
OFFSET_SHARE = 0.05
# What a job may vary by before its runs have shown it, and over how many runs that is forgotten.
FIRST_GUESS = 0.2
GUESSED_RUNS = 8
WIDENING_RUNS = 5.0
WIDEST_RUNS = 8.0
# How much wider judging is than the scale, by how heavy the tails are.
TAIL_FROM = 0.90
NORMAL_TAIL = 2.063
USUAL_TAIL = 0.94
TAIL_POWER = 2.0
LEAST_TAIL = 0.85
# As many runs as this believe half of what the tails show.
TAIL_DOUBT = 30.0
FAR_TAIL_RUNS = 200
FAR_TAIL_AT = 0.995
FAR_TAIL = 1.05
UNSEEN_FACTOR = 3.0
# Judging a duration takes half of what its noise demands, and such a share of the ordinary one.
NOISE_SHARE = 0.5
ROOM_SHARE = 0.058


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One spread as it is, and as judging uses it to either side."""

    scale: float
    low: float
    high: float


def offset_of(kind: Kind, values: Floats) -> float:
    """Return what is added before logarithms are taken, so that the smallest values do not count most.

    Counts take their median: small ones come in bursts, which ratios would make too much of.
    """
    match kind:
        case Kind.DURATION:
            return max(1.0, OFFSET_SHARE * median_of(values))
        case Kind.COUNT:
            return max(1.0, median_of(values))
        case Kind.RATE:
            return 0.005
        case Kind.RAW:
            return 0.0


def all_scaled(kind: Kind, values: Floats, offset: float) -> Floats:
    """Return values on the scale on which they are compared, as `scaled` does for one."""
    if kind is Kind.RAW:
        return values
    if kind is Kind.RATE:
        shares = np.clip(values, 0.0, 1.0)
        return np.log((shares + offset) / (1.0 - shares + offset))
    return np.log(np.maximum(values, 0.0) + offset)


def least_scale(kind: Kind, level: float, offset: float) -> float:
    """Return the least spread: 5 % of the value, and one second or record."""
    value = unscaled(kind, level, offset)
    match kind:
        case Kind.DURATION | Kind.COUNT:
            return max(LEAST_SHARE * value / (value + offset), log1p(1.0 / (value + offset)))
        case Kind.RATE:
            return LEAST_SHARE
        case Kind.RAW:
            return max(LEAST_SHARE * abs(value), 1e-9)


def room_of(kind: Kind, level: float, offset: float) -> float:
    """Return what a duration may be off whatever its noise; 0 for all else, judged by noise alone."""
    if kind is not Kind.DURATION:
        return 0.0
    value = unscaled(kind, level, offset)
    return ROOM_SHARE * value / (value + offset)


def spread_of(errors: Floats, recent: int, floor: float, room: float) -> Spread:
    """Return the spread of the last `recent` one-step errors; how heavy their tails are, all of them tell.

    Where there is `room`, judging looks at noise by half and at the ratio itself for the rest: of a steady
    job a few hundredths more are no news however clear, of one that varies by a sixth twice as long is. So
    false alarms are spent where they buy something.
    """
    runs = len(errors)
    scale = MAD_TO_SPREAD * typical(errors[-recent:])
    guess = FIRST_GUESS * max(0.0, 1.0 - runs / GUESSED_RUNS)
    scale = max(sqrt(scale * scale + guess * guess), floor)
    base = scale
    if runs >= GUESSED_RUNS:
        base = max(floor, scale * max(LEAST_TAIL, USUAL_TAIL * _heaviness(errors, floor) ** TAIL_POWER))
    low = high = base * (1.0 + WIDENING_RUNS / max(WIDEST_RUNS, runs))
    if room:
        low = high = max(floor, NOISE_SHARE * high + room)
    if runs >= FAR_TAIL_RUNS:
        least, most = quantiles(np.sort(errors), (1.0 - FAR_TAIL_AT, FAR_TAIL_AT))
        low = max(low, -FAR_TAIL * float(least) / WARNING_SPREADS)
        high = max(high, FAR_TAIL * float(most) / WARNING_SPREADS)
    return Spread(scale=scale, low=low, high=high)


def _heaviness(errors: Floats, floor: float) -> float:
    """Return the mean of the largest tenth of the errors over their spread, 1 for a normal distribution."""
    sizes = np.sort(np.abs(errors))
    usual = max(MAD_TO_SPREAD * float(sizes[len(sizes) // 2]), floor)
    tail = sizes[int(TAIL_FROM * len(sizes)) :]
    largest = float(np.add.reduce(tail)) / len(tail)
    believed = len(sizes) / (len(sizes) + TAIL_DOUBT)
    return 1.0 + believed * (largest / usual / NORMAL_TAIL - 1.0)


def typical(errors: Floats) -> float:
    """Return the median size of errors, of none 0."""
    return median_of(np.abs(errors))


def median_of(values: Floats) -> float:
    """Return the median, of none 0."""
    runs = len(values)
    if not runs:
        return 0.0
    ordered = np.sort(values)
    return float(ordered[(runs - 1) // 2] + ordered[runs // 2]) / 2


def quantiles(ordered: Floats, shares: tuple[float, ...]) -> Floats:
    """Return quantiles of numbers in ascending order, in proportion between neighbours."""
    places = np.array(shares) * (len(ordered) - 1)
    below = places.astype(np.int64)
    above = np.minimum(below + 1, len(ordered) - 1)
    between: Floats = ordered[below] + (places - below) * (ordered[above] - ordered[below])
    return between


def unseen_spread(positions: Floats, level: float) -> float:
    """Return the spread where nothing like it was seen: three times the most, a third of the least."""
    reach = max(float(positions.max()) - level, level - float(positions.min()))
    return (reach + log(UNSEEN_FACTOR)) / WARNING_SPREADS
