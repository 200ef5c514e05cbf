"""The file of promises that the documentation shows, lived through day by day."""

import pytest

from tests.docs.pages import SNIPPETS
from tests.stories.story import Story
from tocsin.rules.defaults import DEFAULT_RULES

FILE = SNIPPETS / "promises"


@pytest.fixture
def a_friday(story: Story) -> Story:
    """Friday, 6 March 2026; on Sunday clocks in New York are put forward. What is foreseen is not told."""
    story.rules = tuple(rule for rule in DEFAULT_RULES if rule.condition != "deadline_risk")
    story.begins("2026-03-06")
    return story


def test_daily_etl_main(a_friday: Story) -> None:
    story = a_friday
    story.jobs_of(FILE, "daily_etl_main")

    story.at("09:00").starts("daily_etl_main")  # 04:00 in New York
    story.at("10:20").succeeds("daily_etl_main")
    assert story.silent_until("Sat 10:29")
    story.at("Sat 11:20").succeeds("daily_etl_main")
    assert story.heard == [
        ("Sat 10:30", "warning", "firing"),
        ("Sat 10:45", "critical", "louder"),
        ("Sat 11:00", "critical", "louder"),
        ("Sat 11:15", "page", "louder"),
        ("Sat 11:20", "page", "resolved"),
    ]
    story.at("Sun 07:00").starts("daily_etl_main")  # it may take two hours
    story.at("Sun 09:05").succeeds("daily_etl_main")
    assert story.heard[5:] == [
        ("Sun 08:30", "warning", "firing"),
        ("Sun 08:45", "critical", "louder"),
        ("Sun 09:00", "critical", "louder"),
        ("Sun 09:05", "critical", "resolved"),
    ]
    assert story.silent_until("Mon 09:29")
    story.until("Mon 09:30")  # half an hour before 06:00 there, by summer time
    assert story.heard[9:] == [("Mon 09:30", "warning", "firing")]
    assert [what for _, what in story.occurrences("daily_etl_main")] == ["met", "late", "met"]


def test_daily_sales_report(a_friday: Story) -> None:
    story = a_friday
    story.jobs_of(FILE, "daily_sales_report")

    story.at("06:10").starts("daily_sales_report")
    story.at("06:50").succeeds("daily_sales_report")

    assert story.silent_until("Mon 06:59")
    story.at("Mon 08:40").succeeds("daily_sales_report")
    assert story.heard == [
        ("Mon 07:00", "warning", "firing"),
        ("Mon 07:30", "critical", "louder"),
        ("Mon 08:00", "critical", "louder"),
        ("Mon 08:30", "page", "louder"),
        ("Mon 08:40", "page", "resolved"),
    ]


def test_hourly_data_sync(a_friday: Story) -> None:
    story = a_friday
    story.begins("2026-03-06", at="00:01")
    story.jobs_of(FILE, "hourly_data_sync")

    for hour in range(5):
        story.at(f"{hour:02}:05").starts("hourly_data_sync")
        story.at(f"{hour:02}:20").succeeds("hourly_data_sync")
    assert story.messages == []
    story.at("05:05").starts("hourly_data_sync")
    story.at("05:37").succeeds("hourly_data_sync")
    story.at("06:50").succeeds("hourly_data_sync")

    assert story.heard == [
        ("05:25", "warning", "firing"),
        ("05:30", "critical", "louder"),
        ("05:35", "critical", "louder"),
        ("05:37", "critical", "resolved"),
        ("06:35", "warning", "firing"),
        ("06:40", "critical", "louder"),
        ("06:45", "critical", "louder"),
        ("06:50", "page", "louder"),
        ("06:50", "page", "resolved"),
    ]


def test_weekly_model_training(a_friday: Story) -> None:
    story = a_friday
    story.jobs_of(FILE, "weekly_model_training")

    assert story.silent_until("Sun 20:59")
    story.at("Mon 00:30").succeeds("weekly_model_training")
    assert story.heard == [
        ("Sun 21:00", "warning", "firing"),
        ("Sun 22:00", "critical", "louder"),
        ("Sun 23:00", "critical", "louder"),
        ("Mon 00:00", "page", "louder"),
        ("Mon 00:30", "page", "resolved"),
    ]
    story.at("2026-03-15 13:00").starts("weekly_model_training")
    assert story.silent_until("2026-03-15 18:59")
    story.at("2026-03-15 20:50").succeeds("weekly_model_training")  # ten minutes before it takes too long
    assert story.heard[5:] == [
        ("Sun 19:00", "warning", "firing"),
        ("Sun 20:00", "critical", "louder"),
        ("Sun 20:50", "critical", "resolved"),
    ]
    assert [what for _, what in story.occurrences("weekly_model_training")] == ["late", "met"]


def test_daily_etl_pipeline(a_friday: Story) -> None:
    story = a_friday
    story.jobs_of(FILE, "daily_etl_pipeline")

    story.at("04:00").starts("daily_etl_pipeline")
    story.at("05:10").succeeds("daily_etl_pipeline", records=200_000)
    story.until("Sat 06:15")

    assert story.heard == [
        ("04:45", "critical", "firing"),  # a warning at half of what it may take would be left out
        ("05:00", "critical", "louder"),
        ("05:10", "critical", "resolved"),
        ("Sat 05:30", "warning", "firing"),
        ("Sat 05:45", "critical", "louder"),
        ("Sat 06:00", "critical", "louder"),
        ("Sat 06:15", "page", "louder"),
    ]


def test_hourly_aggregation(a_friday: Story) -> None:
    story = a_friday
    story.jobs_of(FILE, "hourly_aggregation")

    assert story.silent_until("Sun 12:00")  # it is expected at no certain time
    story.at("Sun 12:00").starts("hourly_aggregation")
    story.at("Sun 12:20").succeeds("hourly_aggregation", records=20_000)

    assert story.heard == [("Sun 12:15", "critical", "firing"), ("Sun 12:20", "critical", "resolved")]


def test_weekly_report(a_friday: Story) -> None:
    story = a_friday
    story.jobs_of(FILE, "weekly_report")

    assert story.silent_until("Mon 05:00")
    story.at("Mon 05:00").starts("weekly_report")
    story.at("Mon 06:00").succeeds("weekly_report", records=2_000_000)
    assert story.silent_until("2026-03-16 07:29")
    story.until("2026-03-16 07:30")

    assert story.heard == [("Mon 07:30", "warning", "firing")]
