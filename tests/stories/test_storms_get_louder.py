"""A storm that gets worse within its group: told as one again, escalated as one, and each job counts once."""

from collections import Counter

import pytest

from tests.stories.story import Story
from tocsin.alerts.group import Group
from tocsin.oncall.escalation import Level
from tocsin.rules.defaults import DEFAULT_RULES

ON_CALL = Level(name="on-call", targets=("ann",), timeout_minutes=15)
MANAGER = Level(name="manager", targets=("bob",), timeout_minutes=15)
JOBS = 12


def of_many(story: Story, since: str) -> list[tuple[str, str, str, str]]:
    """Return what was told of storms from then on: when, to whom, of how many, and what kind of news."""
    told = zip(story.heard, story.messages, strict=True)
    return [
        (when, h.target, h.message.job, kind)
        for (when, _, kind), h in told
        if h.message.tells_of_many and h.at >= story.instant(since)
    ]


def of_one(story: Story, since: str) -> Counter[tuple[str, str]]:
    """Count what was told of single alerts from then on: to whom, and what kind of news."""
    found = [h for h in story.messages if not h.message.tells_of_many and h.at >= story.instant(since)]
    return Counter((h.target, h.message.kind.value) for h in found)


def jobs_that_break_their_promise(story: Story, count: int = JOBS) -> None:
    """Let a storm be critical from half past two on, and worse in the same group at three."""
    for number in range(count):
        story.job(f"job-{number:02}", deadline="03:00", warn=60, critical=30)


def loudest_group(story: Story) -> Group:
    with story.server.store.reading() as reading:
        return max((one for one in reading.groups(10) if one.has_spoken), key=lambda one: one.severity)


def test_a_storm_that_gets_louder_in_its_group_tells_no_level_of_each_of_its_alerts(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)
    jobs_that_break_their_promise(story)

    story.until("03:20")

    assert of_one(story, "03:00") == {("team", "louder"): 1, ("bob", "louder"): 1}
    assert of_many(story, "03:00") == [
        ("03:00:30", "team", "11 more jobs", "firing"),
        ("03:00:30", "bob", "11 more jobs", "firing"),
    ]


def test_a_level_whose_time_comes_while_a_storm_gets_louder_hears_of_it_once(story: Story) -> None:
    story.rules = tuple(rule for rule in DEFAULT_RULES if rule.condition == "sla_breach")
    story.escalates(ON_CALL, MANAGER)
    for number in range(JOBS):
        story.job(f"job-{number:02}", schedule="0 2 * * *", deadline="03:00", grace=0)

    story.until("03:10")

    assert of_many(story, "03:00") == [
        ("03:00:30", "team", "11 more jobs", "firing"),
        ("03:00:30", "bob", "11 jobs", "escalated"),
    ]


@pytest.mark.parametrize("is_escalated", [True, False], ids=["escalated", "routed alone"])
def test_each_job_of_a_storm_that_got_louder_in_its_group_counts_once(
    story: Story, *, is_escalated: bool
) -> None:
    if is_escalated:
        story.escalates(ON_CALL, MANAGER)
    jobs_that_break_their_promise(story)

    story.until("03:10")
    assert (loudest_group(story).open, loudest_group(story).total) == (JOBS - 1, JOBS - 1)
    assert dict(story.last.evidence)["alerts"] == "11 told as one, all of them open"
    for number in range(JOBS):
        story.at("03:20").succeeds(f"job-{number:02}")

    assert ("03:20", "team", "11 jobs", "resolved") in of_many(story, "03:20")


def test_what_gets_louder_beside_others_of_its_storm_is_heard_of_where_the_storm_has_come_to(
    story: Story,
) -> None:
    story.escalates(ON_CALL, MANAGER)
    jobs_that_break_their_promise(story, 6)
    for number in range(6):
        story.job(f"other-{number}", deadline="03:20", warn=60, critical=50)
    story.until("03:16")

    assert of_one(story, "03:00") == {("team", "louder"): 1, ("bob", "louder"): 1}
    assert of_many(story, "03:00") == [
        ("03:00:30", "team", "5 more jobs", "firing"),
        ("03:00:30", "bob", "5 more jobs", "firing"),
    ]
    assert loudest_group(story).total == JOBS - 1


def test_what_leaves_a_storm_before_it_is_told_does_not_count_as_told_with_it(story: Story) -> None:
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")
    story.at("02:00:10").succeeds("job-4")
    story.until("02:01")

    assert dict(story.last.evidence)["alerts"] == "8 told as one, all of them open"


def test_a_storm_that_ends_before_it_is_told_how_much_worse_it_got_is_over_for_all_of_it(
    story: Story,
) -> None:
    story.escalates(ON_CALL, MANAGER)
    jobs_that_break_their_promise(story)
    for number in range(JOBS):
        story.at("03:00:10").succeeds(f"job-{number:02}")
    story.until("03:10")

    ended = [
        h.message for h in story.messages if h.message.tells_of_many and h.message.kind.value == "resolved"
    ]
    assert [one.job for one in ended if one.severity == "critical"] == ["11 jobs"] * 2
    assert [one.job for one in ended if one.severity == "warning"] == ["12 jobs"] * 3
    assert {one.title for one in ended} == {"broke a promise about their end, and all of it is over"}
