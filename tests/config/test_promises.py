from datetime import UTC, datetime, time

import pytest

from tests.config.conftest import Load
from tocsin.jobs.job import Definition, JobKey, Rank
from tocsin.jobs.occurrence import next_occurrence

A10 = """\
defaults:
  timezone: UTC
  grace_period_minutes: 15
jobs:
  daily_etl_main:
    deadline: "06:00"
    timezone: America/New_York
    max_duration_minutes: 120
    severity_escalation:
      warning_minutes_before: 30
      critical_minutes_before: 15
  daily_sales_report:
    deadline: "08:00"
    max_duration_minutes: 45
    business_days_only: true
    severity_escalation: {warning_minutes_before: 60, critical_minutes_before: 30}
  hourly_data_sync:
    deadline_offset_minutes: 45
    max_duration_minutes: 30
    severity_escalation: {warning_minutes_before: 10, critical_minutes_before: 5}
  weekly_model_training:
    schedule: "sunday"
    deadline: 23:00
    max_duration_minutes: 480
    severity_escalation: {warning_minutes_before: 120, critical_minutes_before: 60}
  daily_etl_pipeline: {max_duration_seconds: 3600, must_complete_by: "06:00", max_failure_rate: 0.01, min_records_processed: 100000}
  hourly_aggregation: {max_duration_seconds: 900, must_complete_by: null, max_failure_rate: 0.05, min_records_processed: 10000}
  weekly_report: {schedule: monday, max_duration_seconds: 7200, must_complete_by: "08:00", max_failure_rate: 0.0, min_records_processed: 1000000}
"""  # noqa: E501 -- a file as users write it

FRIDAY = datetime(2026, 3, 6, 12, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("job", "deadline", "seconds", "before"),
    [
        ("daily_etl_main", "2026-03-07T11:00:00+00:00", 7200, (30, 15)),
        ("daily_sales_report", "2026-03-09T08:00:00+00:00", 2700, (60, 30)),
        ("hourly_data_sync", "2026-03-06T13:45:00+00:00", 1800, (10, 5)),
        ("weekly_model_training", "2026-03-08T23:00:00+00:00", 28800, (120, 60)),
        ("daily_etl_pipeline", "2026-03-07T06:00:00+00:00", 3600, (30, 15)),
        ("hourly_aggregation", None, 900, (30, 15)),
        ("weekly_report", "2026-03-09T08:00:00+00:00", 7200, (30, 15)),
    ],
)
def test_an_sla_file_loads_as_it_is_and_means_its_deadlines(
    load: Load, job: str, deadline: str | None, seconds: float, before: tuple[float, float]
) -> None:
    definition = load(A10).configuration.jobs[JobKey("production", job)]
    occurrence = next_occurrence(definition.plan, FRIDAY)
    met_by = occurrence.deadline_at if occurrence else None
    assert met_by == (datetime.fromisoformat(deadline) if deadline else None)
    assert definition.sla.max_duration_seconds == seconds
    assert (definition.sla.warning_minutes_before, definition.sla.critical_minutes_before) == before


def test_promises_on_records_are_kept_as_written(load: Load) -> None:
    jobs = load(A10).configuration.jobs
    promised = {key.name: (d.sla.max_failure_rate, d.sla.min_records_processed) for key, d in jobs.items()}
    assert promised["daily_etl_pipeline"] == (0.01, 100_000)
    assert promised["hourly_aggregation"] == (0.05, 10_000)
    assert promised["weekly_report"] == (0.0, 1_000_000)
    assert promised["daily_etl_main"] == (None, None)


def test_without_values_no_promise_is_made_up(load: Load) -> None:
    (definition,) = load("jobs: {a: }").configuration.jobs.values()
    assert definition == Definition(rank=Rank.FILE)


def test_a_job_takes_from_the_defaults_only_what_it_does_not_say(load: Load) -> None:
    jobs = load(
        """\
        defaults:
          timezone: Europe/Berlin
          environment: staging
          max_duration_minutes: 60
          stalled_after_minutes: 5
          labels: {team: data, tier: low}
          owner: data
          severity_escalation: {warning_minutes_before: 90}
          calendar: {country: de, region: by}
        jobs:
          plain: {}
          own:
            timezone: UTC
            environment: production
            max_duration_seconds: 30
            stalled_after_seconds: 7
            labels: {tier: high}
            severity_escalation: {critical_minutes_before: 45}
            calendar: {country: US}
        """
    ).configuration.jobs
    plain, own = jobs[JobKey("staging", "plain")], jobs[JobKey("production", "own")]
    assert (plain.timezone, own.timezone) == ("Europe/Berlin", "UTC")
    assert (plain.sla.max_duration_seconds, own.sla.max_duration_seconds) == (3600, 30)
    assert (plain.stalled_after_seconds, own.stalled_after_seconds) == (300, 7)
    assert (dict(plain.labels), dict(own.labels)) == (
        {"team": "data", "tier": "low"},
        {"team": "data", "tier": "high"},
    )
    assert (plain.owner, own.owner) == ("data", "data")
    assert (plain.sla.warning_minutes_before, plain.sla.critical_minutes_before) == (90, 15)
    assert (own.sla.warning_minutes_before, own.sla.critical_minutes_before) == (90, 45)
    assert (plain.calendar.country, plain.calendar.region, own.calendar.country) == ("DE", "BY", "US")


@pytest.mark.parametrize(
    ("general", "own", "expected"),
    [
        ("{}", "{}", (30, 15)),
        ("{}", "{warning_minutes_before: 10}", (10, 10)),
        ("{}", "{critical_minutes_before: 45}", (45, 45)),
        ("{warning_minutes_before: 5}", "{}", (5, 5)),
        ("{critical_minutes_before: 60}", "{warning_minutes_before: 20}", (20, 20)),
        (
            "{warning_minutes_before: 50, critical_minutes_before: 40}",
            "{critical_minutes_before: 0}",
            (50, 0),
        ),
    ],
)
def test_a_warning_that_was_not_written_gives_way_to_one_that_was(
    load: Load, general: str, own: str, expected: tuple[float, float]
) -> None:
    text = f"defaults: {{severity_escalation: {general}}}\njobs: {{a: {{severity_escalation: {own}}}}}"
    (definition,) = load(text).configuration.jobs.values()
    assert (definition.sla.warning_minutes_before, definition.sla.critical_minutes_before) == expected


def test_one_name_can_be_promised_differently_in_each_environment(load: Load) -> None:
    jobs = load(
        """\
        jobs:
          etl:
            - {deadline: "06:00"}
            - {environment: staging, deadline: "09:00"}
        """
    ).configuration.jobs
    assert {key: definition.sla.deadline for key, definition in jobs.items()} == {
        JobKey("production", "etl"): time(6),
        JobKey("staging", "etl"): time(9),
    }
