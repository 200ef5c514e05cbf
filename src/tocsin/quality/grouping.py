"""Which rhythm a job has, found by leaving each run out and predicting it from the others (needs numpy)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tocsin.quality.season import HOURS, SATURDAY, SLOTS, WEEK, Season

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600
# A finer rhythm is believed only if it leaves so much less over; the largest errors are not looked at.
GAIN = 0.93
TRUSTED_SHARE = 0.93
FEWEST_IN_SLOT = 2
# No run begins exactly a week after another: a thousandth is ten minutes.
NEARLY_WHOLE = 0.001
# A job that runs more often than this within a day may have a rhythm by the hour.
SUB_DAILY_SECONDS = 60_000
_NO_CHANGE_DAYS = 21
_NEAR_BOUNDARY_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """When runs started in the job's zone: days since 1970, weekday (Monday is 0), weekend or not, hour."""

    day: Whole
    weekday: Whole
    weekend: Whole
    hour: Whole
    phase_seconds: int

    def slots(self, season: Season) -> Whole:
        """Return the number of the slot of each run."""
        match season:
            case Season.NONE:
                return np.zeros_like(self.day)
            case Season.WEEKEND:
                return self.weekend
            case Season.WEEKDAY:
                return self.weekday
            case Season.HOUR:
                return self.hour
            case Season.HOUR_WEEKEND:
                return self.hour + HOURS * self.weekend
            case Season.HOUR_OF_WEEK:
                return self.hour + HOURS * self.weekday


def local_of(order_at: Floats, place: tzinfo) -> Local:
    """Return when these runs started by the clock of a place.

    Jobs that start about the full hour would fall on either side of it: these are moved by half an hour.
    """
    wall = order_at + _offsets(order_at, place)
    past_hour = np.mod(wall, HOUR_SECONDS)
    near = (past_hour < _NEAR_BOUNDARY_SECONDS) | (past_hour > HOUR_SECONDS - _NEAR_BOUNDARY_SECONDS)
    phase = HOUR_SECONDS // 2 if 2 * int(near.sum()) > len(near) else 0
    seconds = np.floor(wall + phase).astype(np.int64)
    day = seconds // DAY_SECONDS
    weekday = (day + 3) % WEEK  # 1970-01-01 was a Thursday
    return Local(
        day=day,
        weekday=weekday,
        weekend=(weekday >= SATURDAY).astype(np.int64),
        hour=(seconds - day * DAY_SECONDS) // HOUR_SECONDS,
        phase_seconds=phase,
    )


def _offsets(order_at: Floats, place: tzinfo) -> Floats:
    """Return the seconds ahead of UTC; no zone changes its clocks twice within _NO_CHANGE_DAYS."""
    if place is UTC:
        return np.zeros_like(order_at)
    part = ((order_at - order_at[0]) // (_NO_CHANGE_DAYS * DAY_SECONDS)).astype(np.int64)
    marks = [order_at[0] + mark * _NO_CHANGE_DAYS * DAY_SECONDS for mark in range(int(part[-1]) + 2)]
    if len(marks) > len(order_at):
        return np.array([_offset(at, place) for at in order_at], dtype=np.float64)
    at_marks = [_offset(mark, place) for mark in marks]
    ahead: Floats = np.array(at_marks)[part]
    for mark, (before, after) in enumerate(pairwise(at_marks)):
        if before != after:
            within = part == mark
            ahead[within] = [_offset(at, place) for at in order_at[within]]
    return ahead


def _offset(at: float, place: tzinfo) -> float:
    ahead = datetime.fromtimestamp(at, place).utcoffset()
    return ahead.total_seconds() if ahead else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What is different in each slot, and how many runs say so."""

    season: Season
    effects: Floats
    runs: Whole
    errors: Floats


def rhythm_of(positions: Floats, local: Local, *, sub_daily: bool, weeks: float) -> tuple[Slots, Slots]:
    """Return the rhythm that predicts runs left out best, and the coarser one that it refines.

    `positions` are without trend. A richer rhythm has to be better by GAIN than the best so far. The score
    is a mean of errors and not their median, which a weekend, two days of seven, would not move.
    """
    every = grouped(positions, local, Season.NONE, None)
    best, coarse, score = every, every, _score(every.errors)
    by_hour = _by_hour(positions, local, every, weeks) if sub_daily else ()
    for slots, coarser in (*_by_day(positions, local, every, weeks), *by_hour):
        this = _score(slots.errors)
        if this < GAIN * score:
            best, coarse, score = slots, coarser, this
    return best, coarse


Candidates = Iterator[tuple[Slots, Slots]]


def _by_day(positions: Floats, local: Local, every: Slots, weeks: float) -> Candidates:
    if weeks >= FEWEST_IN_SLOT:
        weekend = grouped(positions, local, Season.WEEKEND, every)
        yield weekend, every
        yield grouped(positions, local, Season.WEEKDAY, weekend), weekend


def _by_hour(positions: Floats, local: Local, every: Slots, weeks: float) -> Candidates:
    """Return the rhythms of a job that runs several times a day, the simplest first.

    A day that differs by the same at all hours takes far fewer runs to see than one for each hour.
    """
    hour = grouped(positions, local, Season.HOUR, every)
    yield hour, every
    if weeks < 1:
        return
    weekend = _with_days(hour, local, Season.HOUR_WEEKEND, Season.WEEKEND)
    yield weekend, hour
    if weeks < FEWEST_IN_SLOT:
        return
    yield grouped(positions, local, Season.HOUR_WEEKEND, weekend), weekend
    weekday = _with_days(weekend, local, Season.HOUR_OF_WEEK, Season.WEEKDAY)
    yield weekday, weekend
    yield grouped(positions, local, Season.HOUR_OF_WEEK, weekday), weekday


def _with_days(hours: Slots, local: Local, season: Season, days: Season) -> Slots:
    """Return a rhythm by hours with what its days differ by, the same at each hour."""
    by_day = grouped(hours.errors, local, days, None)
    slots = np.arange(SLOTS[season])
    day = slots // HOURS
    return Slots(
        season=season,
        effects=hours.effects[_coarser_slots(season)] + by_day.effects[day],
        runs=np.bincount(local.slots(season), minlength=len(slots)),
        errors=by_day.errors,
    )


def _score(errors: Floats) -> float:
    kept = max(1, int(TRUSTED_SHARE * len(errors)))
    return float(np.add.reduce(np.sort(np.abs(errors))[:kept]))


def grouped(positions: Floats, local: Local, season: Season, coarser: Slots | None) -> Slots:
    """Return what the slots of a season differ by, and the error of each run predicted from the others."""
    slot, count = local.slots(season), SLOTS[season]
    order = np.lexsort((positions, slot))
    ordered, slot_of_ordered = positions[order], slot[order]
    runs = np.bincount(slot, minlength=count)
    starts = np.concatenate(([0], np.cumsum(runs)[:-1]))
    effects = _middle_means(ordered, starts, runs)
    left_out = _medians_without(ordered, starts[slot_of_ordered], runs[slot_of_ordered])
    errors = np.empty_like(positions)
    errors[order] = ordered - left_out
    if coarser is not None:
        few = runs[slot] <= FEWEST_IN_SLOT
        errors[few] = coarser.errors[few]
        lonely = runs < FEWEST_IN_SLOT
        effects[lonely] = coarser.effects[_coarser_slots(season)][lonely]
    return Slots(season=season, effects=effects, runs=runs, errors=errors)


def _middle_means(ordered: Floats, starts: Whole, runs: Whole) -> Floats:
    """Return the mean of the middle half of each slot, which is steadier than a median."""
    sums = np.concatenate(([0.0], np.cumsum(ordered)))
    cut = runs // 4
    low, high = starts + cut, starts + runs - cut
    means: Floats = (sums[high] - sums[low]) / np.maximum(high - low, 1)
    return means


def _medians_without(ordered: Floats, start: Whole, runs: Whole) -> Floats:
    """Return, for each run, the median of the others in its slot (of an only run: itself)."""
    rank = np.arange(len(ordered)) - start
    lower, upper = (runs - 2) // 2, (runs - 1) // 2
    lower = np.maximum(lower + (rank <= lower), 0)
    upper = np.minimum(upper + (rank <= upper), runs - 1)
    medians: Floats = (ordered[start + lower] + ordered[start + upper]) / 2
    return medians


def _coarser_slots(season: Season) -> Whole:
    """Return, for each slot of a season, the slot of the coarser one that holds it."""
    slots = np.arange(SLOTS[season])
    match season:
        case Season.WEEKDAY:
            return (slots >= SATURDAY).astype(np.int64)
        case Season.HOUR_WEEKEND:
            return slots % HOURS
        case Season.HOUR_OF_WEEK:
            return slots % HOURS + HOURS * (slots // HOURS >= SATURDAY).astype(np.int64)
        case _:
            return np.zeros_like(slots)


def seen_before(local: Local, season: Season) -> Whole:
    """Return, for each run, how many came before it in its slot."""
    slot = local.slots(season)
    order = np.argsort(slot, kind="stable")
    runs = np.bincount(slot, minlength=SLOTS[season])
    starts = np.concatenate(([0], np.cumsum(runs)[:-1]))
    seen = np.empty_like(slot)
    seen[order] = np.arange(len(slot)) - starts[slot[order]]
    return seen


def without_trend(positions: Floats, order_at: Floats, gap: float) -> Floats:
    """Return the positions less a line through the median of each block of time, counted from the newest.

    A block is a week, or seven runs of `gap` seconds each where that is more. The oldest takes what is left:
    the weekend of a part of a week would look like a level of its own.
    """
    block_seconds = WEEK * max(DAY_SECONDS, gap)
    whole = int((order_at[-1] - order_at[0] + gap) / block_seconds + NEARLY_WHOLE)
    last = max(0, whole - 1)
    block = last - np.minimum((order_at[-1] - order_at) // block_seconds, last).astype(np.int64)
    order = np.lexsort((positions, block))
    ordered, ordered_at = positions[order], order_at[order]
    runs = np.bincount(block)
    starts = np.concatenate(([0], np.cumsum(runs)[:-1]))
    there = runs > 0
    starts, runs = starts[there], runs[there]
    medians = (ordered[starts + (runs - 1) // 2] + ordered[starts + runs // 2]) / 2
    centres = np.add.reduceat(ordered_at, starts) / runs
    line: Floats = positions - np.interp(order_at, centres, medians)
    return line
