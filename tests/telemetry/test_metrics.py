import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tocsin.telemetry.health import HealthStatus
from tocsin.telemetry.metrics import KEPT_HOURS, MAX_NAMES, OTHER, Gauge, Metrics

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class VirtualClock:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    jobs: int = 7
    open_alerts: int = 2
    pending: int = 3
    dead: int = 1
    oldest_pending_at: datetime | None = NOON - MINUTE
    unknown_jobs: int = 5


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def metrics(clock: VirtualClock) -> Metrics:
    return Metrics(clock)


def samples(metrics: Metrics, counted: Counted | None = None) -> dict[tuple[str, ...], float]:
    text = metrics.render(counted, [Gauge(name="tocsin_queue_depth", help="Waiting", value=4)]).decode()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_names_are_those_that_dashboards_ask_for(metrics: Metrics) -> None:
    metrics.alert_opened()
    metrics.delivered("on-call/slack", ok=True, seconds=0.5)
    metrics.delivered("on-call/slack", ok=False, seconds=0.25)
    metrics.suppressed("silenced")
    metrics.error("store", "disk full", NOON)
    metrics.processed(0.002)
    metrics.processed(0.004)
    metrics.received(12)

    found = samples(metrics)

    assert found["batch_alerts_received_total",] == 1
    assert found["batch_alerts_sent_total",] == 1
    assert found["batch_alerts_suppressed_total",] == 1
    assert found["batch_alerts_errors_total",] == 1
    assert found["batch_alerts_processing_time_avg_ms",] == 3
    assert found["batch_alerts_processing_time_max_ms",] == 4
    assert found["batch_alerts_channel_success_total", "on-call", "slack"] == 1
    assert found["batch_alerts_channel_failure_total", "on-call", "slack"] == 1
    assert found["tocsin_delivery_seconds_total", "on-call", "slack"] == 0.75
    assert found["tocsin_check_ins_received_total",] == 12
    assert found["tocsin_queue_depth",] == 4


def test_what_the_store_counts_is_rendered_beside(metrics: Metrics) -> None:
    found = samples(metrics, Counted())

    assert found["tocsin_jobs",] == 7
    assert found["tocsin_jobs_unknown",] == 5
    assert found["tocsin_alerts_open",] == 2
    assert found["tocsin_notifications_pending",] == 3
    assert found["tocsin_notifications_dead",] == 1
    assert found["tocsin_oldest_pending_seconds",] == 60


def test_expected_runs_are_counted_by_what_became_of_them(metrics: Metrics) -> None:
    for status in ("met", "met", "unknown"):
        metrics.decided(status)

    found = samples(metrics)

    assert found["tocsin_occurrences_decided_total", "met"] == 2
    assert found["tocsin_occurrences_decided_total", "unknown"] == 1


def test_what_the_store_cannot_say_is_left_out(metrics: Metrics) -> None:
    assert not [name for name, *_ in samples(metrics) if name == "tocsin_jobs"]


def test_a_name_with_quotes_and_line_breaks_does_not_break_the_text(metrics: Metrics) -> None:
    metrics.set_aside('a "rule"\nwith } everything {')

    assert samples(metrics)["tocsin_rules_set_aside_total", 'a "rule"\nwith } everything {'] == 1


def test_the_number_of_series_has_an_end(metrics: Metrics) -> None:
    for number in range(MAX_NAMES + 50):
        metrics.set_aside(f"rule {number}")

    found = samples(metrics)

    assert len([name for name, *_ in found if name == "tocsin_rules_set_aside_total"]) == MAX_NAMES + 1
    assert found["tocsin_rules_set_aside_total", OTHER] == 50


def test_counts_from_many_threads_all_arrive(metrics: Metrics) -> None:
    def count() -> None:
        for _ in range(2_000):
            metrics.processed(0.001)
            metrics.received(1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert metrics.health(NOON).hours[0].check_ins == 8_000
    assert metrics.health(NOON).avg_processing_time_ms == 1


def deliver(metrics: Metrics, *, good: int, bad: int, target: str = "on-call/slack") -> None:
    for _ in range(good):
        metrics.delivered(target, ok=True, seconds=0)
    for _ in range(bad):
        metrics.delivered(target, ok=False, seconds=0)


@pytest.mark.parametrize(
    ("good", "bad", "status"),
    [
        (0, 0, HealthStatus.HEALTHY),
        (9, 1, HealthStatus.HEALTHY),
        (89, 11, HealthStatus.DEGRADED),
        (1, 1, HealthStatus.DEGRADED),
        (49, 51, HealthStatus.UNHEALTHY),
        (0, 1, HealthStatus.UNHEALTHY),
    ],
)
def test_the_status_follows_the_deliveries(
    metrics: Metrics, good: int, bad: int, status: HealthStatus
) -> None:
    deliver(metrics, good=good, bad=bad)

    assert metrics.health(NOON).status is status


def test_an_error_degrades_for_five_minutes(metrics: Metrics) -> None:
    metrics.error("store", "disk full", NOON)

    assert metrics.health(NOON + 5 * MINUTE).status is HealthStatus.DEGRADED
    after = metrics.health(NOON + 6 * MINUTE)
    assert (after.status, after.total_errors, after.recent_errors) == (HealthStatus.HEALTHY, 1, 0)
    assert after.last_error is not None
    assert (after.last_error.where, after.last_error.text) == ("store", "disk full")


def test_old_failures_are_forgiven_after_the_next_hour(metrics: Metrics, clock: VirtualClock) -> None:
    deliver(metrics, good=0, bad=5)

    clock.at = NOON + HOUR
    assert metrics.health(clock.at).status is HealthStatus.UNHEALTHY
    clock.at = NOON + 2 * HOUR
    assert metrics.health(clock.at).status is HealthStatus.HEALTHY
    assert metrics.health(clock.at).channels[0].failure == 5


def test_one_broken_channel_is_seen_beside_a_good_one(metrics: Metrics) -> None:
    deliver(metrics, good=99, bad=0, target="all/email")
    deliver(metrics, good=0, bad=1, target="on-call/slack")

    email, slack = metrics.health(NOON).channels

    assert (email.status, slack.status) == (HealthStatus.HEALTHY, HealthStatus.UNHEALTHY)
    assert metrics.health(NOON).status is HealthStatus.HEALTHY


def test_the_share_of_what_was_kept_back_is_told(metrics: Metrics) -> None:
    deliver(metrics, good=3, bad=0)
    metrics.suppressed("silenced")

    assert metrics.health(NOON).suppression_rate_percent == 25


def test_two_days_of_hours_are_kept(metrics: Metrics, clock: VirtualClock) -> None:
    for _ in range(KEPT_HOURS + 12):
        metrics.received(1)
        clock.at += HOUR
    metrics.received(1)

    hours = metrics.health(clock.at).hours

    assert len(hours) == KEPT_HOURS
    assert hours[-1].starts_at == clock.at
    assert hours[0].starts_at == clock.at - (KEPT_HOURS - 1) * HOUR


def test_a_clock_that_is_set_back_leaves_no_hours_from_the_future(
    metrics: Metrics, clock: VirtualClock
) -> None:
    clock.at = NOON + 100 * HOUR
    metrics.received(1)
    clock.at = NOON
    metrics.received(1)

    assert [hour.starts_at for hour in metrics.health(NOON).hours] == [NOON]
