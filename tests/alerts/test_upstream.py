"""Which alerts follow from those of the jobs that one needs."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tocsin.alerts.alert import Alert, AlertState
from tocsin.alerts.inhibition import SETTLE_FOR, Inhibited, Inhibitor, settled, waiting
from tocsin.alerts.upstream import Needed, inhibitor_of, likely_cause_of
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.state import JobState
from tocsin.rules.finding import Severity, Why

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BY_EXTRACT = Inhibitor(alert_id="e", job="extract")


def an_alert(name: str, job: str, why: Why, *, opened_at: datetime = NOON) -> Alert:
    return Alert(
        id=name,
        fingerprint=name,
        job_id=1,
        job=job,
        environment="production",
        condition="any",
        rule="any",
        severity=Severity.CRITICAL,
        why=why,
        step=1,
        opened_at=opened_at,
        since_at=opened_at,
        changed_at=opened_at,
        summary="is wrong",
    )


LATE = an_alert("r", "report", Why.NOT_STARTED)
FAILED = an_alert("e", "extract", Why.FAILED)


def needed(*alerts: Alert) -> list[Needed]:
    return [Needed(job="extract", state=JobState(), alerts=alerts)]


def needed_by_way_of(*between: JobState) -> list[Needed]:
    return [Needed(job="extract", state=JobState(), alerts=(FAILED,), between=between)]


@pytest.mark.parametrize(
    ("source", "target", "follows"),
    [
        (Why.FAILED, Why.NOT_STARTED, True),
        (Why.NOT_STARTED, Why.DEADLINE_MISSED, True),
        (Why.DEADLINE_NEAR, Why.DEADLINE_NEAR, True),
        (Why.NO_HEARTBEAT, Why.NO_RECORDS, True),
        (Why.NO_RECORDS, Why.NO_RECORDS, True),
        (Why.TOO_FEW_RECORDS, Why.TOO_FEW_RECORDS, True),
        (Why.FAILED, Why.TOO_FEW_RECORDS, True),
        (Why.TOO_FEW_RECORDS, Why.NOT_STARTED, False),
        (Why.NO_RECORDS, Why.NOT_STARTED, False),
        (Why.TOO_FAST, Why.NO_RECORDS, False),
        (Why.FAILED, Why.FAILED, False),
        (Why.FAILED, Why.NO_HEARTBEAT, False),
        (Why.FAILED, Why.DURATION_EXCEEDED, False),
    ],
)
def test_only_what_is_missing_follows_from_what_was_not_delivered(
    source: Why, target: Why, *, follows: bool
) -> None:
    found = inhibitor_of(replace(LATE, why=target), needed(replace(FAILED, why=source)))

    assert (found is not None) is follows


def test_the_oldest_alert_is_named() -> None:
    younger = an_alert("a", "load", Why.FAILED, opened_at=NOON + MINUTE)

    assert inhibitor_of(LATE, needed(younger, FAILED)) == BY_EXTRACT


def test_an_alert_that_is_over_or_muted_itself_mutes_nothing() -> None:
    over = replace(FAILED, state=AlertState.RESOLVED)
    muted = replace(FAILED, inhibited=Inhibited(by=BY_EXTRACT, since_at=NOON))

    assert inhibitor_of(LATE, needed(over)) is None
    assert inhibitor_of(LATE, needed(muted)) is None
    assert inhibitor_of(LATE, needed(replace(muted, inhibited=waiting(NOON)))) == BY_EXTRACT


def test_a_page_follows_only_from_a_page_or_from_what_somebody_has_in_hand() -> None:
    page = replace(LATE, severity=Severity.PAGE)

    assert inhibitor_of(page, needed(FAILED)) is None
    assert inhibitor_of(page, needed(replace(FAILED, severity=Severity.PAGE))) == BY_EXTRACT
    assert inhibitor_of(page, needed(replace(FAILED, state=AlertState.ACKNOWLEDGED))) == BY_EXTRACT


def test_a_job_between_that_ended_well_since_then_has_not_passed_it_on() -> None:
    before = JobState(last_success_at=NOON - MINUTE)
    since = JobState(last_success_at=NOON + MINUTE)

    assert inhibitor_of(LATE, needed_by_way_of(before)) == BY_EXTRACT
    assert inhibitor_of(LATE, needed_by_way_of(before, since)) is None


def test_after_the_end_of_what_muted_it_an_alert_waits_and_then_is_free() -> None:
    muted = settled(None, BY_EXTRACT, NOON)
    assert muted == Inhibited(by=BY_EXTRACT, since_at=NOON)
    assert settled(muted, BY_EXTRACT, NOON + MINUTE) is muted

    waits = settled(muted, None, NOON + MINUTE)
    assert waits is not None
    assert waits.until_at == NOON + MINUTE + SETTLE_FOR
    assert settled(waits, None, waits.until_at - MINUTE / 60) is waits
    assert settled(waits, None, waits.until_at) is None
    assert settled(waits, BY_EXTRACT, NOON + 2 * MINUTE) == Inhibited(
        by=BY_EXTRACT, since_at=NOON + 2 * MINUTE
    )


def blamed(alert: Alert, *known: Needed, state: JobState = JobState()) -> str:
    """Return the job that an alert is said to follow from, and what is wrong with it."""
    found = likely_cause_of(alert, state, known, NOON + MINUTE)
    return "" if found is None else f"{found.job} {found.trouble.value}"


@pytest.mark.parametrize(
    ("source", "target", "before", "job"),
    [
        (Why.FAILED, Why.NOT_STARTED, -MINUTE, "extract alert"),
        (Why.FAILED, Why.NOT_STARTED, MINUTE, "extract alert"),
        (Why.FAILED, Why.FAILED, -MINUTE, "extract alert"),
        (Why.FAILED, Why.FAILED, MINUTE, ""),
        (Why.NO_RECORDS, Why.FAILED, -MINUTE, "extract alert"),
        (Why.NO_RECORDS, Why.NOT_STARTED, -MINUTE, ""),
        (Why.TOO_FAST, Why.FAILED, -MINUTE, ""),
        (Why.DRILL, Why.FAILED, -MINUTE, ""),
    ],
)
def test_what_went_wrong_follows_from_what_had_gone_wrong_before(
    source: Why, target: Why, before: timedelta, job: str
) -> None:
    other = replace(FAILED, why=source, since_at=NOON + before)

    assert blamed(replace(LATE, why=target), *needed(other)) == job


def test_what_another_alert_mutes_is_not_blamed_nor_is_what_is_over() -> None:
    muted = replace(FAILED, inhibited=Inhibited(by=BY_EXTRACT, since_at=NOON))

    assert blamed(LATE, *needed(muted)) == ""
    assert blamed(LATE, *needed(replace(FAILED, state=AlertState.RESOLVED))) == ""
    assert blamed(LATE, *needed_by_way_of(JobState(last_success_at=NOON + MINUTE))) == ""


def test_what_failed_or_is_at_work_is_blamed_before_what_has_not_started() -> None:
    run = Run(key="1", last_sign_at=NOON, started_at=NOON, status=RunStatus.RUNNING)
    at_work = Needed(job="load", state=JobState(open_runs=(run,)))
    backfill = Needed(job="load", state=JobState(open_runs=(replace(run, backfill=True),)))
    awaited = Needed(job="extract", state=JobState(occurrences=(Occurrence(nominal_at=NOON, opens_at=NOON),)))

    assert blamed(LATE, awaited, at_work) == "load running"
    assert blamed(LATE, awaited, backfill) == "extract not_started"
    assert blamed(LATE, at_work, state=JobState(open_runs=(run,))) == ""
    assert blamed(replace(LATE, why=Why.FAILED), at_work) == ""


def test_what_is_expected_only_later_is_not_blamed() -> None:
    later = Occurrence(nominal_at=NOON + 2 * MINUTE, opens_at=NOON + 2 * MINUTE)

    assert blamed(LATE, Needed(job="extract", state=JobState(occurrences=(later,)))) == ""


def test_what_lies_behind_a_job_that_is_done_is_not_blamed() -> None:
    run = Run(key="1", last_sign_at=NOON, started_at=NOON, status=RunStatus.RUNNING)
    done = JobState(last_success_at=NOON)
    behind = Needed(job="extract", state=JobState(open_runs=(run,)), between=(done,))

    assert blamed(LATE, behind, state=JobState(last_started_at=NOON - MINUTE)) == ""
    assert blamed(LATE, behind, state=JobState(last_started_at=NOON + MINUTE)) == "extract running"
