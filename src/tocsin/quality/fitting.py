"""The full fit: rhythm, special days, level, spread and tails (needs numpy)."""

from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.quality.following import (
    CALM,
    FLAGS,
    MOST_FLAGGED,
    STRETCH,
    Sums,
    alarmed,
    is_shift,
    middle,
    returns,
    summed,
)
from tocsin.quality.grouping import (
    DAY_SECONDS,
    SUB_DAILY_SECONDS,
    Floats,
    Local,
    Slots,
    local_of,
    rhythm_of,
    without_trend,
)
from tocsin.quality.normal import SHAPE_AT, WARNING_SPREADS, LevelShift, Normal, Track
from tocsin.quality.packing import packed
from tocsin.quality.season import SLOTS, counted_by, zone
from tocsin.quality.series import Kind, Series, scaled, unscaled
from tocsin.quality.special_days import special_days, special_effects
from tocsin.quality.spread import (
    MAD_TO_SPREAD,
    Spread,
    all_scaled,
    least_scale,
    offset_of,
    spread_of,
    unseen_spread,
)

Flags = NDArray[np.bool_]

WIDTHS = (12, 24, 48)
SUB_DAILY_WIDTHS = (24, 48)
# A level of fewer runs has to predict so much better.
WIDTH_GAIN = 0.98
TRUSTED_SHARE = 0.93
BLOCK_DAYS = 7
# The first runs follow a level of hardly any; with few runs, they are all there is.
FIRST_ERROR = 4
FEW_RUNS = 12
SCALE_RUNS = 120
SUB_DAILY_SCALE_RUNS = 500
SETTLED_WEEKS = 3
_MOST_RUNS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What following the runs one by one has shown: the error of each, and where the level has shifted."""

    errors: Floats
    sums: Sums = CALM
    since: int = 0
    shift: LevelShift | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """By what runs are followed: the scale of values, over how many runs, and a first idea of a spread."""

    kind: Kind
    offset: float
    width: int
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """Runs without their rhythm, and the rhythm that was taken from them."""

    positions: Floats
    local: Local
    slots: Slots
    unseen: float
    specials: tuple[tuple[int, float, int], ...]
    sub_daily: bool
    settled: bool


def fitted(series: Series, kind: Kind, timezone: str, now_at: float, known: Track | None = None) -> Normal:
    """Return what is normal, from at least NEEDED_RUNS runs."""
    values, at = np.array(series.value), np.array(series.order_at)
    offset = offset_of(kind, values)
    shaped = _shaped(all_scaled(kind, values, offset), at, timezone)
    width = _width(shaped)
    errors = one_step(shaped.positions, width)
    floor = least_scale(kind, middle(shaped.positions[-width:].tolist()), offset)
    first = FIRST_ERROR if len(errors) >= FEW_RUNS else 1
    rough = max(MAD_TO_SPREAD * float(np.median(np.abs(errors[first:]))), floor)
    followed = follow(shaped, errors, at, Pace(kind=kind, offset=offset, width=width, scale=rough), known)
    flagged = _flagged(series, followed, rough)
    learnt = np.flatnonzero(~flagged)
    learnt = learnt[learnt >= first][-(SUB_DAILY_SCALE_RUNS if shaped.sub_daily else SCALE_RUNS) :]
    spread = spread_of(followed.errors[learnt], floor)
    recent = _recent(shaped.positions, flagged, followed.since, width)
    level = middle(recent)
    unseen = max(shaped.unseen, spread.high, spread.low)
    if not shaped.settled:
        unseen = max(unseen, unseen_spread(shaped.positions, level))
    return Normal(
        kind=kind,
        n=len(series),
        season=shaped.slots.season,
        offset=_short(offset),
        level=level,
        scale=_short(spread.scale),
        low=_short(spread.low),
        high=_short(spread.high),
        unseen=_short(unseen),
        unit=_short(spread.scale),
        effects=packed(shaped.slots.effects / _short(spread.scale)) if shaped.slots.season else b"",
        runs=_runs(shaped),
        specials=tuple((special, _short(effect), days) for special, effect, days in shaped.specials),
        shape=_shape(followed.errors[learnt], spread),
        phase_seconds=shaped.local.phase_seconds,
        sub_daily=shaped.sub_daily,
        settled=shaped.settled,
        width=width,
        left_out=int(flagged.sum()),
        fitted_at=now_at,
        track=Track(
            anchor=level,
            recent=packed((each - level) / _short(spread.scale) for each in recent),
            sums=followed.sums,
            flags=sum(1 << place for place, each in enumerate(reversed(flagged[-FLAGS:].tolist())) if each),
            shift=followed.shift,
        ),
    )


def _shaped(positions: Floats, at: Floats, timezone: str) -> Shaped:
    local = local_of(at, zone(timezone))
    gap = float(np.median(np.diff(at)))
    sub_daily = gap < SUB_DAILY_SECONDS
    flat = without_trend(positions, at, BLOCK_DAYS * max(DAY_SECONDS, gap))
    weeks = (at[-1] - at[0] + gap) / (7.0 * DAY_SECONDS)
    slots, coarse = rhythm_of(flat, local, sub_daily=sub_daily, weeks=weeks)
    season = slots.effects[local.slots(slots.season)]
    flat = flat - season
    specials = special_days(flat, local, MAD_TO_SPREAD * float(np.median(np.abs(flat))))
    return Shaped(
        positions=positions - season - special_effects(specials, local),
        local=local,
        slots=slots,
        unseen=MAD_TO_SPREAD * float(np.median(np.abs(coarse.errors))),
        specials=specials,
        sub_daily=sub_daily,
        settled=bool(weeks >= SETTLED_WEEKS),
    )


def _width(shaped: Shaped) -> int:
    """Return over how many of the last runs a median foretells the next one best."""
    widths = SUB_DAILY_WIDTHS if shaped.sub_daily else WIDTHS
    runs = len(shaped.positions)
    best, score = widths[0], float("inf")
    for width in reversed([each for each in widths if 2 * each <= runs]):
        errors = np.sort(np.abs(one_step(shaped.positions, width)[-(runs - runs // 3) :]))
        this = float(errors[: max(1, int(TRUSTED_SHARE * len(errors)))].mean())
        if this < WIDTH_GAIN * score:
            best, score = width, this
    return best


def one_step(positions: Floats, width: int) -> Floats:
    """Return how far each run is from the median of the up to `width` runs before it."""
    errors = np.zeros_like(positions)
    if len(positions) > width:
        windows = np.lib.stride_tricks.as_strided(
            positions, (len(positions) - width, width), positions.strides * 2, writeable=False
        )
        ordered = np.sort(windows, axis=1)
        half = width // 2
        errors[width:] = positions[width:] - (ordered[:, half - 1] + ordered[:, half]) / 2
    for index in range(1, min(width, len(positions))):
        errors[index] = positions[index] - middle(positions[:index].tolist())
    return errors


def follow(shaped: Shaped, errors: Floats, at: Floats, pace: Pace, known: Track | None) -> Followed:
    """Return the errors with the level begun anew after each shift, and the last of the shifts."""
    errors = errors.copy()
    if known is not None:
        since = int(np.searchsorted(at, known.shift.first_at)) if known.shift else 0
        if known.shift:
            _begin_anew(shaped.positions, errors, since, since + STRETCH - 1, pace.width)
        return Followed(errors=errors, sums=known.sums, since=since, shift=known.shift)
    sums, since, shift, shifted = CALM, 0, None, 0
    for index in range(FIRST_ERROR, len(errors)):
        sums = summed(sums, float(errors[index]) / pace.scale)
        over = alarmed(sums)
        if not over:
            continue
        first = index + 1 - over
        if is_shift(errors[first : index + 1].tolist(), pace.kind, pace.scale):
            sums = CALM
            shift = _shift(
                pace,
                shift,
                between=at[first : index + 1],
                old=float(shaped.positions[index] - errors[index]),
                new=middle(shaped.positions[first : index + 1].tolist()),
                age=index - shifted,
            )
            since, shifted = first, index
            _begin_anew(shaped.positions, errors, first, index, pace.width)
    age = len(errors) - 1 - shifted
    return Followed(errors=errors, sums=sums, since=since, shift=shift and replace(shift, age=age))


def _begin_anew(positions: Floats, errors: Floats, first: int, last: int, width: int) -> None:
    """Let the level begin at the first run of a shift, of which nothing is known up to the last."""
    errors[first : last + 1] = 0.0
    for later in range(last + 1, min(first + width, len(positions))):
        errors[later] = positions[later] - middle(positions[first:later].tolist())


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


def _flagged(series: Series, followed: Followed, scale: float) -> Flags:
    """Return which runs are not learnt from; where that would be too many of the last, none."""
    flagged = np.array(series.flagged) | (np.abs(followed.errors) > WARNING_SPREADS * scale)
    if int(flagged[-FLAGS:].sum()) > MOST_FLAGGED:
        return np.zeros(len(flagged), dtype=np.bool_)
    return flagged


def _recent(positions: Floats, flagged: Flags, since: int, width: int) -> list[float]:
    calm = positions[since:][~flagged[since:]][-width:]
    recent: list[float] = (calm if len(calm) else positions[-width:]).tolist()
    return recent


def _runs(shaped: Shaped) -> bytes:
    season = counted_by(shaped.slots.season, sub_daily=shaped.sub_daily, settled=shaped.settled)
    runs = np.bincount(shaped.local.slots(season), minlength=SLOTS[season])
    return np.minimum(runs, _MOST_RUNS).astype(np.uint8).tobytes()


def _shape(errors: Floats, spread: Spread) -> tuple[float, ...]:
    if not len(errors):
        return ()
    return tuple(round(each, 2) for each in (np.quantile(errors, SHAPE_AT) / spread.scale).tolist())


def _short(number: float) -> float:
    """Return a number with as many digits as matter, for it is kept with each job."""
    return float(f"{number:.5g}")
