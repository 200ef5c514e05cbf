"""How a run that is at work does: a word for it, and what should be said to somebody."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from tocsin.batch.config import BatchConfig
from tocsin.batch.limits import Limits
from tocsin.batch.state.base import RunRow, Totals
from tocsin.errors import InvalidPipeline

WINDOW: Final = timedelta(minutes=5)
"""A run is judged by its last minutes, so that what is over does not hide what is."""


class Health(StrEnum):
    """How a run does, from good to bad.

    DEGRADED: more records fail than the run allows itself, or it is just silent; it goes on. WARNING and
    CRITICAL: as the worst of what should be said.
    """

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    WARNING = "warning"
    CRITICAL = "critical"


class Trouble(StrEnum):
    """What should be said of a run at work."""

    ERROR_RATE = "error_rate"
    SLOW_BATCH = "slow_batch"
    LOW_THROUGHPUT = "low_throughput"
    SILENT = "silent"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From when on something is said.

    `error_rate_factor`: so many times the error threshold of the run. `slow_batch_seconds`: of one request.
    `least_throughput_share`: of the requests a second that the sink allows. `silent_after_seconds`: without a
    word of the run, which says every two seconds at least how far it has come. Nothing is said of rates
    before `fewest_records` were sent, nor of throughput in the first `settling_seconds`.

    Raises InvalidPipeline where one is not above zero.
    """

    error_rate_factor: float = 2.0
    slow_batch_seconds: float = 60.0
    least_throughput_share: float = 0.3
    silent_after_seconds: float = 60.0
    fewest_records: int = 100
    settling_seconds: float = 30.0

    def __post_init__(self) -> None:
        wrong = [one.name for one in fields(self) if not getattr(self, one.name) > 0]
        if wrong:
            raise InvalidPipeline(f"{', '.join(wrong)}: must be above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A run at work in its last minutes, or since it began where that is shorter: `seconds`.

    `silent_seconds`: since it last said how far it has come. `total_records`: those that were delivered or
    failed. `slowest_batch_seconds`: of the batches in that time. `allowed_rps`: requests a second that the
    sink allows, None where it has not said. `is_gone`: no process is at work on it any more. `in_flight`:
    requests on their way, None where that is not known; `limited_by`: what it waits for most; `seconds_left`:
    until its end, where that can be said.
    """

    seconds: float
    silent_seconds: float
    batches: int
    total_records: int
    processed_records: int
    failed_records: int
    slowest_batch_seconds: float
    allowed_rps: float | None = None
    error_threshold_percent: float = 5.0
    is_gone: bool = False
    in_flight: int | None = None
    limited_by: str = ""
    seconds_left: float | None = None

    @property
    def throughput_rps(self) -> float:
        """Return the delivered records a second."""
        return self.processed_records / self.seconds if self.seconds > 0 else 0.0

    @property
    def requests_per_second(self) -> float:
        """Return the requests a second, which is what sinks limit."""
        return self.batches / self.seconds if self.seconds > 0 else 0.0

    @property
    def error_rate_percent(self) -> float:
        """Return the share of failed records."""
        return 100.0 * self.failed_records / self.total_records if self.total_records else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """One thing that should be said, how bad it is, in which words, and by which number."""

    trouble: Trouble
    health: Health
    text: str
    value: float
    limit: float


def written(live: Live) -> bytes:
    """Return how a run does as it is kept with its checkpoint."""
    return msgspec.json.encode(live)


def live_of(
    run: RunRow, lately: Totals, now: datetime, window: timedelta = WINDOW, *, is_gone: bool = False
) -> Live:
    """Return how a run does as it has last said, else by the sum of its batches since `now - window`."""
    silent_seconds = max(now - run.checkpoint.at, timedelta()).total_seconds()
    if run.checkpoint.live:
        said = msgspec.json.decode(run.checkpoint.live, type=Live)
        return replace(said, silent_seconds=silent_seconds, is_gone=is_gone)
    return Live(
        seconds=min(window, max(now - run.started_at, timedelta())).total_seconds(),
        silent_seconds=silent_seconds,
        batches=lately.batches,
        total_records=lately.processed_records + lately.failed_records,
        processed_records=lately.processed_records,
        failed_records=lately.failed_records,
        slowest_batch_seconds=lately.slowest_seconds,
        allowed_rps=run.allowed_rps,
        error_threshold_percent=run.error_threshold_percent,
        is_gone=is_gone,
    )


def allowed_rps(limits: Limits, config: BatchConfig) -> float | None:
    """Return how many requests a second a run may send, None where its sink has not said."""
    found = []
    if limits.requests_per_second is not None:
        found.append(min(limits.requests_per_second, config.rate_limit_rps))
    if limits.records_per_second is not None:
        most = min(limits.max_records or config.max_batch_size, config.max_batch_size)
        found.append(limits.records_per_second / most)
    return min(found, default=None)


def warnings_of(live: Live, thresholds: Thresholds | None = None) -> tuple[Warned, ...]:
    """Return what should be said of a run, the worst first."""
    limits = thresholds or Thresholds()
    found = (
        _gone(live),
        _silent(live, limits),
        _failing(live, limits),
        _slow(live, limits),
        _low(live, limits),
    )
    return tuple(one for one in found if one is not None)


def health_of(live: Live, thresholds: Thresholds | None = None) -> Health:
    """Return how a run does, in one word."""
    said = warnings_of(live, thresholds)
    if said:
        return said[0].health
    limits = thresholds or Thresholds()
    is_failing = (
        live.total_records >= limits.fewest_records and live.error_rate_percent > live.error_threshold_percent
    )
    is_quiet = live.silent_seconds > limits.silent_after_seconds / 2
    return Health.DEGRADED if is_failing or is_quiet else Health.HEALTHY


def _gone(live: Live) -> Warned | None:
    if not live.is_gone:
        return None
    return Warned(
        trouble=Trouble.GONE,
        health=Health.CRITICAL,
        text="its process is gone, or has lost the state: it was killed before its end; resume it",
        value=live.silent_seconds,
        limit=0.0,
    )


def _silent(live: Live, limits: Thresholds) -> Warned | None:
    if live.is_gone or live.silent_seconds <= limits.silent_after_seconds:
        return None
    silence = f"{live.silent_seconds:.0f} s"
    return Warned(
        trouble=Trouble.SILENT,
        health=Health.CRITICAL,
        text=f"no sign of life for {silence}: its process is there, but hangs or cannot write: look at it",
        value=live.silent_seconds,
        limit=limits.silent_after_seconds,
    )


def _failing(live: Live, limits: Thresholds) -> Warned | None:
    limit = limits.error_rate_factor * live.error_threshold_percent
    if live.total_records < limits.fewest_records or live.error_rate_percent <= limit:
        return None
    return Warned(
        trouble=Trouble.ERROR_RATE,
        health=Health.CRITICAL,
        text=f"{live.error_rate_percent:.1f} % of {live.total_records:,} records failed, above {limit:g} %",
        value=live.error_rate_percent,
        limit=limit,
    )


def _slow(live: Live, limits: Thresholds) -> Warned | None:
    seconds, limit = live.slowest_batch_seconds, limits.slow_batch_seconds
    if seconds <= limit:
        return None
    return Warned(
        trouble=Trouble.SLOW_BATCH,
        health=Health.WARNING,
        text=f"a batch took {seconds:.0f} s, longer than {limit:g} s",
        value=seconds,
        limit=limit,
    )


def _low(live: Live, limits: Thresholds) -> Warned | None:
    if live.allowed_rps is None or live.seconds < limits.settling_seconds:
        return None
    limit = limits.least_throughput_share * live.allowed_rps
    rate = live.requests_per_second
    if rate >= limit:
        return None
    share = f"{100.0 * rate / live.allowed_rps:.0f} %"
    return Warned(
        trouble=Trouble.LOW_THROUGHPUT,
        health=Health.WARNING,
        text=f"{rate:.2g} requests/s, {share} of the {live.allowed_rps:g} that are allowed",
        value=rate,
        limit=limit,
    )
