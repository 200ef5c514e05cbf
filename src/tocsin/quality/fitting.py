"""The full fit: rhythm, special days, level, spread and tails (needs numpy)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.quality.following import FLAGS, MOST_FLAGGED, limit_of, middle
from tocsin.quality.grouping import (
    DAY_SECONDS,
    NEARLY_WHOLE,
    SUB_DAILY_SECONDS,
    Floats,
    Local,
    Slots,
    local_of,
    rhythm_of,
    seen_before,
    without_trend,
)
from tocsin.quality.normal import FEWEST_SEEN, SHAPE_AT, WARNING_SPREADS, Normal, Track
from tocsin.quality.packing import packed
from tocsin.quality.season import SLOTS, WEEK, Season, counted_by, zone
from tocsin.quality.series import Kind, Series
from tocsin.quality.special_days import special_days, special_effects
from tocsin.quality.spread import (
    MAD_TO_SPREAD,
    Spread,
    all_scaled,
    least_scale,
    median_of,
    offset_of,
    quantiles,
    room_of,
    spread_of,
    typical,
    unseen_spread,
)
from tocsin.quality.stepping import Followed, Pace, best_steps, drift_of, follow

Flags = NDArray[np.bool_]

WIDTHS = (12, 24, 48)
SUB_DAILY_WIDTHS = (24, 48)
# The first runs follow a level of hardly any; with few runs, they are all there is.
FIRST_ERROR = 4
FEW_RUNS = 12
SCALE_RUNS = 120
SUB_DAILY_SCALE_RUNS = 500
SETTLED_WEEKS = 3
# So long a weekday is judged by the same one before, too: its rhythm may not show yet.
PRECEDENT_WEEKS = 6
_MOST_RUNS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """Runs without their rhythm, and the rhythm that was taken from them."""

    positions: Floats
    local: Local
    slots: Slots
    unseen: float
    specials: tuple[tuple[int, float, int], ...]
    sub_daily: bool
    weeks: float

    @property
    def settled(self) -> bool:
        """Whether there are three weeks to judge by."""
        return self.weeks >= SETTLED_WEEKS

    @property
    def has_rhythm(self) -> bool:
        """Whether what it varies by is noise: its rhythm by day, or of a day, would show by now."""
        return self.weeks >= (1 if self.sub_daily else SETTLED_WEEKS)


def fitted(series: Series, kind: Kind, timezone: str, now_at: float, known: Track | None = None) -> Normal:
    """Return what is normal, from at least NEEDED_RUNS runs."""
    values, at = np.array(series.value), np.array(series.order_at)
    offset = offset_of(kind, values)
    shaped = _shaped(all_scaled(kind, values, offset), at, timezone)
    width, errors = best_steps(shaped.positions, SUB_DAILY_WIDTHS if shaped.sub_daily else WIDTHS)
    usual = middle(shaped.positions[-width:].tolist())
    floor = least_scale(kind, usual, offset)
    room = room_of(kind, usual, offset) if shaped.has_rhythm else 0.0
    first = FIRST_ERROR if len(errors) >= FEW_RUNS else 1
    drift = drift_of(errors[first:])
    errors -= drift
    rough = max(MAD_TO_SPREAD * typical(errors[first:]), floor)
    pace = Pace(
        kind=kind,
        offset=offset,
        width=width,
        scale=rough,
        known=_known(shaped) if known is None else [],
        limit=limit_of(sub_daily=shaped.sub_daily),
    )
    followed = follow(shaped.positions, errors, at, pace, known)
    # First by a rough spread, then by the one that this gives.
    most = SUB_DAILY_SCALE_RUNS if shaped.sub_daily else SCALE_RUNS
    flagged = _flagged(series, followed, Spread(scale=rough, low=rough, high=rough))
    flagged = _flagged(series, followed, spread_of(_learnt(followed, flagged, first), most, floor, room))
    learnt = _learnt(followed, flagged, first)
    spread = spread_of(learnt, most, floor, room)
    recent = _recent(shaped.positions, flagged, followed.since, width)
    level = middle(recent) + drift
    unseen = max(shaped.unseen, spread.high, spread.low)
    if not shaped.settled:
        unseen = max(unseen, unseen_spread(shaped.positions, level))
    return Normal(
        kind=kind,
        n=len(series),
        season=shaped.slots.season,
        offset=_short(offset),
        level=level,
        drift=_short(drift),
        scale=_short(spread.scale),
        low=_short(spread.low),
        high=_short(spread.high),
        unseen=_short(unseen),
        unit=_short(spread.scale),
        effects=packed(shaped.slots.effects / _short(spread.scale)) if shaped.slots.season else b"",
        runs=_runs(shaped),
        specials=tuple((special, _short(effect), days) for special, effect, days in shaped.specials),
        shape=_shape(learnt, spread),
        phase_seconds=shaped.local.phase_seconds,
        sub_daily=shaped.sub_daily,
        settled=shaped.settled,
        width=width,
        left_out=int(flagged.sum()),
        fitted_at=now_at,
        track=_track(followed, flagged, recent, level - drift, _short(spread.scale)),
        precedents=_precedents(shaped, followed.since, level, _short(spread.scale)),
    )


def _precedents(shaped: Shaped, since: int, level: float, unit: float) -> bytes:
    """Return by how many units each weekday was off in the first weeks, of a job that runs once a day.

    Runs before a shift were off for another reason, and would be a precedent for everything.
    """
    if shaped.weeks >= PRECEDENT_WEEKS or shaped.sub_daily:
        return b""
    seen: list[list[float]] = [[] for _ in range(WEEK)]
    for weekday, position in zip(
        shaped.local.weekday[since:].tolist(), shaped.positions[since:].tolist(), strict=True
    ):
        seen[weekday].append(position - level)
    return packed(middle(each) / unit for each in seen)


def _track(followed: Followed, flagged: Flags, recent: list[float], anchor: float, unit: float) -> Track:
    return Track(
        anchor=anchor,
        recent=packed((each - anchor) / unit for each in recent),
        sums=followed.sums,
        flags=sum(1 << place for place, each in enumerate(reversed(flagged[-FLAGS:].tolist())) if each),
        shift=followed.shift,
    )


def _shaped(positions: Floats, at: Floats, timezone: str) -> Shaped:
    local = local_of(at, zone(timezone))
    gap = median_of(np.diff(at))
    sub_daily = gap < SUB_DAILY_SECONDS
    flat = without_trend(positions, at, gap)
    weeks = float((at[-1] - at[0] + gap) / (7.0 * DAY_SECONDS)) + NEARLY_WHOLE
    slots, coarse = rhythm_of(flat, local, sub_daily=sub_daily, weeks=weeks)
    season = slots.effects[local.slots(slots.season)]
    flat = flat - season
    specials = special_days(flat, local, MAD_TO_SPREAD * typical(flat))
    return Shaped(
        positions=positions - season - special_effects(specials, local),
        local=local,
        slots=slots,
        unseen=MAD_TO_SPREAD * typical(coarse.errors),
        specials=specials,
        sub_daily=sub_daily,
        weeks=weeks,
    )


def _known(shaped: Shaped) -> list[bool]:
    season = Season.HOUR_WEEKEND if shaped.sub_daily else Season.WEEKEND
    known: list[bool] = (seen_before(shaped.local, season) >= FEWEST_SEEN).tolist()
    return known


def _flagged(series: Series, followed: Followed, spread: Spread) -> Flags:
    """Return which runs are not learnt from; where that would be too many of the last, none."""
    too_long = followed.errors > WARNING_SPREADS * spread.high
    too_short = followed.errors < -WARNING_SPREADS * spread.low
    flagged = np.array(series.flagged) | too_long | too_short
    if int(flagged[-FLAGS:].sum()) > MOST_FLAGGED:
        return np.zeros(len(flagged), dtype=np.bool_)
    return flagged


def _learnt(followed: Followed, flagged: Flags, first: int) -> Floats:
    """Return the errors of the runs that are learnt from."""
    errors = followed.errors[first:]
    return errors[~flagged[first:] & np.isfinite(errors)]


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
    return tuple(round(each, 2) for each in (quantiles(np.sort(errors), SHAPE_AT) / spread.scale).tolist())


def _short(number: float) -> float:
    """Return a number with as many digits as matter, for it is kept with each job."""
    return float(f"{number:.5g}")
