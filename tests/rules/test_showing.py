"""What every condition compares can be shown, in words."""

from datetime import timedelta

import pytest

from tests.rules.facts import NOON, at, bad, expected, facts, failed, good, rule, running
from tocsin.jobs.checkin import Progress
from tocsin.jobs.occurrence import OccurrenceStatus
from tocsin.jobs.run import Phase
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import EVERY_CONDITION, JobState
from tocsin.rules.facts import Facts
from tocsin.rules.judge import CONDITIONS, SHOWN
from tocsin.rules.rule import MofN
from tocsin.rules.showing import MOST_SHOWN, tolerance_of


def shown(condition: str, known: Facts, now: str = "12:30") -> list[str]:
    return [f"{name}: {value}" for name, value in SHOWN[condition](rule(condition), known, at(now))]


def test_every_condition_offers_its_facts() -> None:
    """A new condition gets a `facts_of` in its file and a line in SHOWN, so that `explain` can show it."""
    assert set(SHOWN) == set(CONDITIONS)


@pytest.mark.parametrize("condition", sorted(SHOWN))
def test_a_job_of_which_nothing_is_known_has_facts_to_show(condition: str) -> None:
    assert SHOWN[condition](rule(condition), facts(JobState()), NOON)


@pytest.mark.parametrize("condition", sorted(SHOWN))
def test_of_many_runs_only_some_are_named(condition: str) -> None:
    many = tuple(running(f"run-{number}", heartbeats=3, heartbeat_every_seconds=60.0) for number in range(40))
    known = facts(JobState(open_runs=many, failures=tuple(failed(f"bad-{n}") for n in range(40))))

    assert len(shown(condition, known)) <= 2 * MOST_SHOWN + 5


def test_failures_that_stand_are_named_with_their_ends() -> None:
    state = JobState(failures=(failed("a", "12:10"),), last=failed("a", "12:10"))

    assert shown("job_failure", facts(state)) == [
        "bad runs: 1, that no good run has made up for",
        "run a: started 2026-03-10 12:00 UTC, failed 2026-03-10 12:10 UTC",
        "last end: failed, 2026-03-10 12:10 UTC, run a",
    ]


def test_an_announced_retry_is_awaited_until_an_instant() -> None:
    waiting = running("a", "12:00", phase=Phase.RETRYING, attempt=1, max_attempts=3)

    assert "run a: attempt 1 of 3 failed; the next is awaited until 2026-03-10 13:00 UTC" in shown(
        "job_failure", facts(JobState(open_runs=(waiting,)))
    )


def test_an_expected_run_is_named_with_its_grace() -> None:
    state = JobState(occurrences=(expected("12:00", OccurrenceStatus.MISSED), expected("13:00")))

    assert shown("missing_run", facts(state)) == [
        "expected 2026-03-10 12:00 UTC: missed, to start by 2026-03-10 12:05 UTC",
        "expected 2026-03-10 13:00 UTC: not started, to start by 2026-03-10 13:05 UTC",
        "last start: never seen",
    ]


def test_a_deadline_is_shown_beside_the_run_that_is_to_keep_it() -> None:
    state = JobState(
        open_runs=(running("a", "12:12"),),
        occurrences=(expected("12:00", OccurrenceStatus.STARTED, deadline="13:00", run="a"),),
    )

    assert shown("sla_breach", facts(state, SLA(max_duration_seconds=3600))) == [
        "deadline 2026-03-10 13:00 UTC: run a started 2026-03-10 12:12 UTC, not ended",
        "to end by 2026-03-10 13:12 UTC: run a started 2026-03-10 12:12 UTC, not ended",
    ]


def test_a_deadline_without_a_run_says_so() -> None:
    state = JobState(occurrences=(expected("12:00", deadline="13:00"),))

    assert shown("sla_breach", facts(state)) == ["deadline 2026-03-10 13:00 UTC: no run has started"]


def test_an_open_run_is_shown_with_how_long_it_may_be_silent() -> None:
    run = running("a", "12:00", progress=Progress(done=1), progress_at=at("12:00"))
    known = facts(JobState(open_runs=(run,)), stalled_after_seconds=600.0, no_progress_after_seconds=7200.0)

    assert shown("stalled", known) == [
        "run a: last sign of life 2026-03-10 12:00 UTC; was allowed until 2026-03-10 12:10 UTC",
        "run a: last progress 2026-03-10 12:00 UTC; allowed until 2026-03-10 14:00 UTC",
    ]


def test_records_are_shown_by_partition() -> None:
    state = JobState(recent=(good("a", "12:00", records=7), good("b", "12:10", records=0, partition="eu")))

    assert shown("no_data", facts(state)) == [
        "records: 7, run a, ended 2026-03-10 12:00 UTC",
        "records of eu: 0, run b, ended 2026-03-10 12:10 UTC",
    ]


def test_what_a_person_has_declared_over_counts_no_more_and_that_is_said() -> None:
    forgiven = ((EVERY_CONDITION, at("12:20")),)
    state = JobState(failures=(failed("a", "12:10"),), recent=(bad("a", "12:10"),), forgiven=forgiven)

    assert "bad runs: none" in shown("job_failure", facts(state))
    assert "counts from: 2026-03-10 12:20 UTC" in shown("job_failure", facts(state))


def test_a_tolerance_is_said_in_words() -> None:
    assert tolerance_of(rule("no_data")) == ()
    assert tolerance_of(rule("no_data", in_a_row=3)) == (("speaks from", "3 in a row"),)
    assert tolerance_of(rule("no_data", m_of_n=(2, 5))) == (("speaks from", "2 of the last 5 runs"),)
    assert MofN(bad=2, of=5) == rule("no_data", m_of_n=(2, 5)).m_of_n


def test_backfills_are_not_shown_as_the_last_end_of_the_jobs_own_runs() -> None:
    state = JobState(last=failed("old", backfill=True, ended_at=NOON + timedelta(minutes=1)))

    assert "last end: none so far" in shown("job_failure", facts(state))
