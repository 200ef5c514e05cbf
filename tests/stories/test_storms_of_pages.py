"""A page does not wait for its group, and many pages at once are few messages all the same."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.stories.story import Story
from tests.stories.test_storms_escalate import storm
from tocsin.alerts.group import Pace


@pytest.mark.parametrize("minutes", [5, 60])
def test_a_page_that_comes_alone_after_a_storm_is_told_at_once(story: Story, minutes: int) -> None:
    story.rule("job_failure", severity="page")
    story.policy = replace(story.policy, pace=Pace(interval=timedelta(minutes=minutes)))
    storm(story)
    for minute in range(2, 6):
        story.at(f"02:0{minute}").fails(f"vital-{minute}")

    story.until("02:10")

    assert [story.heard_of(f"vital-{minute}") for minute in range(2, 6)] == [
        [(f"02:0{minute}", "page", "firing")] for minute in range(2, 6)
    ]


def test_a_page_does_not_wait_behind_a_storm_of_another_severity(story: Story) -> None:
    story.rule("job_failure", name="page", severity="page", job_pattern="vital.*")
    story.rule("job_failure", name="critical", severity="critical", job_pattern="job.*")
    story.route = replace(story.route, group_by=("environment",))
    storm(story)
    for number in range(10, 20):
        story.at("02:01").fails(f"job-{number}")
    story.at("02:01:10").fails("vital")

    story.until("02:10")

    assert story.heard_of("vital") == [("02:01:10", "page", "firing")]
    assert story.heard_of("10 more jobs") == [("02:05:30", "critical", "firing")]


def test_pages_that_come_one_upon_the_other_wait_for_half_a_minute_at_most(story: Story) -> None:
    story.rule("job_failure", severity="page")
    storm(story)
    for second in range(10, 60, 2):
        story.at(f"02:00:{second}").fails(f"vital-{second}")

    story.until("02:10")

    told = [(story.clock_time(h.at), h.message.job) for h in story.messages[4:]]
    assert told == [("02:00:05", "6 more jobs"), ("02:00:40", "15 more jobs"), ("02:01:10", "10 more jobs")]


def test_a_minute_of_pages_is_one_message_and_one_update(story: Story) -> None:
    story.rule("job_failure", severity="page")
    for second in range(60):
        for number in range(5):
            story.at(f"02:00:{second:02}").fails(f"job-{second}-{number}")

    story.until("02:30")

    assert [h.message.tells_of_many for h in story.messages] == [False] * 4 + [True, True]
    assert [story.clock_time(h.at) for h in story.messages[4:]] == ["02:00:30", "02:01"]


A_MINUTE = [(second, number) for second in range(60) for number in range(2)]


@pytest.mark.parametrize("wait_seconds", [0, 1, 5, 30, 120])
def test_a_minute_of_pages_is_few_messages_however_short_the_group_waits(
    story: Story, wait_seconds: int
) -> None:
    story.rule("job_failure", severity="page")
    story.policy = replace(story.policy, pace=Pace(wait=timedelta(seconds=wait_seconds)))
    for second, number in A_MINUTE:
        story.at(f"02:00:{second:02}").fails(f"job-{second}-{number}")
    story.until("02:30")

    of_many = [h for h in story.messages if h.message.tells_of_many]
    assert len(story.messages) - len(of_many) == 4
    assert 2 <= len(of_many) <= 3
    assert all(later.at - one.at >= timedelta(seconds=30) for one, later in pairwise(of_many))
    assert sum(int(h.message.job.split()[0]) for h in of_many) == len(A_MINUTE) - 4


@pytest.mark.parametrize("wait_seconds", [0, 1, 5])
def test_what_a_group_adds_waits_for_the_interval_however_short_the_group_waits(
    story: Story, wait_seconds: int
) -> None:
    story.policy = replace(story.policy, pace=Pace(wait=timedelta(seconds=wait_seconds)))
    for second, number in A_MINUTE:
        story.at(f"02:00:{second:02}").fails(f"job-{second}-{number}")
    story.until("02:30")

    of_many = [h for h in story.messages if h.message.tells_of_many]
    assert len(story.messages) - len(of_many) <= 4
    assert sum(int(h.message.job.split()[0]) for h in of_many) >= len(A_MINUTE) - 4
    assert len(of_many) <= 2
    assert all(later.at - one.at == timedelta(minutes=5) for one, later in pairwise(of_many))


def test_a_page_that_is_not_alone_does_not_wait_for_a_long_group_wait(story: Story) -> None:
    story.rule("job_failure", severity="page")
    story.policy = replace(story.policy, pace=Pace(wait=timedelta(minutes=4)))
    storm(story)
    story.at("02:00:20").fails("vital")
    story.until("02:10")

    assert [story.clock_time(h.at) for h in story.messages[4:]] == ["02:00:05", "02:00:35"]
