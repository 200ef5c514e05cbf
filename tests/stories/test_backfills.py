"""Runs that make up for old ones never page, and neither hide a live trouble nor make one."""

import pytest

from tests.stories.story import Story
from tests.stories.words import JobWords
from tocsin.oncall.escalation import Level

LEAD = Level(name="lead", targets=("lead",), timeout_minutes=15)


def test_a_backfill_that_fails_is_a_warning_whatever_its_rule_says_and_the_history_says_so(
    story: Story,
) -> None:
    story.rule("job_failure", severity="page")
    story.at("02:00").fails("etl", run="old", backfill=True)

    assert story.heard == [("02:00", "warning", "firing")]
    assert story.last.title.startswith("backfill failed")
    assert story.history("etl") == [("02:00", "opened"), ("02:00", "backfill"), ("02:00", "told")]


def test_no_escalation_policy_is_climbed_for_a_backfill(story: Story) -> None:
    story.escalates(LEAD)
    story.at("02:00").fails("etl", run="old", backfill=True)
    story.until("05:00")

    assert story.heard_by("lead") == []
    assert story.heard_by("team") == [("02:00", "warning", "firing")]


@pytest.mark.parametrize(
    "words", [JobWords(stalled_after_seconds=600), JobWords(max_minutes=30)], ids=["stalls", "takes too long"]
)
def test_a_backfill_that_hangs_never_pages(story: Story, words: JobWords) -> None:
    story.escalates(LEAD)
    story.rule("stalled", severity="page")
    story.job("etl", **words)
    story.at("02:00").starts("etl", run="old", backfill=True)
    story.until("05:00")

    assert story.heard_by("lead") == []
    assert {severity for _, severity, _ in story.heard_of("etl")} == {"warning"}


def test_a_backfill_that_fails_leaves_the_alert_of_a_live_failure_as_it_is(story: Story) -> None:
    story.at("02:00").fails("etl", run="live")
    story.at("02:10").fails("etl", run="old", backfill=True)

    assert [(a.run, a.severity.word, a.backfill) for a in story.alerts()] == [
        ("live", "critical", False),
        ("old", "warning", True),
    ]
    assert "2 bad runs" not in story.alerts()[0].summary


def test_a_live_success_ends_the_live_alert_and_not_that_of_the_backfill(story: Story) -> None:
    story.at("02:00").fails("etl", run="live")
    story.at("02:10").fails("etl", run="old", backfill=True, partition="2026-01")
    story.at("02:20").succeeds("etl", run="again")

    assert [(a.run, a.is_open) for a in story.alerts()] == [("live", False), ("old", True)]
    assert story.heard_of("etl")[-1] == ("02:20", "critical", "resolved")


def test_a_good_backfill_of_nobody_knows_what_ends_no_live_alert(story: Story) -> None:
    story.at("02:00").fails("etl", run="live")
    story.at("02:10").succeeds("etl", run="old", backfill=True)

    assert story.open == [("etl", "job_failure", "critical")]


def test_a_good_backfill_of_the_occurrence_that_failed_ends_its_alert(story: Story) -> None:
    story.at("02:00").fails("etl", run="live", nominal="01:00")
    story.at("03:00").succeeds("etl", run="again", nominal="01:00", backfill=True)

    assert story.open == []
    assert story.heard[-1] == ("03:00", "critical", "resolved")


def test_the_failure_of_a_backfill_does_not_count_towards_a_row_of_live_ones(story: Story) -> None:
    story.rule("job_failure", in_a_row=2)
    story.at("02:00").fails("etl", run="old", backfill=True)
    story.at("03:00").fails("etl", run="live")
    assert story.heard == []

    story.at("04:00").fails("etl", run="live again")
    assert story.heard == [("04:00", "critical", "firing")]


def test_the_success_of_a_backfill_does_not_push_a_live_failure_out_of_the_last_ones_that_count(
    story: Story,
) -> None:
    story.rule("job_failure", m_of_n=(2, 3))
    story.at("01:00").fails("etl", run="1")
    for minute in range(10, 40, 10):
        story.at(f"01:{minute}").succeeds("etl", run=f"old {minute}", backfill=True)
    story.at("02:00").fails("etl", run="2")

    assert story.heard == [("02:00", "critical", "firing")]


def test_resolving_the_alert_of_a_backfill_by_hand_forgives_no_live_failure(story: Story) -> None:
    story.at("02:00").fails("etl", run="old", backfill=True)
    story.at("02:05").resolves("ann")
    story.at("02:10").fails("etl", run="live", happened="02:03")

    assert story.open == [("etl", "job_failure", "critical")]


def test_a_backfill_alert_that_was_resolved_by_hand_stays_so(story: Story) -> None:
    story.at("02:00").fails("etl", run="old", backfill=True)
    story.at("02:05").resolves("ann")
    story.at("02:10").succeeds("etl", run="live")

    assert story.open == []
    assert story.heard_of("etl")[-1] == ("02:05", "warning", "resolved")
