"""What the simulation is asked: for each sink and what it declares, the figures that must be reached."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tests.batch.simulation.course import Course
from tests.batch.simulation.figures import (
    BENCH,
    SECONDS,
    Figures,
    figures,
    halved,
    some_rate,
    steady,
)
from tests.batch.simulation.sink import Behaviour
from tocsin.batch import learned

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
SLOWER = replace(BENCH, latency_seconds=0.08)
FAULTY = replace(BENCH, errors=0.02, resets=0.02, stalls=0.01)
TAKEN_OF_FAULTY = 0.97
"""Of a hundred requests two end with 500 and two are reset, one of them after its records were taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A sink on virtual time; figures are for every seed, and for the mean of some where they say so.

    `limit` returns the limit as a function of time for a seed, `is_declared`: that the pipeline is told of it
    as it is at the beginning. `refused_at_most` is the share of requests that may be refused for their rate.
    """

    name: str
    sink: Behaviour
    limit: Callable[[int], Callable[[float], float]]
    is_declared: bool = False
    seconds: float = SECONDS
    share: float = 0.0
    late_share: float = 0.0
    refused_at_most: float = 1.0

    def run(self, seed: int) -> Figures:
        """Return the figures of one run."""
        limit = self.limit(seed)
        declared = limit(0.0) if self.is_declared else None
        course = Course(replace(self.sink, limit=limit), seed=seed, declared=declared).run(self.seconds)
        return figures(course, limit, self.seconds)


def _forty(_seed: int) -> Callable[[float], float]:
    return steady(40)


def _forty_halved(_seed: int) -> Callable[[float], float]:
    return halved(40, SECONDS)


def _any(seed: int) -> Callable[[float], float]:
    return steady(some_rate(seed))


def _any_halved(seed: int) -> Callable[[float], float]:
    return halved(some_rate(seed), SECONDS)


SCENARIOS = (
    Scenario(
        name="declared, 40/s", sink=BENCH, limit=_forty, is_declared=True, share=0.95, refused_at_most=0
    ),
    Scenario(
        name="declared, 40/s, hitches on the way",
        sink=replace(BENCH, hitch_every_seconds=7.0),
        limit=_forty,
        is_declared=True,
        share=0.8,
        refused_at_most=0.02,
    ),
    Scenario(name="declared", sink=SLOWER, limit=_any, is_declared=True, share=0.95, refused_at_most=0),
    Scenario(
        name="undeclared, 40/s, 60 s",
        sink=BENCH,
        limit=_forty,
        seconds=60,
        late_share=0.9,
        refused_at_most=0.005,
    ),
    Scenario(name="undeclared", sink=SLOWER, limit=_any, late_share=0.9, refused_at_most=0.005),
    Scenario(
        name="undeclared, no Retry-After",
        sink=replace(SLOWER, retry_after_seconds=None),
        limit=_any,
        late_share=0.9,
        refused_at_most=0.005,
    ),
    Scenario(
        name="halves and returns, declared, 40/s",
        sink=BENCH,
        limit=_forty_halved,
        is_declared=True,
        share=0.8,
    ),
    Scenario(
        name="halves and returns, declared", sink=SLOWER, limit=_any_halved, is_declared=True, share=0.8
    ),
    Scenario(name="halves and returns, undeclared, 40/s", sink=BENCH, limit=_forty_halved, share=0.8),
    Scenario(name="halves and returns, undeclared", sink=SLOWER, limit=_any_halved, share=0.8),
    Scenario(
        name="faults, declared, 40/s",
        sink=FAULTY,
        limit=_forty,
        is_declared=True,
        share=0.85 * TAKEN_OF_FAULTY,
        refused_at_most=0.005,
    ),
    Scenario(
        name="faults, undeclared, 40/s",
        sink=FAULTY,
        limit=_forty,
        late_share=0.85 * TAKEN_OF_FAULTY,
        refused_at_most=0.005,
    ),
)


def second_run(seed: int, *, later: timedelta = timedelta(hours=1), sink: Behaviour = SLOWER) -> Figures:
    """Return the figures of the first 30 s of a run that begins with what a first one of 60 s has learned."""
    limit = steady(some_rate(seed))
    behaviour = replace(sink, limit=limit)
    first = Course(behaviour, seed=seed).run(60)
    kept = learned.read(learned.written(first.pace.learned(NOW)), NOW + later)
    again = Course(behaviour, seed=seed + 1, learned=kept).run(30)
    return figures(again, limit, 30)


def at_capacity(seed: int, slots: int) -> Figures:
    """Return the figures of a sink that refuses nothing, and works on so many requests at once."""
    sink = replace(SLOWER, slots=slots)
    return figures(Course(sink, seed=seed).run(SECONDS), steady(slots / sink.latency_seconds))
