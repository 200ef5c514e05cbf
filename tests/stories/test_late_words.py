"""What somebody said elsewhere, such as in PagerDuty, and what comes late: it means what they knew then."""

import pytest

from tests.stories.story import Story
from tocsin.engine.commands import AcknowledgeGroup, Command, ResolveGroup

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
