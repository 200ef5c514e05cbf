"""The condition `no_data`, as a table."""

import pytest

from tests.rules.facts import asked, at, bad, facts, good
from tocsin.jobs.state import JobState, Outcome
from tocsin.rules.finding import QUIET, Severity

NAME = "no_data"


@pytest.mark.parametrize(
    ("recent", "found"),
    [
        ([], None),
        ([good("a", "11:00", records=0)], "a"),
        ([good("a", "11:00", records=5)], None),
        ([good("a", "11:00")], None),
        ([bad("a", "11:00", records=0)], None),
        ([good("a", "11:00", records=0, backfill=True)], None),
        ([good("a", "11:00", records=0), good("b", "12:00", records=3)], None),
        ([good("a", "11:00", records=0), good("b", "12:00")], "a"),
        ([good("a", "11:00", records=0), bad("b", "12:00")], "a"),
        ([good("a", "11:00", records=0), good("b", "12:00", records=3, partition="eu")], "a"),
        ([good("a", "11:00", records=3), good("b", "12:00", records=0)], "b"),
    ],
)
def test_the_newest_good_run_of_a_partition_decides(recent: list[Outcome], found: str | None) -> None:
    finding = asked(NAME, facts(JobState(recent=tuple(recent))), "13:00").finding

    assert (finding.run if finding is not None else None) == found


def test_a_job_with_data_costs_one_look() -> None:
    assert asked(NAME, facts(JobState(recent=(good("a", "11:00", records=5),))), "13:00") is QUIET


def test_the_evidence_says_since_when_and_when_there_was_data_last() -> None:
    recent = (
        good("a", "10:00", records=12_345),
        good("b", "11:00", records=0),
        good("c", "12:00", records=0),
    )

    finding = asked(NAME, facts(JobState(recent=recent)), "13:00").finding

    assert finding is not None
    assert (finding.severity, finding.since_at) == (Severity.WARNING, at("11:00"))
    assert finding.summary == "ended well but processed zero records, 2 runs in a row"
    assert ("last records", "12,345 at 2026-03-10 10:00 UTC") in finding.evidence


def test_what_a_person_has_declared_over_counts_no_longer_not_even_for_a_row() -> None:
    recent = (good("a", "10:00", records=0), good("b", "12:00", records=0))
    state = JobState(recent=recent, forgiven=((NAME, at("11:00")),))

    assert asked(NAME, facts(state), "13:00").finding
    assert not asked(NAME, facts(state), "13:00", in_a_row=2).finding
