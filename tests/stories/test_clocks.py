"""Clocks that change, and clocks that are wrong."""

from tests.stories.story import Story
from tocsin.jobs.skew import corrected


def test_in_spring_a_job_of_half_past_two_is_expected_at_three_and_once(story: Story) -> None:
    story.begins("2026-03-29", zone="Europe/Berlin")
    story.job("etl", schedule="30 2 * * *", grace=10, deadline="04:00", warn=30, critical=15)

    story.until("03:30")
    assert story.heard == [("03:10", "critical", "firing")]

    story.at("03:40").succeeds("etl")
    assert story.open == []
    assert story.silent_until("Mon 02:39")
    assert story.occurrences("etl") == [("03:00", "late")]


def test_in_autumn_a_job_of_half_past_two_is_expected_once(story: Story) -> None:
    story.begins("2026-10-25", zone="Europe/Berlin")
    story.job("etl", schedule="30 2 * * *", grace=10)

    story.at("02:31").succeeds("etl")

    assert story.silent_until("Mon 02:39")
    assert story.occurrences("etl") == [("02:30", "met")]


def test_in_autumn_a_job_of_half_past_two_that_does_not_come_is_told_once(story: Story) -> None:
    story.begins("2026-10-25", zone="Europe/Berlin")
    story.job("etl", schedule="30 2 * * *", grace=10)

    story.until("05:30")

    assert story.heard == [("02:40", "critical", "firing")]


def test_an_hourly_job_runs_twice_in_the_hour_that_comes_twice(story: Story) -> None:
    story.begins("2026-10-25", zone="Europe/Berlin", at="01:30")
    story.job("sync", schedule="0 * * * *", grace=10)

    story.at("02:01").succeeds("sync")
    story.until("03:00")

    assert story.heard == [("02:10", "critical", "firing")]


def test_a_deadline_in_the_hour_that_does_not_exist_is_told_when_the_clock_has_jumped(story: Story) -> None:
    story.begins("2026-03-29", zone="Europe/Berlin")
    story.job("etl", deadline="02:30", warn=30, critical=15)

    story.until("03:00")

    assert story.heard == [
        ("01:30", "warning", "firing"),
        ("01:45", "critical", "louder"),
        ("03:00", "critical", "louder"),
    ]


def test_a_start_by_a_clock_that_is_a_little_fast_counts_as_the_run_of_today(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=0.1)

    story.at("01:59:57").starts("etl")
    story.at("02:40").succeeds("etl")

    assert story.silent_until("Wed 02:00")
    assert story.occurrences("etl") == [("02:00", "met")]


def test_an_early_start_counts_also_when_the_run_of_yesterday_is_still_missing(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=1)

    story.at("Wed 01:59:58").starts("etl")
    story.at("Wed 02:30").succeeds("etl")

    assert story.open == []
    assert story.occurrences("etl") == [("02:00", "missed"), ("Wed 02:00", "met")]


def test_an_early_start_of_a_job_of_every_minute_is_the_coming_one(story: Story) -> None:
    story.begins("2026-03-10", at="10:00:30")
    story.job("beat", schedule="* * * * *", grace=0.25)

    story.at("10:00:58").starts("beat", run="a").succeeds("beat", run="a")
    story.at("10:01:57").starts("beat", run="b").succeeds("beat", run="b")

    assert story.silent_until("10:03:14")
    assert story.occurrences("beat") == [("10:01", "met"), ("10:02", "met")]


def test_a_host_whose_clock_is_hours_wrong_neither_raises_nor_hides_an_alert(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=5, max_minutes=60)
    story.until("02:01")
    now = story.clock.at
    by_host = now.replace(hour=7)  # its clock is five hours fast

    at = corrected(by_host, sent_at=by_host, received_at=now)
    story.at("02:01").starts("etl", happened=story.clock_time(at))

    assert story.silent_until("02:29")
    story.until("03:01")
    assert story.heard[-1] == ("03:01", "critical", "louder")


def test_a_run_that_started_early_and_hangs_does_not_hide_that_the_next_one_is_missing(story: Story) -> None:
    story.begins("2026-03-10", at="00:30")
    story.job("sync", schedule="0 * * * *", grace=10)

    story.at("00:59:58").starts("sync")
    story.until("02:10")

    assert story.heard == [("02:10", "critical", "firing")]
