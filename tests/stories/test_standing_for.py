"""Which expected run a run stands for, where it says so inexactly or begins too early."""

import pytest

from tests.stories.story import Story


@pytest.mark.parametrize("nominal", ["00:00", "01:00", "02:00:01", "03:00"])
def test_a_run_that_says_its_day_and_not_its_hour_is_the_one_of_that_day(story: Story, nominal: str) -> None:
    story.job("etl", schedule="0 2 * * *", grace=5, deadline="06:00")

    story.at("02:00").starts("etl", run="a", nominal=nominal)
    story.at("02:10").succeeds("etl", run="a", nominal=nominal)

    assert story.silent_until("Wed 02:04")
    assert story.occurrences("etl") == [("02:00", "met")]


def test_a_run_that_says_another_day_is_not_the_one_of_today(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=5)

    story.at("02:00").starts("etl", run="a", nominal="2026-03-08 00:00")
    story.at("02:04").succeeds("etl", run="a", nominal="2026-03-08 00:00")
    story.until("02:05")

    assert story.heard == [("02:05", "critical", "firing")]


@pytest.mark.parametrize("end", ["02:02", "02:10"])
def test_a_run_that_began_early_and_is_at_work_at_its_time_is_not_missed(story: Story, end: str) -> None:
    story.job("etl", schedule="0 2 * * *", grace=5, deadline="06:00")

    story.at("01:50").starts("etl", run="a")
    story.at(end).succeeds("etl", run="a")

    assert story.silent_until("Wed 02:04")
    assert story.occurrences("etl") == [("02:00", "met")]


def test_a_run_that_began_early_has_its_deadline(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=5, deadline="06:00")

    story.at("01:50").starts("etl", run="a")
    story.until("06:00")

    assert [h for h in story.heard if h[0] < "05:30"] == []
    assert story.heard[-1] == ("06:00", "critical", "louder")
    assert story.alerts()[-1].condition == "sla_breach"


def test_a_run_that_was_over_before_its_time_came_does_not_stand_for_it(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=5)

    story.at("01:50").starts("etl", run="a")
    story.at("01:54").succeeds("etl", run="a")
    story.until("02:05")

    assert story.heard == [("02:05", "critical", "firing")]


def test_yesterdays_run_that_still_hangs_does_not_stand_for_todays(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=5)

    story.at("02:00").starts("etl", run="a")
    story.until("Wed 02:05")

    assert story.heard == [("Wed 02:05", "critical", "firing")]
    assert story.last.condition == "missing_run"


def test_a_second_run_of_yesterday_that_takes_all_day_does_not_stand_for_todays(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=5)

    story.at("02:00").starts("etl", run="a").succeeds("etl", run="a")
    story.at("12:00").starts("etl", run="b")
    story.until("Wed 02:05")

    assert story.heard == [("Wed 02:05", "critical", "firing")]
