"""Promises about when a run has ended, from the first warning to the page."""

from tests.stories.story import Story


def test_a_deadline_that_nears_is_told_louder_and_louder_until_a_good_run(story: Story) -> None:
    story.job("daily_sales_report", deadline="08:00", warn=60, critical=30)

    story.at("09:10").succeeds("daily_sales_report")

    assert story.heard == [
        ("07:00", "warning", "firing"),
        ("07:30", "critical", "louder"),
        ("08:00", "critical", "louder"),
        ("08:30", "page", "louder"),
        ("09:10", "page", "resolved"),
    ]
    assert story.open == []
    assert story.occurrences("daily_sales_report") == [("00:00", "late")]


def test_a_run_in_time_says_nothing_and_the_next_day_is_watched_again(story: Story) -> None:
    story.job("daily_sales_report", deadline="08:00", warn=60, critical=30)

    story.at("06:00").starts("daily_sales_report")
    story.at("06:40").succeeds("daily_sales_report")

    assert story.silent_until("Wed 06:59")
    story.until("Wed 07:00")
    assert story.heard == [("Wed 07:00", "warning", "firing")]


def test_a_run_before_the_warning_of_yesterday_is_not_taken_for_the_one_of_today(story: Story) -> None:
    story.job("etl", deadline="06:00")

    story.at("05:00").succeeds("etl", run="a")
    story.at("05:10").succeeds("etl", run="b")
    story.until("Wed 05:30")

    assert story.heard == [("Wed 05:30", "warning", "firing")]


def test_a_deadline_in_new_york_is_told_at_its_instant_there(story: Story) -> None:
    story.begins("2026-03-10", zone="America/New_York")
    story.job("daily_etl_main", deadline="06:00", warn=30, critical=15)

    story.until("06:15")

    assert story.heard == [
        ("05:30", "warning", "firing"),
        ("05:45", "critical", "louder"),
        ("06:00", "critical", "louder"),
        ("06:15", "page", "louder"),
    ]


def test_an_offset_deadline_counts_from_each_scheduled_start(story: Story) -> None:
    story.begins("2026-03-10", at="00:01")
    story.job("hourly_data_sync", schedule="0 * * * *", grace=50, offset=45, warn=10, critical=5)

    story.at("01:02").starts("hourly_data_sync")
    story.at("01:47").succeeds("hourly_data_sync")
    story.at("02:01").succeeds("hourly_data_sync")
    story.until("02:59")

    assert story.heard == [
        ("01:35", "warning", "firing"),
        ("01:40", "critical", "louder"),
        ("01:45", "critical", "louder"),
        ("01:47", "critical", "resolved"),
    ]


def test_an_offset_deadline_without_a_schedule_counts_from_each_full_hour(story: Story) -> None:
    story.begins("2026-03-10", at="00:01")
    story.job("hourly_data_sync", offset=45, warn=10, critical=5)

    story.at("01:20").succeeds("hourly_data_sync")
    story.until("02:45")

    assert story.heard == [
        ("02:35", "warning", "firing"),
        ("02:40", "critical", "louder"),
        ("02:45", "critical", "louder"),
    ]


def test_a_late_run_is_not_taken_for_the_early_one_of_tomorrow(story: Story) -> None:
    story.job("etl", deadline="06:00")

    story.at("06:10").succeeds("etl")
    story.until("Wed 05:30")

    assert story.heard[-2:] == [("06:10", "critical", "resolved"), ("Wed 05:30", "warning", "firing")]


def test_a_run_of_the_evening_before_keeps_the_promise_of_tomorrow(story: Story) -> None:
    story.job("etl", deadline="06:00")

    story.at("05:00").succeeds("etl")
    story.at("22:00").succeeds("etl")

    assert story.silent_until("Thu 05:29")


def test_a_warning_that_would_not_come_after_the_expected_start_is_left_out(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", offset=20)

    story.at("02:00").starts("etl")
    story.until("02:20")

    assert story.heard == [("02:05", "critical", "firing"), ("02:20", "critical", "louder")]


def test_a_rule_says_the_most_that_its_alerts_can_reach(story: Story) -> None:
    story.rule("sla_breach", severity="warning")
    story.job("etl", deadline="06:00")

    story.until("06:15")

    assert story.heard == [
        ("05:30", "warning", "firing"),
        ("05:45", "warning", "louder"),
        ("06:00", "warning", "louder"),
    ]
    assert story.open == [("etl", "sla_breach", "warning")]


def test_weekends_and_public_holidays_are_no_business_days(story: Story) -> None:
    story.begins("2026-04-02", zone="Europe/Berlin")  # the Thursday before Easter
    story.job("report", deadline="08:00", warn=60, critical=30, business_days_only=True, country="DE")

    story.at("07:20").succeeds("report")
    story.until("2026-04-07 07:00")  # the Tuesday after it

    assert story.heard == [
        ("07:00", "warning", "firing"),
        ("07:20", "warning", "resolved"),
        ("Tue 07:00", "warning", "firing"),
    ]


def test_a_promise_many_runs_ahead_breaks_again_after_somebody_has_declared_it_over(story: Story) -> None:
    story.job("sync", schedule="0 * * * *", grace=9000, offset=1800, warn=0, critical=0)
    story.at("Wed 06:30").resolves("ann")
    assert story.heard[-1] == ("Wed 06:30", "page", "resolved")

    story.until("Wed 20:00")
    assert story.open == [("sync", "sla_breach", "page")]
    story.until("2026-03-13 20:00")
    assert story.open == [("sync", "sla_breach", "page")]


def test_a_deadline_many_runs_ahead_stays_broken_until_a_good_run(story: Story) -> None:
    story.job("sync", schedule="*/10 * * * *", grace=2880, deadline="06:00", warn=0, critical=0)
    story.at("06:30").resolves("ann")

    story.until("Wed 06:00")
    assert story.heard[-1] == ("Wed 06:00", "critical", "firing")
    story.until("Wed 15:00")
    assert story.open == [("sync", "sla_breach", "page")]

    story.at("Wed 15:05").succeeds("sync")
    assert story.open == []
