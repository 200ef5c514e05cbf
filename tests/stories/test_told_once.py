"""What is said of a run that has ended: once for each run, unless it is for somebody to act on at once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.stories.story import Story
from tocsin.alerts.route import Route


@pytest.fixture
def weekly(story: Story) -> Story:
    """Jobs whose runs without records are a warning; one of them runs once a week."""
    story.begins("2026-03-01")
    story.rule("no_data", severity="warning")
    return story


def test_a_warning_about_a_run_that_has_ended_is_not_repeated_all_week(weekly: Story) -> None:
    weekly.at("02:10").succeeds("letters", run="a", records=0)

    assert weekly.silent_until("2026-03-08 01:59")
    assert weekly.open == [("letters", "no_data", "warning")]
    assert weekly.heard == [("02:10", "warning", "firing")]


def test_each_further_run_of_the_same_trouble_is_told(weekly: Story) -> None:
    weekly.at("02:10").succeeds("letters", run="a", records=0)
    weekly.at("2026-03-08 02:10").succeeds("letters", run="b", records=0)

    assert [(h.at.day, h.message.kind.value) for h in weekly.messages] == [(1, "firing"), (8, "repeat")]
    assert ("run", "b") in weekly.last.evidence
    assert weekly.silent_until("2026-03-15 01:59")


def test_runs_in_quick_succession_are_told_no_more_often_than_any_repeat(weekly: Story) -> None:
    for minute in range(0, 60, 5):
        weekly.at(f"02:{minute:02}").succeeds("often", run=str(minute), records=0)
    weekly.until("06:30")

    assert weekly.heard_of("often") == [("02:00", "warning", "firing"), ("06:00", "warning", "repeat")]
    assert weekly.silent_until("20:00")


def test_what_is_critical_is_repeated_also_of_a_run_that_has_ended(weekly: Story) -> None:
    weekly.at("02:10").fails("letters")
    weekly.until("07:00")

    assert weekly.heard == [("02:10", "critical", "firing"), ("06:10", "critical", "repeat")]


def test_a_run_at_work_is_told_again_until_it_ends(story: Story) -> None:
    story.rule("stalled", severity="warning")
    story.job("etl", stalled_after_seconds=1800)
    story.at("02:00").starts("etl", run="a").beats("etl", run="a")
    story.until("10:40")
    kinds = [kind for _, _, kind in story.heard_of("etl")]
    assert kinds == ["firing", "repeat", "repeat"]


def test_a_route_that_says_how_often_asks_for_all_of_it(weekly: Story) -> None:
    weekly.route = Route(receiver="team", repeat_every=timedelta(days=2))
    weekly.at("02:10").succeeds("letters", run="a", records=0)
    weekly.until("2026-03-07 12:00")

    assert [h.at.day for h in weekly.messages] == [1, 3, 5, 7]


def test_only_the_way_that_asks_for_it_counts(weekly: Story) -> None:
    weekly.routes(("severity=warning", "calm", "continue"), ("severity=warning", "keen"))
    calm, keen = weekly.route.routes
    weekly.route = replace(weekly.route, routes=(calm, replace(keen, repeat_every=timedelta(days=3))))
    weekly.at("02:10").succeeds("letters", run="a", records=0)
    weekly.until("2026-03-07 12:00")

    assert [h.at.day for h in weekly.messages if h.target == "keen"] == [1, 4, 7]


def test_what_was_put_off_is_told_again_after_it(weekly: Story) -> None:
    weekly.at("02:10").succeeds("letters", run="a", records=0)
    weekly.at("03:00").acknowledges("ann", until="09:00")
    weekly.until("09:30")

    assert weekly.heard[-1] == ("09:00", "warning", "repeat")
    assert weekly.silent_until("2026-03-08 01:59")


def test_a_storm_of_it_is_told_once_for_each_run(weekly: Story) -> None:
    for number in range(8):
        weekly.at("02:00").succeeds(f"job-{number}", run=f"a{number}", records=0)
    weekly.until("02:05")
    told = len(weekly.messages)
    assert [h.message.job for h in weekly.messages] == ["job-0", "7 more jobs"]
    weekly.until("2026-03-03 12:00")
    assert len(weekly.messages) == told

    weekly.at("2026-03-03 12:00").succeeds("job-5", run="b5", records=0)
    weekly.until("2026-03-03 14:00")
    assert [h.message.job for h in weekly.messages[told:]] == ["7 jobs"]
    weekly.until("2026-03-07 14:00")
    assert len(weekly.messages) == told + 1


def test_a_storm_of_it_is_repeated_where_its_route_asks_for_that(weekly: Story) -> None:
    weekly.route = Route(receiver="team", repeat_every=timedelta(hours=4))
    for number in range(8):
        weekly.at("02:00").succeeds(f"job-{number}", run=f"a{number}", records=0)
    weekly.until("06:05")

    assert [h.message.job for h in weekly.messages[2:]] == ["job-0", "7 jobs"]
