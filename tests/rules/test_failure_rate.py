"""The condition `failure_rate`, of the records of one run, as a table."""

import pytest

from tests.rules.facts import asked, at, bad, facts, good
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import JobState, Outcome
from tocsin.rules.finding import QUIET, Severity, Why

NAME = "failure_rate"
ONE_IN_TEN = SLA(max_failure_rate=0.1)


@pytest.mark.parametrize(
    ("recent", "found"),
    [
        ([], None),
        ([good("a", "11:00", records=8, records_failed=2)], "a"),
        ([good("a", "11:00", records=9, records_failed=1)], None),
        ([good("a", "11:00", records=0, records_failed=1)], "a"),
        ([good("a", "11:00", records=0, records_failed=0)], None),
        ([good("a", "11:00", records=9)], None),
        ([good("a", "11:00", records_failed=9)], None),
        ([bad("a", "11:00", records=0, records_failed=9)], None),
        ([good("a", "11:00", records=0, records_failed=9, backfill=True)], None),
        (
            [
                good("a", "11:00", records=8, records_failed=2),
                good("b", "12:00", records=9, records_failed=0),
            ],
            None,
        ),
        (
            [good("a", "11:00", records=8, records_failed=2), bad("b", "12:00", records=9, records_failed=0)],
            "a",
        ),
        (
            [
                good("a", "11:00", records=8, records_failed=2),
                good("b", "12:00", records=7, records_failed=3, partition="eu"),
            ],
            "b",
        ),
    ],
)
def test_the_newest_good_run_of_a_partition_decides(recent: list[Outcome], found: str | None) -> None:
    finding = asked(NAME, facts(JobState(recent=tuple(recent)), ONE_IN_TEN), "13:00").finding

    assert (finding.run if finding is not None else None) == found


def test_a_promise_of_none_is_broken_by_one() -> None:
    state = JobState(recent=(good("a", "11:00", records=999_999, records_failed=1),))

    assert asked(NAME, facts(state, SLA(max_failure_rate=0.0)), "13:00").finding
    assert asked(NAME, facts(state, ONE_IN_TEN), "13:00", threshold=0.0).finding
    assert asked(NAME, facts(state, ONE_IN_TEN), "13:00") is QUIET


def test_of_few_records_a_share_says_nothing() -> None:
    state = JobState(recent=(good("a", "11:00", records=1, records_failed=1),))

    assert asked(NAME, facts(state, ONE_IN_TEN), "13:00", least=2.0).finding
    assert asked(NAME, facts(state, ONE_IN_TEN), "13:00", least=3.0) is QUIET


def test_from_another_share_on_it_is_a_page() -> None:
    state = JobState(recent=(good("a", "11:00", records=5, records_failed=5),))

    page = asked(NAME, facts(state, ONE_IN_TEN), "13:00", page_threshold=0.5).finding
    plain = asked(NAME, facts(state, ONE_IN_TEN), "13:00", page_threshold=0.51).finding

    assert page is not None
    assert plain is not None
    assert (page.severity, plain.severity) == (Severity.PAGE, Severity.WARNING)


def test_of_one_that_was_pushed_out_it_cannot_tell() -> None:
    lost = good("a", "11:00", records=8, records_failed=2)
    state = JobState(recent=(good("b", "12:00", records=30),), pushed_out=(lost,))

    assert asked(NAME, facts(state, ONE_IN_TEN), "13:00").cannot_tell


def test_the_evidence_says_how_many_went_through_and_how_many_did_not() -> None:
    recent = (
        good("b", "11:00", records=8, records_failed=2),
        good("c", "12:00", records=999, records_failed=200),
    )

    finding = asked(NAME, facts(JobState(recent=recent), ONE_IN_TEN), "13:00").finding

    assert finding is not None
    assert (finding.severity, finding.why, finding.since_at) == (
        Severity.WARNING,
        Why.RECORDS_FAILED,
        at("11:00"),
    )
    assert finding.summary == "ended well, but 17 % of its records failed; at most 10 % may"
    assert finding.evidence == (
        ("limit", "at most 10 % of the records"),
        ("run", "c"),
        ("ended", "2026-03-10 12:00 UTC"),
        ("records", "999 ok, 200 failed (17 %)"),
        ("such runs", "2 runs since 2026-03-10 11:00 UTC"),
    )


def test_what_a_person_has_declared_over_counts_no_longer() -> None:
    recent = (good("a", "10:00", records=0, records_failed=9),)
    state = JobState(recent=recent, forgiven=((NAME, at("11:00")),))

    assert asked(NAME, facts(state, ONE_IN_TEN), "13:00") is QUIET
