"""A storm that silences, maintenance or time intervals keep quiet, and what wakes it when they end early."""

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
