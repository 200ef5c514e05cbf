"""At most three notifications of one trouble in an hour, and nothing owed is forgotten (A11)."""

from dataclasses import replace

from tests.stories.story import Story
from tocsin.rules.defaults import DEFAULT_RULES


def flaps(story: Story, *minutes: int) -> None:
    for number, minute in enumerate(minutes):
        story.at(f"02:{minute:02}").fails("etl", run=f"bad {number}")
        story.at(f"02:{minute + 1:02}").succeeds("etl", run=f"good {number}")


def firing(story: Story) -> list[str]:
    return [at for at, _, kind in story.heard if kind == "firing"]


def test_the_fourth_time_in_an_hour_is_not_told(story: Story) -> None:
    flaps(story, 0, 10, 20, 30, 40)

    assert firing(story) == ["02:00", "02:10", "02:20"]
    assert [at for at, _, kind in story.heard if kind == "resolved"] == ["02:01", "02:11", "02:21"]
    assert ("02:30", "deduplicated") in story.history("etl")


def test_what_is_still_owed_is_told_when_the_window_has_room(story: Story) -> None:
    flaps(story, 0, 10, 20)
    story.at("02:30").fails("etl", run="x")

    assert story.silent_until("02:59")
    story.until("03:00")
    assert story.heard[-1] == ("03:00", "critical", "firing")


def test_what_was_over_before_it_could_be_told_stays_untold(story: Story) -> None:
    story.policy = replace(story.policy, flapping=None)
    flaps(story, 0, 10, 20)
    story.at("02:30").fails("etl", run="x")
    story.at("02:40").succeeds("etl", run="y")

    assert story.silent_until("06:00")
    assert story.history("etl")[-1] == ("02:40", "recovered")


def test_louder_news_wait_as_well_but_never_a_page(story: Story) -> None:
    story.rules = tuple(rule for rule in DEFAULT_RULES if rule.condition == "sla_breach")
    story.job("report", deadline="08:00", warn=20, critical=10)

    story.at("07:39").starts("report").fails("report")
    story.until("08:10")

    assert story.heard == [
        ("07:40", "warning", "firing"),
        ("07:50", "critical", "louder"),
        ("08:00", "critical", "louder"),
        ("08:10", "page", "louder"),
    ]


def test_a_page_counts_against_what_is_told_after_it(story: Story) -> None:
    story.policy = type(story.policy)(blind_after=story.policy.blind_after, deduplication_limit=1)
    story.job("report", deadline="08:00", warn=20, critical=10)

    story.until("08:10")
    assert story.heard == [("07:40", "warning", "firing"), ("08:10", "page", "louder")]
    story.until("09:10")
    assert story.heard[-1] == ("08:10", "page", "louder")


def test_the_limit_survives_a_restart(story: Story) -> None:
    flaps(story, 0, 10, 20)
    story.down("02:25", "02:26")
    story.at("02:30").fails("etl", run="x")

    assert firing(story) == ["02:00", "02:10", "02:20"]


def test_other_troubles_and_other_jobs_have_a_limit_of_their_own(story: Story) -> None:
    flaps(story, 0, 10, 20)
    story.at("02:30").fails("load").succeeds("etl", records=0)

    assert story.heard[-2:] == [("02:30", "critical", "firing"), ("02:30", "warning", "firing")]


def test_turns_that_were_kept_back_are_told_once_as_flapping_when_there_is_room(story: Story) -> None:
    flaps(story, 0, 10, 20)
    story.at("02:30").fails("etl", run="x")
    story.at("02:40").succeeds("etl", run="y")
    story.until("06:00")

    assert story.heard[6:] == [("03:00", "critical", "firing")]
    assert "by turns" in story.last.title
