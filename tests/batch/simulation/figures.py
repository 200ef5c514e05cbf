"""The figures that a run of the simulation comes to."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.batch.simulation.course import Course
from tests.batch.simulation.sink import Behaviour

SECONDS = 120.0
BENCH = Behaviour(latency_seconds=0.05, retry_after_seconds=1.0, burst_seconds=0.1)
"""The sink of the benchmark: 50 ms, a burst of 0.1 s, Retry-After 1 s; it permits 40 requests a second."""


def steady(rate: float) -> Callable[[float], float]:
    """Return a limit that stays as it is."""
    return lambda _: rate


def halved(rate: float, seconds: float) -> Callable[[float], float]:
    """Return a limit that is half as high in the second third of a run."""
    return lambda at: rate / 2 if seconds / 3 <= at < seconds * 2 / 3 else rate


def some_rate(seed: int) -> float:
    """Return a limit that no parameter was chosen for."""
    return Random(seed).uniform(25, 130)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a run has come to.

    `share` is what the sink has taken of what it permitted, `late_share` the same from 30 s on, `refused` the
    share of requests that were too many, `p95` the time that 95 of 100 answers took at most, in seconds.
    """

    share: float
    late_share: float
    refused: float
    p95: float


def figures(course: Course, limit: Callable[[float], float], seconds: float = SECONDS) -> Figures:
    """Return the figures of a run that has ended."""
    sink = course.sink
    requests = len(sink.taken_at) + len(sink.throttled_at)
    took = sorted(answer.seconds for answer in course.answers)
    return Figures(
        share=_share(sink.taken_at, limit, 0.0, seconds),
        late_share=_share(sink.taken_at, limit, 30.0, seconds),
        refused=len(sink.throttled_at) / max(1, requests),
        p95=took[int(len(took) * 0.95)],
    )


def _share(taken_at: list[float], limit: Callable[[float], float], begin: float, end: float) -> float:
    step = 0.01
    permitted = sum(limit(begin + (n + 0.5) * step) * step for n in range(int((end - begin) / step)))
    return sum(begin <= at < end for at in taken_at) / permitted if permitted else 0.0
