"""Which expected run a run is taken for, as tables."""

from datetime import UTC, datetime, time, timedelta

import pytest
from msgspec.structs import replace

from tocsin.jobs.binding import bind
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.settling import settle
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import JobState

MIDNIGHT = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
NO_SLA = SLA()


def at(text: str) -> datetime:
    return datetime.combine(MIDNIGHT, time.fromisoformat(text), UTC)


def job(schedule: str | None, sla: SLA = NO_SLA) -> Job:
    definition = Definition(schedule=read_schedule(schedule, "UTC") if schedule else None, sla=sla)
    return Job(name="etl", environment="production", registered_at=MIDNIGHT - HOUR, definition=definition)


def taken_for(job: Job, begin: str, known_until: str, **more: object) -> str | None:
    """Return the nominal time of the expected run that a run begun then is taken for."""
    state = settle(job, JobState(), at(known_until), abandon_after=WEEK).state
    run = Run(key="a", last_sign_at=at(begin), started_at=at(begin), status=RunStatus.RUNNING)
    bound, _ = bind(job, state, replace(run, **more))
    return None if bound.occurrence_at is None else f"{bound.occurrence_at:%H:%M}"


EVERY_FIVE = job("*/5 * * * *", SLA(grace_period_minutes=1))


@pytest.mark.parametrize(
    ("begin", "known_until", "expected"),
    [
        ("02:05:01", "02:04", "02:05"),
        ("02:04:30", "02:04", "02:05"),
        ("02:03:30", "02:03", "02:00"),
        ("03:00:01", "02:04", "03:00"),
        ("02:09:59", "02:05:30", "02:10"),
    ],
    ids=["in time", "early", "late", "the server has slept", "early, and the server has slept"],
)
def test_a_run_is_taken_for_the_expected_run_that_was_open_last_when_it_began(
    begin: str, known_until: str, expected: str
) -> None:
    assert taken_for(EVERY_FIVE, begin, known_until) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"occurrence_at": at("01:55")}, "01:55"),
        ({"occurrence_at": at("01:57")}, "01:55"),
        ({"backfill": True}, None),
        ({"backfill": True, "occurrence_at": at("01:55")}, "01:55"),
    ],
)
def test_a_run_that_says_what_it_is_for_is_believed(more: dict[str, object], expected: str | None) -> None:
    assert taken_for(EVERY_FIVE, "02:05:01", "02:04", **more) == expected


def test_a_job_without_promises_has_no_expected_runs() -> None:
    assert taken_for(job(None), "02:05", "02:04") is None


def test_an_hourly_promise_without_a_schedule_is_kept_by_the_hour() -> None:
    assert taken_for(job(None, SLA(deadline_offset_minutes=45)), "02:20", "02:10") == "02:00"


def test_a_run_before_anything_was_promised_is_taken_for_the_one_that_would_have_been() -> None:
    daily = job("0 22 * * *")
    state = settle(daily, JobState(), at("01:00"), abandon_after=WEEK).state
    run = Run(key="a", last_sign_at=at("01:00"), started_at=at("01:00"), status=RunStatus.RUNNING)

    bound, after = bind(daily, state, run)

    assert bound.occurrence_at == MIDNIGHT - 2 * HOUR
    assert after.occurrences == state.occurrences
    again, _ = bind(daily, after, run)
    assert again == bound
