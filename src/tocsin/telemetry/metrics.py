"""What the server counts of itself, rendered for Prometheus and read for its health.

Counting happens on the hot path, so it is plain numbers under one lock; the Prometheus library is
asked only when somebody reads.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tocsin.clock import Clock
from tocsin.telemetry.health import (
    ChannelHealth,
    Fault,
    Health,
    Hour,
    count_recent,
    judge_all,
    judge_rate,
    percent,
)

KEPT_HOURS = 48
KEPT_ERRORS = 1_000
MAX_NAMES = 1_000
MAX_ERROR_TEXT = 500
OTHER = "other"
_ONE_HOUR = timedelta(hours=1)
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


class Counted(Protocol):
    """How many there are of what, as the store counted them."""

    @property
    def jobs(self) -> int:
        """Jobs that are watched."""
        ...

    @property
    def open_alerts(self) -> int:
        """Alerts that are not resolved."""
        ...

    @property
    def pending(self) -> int:
        """Notifications that are still owed."""
        ...

    @property
    def dead(self) -> int:
        """Notifications that were given up."""
        ...

    @property
    def oldest_pending_at(self) -> datetime | None:
        """When the oldest owed notification was made."""
        ...

    @property
    def unknown_jobs(self) -> int:
        """Jobs of which something could not be told, and that were not heard since."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One more figure to render beside the counts."""

    name: str
    help: str
    value: float


@dataclass(slots=True)
class _Channel:
    success: int = 0
    failure: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _HourCounts:
    alerts: int = 0
    sent: int = 0
    failed: int = 0
    suppressed: int = 0
    errors: int = 0
    check_ins: int = 0
    tries: dict[tuple[str, bool], int] = field(default_factory=lambda: defaultdict(int))

    def at(self, starts_at: datetime) -> Hour:
        return Hour(
            starts_at=starts_at,
            alerts=self.alerts,
            sent=self.sent,
            failed=self.failed,
            suppressed=self.suppressed,
            errors=self.errors,
            check_ins=self.check_ins,
        )


@dataclass(slots=True)
class _Totals:
    check_ins: int = 0
    alerts: int = 0
    sent: int = 0
    errors: int = 0
    decisions: int = 0
    decision_seconds: float = 0.0
    slowest_seconds: float = 0.0
    channels: dict[str, _Channel] = field(default_factory=dict)
    suppressed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    set_aside: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    violated: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    excused: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    decided: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class Metrics:
    """The server's own counts since it started; every method may be called from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._totals = _Totals()
        self._error_times: deque[datetime] = deque(maxlen=KEPT_ERRORS)
        self._last_error: Fault | None = None
        self._hours: dict[datetime, _HourCounts] = {}
        self._hour_at = _NEVER
        self._hour = _HourCounts()

    def received(self, count: int) -> None:
        """Count check-ins that were accepted."""
        with self._lock:
            self._totals.check_ins += count
            self._this_hour().check_ins += count

    def refused(self, reason: str, count: int) -> None:
        """Count check-ins and pings that were refused."""
        with self._lock:
            self._totals.refused[_bounded(self._totals.refused, reason)] += count

    def alert_opened(self) -> None:
        """Count an alert that was opened."""
        with self._lock:
            self._totals.alerts += 1
            self._this_hour().alerts += 1

    def delivered(self, target: str, ok: bool, seconds: float) -> None:  # noqa: FBT001  # the outcome is the fact
        """Count one try to hand a notification to a target ("receiver/channel"), and how long it took."""
        with self._lock:
            target = _bounded(self._totals.channels, target)
            channel = self._totals.channels.setdefault(target, _Channel())
            hour = self._this_hour()
            hour.tries[target, ok] += 1
            channel.seconds += seconds
            if ok:
                channel.success += 1
                self._totals.sent += 1
                hour.sent += 1
            else:
                channel.failure += 1
                hour.failed += 1

    def suppressed(self, reason: str) -> None:
        """Count a notification that was kept back on purpose."""
        with self._lock:
            self._totals.suppressed[_bounded(self._totals.suppressed, reason)] += 1
            self._this_hour().suppressed += 1

    def error(self, where: str, text: str, at: datetime) -> None:
        """Count an error of ours and keep it as the last one."""
        with self._lock:
            self._totals.errors += 1
            self._error_times.append(at)
            self._last_error = Fault(where=where, text=text[:MAX_ERROR_TEXT], at=at)
            self._this_hour().errors += 1

    def processed(self, seconds: float) -> None:
        """Count one decision and how long it took."""
        with self._lock:
            totals = self._totals
            totals.decisions += 1
            totals.decision_seconds += seconds
            totals.slowest_seconds = max(totals.slowest_seconds, seconds)

    def set_aside(self, rule: str) -> None:
        """Count a rule or a chore that raised and is left for a while."""
        with self._lock:
            self._totals.set_aside[_bounded(self._totals.set_aside, rule)] += 1

    def decided(self, status: str) -> None:
        """Count an expected run by what became of it, which is one of a few words."""
        with self._lock:
            self._totals.decided[status] += 1

    def violated(self, job: str, environment: str, violation: str, *, excused: bool = False) -> None:
        """Count a promise that a job has broken; excused: that a person has said that it does not count."""
        with self._lock:
            known, key = self._totals.excused if excused else self._totals.violated, (job, environment)
            if key not in known and len(known) >= MAX_NAMES:
                key = (OTHER, "")
            of_job = known.setdefault(key, {})
            of_job[violation] = of_job.get(violation, 0) + 1

    def health(self, now: datetime) -> Health:
        """Return the health that these counts tell at this instant, with the last 48 hours."""
        with self._lock:
            self._this_hour()
            both = (self._hour_at, self._hour_at - _ONE_HOUR)
            recent = [self._hours[hour_at] for hour_at in both if hour_at in self._hours]
            channels = tuple(self._channel_health(name, recent) for name in sorted(self._totals.channels))
            good = sum(channel.recent_success for channel in channels)
            bad = sum(channel.recent_failure for channel in channels)
            rate = percent(good, good + bad, of_nothing=100.0)
            kept_back = sum(self._totals.suppressed.values())
            recent_errors = count_recent(self._error_times, now)
            return Health(
                status=judge_all(rate, recent_errors),
                success_rate_percent=rate,
                alerts_processed=self._totals.alerts,
                alerts_delivered=self._totals.sent,
                suppression_rate_percent=percent(kept_back, kept_back + self._totals.sent, of_nothing=0.0),
                avg_processing_time_ms=_average_ms(self._totals),
                total_errors=self._totals.errors,
                recent_errors=recent_errors,
                last_error=self._last_error,
                channels=channels,
                hours=tuple(counts.at(hour) for hour, counts in sorted(self._hours.items())),
            )

    def render(self, counts: Counted | None, gauges: Sequence[Gauge] = ()) -> bytes:
        """Return everything in the Prometheus text format.

        `counts` is None where the store cannot be read; its figures are then left out rather than guessed.
        """
        registry = CollectorRegistry(auto_describe=False)
        with self._lock:
            families = [*_families(self._totals)]
        families += [*_store_families(counts, self._clock.now())]
        families += [_gauge(gauge.name, gauge.help, gauge.value) for gauge in gauges]
        registry.register(_Families(families))
        return generate_latest(registry)

    def _this_hour(self) -> _HourCounts:
        now = self._clock.now()
        if not self._hour_at <= now < self._hour_at + _ONE_HOUR:
            self._hour_at = now.replace(minute=0, second=0, microsecond=0)
            self._hour = self._hours.setdefault(self._hour_at, _HourCounts())
            self._forget(self._hour_at)
        return self._hour

    def _forget(self, hour_at: datetime) -> None:
        """Drop what is too old; also hours ahead of us, left by a clock that was set back."""
        for old in [at for at in self._hours if not hour_at - KEPT_HOURS * _ONE_HOUR < at <= hour_at]:
            del self._hours[old]

    def _channel_health(self, target: str, recent: Sequence[_HourCounts]) -> ChannelHealth:
        channel = self._totals.channels[target]
        good = sum(hour.tries[target, True] for hour in recent)
        bad = sum(hour.tries[target, False] for hour in recent)
        return ChannelHealth(
            target=target,
            success=channel.success,
            failure=channel.failure,
            recent_success=good,
            recent_failure=bad,
            status=judge_rate(percent(good, good + bad, of_nothing=100.0)),
        )


def _bounded(known: Mapping[str, object], name: str) -> str:
    """Keep the number of series finite: beyond the limit a new name is counted under "other"."""
    return name if name in known or len(known) < MAX_NAMES else OTHER


def _average_ms(totals: _Totals) -> float:
    return round(1_000 * totals.decision_seconds / totals.decisions, 3) if totals.decisions else 0.0


class _Families(Collector):
    """Hands ready families to the registry."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._ready = families

    def collect(self) -> Sequence[Metric]:
        return self._ready


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, value=value)


def _by_label(name: str, text: str, label: str, values: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def _families(totals: _Totals) -> Iterator[Metric]:
    yield _counter("batch_alerts_received", "Alerts opened", totals.alerts)
    yield _counter("batch_alerts_sent", "Notifications delivered", totals.sent)
    yield _counter(
        "batch_alerts_suppressed", "Notifications kept back on purpose", sum(totals.suppressed.values())
    )
    yield _counter("batch_alerts_errors", "Errors of the server itself", totals.errors)
    yield _gauge("batch_alerts_processing_time_avg_ms", "Mean time of one decision", _average_ms(totals))
    yield _gauge(
        "batch_alerts_processing_time_max_ms",
        "Longest time of one decision",
        round(1_000 * totals.slowest_seconds, 3),
    )
    violations = "batch_job_sla_violations"
    yield _violation_family(violations, "Promises that jobs have broken", totals.violated)
    yield _violation_family(
        f"{violations}_excused", "Those of them that a person has excused", totals.excused
    )
    yield from _channel_families(totals.channels)
    yield _counter("tocsin_check_ins_received", "Check-ins accepted", totals.check_ins)
    yield _by_label(
        "tocsin_notifications_suppressed", "Notifications kept back, by reason", "reason", totals.suppressed
    )
    yield _by_label(
        "tocsin_check_ins_refused", "Check-ins and pings refused, by reason", "reason", totals.refused
    )
    yield _by_label(
        "tocsin_rules_set_aside",
        "Times that a rule or a chore raised and was set aside",
        "rule",
        totals.set_aside,
    )
    yield _by_label(
        "tocsin_occurrences_decided", "Expected runs, by what became of them", "status", totals.decided
    )


def _violation_family(
    name: str, says: str, violated: Mapping[tuple[str, str], Mapping[str, int]]
) -> CounterMetricFamily:
    labels = ["job_name", "environment", "violation_type"]
    family = CounterMetricFamily(name, says, labels=labels)
    for (job, environment), counts in sorted(violated.items()):
        for violation, count in sorted(counts.items()):
            family.add_metric([job, environment, violation], count)
    return family


def _channel_families(channels: dict[str, _Channel]) -> Iterator[Metric]:
    labels = ["channel", "receiver"]
    success = CounterMetricFamily("batch_alerts_channel_success", "Tries that a channel took", labels=labels)
    failure = CounterMetricFamily("batch_alerts_channel_failure", "Tries that failed", labels=labels)
    seconds = CounterMetricFamily("tocsin_delivery_seconds", "Time spent in tries", labels=labels)
    for target, channel in sorted(channels.items()):
        receiver, _, kind = target.rpartition("/")
        success.add_metric([kind, receiver], channel.success)
        failure.add_metric([kind, receiver], channel.failure)
        seconds.add_metric([kind, receiver], channel.seconds)
    yield from (success, failure, seconds)


def _store_families(counts: Counted | None, now: datetime) -> Iterator[Metric]:
    if counts is None:
        return
    oldest = counts.oldest_pending_at
    age_seconds = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    yield _gauge("tocsin_jobs", "Jobs that are watched", counts.jobs)
    yield _gauge(
        "tocsin_jobs_unknown", "Jobs not heard of since a time in which we were blind", counts.unknown_jobs
    )
    yield _gauge("tocsin_alerts_open", "Alerts that are not resolved", counts.open_alerts)
    yield _gauge("tocsin_notifications_pending", "Notifications that are still owed", counts.pending)
    yield _gauge("tocsin_notifications_dead", "Notifications that were given up", counts.dead)
    yield _gauge("tocsin_oldest_pending_seconds", "Age of the oldest owed notification", age_seconds)
