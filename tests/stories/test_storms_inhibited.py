"""A storm that another alert explains: it rests while that is open, and goes on once it is not."""

from tests.stories.story import Story
from tests.stories.test_storms_escalate import MANAGER, ON_CALL, VP, people


def downstream(story: Story) -> None:
    """Let ten jobs that need another not start, and be told, before that other fails."""
    story.escalates(ON_CALL, MANAGER, VP)
    for number in range(10):
        story.job(f"job-{number}", schedule="0 2 * * *", grace=0, upstream=("etl",))
    story.at("01:50").starts("etl", run="r")
    story.at("02:03").fails("etl", run="r")


def levels(story: Story) -> list[tuple[str, str, str]]:
    return [(when, who, job) for when, who, job, _ in people(story) if job.endswith("jobs")]


def test_a_storm_that_another_alert_mutes_neither_climbs_nor_is_repeated(story: Story) -> None:
    downstream(story)
    story.until("02:04")
    told = len(story.messages)

    story.until("16:00")

    assert {h.message.job for h in story.messages[told:]} == {"etl"}


def test_a_storm_goes_on_once_what_mutes_it_is_over(story: Story) -> None:
    downstream(story)
    story.until("02:40")

    before = len(levels(story))
    story.at("02:40").succeeds("etl", run="again")
    story.until("03:00")

    assert levels(story)[before:] == [("02:40:15", "ann", "10 jobs"), ("02:55:15", "bob", "10 jobs")]
