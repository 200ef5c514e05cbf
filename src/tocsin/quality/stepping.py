"""History followed run by run: how each was foretold, and where the level has shifted (needs numpy)."""

from bisect import insort
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from tocsin.quality.following import (
    CALM,
    SHIFTS_FROM,
    SLACK,
    STRETCH,
    WINSOR,
    Sums,
    alarmed,
    is_shift,
    middle,
    returns,
    summed,
)
from tocsin.quality.grouping import TRUSTED_SHARE, Floats
from tocsin.quality.normal import LevelShift, Track
from tocsin.quality.series import Kind, scaled, unscaled

# A level of fewer runs has to foretell so much better.
WIDTH_GAIN = 0.98
# A median of 60 has a standard error of 0.16 spreads.
DRIFT_RUNS = 60
BELIEVED_DRIFT = 0.3
MAD_TO_SPREAD = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """By what runs are followed: the scale of values, over how many runs, and a first idea of a spread.

    `known` says of each run whether its slot was known by then: what is new to a job shifts nothing;
    `limit` is that of the CUSUM.
    """

    kind: Kind
    offset: float
    width: int
    scale: float
    known: list[bool]
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What following the runs one by one has shown.

    `errors` says how far each was from what was foretold (not a number, where nothing could be); `since` is
    the first run of the level of now.
    """

    errors: Floats
    sums: Sums = CALM
    since: int = 0
    shift: LevelShift | None = None


def best_steps(positions: Floats, widths: tuple[int, ...]) -> tuple[int, Floats]:
    """Return over how many of the last runs a median foretells the next one best, and its errors."""
    runs = len(positions)
    best, score = (widths[0], one_step(positions, widths[0])), float("inf")
    for width in reversed([each for each in widths if 2 * each <= runs]):
        errors = one_step(positions, width) if width != widths[0] else best[1]
        sizes = np.sort(np.abs(errors[runs // 3 :]))
        this = float(np.add.reduce(sizes[: max(1, int(TRUSTED_SHARE * len(sizes)))]))
        if this < WIDTH_GAIN * score:
            best, score = (width, errors), this
    return best


def one_step(positions: Floats, width: int) -> Floats:
    """Return how far each run is from the median of the up to `width` (an even number) runs before it."""
    runs, half = len(positions), width // 2
    errors = np.empty_like(positions)
    if runs > width:
        windows = np.lib.stride_tricks.as_strided(
            positions, (runs - width, width), positions.strides * 2, writeable=False
        )
        ordered = np.sort(windows, axis=1)
        errors[width:] = positions[width:] - (ordered[:, half - 1] + ordered[:, half]) / 2
    errors[:width] = _first_steps(positions[:width].tolist())
    return errors


def drift_of(errors: Floats) -> float:
    """Return by how much the level lags behind runs that get slower and slower, or faster: the median error.

    Of what may be chance, which its standard error says, nothing is believed.
    """
    last = errors[-DRIFT_RUNS:].tolist()
    if len(last) < DRIFT_RUNS:
        return 0.0
    lag = middle(last)
    spread = MAD_TO_SPREAD * middle([abs(error - lag) for error in last])
    return lag if abs(lag) > BELIEVED_DRIFT * spread else 0.0


def _first_steps(positions: list[float]) -> list[float]:
    """Return how far each is from the median of all before it, the first from itself."""
    before: list[float] = []
    errors = []
    for position in positions:
        half = len(before) // 2
        level = before[half] if before else position
        errors.append(position - (level if len(before) % 2 or not before else (before[half - 1] + level) / 2))
        insort(before, position)
    return errors


def follow(positions: Floats, errors: Floats, at: Floats, pace: Pace, known: Track | None) -> Followed:
    """Return the errors with the level begun anew after each shift, and the last of the shifts.

    Where the runs were followed already, as `known` says, no shift is looked for again.
    """
    if known is None:
        return _with_shifts(positions, errors, at, pace)
    since = int(np.searchsorted(at, known.shift.first_at)) if known.shift else 0
    if since:
        errors = errors.copy()
        _begin_anew(positions, errors, since, since + STRETCH - 1, pace.width)
    return Followed(errors=errors, sums=known.sums, since=since, shift=known.shift)


def _calm_sums(errors: Floats, pace: Pace) -> Sums | None:
    """Return the sums after runs that raised no alarm, or None: the sum of now less the least so far."""
    z = np.minimum(np.maximum(errors[SHIFTS_FROM:] / pace.scale, -WINSOR), WINSOR)
    z = z[np.array(pace.known[SHIFTS_FROM:], dtype=np.bool_)]
    up, up_runs = _highest(z - SLACK, pace.limit)
    down, down_runs = _highest(-z - SLACK, pace.limit)
    return None if up is None or down is None else (up, down, up_runs, down_runs)


def _highest(steps: Floats, limit: float) -> tuple[float | None, int]:
    """Return a sum that never falls below 0 and for how long it has not, or None if it passed the limit."""
    sums = np.cumsum(steps)
    least = np.minimum(np.minimum.accumulate(sums), 0.0)
    heights = sums - least
    if not len(steps) or float(heights.max()) >= limit:
        return (None if len(steps) else 0.0), 0
    zeros = np.flatnonzero(heights <= 0.0)
    return float(heights[-1]), len(steps) - 1 - int(zeros[-1]) if len(zeros) else len(steps)


def _with_shifts(positions: Floats, errors: Floats, at: Floats, pace: Pace) -> Followed:
    calm = _calm_sums(errors, pace)
    if calm is not None:
        return Followed(errors=errors, sums=calm)
    errors = errors.copy()
    sums, since, shift, shifted = CALM, 0, None, 0
    index = SHIFTS_FROM
    left = errors.tolist()
    while index < len(left):
        if pace.known[index]:
            sums = summed(sums, left[index] / pace.scale, pace.limit)
        over = alarmed(sums, pace.limit)
        first = index + 1 - over
        if over and is_shift(left[first : index + 1], pace.kind, pace.scale):
            shift = _shift(
                pace,
                shift,
                between=at[first : index + 1],
                old=float(positions[index]) - left[index],
                new=middle(positions[first : index + 1].tolist()),
                age=index - shifted,
            )
            sums, since, shifted = CALM, first, index
            _begin_anew(positions, errors, first, index, pace.width)
            left = errors.tolist()
        index += 1
    age = len(left) - 1 - shifted
    return Followed(errors=errors, sums=sums, since=since, shift=shift and replace(shift, age=age))


def _begin_anew(positions: Floats, errors: Floats, first: int, last: int, width: int) -> None:
    """Let the level begin at the first run of a shift, of which nothing is known up to the last."""
    later = min(first + width, len(positions))
    errors[first:later] = _first_steps(positions[first:later].tolist())
    errors[first : last + 1] = np.nan


def _shift(
    pace: Pace, last: LevelShift | None, *, between: Floats, old: float, new: float, age: int
) -> LevelShift:
    before = scaled(pace.kind, last.old_level, pace.offset) if last else 0.0
    return LevelShift(
        at=float(between[-1]),
        first_at=float(between[0]),
        old_level=unscaled(pace.kind, old, pace.offset),
        new_level=unscaled(pace.kind, new, pace.offset),
        returned=returns(last, age, new - before, pace.scale),
    )
