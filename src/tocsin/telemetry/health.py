"""How Tocsin itself is: what its own counts say about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

HEALTHY_PERCENT = 90.0
DEGRADED_PERCENT = 50.0
RECENT = timedelta(minutes=5)


class HealthStatus(IntEnum):
    """How well it goes; higher is worse, the words of the wire are the lower-case names."""

    HEALTHY = 0
    DEGRADED = 1
    UNHEALTHY = 2

    @property
    def word(self) -> str:
        """The name that people and programs read."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One error of ours: where it was met, what it said, and when."""

    where: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """How deliveries through one target went: tries that succeeded and failed since the server started."""

    target: str
    success: int
    failure: int
    recent_success: int
    recent_failure: int
    status: HealthStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What was counted in one full hour of UTC."""

    starts_at: datetime
    alerts: int = 0
    sent: int = 0
    failed: int = 0
    suppressed: int = 0
    errors: int = 0
    check_ins: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The health of the server as its own counts tell it.

    Success rate: of the delivery tries of this hour and the one before; without any it is 100.
    Suppression rate: share of all notifications since the start that were kept back on purpose.
    """

    status: HealthStatus
    success_rate_percent: float
    alerts_processed: int
    alerts_delivered: int
    suppression_rate_percent: float
    avg_processing_time_ms: float
    total_errors: int
    recent_errors: int
    last_error: Fault | None
    channels: tuple[ChannelHealth, ...]
    hours: tuple[Hour, ...]


def percent(part: int, whole: int, *, of_nothing: float) -> float:
    """Return a share in percent with one digit, and `of_nothing` where there is no whole."""
    return round(100 * part / whole, 1) if whole else of_nothing


def judge_rate(success_rate_percent: float) -> HealthStatus:
    """Return what a delivery success rate says: 90 is healthy, below 50 is unhealthy."""
    if success_rate_percent >= HEALTHY_PERCENT:
        return HealthStatus.HEALTHY
    return HealthStatus.DEGRADED if success_rate_percent >= DEGRADED_PERCENT else HealthStatus.UNHEALTHY


def judge_all(success_rate_percent: float, recent_errors: int) -> HealthStatus:
    """Return the status of the whole: the rate's, and never better than degraded after a recent error."""
    floor = HealthStatus.DEGRADED if recent_errors else HealthStatus.HEALTHY
    return max(judge_rate(success_rate_percent), floor)


def count_recent(instants: Iterable[datetime], now: datetime) -> int:
    """Return how many of these instants lie in the last five minutes."""
    return sum(1 for at in instants if now - at <= RECENT)
