"""Whether a run will miss its deadline: beside an oracle that knows the truth, and beside the usual median.

Each run is watched from its expected start to its end or its deadline. The Brier score is the mean of
(probability − what came)² over all instants. A warning is the first instant of a run at which the probability
is 0.8 or more; its lead is how long before the deadline that is, and nothing for a miss without a warning.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean, median
from typing import Final

from benchmarks.report import Row
from tests.quality.families import FAMILIES, REPORTED_ON, Case, Family, Past, Seen, Watched, cases
from tocsin.quality.baseline import Kind, Normal, Point, expected_at, fit, series_of
from tocsin.quality.forecast import Forecast, Progressed, of_expected, of_started
from tocsin.quality.lasting import Comparable, comparable_of

THRESHOLD: Final = 0.8
DECILES: Final = 10
DELAYS: Final = 24
OURS, ORACLE, NAIVE = "Tocsin", "oracle", "median"


@dataclass(slots=True)
class Score:
    """What one of the three has said, and what came of it."""

    said: list[float] = field(default_factory=list)
    warnings: list[bool] = field(default_factory=list)
    leads: list[float] = field(default_factory=list)

    def take(self, said: Sequence[float], run: Watched) -> None:
        """Count one run."""
        self.said += said
        warned = next((seen.now for p, seen in zip(said, run.seen, strict=True) if p >= THRESHOLD), None)
        if warned is not None:
            self.warnings.append(run.is_late)
        if run.is_late:
            self.leads.append(0.0 if warned is None else (run.limit - warned) / run.limit)

    def brier(self, came: Sequence[bool]) -> float:
        """Return the Brier score."""
        return fmean((p - is_late) ** 2 for p, is_late in zip(self.said, came, strict=True))


@dataclass(slots=True)
class Scores:
    """The scores of all three on the same runs."""

    came: list[bool] = field(default_factory=list)
    of: dict[str, Score] = field(default_factory=lambda: {name: Score() for name in (OURS, ORACLE, NAIVE)})

    def take(self, case: Case) -> None:
        """Count a job."""
        foresees = _Foresees(case)
        for run in case.runs:
            self.came += [seen.is_late for seen in run.seen]
            self.of[OURS].take([foresees.probability(run, seen) for seen in run.seen], run)
            self.of[ORACLE].take([seen.oracle for seen in run.seen], run)
            self.of[NAIVE].take([_by_median(case.past, run, seen) for seen in run.seen], run)

    def add(self, other: "Scores") -> None:
        """Count what others have counted."""
        self.came += other.came
        for name, score in other.of.items():
            self.of[name].said += score.said
            self.of[name].warnings += score.warnings
            self.of[name].leads += score.leads

    @property
    def gap(self) -> float:
        """How far ours is from the oracle, in shares of how far the median is."""
        ours, oracle, naive = (self.of[name].brier(self.came) for name in (OURS, ORACLE, NAIVE))
        return (ours - oracle) / (naive - oracle)

    @property
    def truth(self) -> float:
        """The share of our warnings that came true."""
        return fmean(self.of[OURS].warnings)

    @property
    def lead(self) -> float:
        """Our lead, in shares of the oracle's."""
        return sum(self.of[OURS].leads) / sum(self.of[ORACLE].leads)


class _Foresees:
    """Says of the runs of a job what Tocsin would, from what was seen."""

    def __init__(self, case: Case) -> None:
        self._normal, self._delays = _normal(case.past), case.past.delay[-DELAYS:]
        self._above = None if case.upstream is None else _normal(case.upstream)

    def probability(self, run: Watched, seen: Seen) -> float:
        """Return how likely the run ends after its limit."""
        at = run.nominal_at
        now, limit_at = at + _seconds(seen.now), at + _seconds(run.limit)
        return self._forecast(at, seen).probability(limit_at, now)

    def _forecast(self, at: datetime, seen: Seen) -> Forecast:
        comparable = _comparable(self._normal, at)
        if seen.started is not None:
            progressed = None
            if seen.share is not None and seen.share_at is not None:
                progressed = Progressed(share=seen.share, at=at + _seconds(seen.share_at))
            return of_started(comparable, at + _seconds(seen.started), progressed)
        if self._above is None:
            return of_expected(comparable, at, self._delays)
        if seen.upstream_ended is not None:
            return of_expected(comparable, at, self._delays, (((at + _seconds(seen.upstream_ended), 1.0),),))
        above = of_started(_comparable(self._above, at), at)
        return of_expected(comparable, at, self._delays, (above.ends(at),))


def _normal(past: Past) -> Normal:
    begun = zip(past.nominal_at, past.delay, past.duration, strict=True)
    points = [Point(order_at=at.timestamp() + late, value=took) for at, late, took in begun]
    return fit(series_of(points), kind=Kind.DURATION, timezone="UTC")


def _comparable(normal: Normal, at: datetime) -> Comparable:
    expected = expected_at(normal, at, "UTC")
    if expected is None:
        raise ValueError("a family has too short a past to learn from")
    return comparable_of(normal, expected)


def _by_median(past: Past, run: Watched, seen: Seen) -> float:
    """Return 1 if a run that takes and waits as long as the median would be late, else 0."""
    start = max(median(past.delay), seen.now) if seen.started is None else seen.started
    return float(max(start + median(past.duration), seen.now) > run.limit)


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def scores_of(family: Family, seeds: Sequence[int], jobs: int, runs: int) -> Scores:
    """Return how well the runs of a family were foreseen."""
    scores = Scores()
    for seed in seeds:
        for case in cases(family, seed, jobs=jobs, runs=runs):
            scores.take(case)
    return scores


def measure(jobs: int, runs: int, seeds: Sequence[int] = REPORTED_ON) -> list[Row]:
    """Return the figures over all families, and those of each."""
    together, of_each = Scores(), list[Row]()
    for family in FAMILIES:
        scores = scores_of(family, seeds, jobs, runs)
        together.add(scores)
        said = f"{scores.truth:.0%} of {len(scores.of[OURS].warnings)} warnings true, lead {scores.lead:.2f}"
        of_each.append(
            Row(
                name=f"deadline risk, {family.name}: gap to the oracle",
                value=scores.gap,
                unit="",
                detail=said,
            )
        )
    brier = ", ".join(f"{name} {together.of[name].brier(together.came):.4f}" for name in together.of)
    count = len(together.of[OURS].warnings)
    detail = f"Brier scores at {len(together.came):,} instants of {len(FAMILIES)} families of jobs: {brier}"
    return [
        Row(
            name="deadline risk: gap to the oracle, of the median's",
            value=together.gap,
            unit="",
            at_most=0.4,
            detail=detail,
        ),
        Row(
            name="deadline risk: warnings at 0.8 that came true",
            value=together.truth,
            unit="",
            at_least=0.75,
            detail=f"of {count:,}; of the oracle's {fmean(together.of[ORACLE].warnings):.2f}",
        ),
        Row(
            name="deadline risk: lead before a miss, of the oracle's",
            value=together.lead,
            unit="",
            at_least=0.7,
            detail=f"at {len(together.of[OURS].leads):,} misses",
        ),
        *of_each,
        *_calibration(together),
    ]


def _calibration(scores: Scores) -> list[Row]:
    """Return, for each tenth of what was said, how often it came."""
    rows = []
    for tenth in range(DECILES):
        pairs = [
            (p, is_late)
            for p, is_late in zip(scores.of[OURS].said, scores.came, strict=True)
            if min(int(p * DECILES), DECILES - 1) == tenth
        ]
        if pairs:
            name = f"deadline risk, said {tenth / DECILES:.1f} to {(tenth + 1) / DECILES:.1f}: came"
            said = fmean(p for p, _ in pairs)
            detail = f"said {said:.3f} on average, {len(pairs):,} times"
            rows.append(Row(name=name, value=fmean(came for _, came in pairs), unit="", detail=detail))
    return rows
