"""Thresholds proposed by the past: what is tried, how many alerts each gives, and which is proposed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil, floor

import pytest

from tocsin.alerts.route import Route
from tocsin.engine.configuration import Configuration
from tocsin.engine.tuning import Proposal, lives_of, proposals, quantile, rounded
from tocsin.jobs.checkin import CheckIn, CheckInKind, Records
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.schedule import read_schedule
from tocsin.rules.defaults import DEFAULT_RULES

BEGINS = datetime(2026, 3, 1, 2, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
DAYS = 60
DEFINITION = Definition(schedule=read_schedule("0 2 * * *", "UTC"))
JOB = Job(name="etl", environment="production", registered_at=BEGINS - ONE_DAY, definition=DEFINITION)
CONFIGURATION = Configuration(
    digest="", rules=DEFAULT_RULES, route=Route(receiver="team"), targets={"team": ("team",)}
)


def past() -> Iterator[CheckIn]:
    """Runs of 10 to 19 minutes with 1000 to 1009 records; one of an hour, one that starts after 8 minutes."""
    for day in range(DAYS):
        at = BEGINS + day * ONE_DAY + (8 if day == 30 else 0) * MINUTE
        minutes = 60 if day == 20 else 10 + day % 10
        yield CheckIn(job="etl", kind=CheckInKind.START, at=at, received_at=at, run=f"r{day}")
        end = at + minutes * MINUTE
        records = Records(ok=1000 + day % 10, failed=5 if day == 40 else 0)
        yield CheckIn(
            job="etl", kind=CheckInKind.SUCCESS, at=end, received_at=end, run=f"r{day}", records=records
        )


def proposed() -> dict[str, Proposal]:
    check_ins = list(past())
    found = proposals(
        CONFIGURATION, JOB, check_ins, counts_from=BEGINS, until=check_ins[-1].received_at + MINUTE
    )
    return {one.knob.key if not one.knob.in_rule else one.knob.condition: one for one in found}


def test_the_runs_of_the_past_are_known_with_what_each_was_for() -> None:
    runs = list(lives_of(JOB, past(), timedelta(days=7)))

    assert len(runs) == DAYS
    assert [run.occurrence_at for run in runs[29:32]] == [BEGINS + day * ONE_DAY for day in (29, 30, 31)]


def test_each_value_is_tried_on_the_past_and_the_strictest_quiet_one_is_proposed() -> None:
    found = proposed()

    grace = found["grace_period_minutes"]
    assert {trial.value: trial.alerts for trial in grace.trials}[8.0] <= 1
    assert grace.proposed == grace.trials[0].value
    records = found["min_records_processed"]
    assert [trial.value for trial in records.trials] == sorted(
        (trial.value for trial in records.trials), reverse=True
    )
    assert records.trials[-1].alerts == 0
    failures = found["max_failure_rate"]
    assert failures.seen[-1] == pytest.approx(5 / 1005)
    durations = found["max_duration_minutes"]
    assert (durations.seen[0], durations.seen[-1]) == (10, 60)
    assert durations.trials[-1].alerts == 0
    assert durations.trials[0].alerts > 0


def test_too_few_runs_propose_nothing() -> None:
    check_ins = list(past())[:8]

    found = list(proposals(CONFIGURATION, JOB, check_ins, counts_from=BEGINS, until=BEGINS + 9 * ONE_DAY))

    assert found == []


@pytest.mark.parametrize(
    ("value", "up", "down"),
    [(26.3, 27, 26), (0.0123, 0.013, 0.012), (9136, 9200, 9100), (5, 5, 5), (106.5, 110, 100), (0, 0, 0)],
)
def test_numbers_are_rounded_to_two_digits(value: float, up: float, down: float) -> None:
    assert (rounded(value, ceil), rounded(value, floor)) == (up, down)


def test_a_quantile_is_a_value_that_was_there() -> None:
    assert [quantile([1, 2, 3, 4], share) for share in (0.0, 0.5, 0.95, 1.0)] == [1, 2, 4, 4]
