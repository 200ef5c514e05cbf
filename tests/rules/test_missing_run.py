"""The condition `missing_run`, as tables: settling has decided what was missed."""

import pytest

from tests.rules.facts import asked, at, bad, expected, facts, good
from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus
from tocsin.jobs.state import JobState, Outcome
from tocsin.rules.finding import QUIET, Why

NAME = "missing_run"
S = OccurrenceStatus


def missed_at(clock: str) -> Outcome:
    return good("", clock, status=None, run="")


@pytest.mark.parametrize("status", [S.EXPECTED, S.STARTED, S.UNKNOWN, S.SKIPPED])
def test_what_is_not_missed_costs_one_look(status: OccurrenceStatus) -> None:
    assert asked(NAME, facts(JobState(occurrences=(expected("12:00", status),))), "13:00") is QUIET


def test_a_missed_run_is_found_and_only_a_fact_can_change_that() -> None:
    state = JobState(occurrences=(expected("12:00", S.MISSED), expected("13:00")))

    verdict = asked(NAME, facts(state), "12:30")

    assert verdict.ask_again_at is None
    finding = verdict.finding
    assert finding is not None
    assert (finding.why, finding.since_at) == (Why.NOT_STARTED, at("12:05"))
    assert finding.summary == "did not start at 2026-03-10 12:00 UTC"
    assert ("last start", "never seen") in finding.evidence


@pytest.mark.parametrize(
    ("occurrences", "dropped", "summary"),
    [
        (
            (expected("12:00", S.MISSED, run="a"),),
            0,
            "started only after its grace for 2026-03-10 12:00 UTC was over",
        ),
        (
            (expected("11:00", S.MISSED), expected("12:00", S.MISSED)),
            0,
            "did not start at 2026-03-10 12:00 UTC, 2 expected runs missed",
        ),
        (
            (expected("11:00", S.MISSED), expected("12:00", S.MISSED)),
            40,
            "did not start at 2026-03-10 12:00 UTC, 42 expected runs missed",
        ),
    ],
)
def test_it_is_told_in_a_sentence(occurrences: tuple[Occurrence, ...], dropped: int, summary: str) -> None:
    finding = asked(
        NAME, facts(JobState(occurrences=occurrences, occurrences_dropped=dropped)), "12:30"
    ).finding

    assert finding is not None
    assert finding.summary == summary


@pytest.mark.parametrize(("until", "found"), [("12:04", True), ("12:05", False)])
def test_what_a_person_has_declared_over_counts_no_longer(until: str, found: bool) -> None:  # noqa: FBT001 - a column of the table
    state = JobState(occurrences=(expected("12:00", S.MISSED),), forgiven=((NAME, at(until)),))

    assert (asked(NAME, facts(state), "13:00").finding is not None) is found


@pytest.mark.parametrize(
    ("recent", "occurrences", "found"),
    [
        ([], [expected("12:00", S.MISSED)], False),
        ([], [expected("11:00", S.MISSED), expected("12:00", S.MISSED)], True),
        (
            [],
            [expected("10:00", S.MISSED), expected("11:00", S.STARTED, run="a"), expected("12:00", S.MISSED)],
            False,
        ),
        ([], [expected("10:00", S.MISSED), expected("11:00", S.UNKNOWN), expected("12:00", S.MISSED)], True),
        ([missed_at("11:05"), good("a", "11:10")], [expected("12:00", S.MISSED)], False),
        ([bad("a", "11:10"), missed_at("11:05")], [expected("12:00", S.MISSED)], True),
    ],
    ids=[
        "one",
        "two",
        "one started in between",
        "one unknown in between",
        "a good run before",
        "missed before",
    ],
)
def test_two_in_a_row(recent: list[Outcome], occurrences: list[Occurrence], found: bool) -> None:  # noqa: FBT001 - a column of the table
    state = JobState(recent=tuple(recent), occurrences=tuple(occurrences))

    assert (asked(NAME, facts(state), "13:00", in_a_row=2).finding is not None) is found


@pytest.mark.parametrize(
    ("recent", "summary", "step"),
    [
        ((), "did not start at 2026-03-10 12:00 UTC", "See whether its scheduler"),
        (
            (good("a", "10:30"),),
            "has not reported for 2026-03-10 12:00 UTC",
            "See whether it is still at work",
        ),
        (
            (good("a", "09:30", seconds=60.0), good("b", "10:30")),
            "did not start at 2026-03-10 12:00 UTC",
            "See whether its scheduler",
        ),
    ],
    ids=["nothing known", "only ends known", "a start known"],
)
def test_of_a_job_that_never_reports_its_start_no_more_is_said_than_is_known(
    recent: tuple[Outcome, ...], summary: str, step: str
) -> None:
    state = JobState(occurrences=(expected("12:00", S.MISSED),), recent=recent)

    finding = asked(NAME, facts(state), "12:30").finding

    assert finding is not None
    assert finding.summary == summary
    assert finding.next_step.startswith(step)
