"""A job that raises too many alerts is told of as one for a while, but for what is critical (A12)."""

from dataclasses import replace
from datetime import timedelta

from tests.stories.story import Story
from tocsin.alerts.group import EACH_ALONE
from tocsin.alerts.throttle import Throttle

TEN = range(1, 11)


def noisy(story: Story, count: int, severity: str = "warning") -> None:
    """Let each failure of a job open so many alerts, each of which is told by itself."""
    story.policy = replace(story.policy, pace=EACH_ALONE, flapping=None)
    story.route = replace(story.route, group_wait_for=timedelta(0), group_by=("rule",))
    for number in range(count):
        story.rule(
            "job_failure",
            name=f"rule {number:02}",
            severity=severity,
            fingerprint=("job", "environment", "rule"),
        )


def test_what_comes_after_ten_messages_in_a_quarter_of_an_hour_is_told_as_one_when_it_has_cooled_down(
    story: Story,
) -> None:
    noisy(story, 14)
    story.at("02:00").fails("etl")
    assert len(story.heard) == len(TEN)

    assert story.silent_until("02:29:59")
    story.until("02:30")
    assert [kind for _, _, kind in story.heard[10:]] == ["firing"]
    assert "throttled" in story.last.title
    assert story.last.tells_of_many


def test_the_history_of_what_was_throttled_says_so(story: Story) -> None:
    noisy(story, 11)
    story.at("02:00").fails("etl")

    assert story.history("etl").count(("02:00", "throttled")) == 1
    (note,) = [note for note in story.notes("etl") if note.startswith("too many of this job")]
    assert "02:30" in note


def test_what_was_over_before_it_had_cooled_down_is_never_told(story: Story) -> None:
    noisy(story, 14)
    story.at("02:00").fails("etl", run="a")
    story.at("02:10").succeeds("etl", run="b")

    assert [kind for _, _, kind in story.heard] == ["firing"] * 10 + ["resolved"] * 10
    assert story.silent_until("05:00")


def test_what_was_told_as_one_is_closed_as_one(story: Story) -> None:
    noisy(story, 14)
    story.at("02:00").fails("etl", run="a")
    story.at("02:40").succeeds("etl", run="b")
    story.until("02:41")

    assert [kind for _, _, kind in story.heard[11:]] == ["resolved"] * 11


def test_critical_alerts_and_pages_pass_and_one_that_gets_so_is_told_at_once(story: Story) -> None:
    noisy(story, 14, severity="critical")
    story.at("02:00").fails("etl")

    assert len(story.heard) == 14


def test_another_job_is_not_throttled_with_it(story: Story) -> None:
    noisy(story, 14)
    story.at("02:00").fails("etl").fails("load")

    assert len(story.heard_of("load")) == len(TEN)


def test_the_limits_are_those_of_the_configuration(story: Story) -> None:
    noisy(story, 5)
    throttle = Throttle(limit=2, window=timedelta(minutes=5), cool_down_for=timedelta(minutes=7))
    story.policy = replace(story.policy, throttle=throttle)
    story.at("02:00").fails("etl")
    assert len(story.heard) == 2

    assert story.silent_until("02:06:59")
    story.until("02:07")
    assert len(story.heard) == 3


def test_without_a_throttle_each_is_told(story: Story) -> None:
    noisy(story, 14)
    story.policy = replace(story.policy, throttle=None)
    story.at("02:00").fails("etl")

    assert len(story.heard) == 14


def test_the_cool_down_outlives_the_death_of_the_server(story: Story) -> None:
    noisy(story, 14)
    story.at("02:00").fails("etl")
    story.down("02:10", "02:12")
    story.until("02:40")

    assert [kind for _, _, kind in story.heard[10:] if kind == "firing"] == ["firing"]
