"""The condition `upstream`: what a job needs is in trouble."""

from msgspec.structs import replace

from tests.rules.facts import asked, at, facts
from tocsin.jobs.state import JobState
from tocsin.rules.facts import Trouble
from tocsin.rules.finding import QUIET, Severity, Why

NAME = "upstream"
EXTRACT = Trouble(
    job="extract", since_at=at("10:00"), opened_at=at("10:05"), summary="did not start at 10:00 UTC"
)
LOAD = Trouble(job="load", since_at=at("09:30"), opened_at=at("11:00"), summary="failed: disk full")
PLAIN = facts(JobState(), upstream=("extract", "load"))


def test_without_trouble_it_says_nothing() -> None:
    assert asked(NAME, PLAIN, "12:00") is QUIET


def test_the_first_that_was_noticed_is_named_with_how_many_more() -> None:
    finding = asked(NAME, replace(PLAIN, troubles=(EXTRACT, LOAD)), "12:00").finding

    assert finding is not None
    assert finding.summary == "needs extract, which did not start at 10:00 UTC, and 1 more job that it needs"
    assert (finding.severity, finding.why, finding.since_at) == (
        Severity.WARNING,
        Why.UPSTREAM,
        at("09:30"),
    )
    assert dict(finding.evidence) == {
        "upstream extract": "did not start at 10:00 UTC; since 2026-03-10 10:00 UTC",
        "upstream load": "failed: disk full; since 2026-03-10 09:30 UTC",
    }


def test_two_troubles_of_one_job_are_of_one_job() -> None:
    again = replace(EXTRACT, opened_at=at("11:00"), summary="missed its deadline")

    finding = asked(NAME, replace(PLAIN, troubles=(EXTRACT, again)), "12:00").finding

    assert finding is not None
    assert finding.summary == "needs extract, which did not start at 10:00 UTC"


def test_what_was_declared_over_counts_no_more_and_another_does() -> None:
    state = JobState(forgiven=((NAME, at("10:30")),))
    known = replace(PLAIN, state=state, troubles=(EXTRACT,))

    assert asked(NAME, known, "12:00") is QUIET
    finding = asked(NAME, replace(known, troubles=(EXTRACT, LOAD)), "12:00").finding
    assert finding is not None
    assert finding.summary == "needs load, which failed: disk full"


def test_it_is_not_about_backfills() -> None:
    assert asked(NAME, replace(PLAIN, troubles=(EXTRACT,), of_backfills=True), "12:00") is QUIET
