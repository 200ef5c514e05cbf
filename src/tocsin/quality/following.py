"""One run after the other: the level that follows them, and the shift that becomes certain."""

from collections.abc import Sequence
from math import log

from tocsin.quality.normal import LevelShift
from tocsin.quality.series import Kind

# Robust CUSUM: residuals count up to WINSOR spreads each, less SLACK; beyond the limit the level has shifted.
# Runs of the same hours are alike for reasons of their own, so that more of them have to say so.
SLACK = 0.5
WINSOR = 3.0
LIMIT = 6.5
SUB_DAILY_LIMIT = 24.0
# A shift is believed when of the last STRETCH runs all but one lie so far to one side, near each other:
# single outliers raise an alarm too, but with ordinary runs between them.
STRETCH = 5
EXCEPTIONS = 1
LEAST_OF_EACH = 1.0
LEAST_SHIFT = 1.75
LEAST_CHANGE = log(1.2)
NEAR = 2.5
# A shift back within so many runs is a return, and no second surprise.
SAME_LEVEL = 2.0
RETURN_RUNS = 60
# Of fewer runs no level is known that could shift.
SHIFTS_FROM = 12
FLAGS = 60
MOST_FLAGGED = FLAGS // 4
_ALL_FLAGS = (1 << FLAGS) - 1

Sums = tuple[float, float, int, int]
CALM: Sums = (0.0, 0.0, 0, 0)


def limit_of(*, sub_daily: bool) -> float:
    """Return how much has to come together before the level is suspected to have shifted."""
    return SUB_DAILY_LIMIT if sub_daily else LIMIT


def summed(sums: Sums, z: float, limit: float) -> Sums:
    """Return the CUSUM sums up and down, and the runs that each has lasted, after a run `z` spreads off."""
    up, down, up_runs, down_runs = sums
    clipped = WINSOR if z > WINSOR else max(z, -WINSOR)
    up = min(up + clipped - SLACK, limit + WINSOR)
    down = min(down - clipped - SLACK, limit + WINSOR)
    up, up_runs = (up, up_runs + 1) if up > 0.0 else (0.0, 0)
    down, down_runs = (down, down_runs + 1) if down > 0.0 else (0.0, 0)
    return up, down, up_runs, down_runs


def alarmed(sums: Sums, limit: float) -> int:
    """Return over how many of the last runs a sum has grown beyond the limit, at most STRETCH, or 0."""
    up, down, up_runs, down_runs = sums
    if up < limit and down < limit:
        return 0
    return min(up_runs if up >= limit else down_runs, STRETCH)


def is_shift(errors: Sequence[float], kind: Kind, scale: float) -> bool:
    """Whether the last runs, STRETCH or one less, lie elsewhere together, by as much as matters."""
    level = middle(errors)
    side = 1.0 if level > 0 else -1.0
    near = max(NEAR * scale, abs(level) / 2)
    there = sum(side * error > LEAST_OF_EACH * scale and abs(error - level) < near for error in errors)
    least = LEAST_SHIFT * scale if kind is Kind.RAW else max(LEAST_SHIFT * scale, LEAST_CHANGE)
    return there >= STRETCH - EXCEPTIONS and abs(level) >= least


def returns(last: LevelShift | None, age: int, distance: float, scale: float) -> bool:
    """Whether a shift, so many runs after the last one, only undoes it.

    `distance` is how far the new level is from that of before the last shift.
    """
    undoes = last is not None and not last.returned and age <= RETURN_RUNS
    return undoes and abs(distance) <= SAME_LEVEL * scale


def middle(values: Sequence[float]) -> float:
    """Return the median; of nothing 0."""
    ordered = sorted(values)
    half = len(ordered) // 2
    if not ordered:
        return 0.0
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def flags_after(flags: int, *, flagged: bool) -> int:
    """Return the bits of the last FLAGS runs with one more."""
    return (flags << 1 | flagged) & _ALL_FLAGS


def model_is_wrong(flags: int) -> bool:
    """Whether so many of the last runs were unusual that it is the model that is, and not the runs."""
    return flags.bit_count() > MOST_FLAGGED
