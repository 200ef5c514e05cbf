"""A clock that is set back while somebody waits: nobody hears later by the length of the jump."""

from dataclasses import replace

import pytest

from tests.stories.story import Story
from tocsin.oncall.escalation import Level

ON_CALL = Level(name="on-call", targets=("ann",), timeout_minutes=15)
MANAGER = Level(name="manager", targets=("bob",), timeout_minutes=15)


def storm(story: Story, count: int = 10, at: str = "02:00") -> None:
    for number in range(count):
        story.at(at).fails(f"job-{number}")


def test_a_group_that_gathers_is_told_as_soon_as_it_would_have_been(story: Story) -> None:
    storm(story)

    story.set_back("02:00:10", "01:00:10")
    story.until("01:02")

    assert [h.message.job for h in story.messages] == ["job-0", "9 more jobs"]
    assert story.clock_time(story.messages[1].at) == "01:00:40"


def test_few_that_wait_are_told_one_by_one_all_the_same(story: Story) -> None:
    storm(story, 2)

    story.set_back("02:00:10", "01:00:10")
    story.until("01:02")

    assert story.heard == [("02:00", "critical", "firing"), ("01:00:40", "critical", "firing")]


def test_a_second_storm_in_a_group_waits_for_its_interval_and_no_longer(story: Story) -> None:
    storm(story)
    story.until("02:01")
    for number in range(10, 20):
        story.at("02:01:30").fails(f"job-{number}")

    story.set_back("02:02", "01:02")
    story.until("01:10")

    assert [h.message.job for h in story.messages] == ["job-0", "9 more jobs", "10 more jobs"]
    assert story.clock_time(story.messages[2].at) == "01:07"


def test_a_group_in_somebodys_hand_does_not_keep_the_next_storm_waiting(story: Story) -> None:
    storm(story)
    story.at("02:01").acknowledges_all("ann")
    story.until("02:06")

    story.set_back("02:06", "01:06")
    for number in range(10, 20):
        story.at("01:12").fails(f"job-{number}")
    story.until("01:14")

    assert [h.message.job for h in story.messages][2:] == ["job-10", "9 more jobs"]


@pytest.mark.parametrize("how_many", [1, 10])
def test_the_next_level_is_told_when_the_time_of_the_last_is_over(story: Story, how_many: int) -> None:
    story.escalates(ON_CALL, MANAGER)
    storm(story, how_many)

    story.set_back("02:05", "01:05")
    story.until("01:21")

    assert [h.at for h in story.messages if h.target == "bob"] == [story.instant("01:20")]


def test_what_waits_for_what_explains_it_waits_no_longer_than_ever(story: Story) -> None:
    story.inhibits("job=db", "job=etl")
    story.at("02:00").fails("etl")

    story.set_back("02:00:05", "01:00:05")
    story.until("01:00:20")

    assert story.heard_of("etl") == [("01:00:20", "critical", "firing")]


def test_what_was_refused_is_tried_again_soon_and_turned_to_the_fallback_in_time(story: Story) -> None:
    story.receiver("spare")
    story.routes(("job=etl", "spare"))
    story.receivers["spare"].is_down = True
    story.at("02:00").fails("etl")

    story.set_back("02:00:01", "01:00:01")
    story.until("01:20")
    assert len(story.heard_by("team")) == 1
    story.receivers["spare"].is_down = False
    story.until("01:40")

    assert len(story.heard_by("spare")) == 1


def test_news_that_deduplication_keeps_back_are_told_within_its_window(story: Story) -> None:
    story.policy = replace(story.policy, deduplication_limit=1)
    story.at("02:00").fails("etl").succeeds("etl")
    story.at("02:01").fails("etl")

    story.set_back("02:02", "01:02")
    story.until("02:02")

    assert [kind for _, _, kind in story.heard] == ["firing", "resolved", "firing"]
    assert story.heard[2][0] == "02:02"


def test_it_also_holds_when_the_clock_was_set_back_while_the_server_was_down(story: Story) -> None:
    storm(story)

    story.down("02:00:10", "01:00:10")
    story.server.set_back(story.clock.at)
    story.until("01:02")

    assert [h.message.job for h in story.messages] == ["job-0", "9 more jobs"]


def test_what_a_person_has_promised_by_the_clock_on_the_wall_stays(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.at("02:01").snoozes("ann", until="03:00")
    story.at("02:02").silences("job=load", until="03:00")
    story.at("02:03").fails("load")

    story.set_back("02:05", "01:05")

    assert story.silent_until("02:59")
    story.until("03:00")
    assert story.heard_of("etl")[1:] == [("03:00", "critical", "repeat")]
    assert story.heard_of("load") == [("03:00", "critical", "firing")]


def test_a_snooze_until_the_next_run_ends_with_that(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.at("02:01").snoozes("ann", end="next_run")

    story.set_back("02:05", "01:05")
    story.at("01:30").fails("etl")

    assert story.heard[-1][0] == "01:30"


def test_a_repeat_is_never_later_than_its_interval(story: Story) -> None:
    story.at("02:00").fails("etl")

    story.set_back("02:05", "01:05")
    story.until("05:06")

    assert story.heard == [("02:00", "critical", "firing"), ("05:05", "critical", "repeat")]


def test_a_failure_that_is_declared_over_by_a_clock_that_was_set_back_stays_so(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.set_back("02:10", "01:10")
    story.at("01:11").resolves("ann")
    assert story.silent_until("01:30")
    assert story.open == []

    story.at("01:31").fails("etl")
    assert story.heard[-1] == ("01:31", "critical", "firing")
    story.at("01:40").succeeds("etl")
    assert story.open == []


def test_a_missing_run_that_is_declared_over_by_a_clock_that_was_set_back_stays_so(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=5)
    story.at("02:10")
    story.set_back("02:10", "01:10")
    story.at("01:11").resolves("ann")
    assert story.silent_until("23:59")
    assert story.open == []

    story.until("Wed 02:05")
    assert story.heard[-1] == ("Wed 02:05", "critical", "firing")


def test_an_empty_run_that_is_declared_over_by_a_clock_that_was_set_back_stays_so(story: Story) -> None:
    story.at("02:00").succeeds("etl", records=0)
    story.set_back("02:10", "01:10")
    story.at("01:11").resolves("ann")
    assert story.silent_until("01:30")

    story.at("01:31").succeeds("etl", records=0)
    assert story.heard[-1][2] == "firing"


@pytest.mark.parametrize("ahead_until", ["Wed 01:00:10", "Wed 01:10"], ids=["seconds", "minutes"])
def test_a_clock_that_was_ahead_for_a_while_blinds_nobody_once_it_is_set_right(
    story: Story, ahead_until: str
) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)
    story.job("report", deadline="06:00")

    story.sleeps("01:00", "Wed 01:00")
    story.set_back(ahead_until, "01:10:20")
    story.until("06:00")

    assert story.heard_of("etl") == [("02:15", "critical", "firing")]
    assert story.heard_of("report")[0] == ("05:30", "warning", "firing")
    assert story.heard_of("report")[-1] == ("06:00", "critical", "louder")


def test_what_runs_after_a_clock_was_set_right_is_well(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15, deadline="06:00")

    story.sleeps("01:00", "Wed 01:00")
    story.set_back("Wed 01:10", "01:10:20")
    story.at("02:00").starts("etl")
    story.at("02:30").succeeds("etl")
    story.until("23:00")

    assert story.heard_of("etl") == []
    assert story.open == []
    assert story.occurrences("etl")[-1] == ("02:00", "met")
