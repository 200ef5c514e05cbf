"""The condition `job_failure`, as tables."""

import pytest

from tests.rules.facts import asked, at, bad, facts, failed, good, running
from tocsin.jobs.checkin import Detail
from tocsin.jobs.run import Phase, Run, RunStatus
from tocsin.jobs.state import BlindWindow, JobState
from tocsin.rules.facts import apart
from tocsin.rules.finding import QUIET, Severity, Why

NAME = "job_failure"
RETRYING = running("r", phase=Phase.RETRYING, attempt=1, max_attempts=3, last_sign_at=at("12:10"))


def test_a_job_without_failures_costs_one_look() -> None:
    assert asked(NAME, facts(JobState(open_runs=(running(),))), "12:30") is QUIET


def test_a_failure_stands_until_it_is_made_up_for() -> None:
    finding = asked(NAME, facts(JobState(failures=(failed(),))), "23:00").finding

    assert finding is not None
    assert (finding.severity, finding.why, finding.run) == (Severity.CRITICAL, Why.FAILED, "a")
    assert finding.since_at == at("12:10")


@pytest.mark.parametrize(
    ("run", "summary"),
    [
        (failed(), "failed after 10 min"),
        (failed(started_at=None), "failed"),
        (failed(status=RunStatus.TIMEOUT), "timed out after 10 min"),
        (failed(closed_by_us=True), "never reported an end after 10 min"),
        (failed(attempt=3), "failed after 3 attempts"),
        (
            failed(detail=Detail(error_type="OSError", error_message="disk full")),
            "failed after 10 min: OSError: disk full",
        ),
    ],
)
def test_a_failure_is_told_in_a_sentence(run: Run, summary: str) -> None:
    finding = asked(NAME, facts(JobState(failures=(run,))), "12:30").finding

    assert finding is not None
    assert finding.summary == summary


@pytest.mark.parametrize(
    ("minute", "why"),
    [("13:09", None), ("13:10", Why.RETRY_MISSING)],
)
def test_an_announced_retry_has_an_hour(minute: str, why: Why | None) -> None:
    verdict = asked(NAME, facts(JobState(open_runs=(RETRYING,))), minute)

    assert (verdict.finding.why if verdict.finding else None) is why
    assert verdict.ask_again_at == (at("13:10") if why is None else None)


def test_a_job_may_say_how_long_a_retry_takes() -> None:
    known = facts(JobState(open_runs=(RETRYING,)), stalled_after_seconds=120.0)

    assert asked(NAME, known, "12:11").ask_again_at == at("12:12")
    assert asked(NAME, known, "12:12").finding is not None


def test_a_retry_that_another_run_has_made_up_for_is_not_asked_for() -> None:
    overtaken = running("r", phase=Phase.RETRYING, overtaken_at=at("12:30"))

    verdict = asked(NAME, facts(JobState(open_runs=(overtaken,))), "15:00")

    assert (verdict.finding, verdict.ask_again_at) == (None, None)


def test_a_retry_that_was_due_while_we_were_blind_is_unknown_after_the_wait() -> None:
    known = facts(JobState(open_runs=(RETRYING,)))
    blind = BlindWindow(id=7, from_at=at("13:00"), to_at=at("14:00"), hold_until=at("14:05"))
    known = type(known)(job=known.job, state=known.state, blind=(blind,))

    assert asked(NAME, known, "13:30").ask_again_at == at("14:05")
    after = asked(NAME, known, "14:05")
    assert after.finding is None
    assert after.unknown is not None
    assert after.unknown.window == 7


def test_failures_of_backfills_are_a_trouble_of_their_own_and_a_warning() -> None:
    both = facts(JobState(failures=(failed(backfill=True), failed("b"))))

    found = [asked(NAME, part, "12:30", severity=Severity.PAGE).finding for part in apart(both)]

    assert [one and (one.severity, one.run, one.backfill) for one in found] == [
        (Severity.PAGE, "b", False),
        (Severity.WARNING, "a", True),
    ]


@pytest.mark.parametrize(("until", "found"), [("12:09", True), ("12:10", False), ("13:00", False)])
def test_what_a_person_has_declared_over_counts_no_longer(until: str, found: bool) -> None:  # noqa: FBT001 - a column of the table
    known = facts(JobState(failures=(failed(),), forgiven=((NAME, at(until)),)))

    assert (asked(NAME, known, "14:00").finding is not None) is found


def test_a_run_that_tries_again_counts_once() -> None:
    state = JobState(failures=(failed("r"),), open_runs=(RETRYING,), recent=(bad("r", "12:10"),))

    assert asked(NAME, facts(state), "14:00", in_a_row=2).finding is None


@pytest.mark.parametrize(
    ("failures", "dropped", "in_a_row", "found"),
    [
        ([failed("a")], 0, 2, False),
        ([failed("a"), failed("b")], 0, 2, True),
        ([failed("a", partition="eu"), failed("b", partition="us")], 0, 2, False),
        ([failed("a", partition="eu"), failed("b", partition="us"), failed("c", partition="eu")], 0, 2, True),
        ([failed("a")], 60, 20, True),
    ],
)
def test_in_a_row_counts_the_failures_of_one_partition(
    failures: list[Run],
    dropped: int,
    in_a_row: int,
    found: bool,  # noqa: FBT001 - a column of the table
) -> None:
    known = facts(JobState(failures=tuple(failures), failures_dropped=dropped))

    assert (asked(NAME, known, "13:00", in_a_row=in_a_row).finding is not None) is found


def test_m_of_n_counts_the_last_runs_at_a_failure_that_stands() -> None:
    recent = (bad("a", "12:01"), good("b", "12:02"), bad("c", "12:03"), good("d", "12:04", partition="eu"))

    assert asked(
        NAME, facts(JobState(failures=(failed("c"),), recent=recent)), "13:00", m_of_n=(2, 3)
    ).finding
    assert not asked(
        NAME, facts(JobState(failures=(failed("c"),), recent=recent)), "13:00", m_of_n=(3, 4)
    ).finding
    assert not asked(
        NAME, facts(JobState(failures=(failed("x"),), recent=recent)), "13:00", m_of_n=(2, 3)
    ).finding
