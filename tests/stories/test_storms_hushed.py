"""A storm that silences, maintenance or time intervals keep quiet, and what wakes it when they end early."""

from dataclasses import replace

import pytest

from tests.stories.story import Story
from tests.stories.test_storms_escalate import MANAGER, ON_CALL, people, storm

ALL_OF_IT = "condition=job_failure"


@pytest.mark.parametrize(("lifted_at", "higher_at"), [("02:20", "02:35"), ("05:00", "05:15")])
def test_a_storm_whose_silence_is_lifted_early_goes_on_at_once(
    story: Story, lifted_at: str, higher_at: str
) -> None:
    story.escalates(ON_CALL, MANAGER)
    storm(story)
    story.at("02:05").silences(ALL_OF_IT, until="22:00")
    assert story.silent_until(lifted_at)

    story.at(lifted_at).lifts_the_silence()
    story.until(higher_at)

    assert people(story)[2:] == [
        (lifted_at, "ann", "9 jobs", "escalated"),
        (higher_at, "bob", "10 jobs", "escalated"),
    ]


def test_a_storm_goes_on_once_a_reload_takes_its_maintenance_out(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)
    story.maintains("up", ALL_OF_IT, "02:10-22:00")
    storm(story)
    story.until("02:10")
    assert story.silent_until("02:20")

    story.maintenance.clear()
    story.reloads()
    story.until("02:36")

    assert [one for one in people(story) if one[2] == "10 jobs"] == [
        ("02:20", "ann", "10 jobs", "escalated"),
        ("02:35", "bob", "10 jobs", "escalated"),
    ]


def test_a_storm_that_waits_for_the_end_of_a_mute_time_is_told_once_a_reload_takes_that_out(
    story: Story,
) -> None:
    story.time_interval("night", "00:00-06:00")
    story.routes(("condition=job_failure", "data", "mute=night"))
    story.escalates(ON_CALL, MANAGER)
    storm(story)
    assert story.silent_until("02:20")

    story.route = replace(story.route, routes=(replace(story.route.routes[0], mute_time_intervals=()),))
    story.reloads()
    story.until("02:40")

    told = [(at, h.target, h.message.job) for (at, _, _), h in zip(story.heard, story.messages, strict=True)]
    assert told == [
        ("02:20", "data", "job-0"),
        ("02:20", "ann", "job-0"),
        ("02:20:30", "data", "9 more jobs"),
        ("02:20:30", "ann", "9 more jobs"),
        ("02:35:30", "bob", "10 jobs"),
    ]


def test_a_silenced_storm_is_repeated_to_nobody(story: Story) -> None:
    storm(story)
    story.at("02:05").silences(ALL_OF_IT, until="22:00")

    assert story.silent_until("21:59")

    story.until("22:01")
    assert [one for one in story.heard if one[0] == "22:00"] == [
        ("22:00", "critical", "repeat"),
        ("22:00", "critical", "repeat"),
    ]


def test_a_storm_in_maintenance_is_repeated_to_nobody(story: Story) -> None:
    story.maintains("up", ALL_OF_IT, "02:10-22:00")
    storm(story)
    story.until("02:10")

    assert story.silent_until("21:59")


def test_a_silenced_storm_that_is_overdue_is_repeated_once_its_silence_is_lifted(story: Story) -> None:
    storm(story)
    story.at("02:05").silences(ALL_OF_IT, until="22:00")
    assert story.silent_until("08:10")

    story.at("08:10").lifts_the_silence()
    story.until("08:11")

    assert [h.message.job for h in story.messages[2:]] == ["9 jobs", "job-0"]


def test_a_storm_of_which_one_is_not_silenced_is_repeated(story: Story) -> None:
    storm(story)
    story.at("02:05").silences("job=~job-[0-8]", until="22:00")

    story.until("06:01")

    assert [h.message.job for h in story.messages[2:]] == ["9 jobs"]
