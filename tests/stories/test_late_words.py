"""What somebody said elsewhere, such as in PagerDuty, and what comes late: it means what they knew then."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.stories.story import Story
from tocsin.alerts.group import Pace
from tocsin.alerts.turning import MAX_BATCHES
from tocsin.engine.commands import AcknowledgeGroup, Command, ResolveGroup
from tocsin.oncall.escalation import Level

STORM = 10
WHOLE = (AcknowledgeGroup, ResolveGroup)


def the_group(story: Story) -> str:
    return next(pooled.group for alert in story.alerts() for pooled in alert.pooled)


def waiting(story: Story) -> set[str]:
    return {alert.job for alert in story.alerts() if alert.state.value == "firing"}


def of_all(verb: type[AcknowledgeGroup | ResolveGroup], story: Story, said: str) -> Command:
    return verb(group_id=the_group(story), who="bob", goes_on=True, said_at=story.instant(said))


def told_in_two_parts(story: Story) -> None:
    """A storm that is told at 02:00:30, and as many again by 02:06."""
    for number in range(STORM):
        story.at("02:00").fails(f"early-{number}")
    for number in range(STORM):
        story.at("02:02").fails(f"late-{number}")
    story.until("02:06")


@pytest.mark.parametrize("verb", WHOLE)
def test_what_was_said_of_a_storm_means_none_that_was_told_later(
    story: Story, verb: type[AcknowledgeGroup | ResolveGroup]
) -> None:
    told_in_two_parts(story)
    assert len([h for h in story.messages if h.message.job.startswith(f"{STORM} more")]) == 1

    story.at("02:07").orders(of_all(verb, story, "02:04"))

    assert {f"late-{number}" for number in range(STORM)} <= waiting(story)
    assert not {f"early-{number}" for number in range(1, STORM)} & waiting(story)


@pytest.mark.parametrize("verb", WHOLE)
def test_what_was_said_of_a_storm_once_it_was_told_means_all_of_it(
    story: Story, verb: type[AcknowledgeGroup | ResolveGroup]
) -> None:
    told_in_two_parts(story)

    story.at("02:20").orders(of_all(verb, story, "02:06"))

    assert not {job for job in waiting(story) if job.startswith("late")}


@pytest.mark.parametrize("verb", WHOLE)
def test_of_several_parts_that_were_told_meanwhile_none_is_meant(
    story: Story, verb: type[AcknowledgeGroup | ResolveGroup]
) -> None:
    told_in_two_parts(story)
    for number in range(STORM):
        story.at("02:08").fails(f"last-{number}")
    story.until("02:11")
    assert len([h for h in story.messages if h.message.job.startswith(f"{STORM} more")]) == 2

    story.at("02:12").orders(of_all(verb, story, "02:04"))

    assert {f"{when}-{number}" for when in ("late", "last") for number in range(STORM)} <= waiting(story)
    assert not {f"early-{number}" for number in range(1, STORM)} & waiting(story)


@pytest.mark.parametrize("verb", WHOLE)
def test_what_was_said_before_a_repeat_is_meant_all_the_same(
    story: Story, verb: type[AcknowledgeGroup | ResolveGroup]
) -> None:
    for number in range(STORM):
        story.at("02:00").fails(f"early-{number}")
    story.until("06:05")
    assert story.last.kind.value == "repeat"

    story.at("06:06").orders(of_all(verb, story, "05:59"))

    assert not {f"early-{number}" for number in range(1, STORM)} & waiting(story)


def test_what_was_said_before_means_none_that_was_told_alone_since(story: Story) -> None:
    story.escalates(Level(name="on-call", targets=("ann",), timeout_minutes=60))
    for number in range(STORM):
        story.at("02:00").fails(f"early-{number}")
    story.at("02:20").fails("alone")
    for number in range(STORM):
        story.at("02:20:10").fails(f"late-{number}")
    story.until("02:21")

    story.at("02:22").orders(of_all(AcknowledgeGroup, story, "02:10"))

    assert {"alone", "late-0"} <= waiting(story)
    assert "early-1" not in waiting(story)


def test_of_very_many_parts_the_oldest_is_known_no_more_and_rather_left_than_taken(story: Story) -> None:
    story.policy = replace(story.policy, pace=Pace(wait=timedelta(seconds=5), interval=timedelta(minutes=1)))
    for part in range(MAX_BATCHES + 4):
        for number in range(5):
            story.at(f"02:{part * 2:02}").fails(f"part-{part}-{number}")
    story.until("02:59")

    story.at("02:59").orders(of_all(AcknowledgeGroup, story, "02:03"))

    assert {f"part-{part}-0" for part in range(2, MAX_BATCHES + 4)} <= waiting(story)
