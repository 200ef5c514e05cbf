"""Generated histories of jobs, with what was done to them: eight daily ones and an hourly one.

They follow the experiment that the detector grew from. Each series has 3 % injected anomalies by a known
factor; its first fifth is there to learn from and is not scored. Detectors are tuned on TUNED_ON alone;
REPORTED_ON is only ever reported on, and HELD_OUT was run once, when tuning was over.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

TUNED_ON = (*range(1, 81), *range(2_001, 2_061))
REPORTED_ON = range(1_001, 1_031)
HELD_OUT = range(5_001, 5_101)
# The gate of the test-suite: few series, so that it takes seconds.
GATE = range(501, 504)

DAILY_RUNS = 210
HOURLY_RUNS = 840
INJECTED_SHARE = 0.03
FACTORS = (1.5, 2.0, 3.0, 5.0, 1 / 2, 1 / 3, 1 / 5)
WARM_UP_SHARE = 0.2
# A shift of the level is news: the alerts of its first runs are neither found nor false.
UNSCORED_AFTER_SHIFT = 5
# An incident of several runs: fewer than it takes to call it a new level.
BURST_RUNS = 3
BURST_WITHIN = 6
BURST_EVERY = 21
NEAR_CONSTANT = 0.005
_START = datetime(2025, 1, 6, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One generated series: instants (seconds since 1970), values (seconds), and the truth about each run.

    `factor` is what was injected (1: nothing), `burst` whether it is part of an incident over several runs,
    `scored` whether an alert counts at all, `shifts` the indices at which the level changed. What only an
    oracle knows: `usual`, what each run would have taken without noise, and `noise`, the spread of its
    logarithm, of Student's t with three degrees of freedom where it `is_heavy`.
    """

    name: str
    order_at: tuple[float, ...]
    value: tuple[float, ...]
    factor: tuple[float, ...]
    burst: tuple[bool, ...]
    scored: tuple[bool, ...]
    usual: tuple[float, ...]
    noise: float
    shifts: tuple[int, ...] = ()

    @property
    def is_heavy(self) -> bool:
        """Whether its noise has heavy tails."""
        return self.name == HEAVY

    @property
    def is_rounded(self) -> bool:
        """Whether its values are whole seconds."""
        return self.name == ROUNDED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """What a scenario may draw from: the chance, and the instants."""

    chance: random.Random
    starts: tuple[datetime, ...]


def _flat(_making: _Making) -> list[float]:
    return [1.0] * len(_making.starts)


def _weekly(making: _Making) -> list[float]:
    """Weekends are quiet, or Mondays are long, or both."""
    weekend = making.chance.choice((1.0, making.chance.uniform(0.25, 0.6)))
    monday = making.chance.uniform(1.5, 2.5) if weekend == 1.0 else making.chance.choice((1.0, 1.8))
    by_day = (monday, 1.0, 1.0, 1.0, 1.0, weekend, weekend)
    return [by_day[start.weekday()] for start in making.starts]


def _weekly_with_trend(making: _Making) -> list[float]:
    growth = making.chance.uniform(0.003, 0.01)
    return [level * math.exp(growth * day) for day, level in enumerate(_weekly(making))]


def _month_end(making: _Making) -> list[float]:
    factor = making.chance.uniform(1.6, 3.0)
    on_last = making.chance.random() < 0.5
    return [
        factor if (start + timedelta(days=1) if on_last else start).day == 1 else 1.0
        for start in making.starts
    ]


def _level_shift(making: _Making) -> list[float]:
    at = making.chance.randint(round(0.35 * DAILY_RUNS), round(0.8 * DAILY_RUNS))
    factor = making.chance.uniform(1.6, 2.2) ** making.chance.choice((1, -1))
    return [factor if day >= at else 1.0 for day in range(len(making.starts))]


def _hourly(making: _Making) -> list[float]:
    depth, weekend = making.chance.uniform(0.3, 0.8), making.chance.uniform(0.4, 0.8)
    return [
        (1.0 + depth * math.sin(math.tau * (start.hour - 8) / 24))
        * (weekend if start.weekday() >= 5 else 1.0)
        for start in making.starts
    ]


HEAVY, ROUNDED = "heavy tail", "near constant"
_LEVELS: dict[str, Callable[[_Making], list[float]]] = {
    "flat": _flat,
    ROUNDED: _flat,
    "weekly": _weekly,
    "weekly with trend": _weekly_with_trend,
    "month end": _month_end,
    "bursts": _flat,
    HEAVY: _flat,
    "level shift": _level_shift,
    "hourly": _hourly,
}
DAILY = tuple(name for name in _LEVELS if name != "hourly")
HOURLY = "hourly"


def history(name: str, seed: int) -> History:
    """Return one series of a scenario; the same seed gives the same series, on every machine."""
    chance = random.Random(f"{name} {seed}")
    runs = HOURLY_RUNS if name == HOURLY else DAILY_RUNS
    every = timedelta(hours=1) if name == HOURLY else timedelta(days=1)
    offset = timedelta(days=chance.randrange(365))
    starts = tuple(_START + offset + index * every for index in range(runs))
    noise, by_noise = _noise(name, chance, runs)
    making = _Making(chance=chance, starts=starts)
    levels = _LEVELS[name](making)
    base = chance.uniform(30, 90) if name == ROUNDED else math.exp(chance.uniform(4, 9))
    values = [base * level * times for level, times in zip(levels, by_noise, strict=True)]
    if name == ROUNDED:
        values = [float(round(value)) for value in values]
    shifts = tuple(
        index for index in range(1, runs) if name == "level shift" and levels[index] != levels[index - 1]
    )
    plain = History(
        name=name,
        order_at=tuple(start.timestamp() + chance.uniform(0, 40) for start in starts),
        value=tuple(values),
        factor=(1.0,) * runs,
        burst=(False,) * runs,
        scored=tuple(
            index >= WARM_UP_SHARE * runs and not any(0 <= index - at < UNSCORED_AFTER_SHIFT for at in shifts)
            for index in range(runs)
        ),
        usual=tuple(base * level for level in levels),
        noise=noise,
        shifts=shifts,
    )
    return _with_anomalies(plain, chance, bursts=name == "bursts")


def _noise(name: str, chance: random.Random, runs: int) -> tuple[float, tuple[float, ...]]:
    """Return the spread of the noise, and the noise of each run as a factor."""
    if name == ROUNDED:
        return NEAR_CONSTANT, tuple(math.exp(chance.gauss(0, NEAR_CONSTANT)) for _ in range(runs))
    spread = chance.uniform(0.04, 0.18)
    if name == HEAVY:
        return spread, tuple(math.exp(spread / math.sqrt(3) * _t3(chance)) for _ in range(runs))
    return spread, tuple(math.exp(chance.gauss(0, spread)) for _ in range(runs))


def _t3(chance: random.Random) -> float:
    """Return a number from Student's t distribution with three degrees of freedom, of variance 3."""
    return chance.gauss(0, 1) / math.sqrt(sum(chance.gauss(0, 1) ** 2 for _ in range(3)) / 3)


def _with_anomalies(plain: History, chance: random.Random, *, bursts: bool) -> History:
    runs = len(plain.value)
    factor, burst = list(plain.factor), list(plain.burst)
    for index in range(runs):
        if chance.random() < INJECTED_SHARE:
            factor[index] = chance.choice(FACTORS)
    if bursts:
        for first in range(chance.randrange(10, 30), runs - BURST_WITHIN, BURST_EVERY):
            size = chance.uniform(2, 5)
            for index in chance.sample(range(first, first + BURST_WITHIN), BURST_RUNS):
                factor[index], burst[index] = size, True
    value = [number * times for number, times in zip(plain.value, factor, strict=True)]
    if plain.name == ROUNDED:
        value = [float(round(number)) for number in value]
    return replace(plain, value=tuple(value), factor=tuple(factor), burst=tuple(burst))
