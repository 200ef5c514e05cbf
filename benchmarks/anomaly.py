"""How well unusual runs are found, beside three detectors that are usual, and what it costs to learn.

Generated: eight daily scenarios and an hourly one with 3 % injected anomalies, on seeds that are only
reported on, some of them run once, beside what an oracle would find. Public: windows found at equal false
alerts, where an alert starts an episode and others within a day of its start belong to it; the first 15 % of
each series are there to learn from.
"""

import sys
import time
from collections.abc import Sequence
from typing import Final

from benchmarks.generated import generated, replay
from benchmarks.public_series import WHERE_TO_GET_THEM, Labelled, folder, labelled, nights
from benchmarks.report import Row
from benchmarks.rivals import RIVALS, Detector
from tests.quality.scenarios import DAILY, HELD_OUT, HOURLY, REPORTED_ON, History, history
from tocsin.quality.baseline import (
    Kind,
    Point,
    fit,
    series_of,
)

OURS: Final = "Tocsin"
PROBATION: Final = 0.15
EPISODE_SECONDS: Final = 86_400
HOUR_SECONDS: Final = 3_600
HOURLY_POINTS: Final = 600
# At how many false alerts per 1,000 hours detectors are compared.
EQUAL_ALERTS: Final = (3.0, 5.0, 8.0, 10.0)
THRESHOLDS: Final = tuple(1.08**step for step in range(-30, 60))


def measure(count: int) -> list[Row]:
    """Return the figures on `count` series of each scenario, and on the public series where they are."""
    held_out = HELD_OUT[: len(HELD_OUT) * count // len(REPORTED_ON)]
    rows = [
        *generated("", REPORTED_ON[:count], by_scenario=False),
        *_fitting(),
        *generated("held out: ", held_out, by_scenario=True),
    ]
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
