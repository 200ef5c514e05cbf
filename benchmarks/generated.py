"""What is found of what was injected into generated histories, beside three usual detectors and an oracle."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from benchmarks.oracle import oracle_scores
from benchmarks.report import Row
from benchmarks.rivals import RIVALS
from tests.quality.scenarios import DAILY, HOURLY, UNSCORED_AFTER_SHIFT, History, history
from tocsin.quality.baseline import (
    WARNING_SPREADS,
    Kind,
    Normal,
    Point,
    Series,
    advance,
    expected_at,
    fit,
    spreads,
)

BURST: Final = 0.0
ALL: Final = "all nine scenarios"
RECALLS: Final = ((2.0, "2× slowdowns", 0.9), (0.5, "halvings", 0.8), (3.0, "3× slowdowns", 0.99))


@dataclass(slots=True)
class Tally:
    """What one detector has made of many runs: by injected factor, how many there were and were found."""

    runs: dict[float, int] = field(default_factory=dict)
    found: dict[float, int] = field(default_factory=dict)

    def take(self, past: History, scores: Sequence[float], threshold: float = 1.0) -> None:
        """Count the scored runs of one history."""
        for score, factor, burst, scored in zip(scores, past.factor, past.burst, past.scored, strict=True):
            if scored:
                kind = BURST if burst else round(factor, 2)
                self.runs[kind] = self.runs.get(kind, 0) + 1
                self.found[kind] = self.found.get(kind, 0) + (score >= threshold)

    def share(self, factor: float) -> float:
        """Return the share that was found of what was injected with a factor."""
        return self.found.get(factor, 0) / max(1, self.runs.get(factor, 0))

    @property
    def false(self) -> float:
        """False alerts per 1,000 runs."""
        return 1_000 * self.share(1.0)


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


@dataclass(slots=True)
class _Group:
    """What all detectors have made of the same histories."""

    ours: Tally = field(default_factory=Tally)
    others: dict[str, Tally] = field(default_factory=lambda: {rival.name: Tally() for rival in RIVALS})
    known: list[tuple[History, list[float]]] = field(default_factory=list)

    def oracle(self) -> Tally:
        """Return what the oracle finds with no more false alerts than ours."""
        ordinary = sorted(
            score
            for past, scores in self.known
            for score, factor, burst, scored in zip(scores, past.factor, past.burst, past.scored, strict=True)
            if scored and factor == 1 and not burst
        )
        threshold = ordinary[-self.ours.found[1.0] - 1] + 1e-9
        tally = Tally()
        for past, scores in self.known:
            tally.take(past, scores, threshold)
        return tally


def generated(which: str, seeds: Sequence[int], *, by_scenario: bool) -> list[Row]:
    """Return the figures on series of these seeds, each row named with `which` they are."""
    names = ("eight daily scenarios", "hourly scenario", ALL)
    groups = {name: _Group() for name in (*names, *DAILY, HOURLY)}
    shifts = _Shifts()
    for scenario in (*DAILY, HOURLY):
        group = "hourly scenario" if scenario == HOURLY else "eight daily scenarios"
        own = [groups[name] for name in (scenario, group, ALL)]
        for seed in seeds:
            past = history(scenario, seed)
            said = replay(past.order_at, past.value, Kind.DURATION)
            shifts.take(past, said.shifts, said.seconds)
            known = oracle_scores(past)
            rivals = [(rival.name, rival.scores(past.order_at, past.value)) for rival in RIVALS]
            for each in own:
                each.ours.take(past, said.scores)
                each.known.append((past, known))
                for rival, scores in rivals:
                    each.others[rival].take(past, scores)
    rows = [row for name in names for row in _found(which + name, groups[name])]
    if by_scenario:
        rows += [_of_scenario(which + name, groups[name]) for name in (*DAILY, HOURLY)]
    return [*rows, *shifts.rows(which)]


def _found(name: str, group: _Group) -> list[Row]:
    ours, oracle = group.ours, group.oracle()

    def beside(figure: Callable[[Tally], float], digits: int) -> str:
        return ", ".join(f"{rival} {figure(tally):.{digits}f}" for rival, tally in group.others.items())

    rows = [
        Row(
            name=f"{name}: false alerts per 1,000 runs",
            value=ours.false,
            unit="",
            at_most=3,
            detail=f"of {ours.runs[1.0]:,}; {beside(lambda tally: tally.false, 1)}",
        )
    ]
    return [*rows, *(_recall(name, ours, oracle, beside, recall) for recall in RECALLS)]


def _recall(name: str, ours: Tally, oracle: Tally, beside: Beside, recall: tuple[float, str, float]) -> Row:
    factor, what, least = recall
    others = beside(lambda tally: tally.share(factor), 2)
    return Row(
        name=f"{name}: {what} found",
        value=ours.share(factor),
        unit="",
        at_least=least,
        detail=f"of {ours.runs.get(factor, 0)}; an oracle {oracle.share(factor):.3f}; {others}",
    )


def _of_scenario(name: str, group: _Group) -> Row:
    """Return how our detector does in one scenario; no target is set for one alone."""
    ours, oracle = group.ours, group.oracle()
    (first, what, _), *others = RECALLS
    rest = ", ".join(
        f"{other} {ours.share(each):.2f} ({oracle.share(each):.2f})" for each, other, _ in others
    )
    return Row(
        name=f"{name}: {what} found",
        value=ours.share(first),
        unit="",
        detail=f"of {ours.runs.get(first, 0)} (an oracle {oracle.share(first):.2f}); {rest}; "
        f"{ours.false:.1f} false alerts per 1,000 runs",
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

    def rows(self, which: str) -> list[Row]:
        return [
            Row(
                name=f"{which}level shifts found within 5 runs",
                value=self.found / max(1, self.true),
                unit="",
                at_least=0.95,
                detail=f"of {self.true}",
            ),
            Row(
                name=f"{which}false level shifts per 1,000 runs",
                value=1_000 * self.false / self.runs,
                unit="",
                at_most=1,
                detail=f"of {self.runs:,} runs in all nine scenarios, bursts of incidents among them",
            ),
            Row(name=f"{which}learning from a run, mean", value=1e6 * self.seconds / self.runs, unit="µs"),
        ]
