"""Hosts whose clocks are wrong, or jump: nothing is told that is not so, and nothing is kept quiet (F5)."""

import pytest

from tests.stories.story import Story
from tocsin.notify.message import MessageKind

THREE_HOURS = 180.0


def clocks_of(story: Story, job: str) -> list[tuple[str, float]]:
    """What is said of the clocks of a job's hosts: how many minutes behind."""
    return [(clock.host, clock.behind_seconds / 60) for clock in story.watch(job).state.clocks]


def told(story: Story) -> list[tuple[str, str, str]]:
    """What was told of clocks."""
    pairs = zip(story.heard, story.messages, strict=True)
    return [
        heard
        for heard, one in pairs
        if one.message.condition == "clock_skew" and one.message.kind is not MessageKind.REPEAT
    ]


def beat(story: Story, behind: float, *minutes: int, hour: str = "02", run: str = "a") -> None:
    """Let heartbeats come at these minutes, by a clock so many minutes behind."""
    for minute in minutes:
        story.at(f"{hour}:{minute:02}").beats("etl", run=run, behind=behind)


@pytest.mark.parametrize("behind", [THREE_HOURS, -THREE_HOURS, 7.0, -7.0])
def test_a_clock_that_is_wrong_is_told_once_as_information_and_nothing_else_is(
    story: Story, behind: float
) -> None:
    story.job(
        "etl", schedule="0 2 * * *", grace=5, deadline="04:00", max_minutes=60, stalled_after_seconds=600
    )

    story.at("02:01").starts("etl", run="a", host="db-1", behind=behind)
    beat(story, behind, 6, 11, 16)
    story.at("02:20").succeeds("etl", run="a", host="db-1", behind=behind)
    story.until("23:00")

    assert told(story) == [("02:11", "info", "firing")]
    assert {one.message.condition for one in story.messages} == {"clock_skew"}
    wrong = f"{'3 h' if abs(behind) == THREE_HOURS else '7 min'} {'behind' if behind > 0 else 'ahead'}"
    assert f"the clock of host db-1 is {wrong}" in story.last.title
    assert ("host db-1", f"{wrong} since 2026-03-10 02:11 UTC") in story.last.evidence
    assert story.occurrences("etl") == [("02:00", "met")]
    assert clocks_of(story, "etl") == [("db-1", behind)]


def test_a_clock_that_is_wrong_by_less_than_the_threshold_is_known_and_not_told(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=0.1, stalled_after_seconds=86_400)

    story.at("02:00:01").starts("etl", run="a", host="db-1", behind=4)
    beat(story, 4, 6, 11)

    assert story.silent_until("23:00")
    assert clocks_of(story, "etl") == [("db-1", 4.0)]


def test_the_threshold_and_the_severity_are_those_of_the_rule(story: Story) -> None:
    story.rule("clock_skew", threshold=3, severity="warning")

    story.at("02:00").starts("etl", run="a", behind=4)
    beat(story, 4, 6, 11)

    assert told(story) == [("02:11", "warning", "firing")]


@pytest.mark.parametrize("jump", [THREE_HOURS, -THREE_HOURS])
def test_a_clock_that_jumps_in_the_middle_of_a_run_neither_raises_nor_hides_another_alert(
    story: Story, jump: float
) -> None:
    story.job("etl", schedule="0 2 * * *", grace=5, max_minutes=60, stalled_after_seconds=600)

    story.at("02:01").starts("etl", run="a", host="db-1", behind=0)
    beat(story, 0, 6, 11)
    beat(story, jump, 16, 21, 26)
    story.at("02:30").succeeds("etl", run="a", host="db-1", behind=jump)
    story.until("Wed 02:10")

    assert told(story) == [("02:26", "info", "firing")]
    others = [one for one in story.messages if one.message.condition != "clock_skew"]
    assert [(story.clock_time(one.at), one.message.condition) for one in others] == [
        ("Wed 02:05", "missing_run")
    ]
    assert story.run("etl", "a").execution is not None
    assert story.run("etl", "a").longest_silence_seconds == 300


@pytest.mark.parametrize("behind", [THREE_HOURS, -THREE_HOURS])
def test_a_run_that_takes_too_long_by_a_wrong_clock_is_told_in_time(story: Story, behind: float) -> None:
    story.job("etl", max_minutes=60, warn=0, critical=0)

    story.at("02:00").starts("etl", run="a", host="db-1", behind=behind)
    story.until("03:05")

    assert story.heard == [("03:00", "critical", "firing")]


def test_what_comes_late_by_a_clock_that_was_right_is_not_taken_for_later_than_it_was(story: Story) -> None:
    story.job("etl", schedule="0 6 * * *", grace=5, deadline="07:00", warn=0, critical=0)
    story.at("06:00").starts("etl", run="a", host="db-1", behind=0)

    story.at("07:00:15").succeeds("etl", run="a", host="db-1", behind=0, on_the_way=20)

    assert story.occurrences("etl") == [("06:00", "met")]
    assert clocks_of(story, "etl") == [("db-1", 0.0)]


def test_a_clock_that_is_set_back_a_little_is_believed_once_five_deliveries_agree(story: Story) -> None:
    story.at("02:00").starts("etl", run="a", host="db-1", behind=0)
    beat(story, 0.25, 1, 2, 3, 4)
    assert clocks_of(story, "etl") == [("db-1", 0.0)]

    beat(story, 0.25, 5)

    assert clocks_of(story, "etl") == [("db-1", 0.25)]
    (run,) = story.watch("etl").state.open_runs
    assert run.last_sign_at == story.instant("02:05")


def test_what_does_not_say_when_it_was_sent_is_corrected_by_what_is_known(
    story: Story,
) -> None:
    story.job("etl", schedule="0 3 * * *", grace=10)
    story.at("01:00").starts("etl", run="a", host="db-1", behind=120)
    story.at("01:30").succeeds("etl", run="a", host="db-1", behind=120)

    story.down("02:00", "04:00")
    story.at("04:03").starts("etl", run="b", host="db-1", behind=120, unstamped=True, happened="03:01")

    assert story.run("etl", "b").started_at == story.instant("03:01")
    assert told(story) == story.heard


def test_a_clock_around_the_threshold_does_not_come_and_go(story: Story) -> None:
    story.at("02:00").starts("etl", run="a", host="db-1", behind=5.1)
    for minute in range(1, 50):
        beat(story, 5 + 0.1 * (-1) ** (minute // 6), minute)

    assert told(story) == [("02:02", "info", "firing")]


def test_it_is_over_when_the_clock_is_right_again(story: Story) -> None:
    story.at("02:00").starts("etl", run="a", host="db-1", behind=20)
    beat(story, 20, 1, 2)
    beat(story, 0, 10, 11, 12, 13, 14, 15)

    assert told(story) == [("02:02", "info", "firing"), ("02:12", "info", "resolved")]
    assert clocks_of(story, "etl") == []


def test_one_alert_names_every_host_and_one_that_is_gone_is_forgotten_after_a_day(story: Story) -> None:
    story.at("02:00").starts("etl", run="a", host="db-1", behind=20).starts(
        "etl", run="b", host="db-2", behind=-9
    )
    for minute in (1, 2, 3):
        beat(story, 20, minute)
        beat(story, -9, minute, run="b")
    story.until("02:30")

    assert told(story) == [("02:02", "info", "firing")]
    (alert,) = (alert for alert in story.alerts() if alert.condition == "clock_skew")
    assert [name for name, _ in alert.evidence if name.startswith("host")] == ["host db-1", "host db-2"]

    story.at("Wed 02:30").starts("etl", run="c", host="db-3", behind=0)
    assert ("etl", "clock_skew", "info") not in story.open


def test_a_person_who_declares_it_over_does_not_hear_of_the_same_clock_again(story: Story) -> None:
    story.at("02:00").starts("etl", run="a", host="db-1", behind=20)
    beat(story, 20, 1, 2)
    story.at("02:05").resolves("ann")

    beat(story, 20, 10, 20, 30, 40)

    assert told(story) == [("02:02", "info", "firing"), ("02:05", "info", "resolved")]
