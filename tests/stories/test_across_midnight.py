"""A run belongs to the occurrence that it was for, whatever day it is when it ends."""

from datetime import UTC, datetime

import pytest

from tests.stories.story import Story


def test_a_run_that_ends_after_midnight_is_that_of_the_evening(story: Story) -> None:
    story.job("etl", schedule="30 23 * * *", deadline="02:00")

    story.at("23:31").starts("etl", run="a")
    story.at("Wed 01:40").succeeds("etl", run="a")

    assert story.run("etl", "a").occurrence_at == datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    assert story.occurrences("etl")[-1] == ("23:30", "met")
    assert story.silent_until("Wed 23:34")
    story.until("Wed 23:35")
    assert story.heard[-1] == ("Wed 23:35", "critical", "firing")


def test_one_of_sunday_that_ends_on_monday_does_not_stand_for_monday(story: Story) -> None:
    story.begins("2026-03-08")
    story.job("weekly", schedule="sunday, monday", deadline="23:59")

    story.at("23:00").starts("weekly", run="a")
    story.at("Mon 00:30").succeeds("weekly", run="a")

    assert story.occurrences("weekly") == [("00:00", "late")]
    story.until("Mon 23:29")
    assert story.heard[-1] == ("Mon 23:29", "warning", "firing")


@pytest.mark.parametrize(
    ("day", "ends"),
    [("2026-03-28", "Sun 03:30"), ("2026-10-24", "Sun 02:30")],
    ids=["clocks are put forward meanwhile", "clocks are put back meanwhile"],
)
def test_a_run_through_the_night_in_which_clocks_change(story: Story, day: str, ends: str) -> None:
    story.begins(day, zone="Europe/Berlin")
    story.job("etl", schedule="0 23 * * *", deadline="04:00")

    story.at("23:01").starts("etl", run="a")
    story.at(ends).succeeds("etl", run="a")

    assert story.occurrences("etl")[-1] == ("23:00", "met")
    assert story.silent_until("Sun 23:04")


def test_a_deadline_by_offset_counts_elapsed_time_while_clocks_change(story: Story) -> None:
    story.begins("2026-10-24", zone="Europe/Berlin", at="12:00")
    story.job("etl", schedule="0 23 * * *", offset=300, warn=0, critical=0)

    story.at("23:01").starts("etl", run="a")
    story.until("Sun 05:00")

    assert story.heard[0][0] == "Sun 03:00"  # five hours later, of which one came twice


def test_what_the_job_says_it_is_for_goes_before_when_it_ran(story: Story) -> None:
    story.job("etl", schedule="0 22 * * *", deadline="06:00")

    story.at("22:01").starts("etl", run="today", nominal="22:00")
    story.at("Wed 05:00").starts("etl", run="tomorrow", nominal="Wed 22:00")
    story.at("Wed 05:20").succeeds("etl", run="tomorrow", nominal="Wed 22:00")
    story.until("Wed 06:00")

    assert story.heard == []  # that of Wednesday is done, and makes good what came before it
    assert story.run("etl", "today").occurrence_at == datetime(2026, 3, 10, 22, tzinfo=UTC)
    assert story.run("etl", "tomorrow").occurrence_at == datetime(2026, 3, 11, 22, tzinfo=UTC)


def test_a_nominal_time_across_midnight_keeps_the_promise_of_its_own_day(story: Story) -> None:
    story.job("report", deadline="06:00")

    story.at("04:00").succeeds("report", run="a")
    story.at("23:50").starts("report", run="b", nominal="Wed 00:00")
    story.at("Wed 00:20").succeeds("report", run="b", nominal="Wed 00:00")

    assert story.silent_until("Thu 05:29")
    assert [what for _, what in story.occurrences("report")[-2:]] == ["met", "met"]
