"""The detectors that ours is measured beside, each as it is usually written."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

DAY_SECONDS = 86_400.0
WINDOW_DAYS = 14
LEAST_RUNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A detector: how far off each run was, in units of the threshold that it comes with (1 alerts)."""

    name: str
    scores: Callable[[Sequence[float], Sequence[float]], list[float]]


def _windows(order_at: Sequence[float], value: Sequence[float]) -> list[list[float]]:
    """Return, for each run, the values of the 14 days before it."""
    windows, first = [], 0
    for index, at in enumerate(order_at):
        while order_at[first] < at - WINDOW_DAYS * DAY_SECONDS:
            first += 1
        windows.append(list(value[first:index]))
    return windows


def mean_and_deviation(order_at: Sequence[float], value: Sequence[float]) -> list[float]:
    """Return |value - mean| of 3 standard deviations over 14 days; of none any difference alerts."""
    scores = []
    for now, window in zip(value, _windows(order_at, value), strict=True):
        if len(window) < LEAST_RUNS:
            scores.append(0.0)
            continue
        mean = fmean(window)
        limit = 3 * math.sqrt(fmean((each - mean) ** 2 for each in window))
        scores.append(_ratio(abs(now - mean), limit))
    return scores


def plain_mad(order_at: Sequence[float], value: Sequence[float]) -> list[float]:
    """Return 0.6745 · |value - median| / MAD over 14 days, of 3.5 (Iglewicz and Hoaglin, 1993)."""
    scores = []
    for now, window in zip(value, _windows(order_at, value), strict=True):
        if len(window) < LEAST_RUNS:
            scores.append(0.0)
            continue
        middle = median(window)
        spread = median(abs(each - middle) for each in window)
        scores.append(_ratio(0.6745 * abs(now - middle), 3.5 * spread))
    return scores


def _ratio(distance: float, limit: float) -> float:
    if limit > 0:
        return distance / limit
    return math.inf if distance > 0 else 0.0


ALPHA, BETA, GAMMA = 0.2, 0.02, 0.2


def holt_winters(value: Sequence[float], period: int) -> list[float]:
    """Return the one-step error on ln(x), of 3.5 spreads, drawn in to 3 before it is learnt from.

    Robust Holt-Winters after Gelper, Fried and Croux (2010), additive season of `period` runs.
    """
    logs = [math.log(max(each, 1e-9)) for each in value]
    begun = 2 * period
    scores = [0.0] * min(begun, len(logs))
    if len(logs) <= begun:
        return scores
    level, trend = median(logs[:begun]), 0.0
    season = [(logs[slot] + logs[slot + period]) / 2 - level for slot in range(period)]
    spread = 1.4826 * median(abs(logs[at] - level - season[at % period]) for at in range(begun)) or 0.05
    for index in range(begun, len(logs)):
        slot = index % period
        foretold = level + trend + season[slot]
        error = logs[index] - foretold
        scores.append(abs(error) / (3.5 * spread))
        drawn_in = max(-3 * spread, min(3 * spread, error))
        learnt = foretold + drawn_in
        before = level
        level = ALPHA * (learnt - season[slot]) + (1 - ALPHA) * (level + trend)
        trend = BETA * (level - before) + (1 - BETA) * trend
        season[slot] = GAMMA * (learnt - level) + (1 - GAMMA) * season[slot]
        spread = max(0.95 * spread + 0.05 * 1.25 * abs(drawn_in), 1e-6)
    return scores


def daily_holt_winters(order_at: Sequence[float], value: Sequence[float]) -> list[float]:
    """Return the scores of Holt-Winters with a week of daily runs as its season, or a day of hourly ones."""
    gaps = [later - earlier for earlier, later in pairwise(order_at[:50])]
    hourly = median(gaps) < DAY_SECONDS / 2
    return holt_winters(value, 24 if hourly else 7)


RIVALS = (
    Detector(name="mean ± 3 sigma, 14 days", scores=mean_and_deviation),
    Detector(name="plain MAD 3.5, 14 days", scores=plain_mad),
    Detector(name="Holt-Winters", scores=daily_holt_winters),
)
