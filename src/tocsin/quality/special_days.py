"""Which special days differ, and by how much, as the days of the past show (needs numpy)."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from math import log

import numpy as np

from tocsin.quality.following import middle
from tocsin.quality.grouping import Floats, Local
from tocsin.quality.season import MIDDLE_OF_MONTH, Special, specials_of

EPOCH_DAY = date(1970, 1, 1).toordinal()
# A special day is believed from so many occurrences on, all to one side and so far off.
BELIEVED_DAYS = 2
LEAST_SPREADS = 2.0
LEAST_CHANGE = log(1.1)
MOST_BELIEVED = 3
# From so many occurrences on, one may be an exception.
EXCEPTION_FROM = 4

Effect = tuple[int, float, int]


def special_days(flat: Floats, local: Local, scale: float) -> tuple[Effect, ...]:
    """Return what is different on special days: (Special, effect, days it was seen on).

    `flat` is without trend and season. What was seen once is no effect yet, but a precedent: it is returned
    with one day.
    """
    days = _days(flat, local)
    if not days:
        return ()
    least = max(LEAST_SPREADS * scale, LEAST_CHANGE)
    believed: list[Effect] = []
    for _ in range(MOST_BELIEVED):
        by_special = _by_special(days)
        effects = [
            (special, effect, len(seen))
            for special, seen in by_special.items()
            if len(seen) >= BELIEVED_DAYS and (effect := _effect(seen, least, _exceptions(len(seen))))
        ]
        if not effects:
            return (*believed, *_precedents(by_special, least))
        best = max(effects, key=lambda each: abs(each[1]) * each[2])
        believed.append(best)
        days = {
            day: offset - best[1] if best[0] in _specials(day) else offset for day, offset in days.items()
        }
    return tuple(believed)


def _precedents(by_special: dict[int, list[float]], least: float) -> Iterator[Effect]:
    """Return what was seen on one day alone, or on all but one of a few."""
    for special, seen in by_special.items():
        effect = _effect(seen, least, 1 if len(seen) > BELIEVED_DAYS else 0)
        if effect and len(seen) < EXCEPTION_FROM:
            yield special, effect, 1


def _exceptions(days: int) -> int:
    return 1 if days >= EXCEPTION_FROM else 0


def special_effects(effects: tuple[Effect, ...], local: Local) -> Floats:
    """Return what the special days add to each run."""
    believed = [(special, effect) for special, effect, count in effects if count >= BELIEVED_DAYS]
    if not believed:
        return np.zeros(len(local.day))
    return np.array(
        [
            sum(effect for special, effect in believed if special in _specials(day))
            for day in local.day.tolist()
        ],
        dtype=np.float64,
    )


def _days(flat: Floats, local: Local) -> dict[int, float]:
    """Return how far off the runs of each special day were."""
    date_of = local.day.astype("M8[D]")
    of_month = (date_of - date_of.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1
    near = (of_month < MIDDLE_OF_MONTH[0]) | (of_month > MIDDLE_OF_MONTH[1])
    days: dict[int, list[float]] = {}
    for day, offset in zip(local.day[near].tolist(), flat[near].tolist(), strict=True):
        if _specials(day):
            days.setdefault(day, []).append(offset)
    return {day: middle(offsets) for day, offsets in days.items()}


@lru_cache(maxsize=4_096)
def _specials(day: int) -> tuple[Special, ...]:
    return specials_of(date.fromordinal(EPOCH_DAY + day))


def _by_special(days: dict[int, float]) -> dict[int, list[float]]:
    seen: dict[int, list[float]] = {}
    for day, offset in days.items():
        for special in _specials(day):
            seen.setdefault(int(special), []).append(offset)
    return seen


def _effect(seen: list[float], least: float, exceptions: int) -> float:
    """Return the effect that all of these days, but for so many, agree on, or 0."""
    effect = middle(seen)
    sign = 1.0 if effect > 0 else -1.0
    agree = sum(sign * offset > least for offset in seen)
    return effect if agree >= len(seen) - exceptions else 0.0
