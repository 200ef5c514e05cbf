"""How well unusual runs are found, beside three detectors that are usual, and what it costs to learn.

Generated: eight daily scenarios and an hourly one with 3 % injected anomalies, on seeds that are only
reported on. Public: windows found at equal false alerts, where an alert starts an episode and others within a
day of its start belong to it; the first 15 % of each series are there to learn from.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from benchmarks.public_series import WHERE_TO_GET_THEM, Labelled, folder, labelled, nights
from benchmarks.report import Row
from benchmarks.rivals import RIVALS, Detector
from tests.quality.scenarios import DAILY, HOURLY, REPORTED_ON, UNSCORED_AFTER_SHIFT, History, history
from tocsin.quality.baseline import (
    WARNING_SPREADS,
    Kind,
    Normal,
    Point,
    Series,
    advance,
    expected_at,
    fit,
    series_of,
    spreads,
)

OURS: Final = "Tocsin"
BURST: Final = 0.0
PROBATION: Final = 0.15
EPISODE_SECONDS: Final = 86_400
HOUR_SECONDS: Final = 3_600
HOURLY_POINTS: Final = 600
# At how many false alerts per 1,000 hours detectors are compared.
EQUAL_ALERTS: Final = (3.0, 5.0, 8.0, 10.0)
THRESHOLDS: Final = tuple(1.08**step for step in range(-30, 60))
RECALLS: Final = ((2.0, "2× slowdowns", 0.9), (0.5, "halvings", 0.8), (3.0, "3× slowdowns", 0.99))


@dataclass(slots=True)
class Tally:
    """What one detector has made of many runs: by injected factor, how many there were and were found."""

    runs: dict[float, int] = field(default_factory=dict)
    found: dict[float, int] = field(default_factory=dict)

    def take(self, past: History, scores: Sequence[float]) -> None:
        """Count the scored runs of one history."""
        for score, factor, burst, scored in zip(scores, past.factor, past.burst, past.scored, strict=True):
            if scored:
                kind = BURST if burst else round(factor, 2)
                self.runs[kind] = self.runs.get(kind, 0) + 1
                self.found[kind] = self.found.get(kind, 0) + (score >= 1)

    def share(self, factor: float) -> float:
        """Return the share that was found of what was injected with a factor."""
        return self.found.get(factor, 0) / max(1, self.runs.get(factor, 0))


# Says a figure of each rival, with so many digits.
Beside = Callable[[Callable[[Tally], float], int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What our detector said of each run, and with which runs it said that the level has shifted."""

    scores: list[float]
    shifts: list[int]
    seconds: float


def replay(order_at: Sequence[float], value: Sequence[float], kind: Kind) -> Replay:
    """Return what is said of each run with nothing known but the runs before it."""
    series, normal = Series(), fit(Series(), kind=kind, timezone="UTC")
    scores, shifts = [], []
    started = time.perf_counter()
    for index, (at, now) in enumerate(zip(order_at, value, strict=True)):
        expected = expected_at(normal, datetime.fromtimestamp(at, UTC), "UTC")
        scores.append(abs(spreads(expected, now)) / WARNING_SPREADS if expected else 0.0)
        before = normal.shift
        series, normal = advance(series, normal, Point(order_at=at, value=now), timezone="UTC")
        if _is_news(before, normal):
            shifts.append(index)
    return Replay(scores=scores, shifts=shifts, seconds=time.perf_counter() - started)


def _is_news(before: object, normal: Normal) -> bool:
    shift = normal.shift
    return shift is not None and shift != before and shift.age == 0 and not shift.returned


def measure(count: int) -> list[Row]:
    """Return the figures on `count` series of each scenario, and on the public series where they are."""
    rows = [*_generated(count), *_fitting()]
    data = folder()
    if data is None:
        print(WHERE_TO_GET_THEM, file=sys.stderr)
        return rows
    public = labelled(data)
    rows += _on_public("public series", public)
    rows += _on_public("public series never tuned for", [series for series in public if not series.tuned_for])
    if (year := nights(data)) is not None:
        rows.append(_on_nights(*year))
    return rows


def _generated(count: int) -> list[Row]:
    ours = {name: Tally() for name in ("eight daily scenarios", "hourly scenario", "all nine scenarios")}
    others = {name: {rival.name: Tally() for rival in RIVALS} for name in ours}
    shifts = _Shifts()
    for scenario in (*DAILY, HOURLY):
        group = "hourly scenario" if scenario == HOURLY else "eight daily scenarios"
        for seed in REPORTED_ON[:count]:
            past = history(scenario, seed)
            said = replay(past.order_at, past.value, Kind.DURATION)
            shifts.take(past, said.shifts, said.seconds)
            for name in (group, "all nine scenarios"):
                ours[name].take(past, said.scores)
            for rival in RIVALS:
                scores = rival.scores(past.order_at, past.value)
                for name in (group, "all nine scenarios"):
                    others[name][rival.name].take(past, scores)
    rows = [row for name in ours for row in _found(name, ours[name], others[name])]
    return [*rows, *shifts.rows()]


def _found(name: str, ours: Tally, others: dict[str, Tally]) -> list[Row]:
    def beside(figure: Callable[[Tally], float], digits: int) -> str:
        return ", ".join(f"{rival} {figure(tally):.{digits}f}" for rival, tally in others.items())

    def false(tally: Tally) -> float:
        return 1_000 * tally.share(1.0)

    rows = [
        Row(
            name=f"{name}: false alerts per 1,000 runs",
            value=false(ours),
            unit="",
            at_most=3,
            detail=f"of {ours.runs[1.0]:,}; {beside(false, 1)}",
        )
    ]
    return [*rows, *(_recall(name, ours, beside, recall) for recall in RECALLS)]


def _recall(name: str, ours: Tally, beside: Beside, recall: tuple[float, str, float]) -> Row:
    factor, what, least = recall

    def share(tally: Tally) -> float:
        return tally.share(factor)

    return Row(
        name=f"{name}: {what} found",
        value=share(ours),
        unit="",
        at_least=least,
        detail=f"of {ours.runs.get(factor, 0)}; {beside(share, 2)}",
    )


class _Shifts:
    """Counts the shifts that were found, and those that were none."""

    def __init__(self) -> None:
        self.true = self.found = self.false = self.runs = 0
        self.seconds = 0.0

    def take(self, past: History, said: list[int], seconds: float) -> None:
        left = list(said)
        for at in past.shifts:
            self.true += 1
            self.found += any(at <= index < at + UNSCORED_AFTER_SHIFT for index in left)
            left = [index for index in left if not at <= index < at + 2 * UNSCORED_AFTER_SHIFT]
        self.false += len(left)
        self.runs += len(past.value)
        self.seconds += seconds

    def rows(self) -> list[Row]:
        return [
            Row(
                name="level shifts found within 5 runs",
                value=self.found / max(1, self.true),
                unit="",
                at_least=0.95,
                detail=f"of {self.true}",
            ),
            Row(
                name="false level shifts per 1,000 runs",
                value=1_000 * self.false / self.runs,
                unit="",
                at_most=1,
                detail=f"of {self.runs:,} runs in all nine scenarios, bursts of incidents among them",
            ),
            Row(name="learning from a run, mean", value=1e6 * self.seconds / self.runs, unit="µs"),
        ]


def _fitting() -> list[Row]:
    daily = [_fit_seconds(history(name, REPORTED_ON[0]), 210) for name in DAILY]
    hourly = _fit_seconds(history(HOURLY, REPORTED_ON[0]), HOURLY_POINTS)
    return [
        Row(
            name="full fit, daily job",
            value=1e3 * max(daily),
            unit="ms",
            at_most=1,
            detail="210 runs, the slowest of eight",
        ),
        Row(name="full fit, hourly job", value=1e3 * hourly, unit="ms", at_most=3, detail="600 runs"),
    ]


def _fit_seconds(past: History, runs: int) -> float:
    """Return the least of many times, for the machine does other things meanwhile."""
    series = series_of(
        Point(order_at=at, value=value)
        for at, value in zip(past.order_at[-runs:], past.value[-runs:], strict=True)
    )
    times = []
    for _ in range(100):
        started = time.perf_counter()
        fit(series, kind=Kind.DURATION, timezone="America/New_York")
        times.append(time.perf_counter() - started)
    return min(times)


def _on_public(name: str, series: Sequence[Labelled]) -> list[Row]:
    ours = _Curve([(one, replay(one.order_at, one.value, one.kind).scores) for one in series])
    rivals = [(rival.name, _Curve(_scored(rival, series))) for rival in RIVALS]
    windows = sum(len(one.windows) for one in series)
    rows = []
    for alerts in EQUAL_ALERTS:
        found = [(rival, curve.found_at(alerts)) for rival, curve in rivals]
        rows.append(
            Row(
                name=f"{name}: windows found at {alerts:g} false alerts per 1,000 hours",
                value=ours.found_at(alerts),
                unit="",
                at_least=max(count for _, count in found),
                detail=f"of {windows}; " + ", ".join(f"{rival} {count}" for rival, count in found),
            )
        )
    own = [f"{rival} {curve.found(1)} at {curve.alerts(1):.1f}" for rival, curve in rivals]
    rows.append(
        Row(
            name=f"{name}: windows found at each detector's own threshold",
            value=ours.found(1),
            unit="",
            detail=f"at {ours.alerts(1):.1f} false alerts; {', '.join(own)}",
        )
    )
    return rows


def _scored(rival: Detector, series: Sequence[Labelled]) -> list[tuple[Labelled, list[float]]]:
    return [(one, rival.scores(one.order_at, one.value)) for one in series]


class _Curve:
    """What a detector finds on public series, by its threshold."""

    def __init__(self, scored: list[tuple[Labelled, list[float]]]) -> None:
        self._scored = scored
        self._points = [(self.found(at), self.alerts(at)) for at in THRESHOLDS]

    def found_at(self, alerts: float) -> int:
        """Return the most windows found with no more false alerts than that."""
        return max((found for found, false in self._points if false <= alerts), default=0)

    def found(self, threshold: float) -> int:
        """Return how many windows hold an alert after the probation."""
        return sum(
            any(
                score >= threshold and _is_within(at, window)
                for at, score in list(zip(one.order_at, scores, strict=True))[int(PROBATION * len(scores)) :]
            )
            for one, scores in self._scored
            for window in one.windows
        )

    def alerts(self, threshold: float) -> float:
        """Return the episodes outside all windows, per 1,000 hours."""
        episodes = hours = 0
        for one, scores in self._scored:
            begun = int(PROBATION * len(scores))
            hours += len(scores) - begun
            episode_at = float("-inf")
            for at, score in list(zip(one.order_at, scores, strict=True))[begun:]:
                outside = not any(_is_within(at, window) for window in one.windows)
                if score >= threshold and outside and at - episode_at > EPISODE_SECONDS:
                    episodes, episode_at = episodes + 1, at
        return 1_000 * episodes / max(1, hours)


def _is_within(at: float, window: tuple[float, float]) -> bool:
    return window[0] - HOUR_SECONDS < at <= window[1]


def _on_nights(order_at: Sequence[float], value: Sequence[float]) -> Row:
    """Return how often each detector alerts in a year of which nobody says that anything was wrong."""

    def alerts(scores: Sequence[float]) -> int:
        return sum(score >= 1 for score in scores)

    others = ", ".join(f"{rival.name} {alerts(rival.scores(order_at, value))}" for rival in RIVALS)
    return Row(
        name="a bank's nightly batch: alerts in a year",
        value=alerts(replay(order_at, value, Kind.DURATION).scores),
        unit="",
        detail=f"of {len(value)} nights; {others}",
    )
