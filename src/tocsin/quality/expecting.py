"""What is expected of a run, and how far off it is: plain arithmetic, for it is done on a check-in's way."""

from datetime import datetime, timedelta
from math import sqrt

from msgspec.structs import replace

from tocsin.quality.normal import FEWEST_SEEN, Expected, Normal
from tocsin.quality.packing import number_at
from tocsin.quality.remembering import by_identity
from tocsin.quality.season import (
    NAMES_OF_SPECIALS,
    Season,
    Special,
    counted_by,
    method_of,
    slot_of,
    specials_of,
    zone,
)
from tocsin.quality.series import scaled, unscaled

# The variance of a median of n values, in variances of one, is about MEDIAN_VARIANCE / n.
MEDIAN_VARIANCE = 1.57
# What was seen once on such a day, of a month or of the first weeks, would be so many spreads off if it
# came again.
PRECEDENT_SPREADS = 2.0
# For so many runs after a shift its old level is no surprise, nor what is so near to it.
REMEMBERED_RUNS = 12
ORDINARY_SPREADS = 2.0
REMEMBERED = 256


@by_identity(REMEMBERED)
def expected_at(normal: Normal, start_at: datetime, timezone: str) -> Expected | None:
    """Return what is expected of a run that starts at this instant, or None while too little is known."""
    return None if normal.learning is not None else expectation(normal, start_at, timezone)[0]


def expectation(normal: Normal, start_at: datetime, timezone: str) -> tuple[Expected, bool]:
    """Return what is expected, and whether runs like this one were seen often enough to compare it with."""
    local = (start_at + timedelta(seconds=normal.phase_seconds)).astimezone(zone(timezone))
    slot = slot_of(normal.season, local.weekday(), local.hour)
    seen = _seen(normal, local)
    widening = _widening(normal, seen)
    low, high = normal.low * widening, normal.high * widening
    if seen < FEWEST_SEEN:
        low, high = max(low, normal.unseen), max(high, normal.unseen)
    if normal.precedents:
        last = normal.unit * number_at(normal.precedents, local.weekday()) / PRECEDENT_SPREADS
        low, high = max(low, -last), max(high, last)
    expected = Expected(
        mu=normal.level + normal.unit * number_at(normal.effects, slot),
        scale=normal.scale * widening,
        low=low,
        high=high,
        offset=normal.offset,
        kind=normal.kind,
        runs=normal.n - normal.left_out if normal.season is Season.NONE else seen,
        method=method_of(normal.season, local),
    )
    days = specials_of(local.date()) if normal.specials else ()
    if days:
        expected = _on_special_days(normal, days, expected)
    return _also(normal, expected), seen >= FEWEST_SEEN


def _seen(normal: Normal, local: datetime) -> int:
    season = counted_by(normal.season, sub_daily=normal.sub_daily, settled=normal.settled)
    slot = slot_of(season, local.weekday(), local.hour)
    return normal.runs[slot] if slot < len(normal.runs) else 0


def _widening(normal: Normal, seen: int) -> float:
    """Return what the few runs behind the level and the slot add to the spread."""
    level_runs = max(1, len(normal.track.recent) // 2)
    variance = 1.0 + MEDIAN_VARIANCE / level_runs
    usual = 1.0 + MEDIAN_VARIANCE / normal.width
    if normal.season is not Season.NONE:
        variance += MEDIAN_VARIANCE / max(FEWEST_SEEN, seen)
    return sqrt(max(1.0, variance / usual))


def _on_special_days(normal: Normal, days: tuple[Special, ...], expected: Expected) -> Expected:
    """Return what is expected where a month ends or begins: its effect, or room for what was seen once."""
    mu, low, high = expected.mu, expected.low, expected.high
    runs, method = expected.runs, expected.method
    for special, effect, seen in normal.specials:
        if special not in days:
            continue
        if seen > 1:
            mu += effect
            runs, method = seen, NAMES_OF_SPECIALS[special]
        elif effect > 0:
            high = max(high, effect / PRECEDENT_SPREADS)
        else:
            low = max(low, -effect / PRECEDENT_SPREADS)
    return replace(expected, mu=mu, low=low, high=high, runs=runs, method=method)


def _also(normal: Normal, expected: Expected) -> Expected:
    """Return it with the level of before a recent shift, which would be no surprise either."""
    shift = normal.track.shift
    if shift is None or shift.returned or shift.age >= REMEMBERED_RUNS:
        return expected
    before = scaled(normal.kind, shift.old_level, normal.offset)
    return replace(expected, also=expected.mu + before - normal.level)


def spreads(expected: Expected, value: float) -> float:
    """Return how many normal spreads a value lies above (or, negative, below) what was expected.

    Between what is expected and the level of before a recent shift, and up to a little beyond that, nothing
    is further off than ORDINARY_SPREADS.
    """
    position = scaled(expected.kind, value, expected.offset)
    off = _off(expected, position - expected.mu)
    if expected.also is None or (off > 0) != (expected.also > expected.mu):
        return off
    beyond = _off(expected, position - expected.also) * (1.0 if off > 0 else -1.0)
    if beyond > ORDINARY_SPREADS:
        return off
    return min(off, ORDINARY_SPREADS) if off > 0 else max(off, -ORDINARY_SPREADS)


def _off(expected: Expected, distance: float) -> float:
    return distance / (expected.high if distance >= 0 else expected.low)


def value_at(expected: Expected, spreads: float) -> float:
    """Return the value that lies so many normal spreads above (or, negative, below) what was expected.

    Where `spreads` leaps, beyond the level of before a recent shift, it is the value at which it does.
    """
    distance = spreads * (expected.high if spreads > 0 else expected.low)
    position = expected.mu + distance
    if expected.also is not None and abs(spreads) > ORDINARY_SPREADS:
        if spreads > 0 and expected.also > expected.mu:
            position = max(position, expected.also + ORDINARY_SPREADS * expected.high)
        elif spreads < 0 and expected.also < expected.mu:
            position = min(position, expected.also - ORDINARY_SPREADS * expected.low)
    return unscaled(expected.kind, position, expected.offset)
