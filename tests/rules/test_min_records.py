"""The condition `min_records`, as a table."""

import pytest

from tests.rules.facts import asked, at, bad, facts, good
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import JobState, Outcome
from tocsin.rules.finding import QUIET, Severity, Why

NAME = "min_records"
TEN = SLA(min_records_processed=10)


@pytest.mark.parametrize(
    ("recent", "found"),
    [
        ([], None),
        ([good("a", "11:00", records=9)], "a"),
        ([good("a", "11:00", records=10)], None),
        ([good("a", "11:00")], None),
        ([good("a", "11:00", records=0)], None),
        ([bad("a", "11:00", records=3)], None),
        ([good("a", "11:00", records=3, backfill=True)], None),
        ([good("a", "11:00", records=3), good("b", "12:00", records=30)], None),
        ([good("a", "11:00", records=3), bad("b", "12:00", records=30)], "a"),
        ([good("a", "11:00", records=3), good("b", "12:00", records=30, partition="eu")], "a"),
        ([good("a", "11:00", records=4), good("b", "12:00", records=3, partition="eu")], "b"),
    ],
)
def test_the_newest_good_run_of_a_partition_decides(recent: list[Outcome], found: str | None) -> None:
    finding = asked(NAME, facts(JobState(recent=tuple(recent)), TEN), "13:00").finding

    assert (finding.run if finding is not None else None) == found


def test_the_rules_own_threshold_wins_over_the_promise() -> None:
    state = JobState(recent=(good("a", "11:00", records=20),))

    assert asked(NAME, facts(state, TEN), "13:00") is QUIET
    assert asked(NAME, facts(state, TEN), "13:00", threshold=21.0).finding
    assert asked(NAME, facts(state), "13:00", threshold=21.0).finding
    assert asked(NAME, facts(state), "13:00") is QUIET


def test_none_at_all_is_told_by_no_data_and_takes_nothing_back() -> None:
    verdict = asked(NAME, facts(JobState(recent=(good("a", "11:00", records=0),)), TEN), "13:00")

    assert (verdict.finding, verdict.cannot_tell) == (None, True)


def test_an_empty_partition_does_not_hide_one_with_too_few() -> None:
    state = JobState(recent=(good("a", "11:00", records=0), good("b", "12:00", records=3, partition="eu")))

    finding = asked(NAME, facts(state, TEN), "13:00").finding

    assert finding is not None
    assert finding.run == "b"


def test_of_one_that_was_pushed_out_it_cannot_tell() -> None:
    state = JobState(recent=(good("b", "12:00", records=30),), pushed_out=(good("a", "11:00", records=3),))

    assert asked(NAME, facts(state, TEN), "13:00").cannot_tell
    assert not asked(NAME, facts(JobState(recent=state.recent), TEN), "13:00").cannot_tell


def test_the_evidence_says_what_is_missing_since_when_and_when_there_was_enough() -> None:
    recent = (
        good("a", "10:00", records=12_345),
        good("b", "11:00", records=5),
        good("c", "12:00", records=4),
    )

    finding = asked(NAME, facts(JobState(recent=recent), TEN), "13:00").finding

    assert finding is not None
    assert (finding.severity, finding.why, finding.since_at) == (
        Severity.WARNING,
        Why.TOO_FEW_RECORDS,
        at("11:00"),
    )
    assert finding.summary == "ended well with 4 records, fewer than the 10 it must process"
    assert finding.evidence == (
        ("limit", "at least 10 records"),
        ("run", "c"),
        ("ended", "2026-03-10 12:00 UTC"),
        ("records", "4 ok, 40.0% of that"),
        ("last enough", "12,345 at 2026-03-10 10:00 UTC"),
        ("short runs", "2 runs since 2026-03-10 11:00 UTC"),
    )
    assert dict(finding.variables) == {"execution_id": "c", "threshold": "10", "breach_percentage": "60.0"}


def test_a_row_is_of_one_partition() -> None:
    recent = (good("a", "11:00", records=4), good("b", "12:00", records=3, partition="eu"))

    assert not asked(NAME, facts(JobState(recent=recent), TEN), "13:00", in_a_row=2).finding
    again = (*recent, good("c", "12:30", records=3, partition="eu"))
    assert asked(NAME, facts(JobState(recent=again), TEN), "13:00", in_a_row=2).finding


def test_what_a_person_has_declared_over_counts_no_longer() -> None:
    state = JobState(recent=(good("a", "10:00", records=1),), forgiven=((NAME, at("11:00")),))

    assert asked(NAME, facts(state, TEN), "13:00") is QUIET
