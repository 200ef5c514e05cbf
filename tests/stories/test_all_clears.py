"""A storm is over when all of it is: not when nobody has it in hand any more, nor when the rest is muted."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.stories.story import Story

JOBS = 10
MUCH_LATER = "23:00"


def a_storm(story: Story, jobs: int = JOBS, at: str = "02:00") -> None:
    """Let many jobs fail; the first is told by itself, the others as one."""
    for number in range(jobs):
        story.at(at).fails(f"job-{number}")


def all_succeed(story: Story, at: str, jobs: int = JOBS) -> None:
    for number in range(jobs):
        story.at(at).succeeds(f"job-{number}")


def told(story: Story, since: str) -> list[tuple[str, str, str]]:
    """Return what was told to the team from then on: when, of what, and which kind of news."""
    return [
        (story.clock_time(h.at), h.message.job, h.message.kind.value)
        for h in story.messages
        if h.at >= story.instant(since) and h.target == "team" and h.message.job != "source"
    ]


def by_silence(story: Story) -> None:
    story.at("02:20").silences("condition=job_failure", until="22:00")


def by_maintenance(story: Story) -> None:
    story.maintains("upgrade", "condition=job_failure", "02:20-22:00")
    story.reloads()


def by_another_alert(story: Story) -> None:
    story.at("02:20").fails("source")


MUTES: list[Callable[[Story], None]] = [by_silence, by_maintenance, by_another_alert]


@pytest.mark.parametrize("is_snoozed", [False, True], ids=["in hand", "snoozed"])
@pytest.mark.parametrize("mute", MUTES)
def test_a_storm_that_is_muted_when_nobody_has_it_any_more_is_not_over(
    story: Story, mute: Callable[[Story], None], *, is_snoozed: bool
) -> None:
    story.inhibits("job=source", "job=~job-.*")
    a_storm(story)
    _put_off(story, is_snoozed=is_snoozed)
    mute(story)
    story.until("21:59:59")

    assert told(story, "02:20") == []
    assert len([job for job, _, _ in story.open if job != "source"]) == JOBS

    story.at("22:00").succeeds("source")
    story.until("22:00:45")
    assert sorted((what, kind) for _, what, kind in told(story, "22:00")) == [
        ("8 jobs", "repeat"),
        ("job-0", "repeat"),
        ("job-1", "firing"),
    ]

    all_succeed(story, "22:30")
    assert told(story, "22:30")[-1] == ("22:30", "9 jobs", "resolved")
    assert story.last.title == "failed, and all of it is over"


def _put_off(story: Story, *, is_snoozed: bool) -> None:
    if not is_snoozed:
        story.at("02:10").acknowledges_the_group("ann", until="03:00").acknowledges(
            "ann", job="job-0", until="03:00"
        )
        return
    for number in range(JOBS):
        story.at("02:10").snoozes("ann", job=f"job-{number}", until="03:00")


def test_what_ends_while_it_is_muted_ends_its_storm_and_that_is_told_then(story: Story) -> None:
    a_storm(story)
    story.at("02:10").acknowledges_the_group("ann", until="03:00")
    story.at("02:20").silences("condition=job_failure", until="22:00")
    all_succeed(story, "04:00", JOBS - 1)
    assert told(story, "02:20") == [("04:00", "job-0", "resolved")]

    story.at("05:00").succeeds("job-9")

    assert told(story, "05:00") == [("05:00", "9 jobs", "resolved")]
    assert story.last.title == "failed, and all of it is over"


def jobs_that_break_their_promise(story: Story) -> None:
    """Let a storm be a warning from two on, and critical at half past two."""
    for number in range(JOBS):
        story.job(f"job-{number}", deadline="03:00", warn=60, critical=30)


@pytest.mark.parametrize("group_by", [None, ("condition",)], ids=["another group", "the same group"])
def test_a_storm_that_got_worse_while_it_was_muted_is_not_over(
    story: Story, group_by: tuple[str, ...] | None
) -> None:
    story.route = replace(story.route, group_by=group_by)
    jobs_that_break_their_promise(story)
    story.at("02:20").silences("condition=sla_breach", until="02:50")
    story.until("02:49:59")
    assert told(story, "02:20") == []

    story.until("02:55")
    assert told(story, "02:50") == [("02:50", "job-0", "louder"), ("02:50:30", "9 more jobs", "firing")]

    all_succeed(story, "02:58")
    ends = [what for _, what, kind in told(story, "02:58") if kind == "resolved"]
    assert ends == (["job-0", "9 jobs", "9 jobs"] if group_by is None else ["job-0", "9 jobs"])


def test_a_restart_forgets_nothing_of_what_a_storm_still_waits_for(story: Story) -> None:
    a_storm(story)
    story.at("02:10").acknowledges_the_group("ann", until="03:00")
    story.at("02:20").silences("condition=job_failure", until="22:00")
    story.down("02:50", "03:10")
    story.down("04:00", "04:01")

    assert told(story, "02:20") == []
    all_succeed(story, "05:00")
    assert told(story, "05:00") == [("05:00", "job-0", "resolved"), ("05:00", "9 jobs", "resolved")]


def test_who_takes_what_got_worse_in_hand_has_all_of_the_storm_before_in_hand(story: Story) -> None:
    story.receiver("team").tracks = True
    jobs_that_break_their_promise(story)
    story.until("02:40")
    story.at("02:41").acknowledges_all("ann")

    taken = [what for _, what, kind in told(story, "02:41") if kind == "acknowledged"]
    assert sorted(taken) == ["9 jobs", "9 jobs", "job-0"]
    assert story.silent_until("02:59:59")


def test_a_storm_of_which_nobody_has_been_told_since_can_be_taken_in_hand_again(story: Story) -> None:
    a_storm(story)
    story.at("02:10").acknowledges_the_group("ann", until="03:00")
    story.at("02:20").silences("condition=job_failure", until="22:00")
    moment = story.at("03:10").acknowledges_the_group("bob")
    assert moment.told == "done"
    assert {alert.acknowledged_by for alert in story.alerts() if alert.job != "job-0"} == {"bob"}

    story.until("22:10")
    assert [one for one in told(story, "02:20") if one[1] != "job-0"] == []


def the_end(story: Story) -> str:
    of_many = (h.message for h in story.messages if h.message.tells_of_many)
    (end,) = (message for message in of_many if message.kind.value == "resolved")
    return f"{end.job} {end.title}"


def test_what_is_not_watched_any_more_is_not_called_over(story: Story) -> None:
    a_storm(story)
    story.at("03:00").pauses("job-3").deletes("job-4").renames("job-5", "job-x")
    for number in (0, 1, 2, 6, 7, 8, 9):
        story.at("03:30").succeeds(f"job-{number}")

    assert story.open == [("job-x", "job_failure", "critical")]
    assert the_end(story) == "9 jobs failed; 3 of it no longer watched as it was, the rest over"


def test_a_storm_whose_rule_is_taken_out_is_not_called_over(story: Story) -> None:
    a_storm(story)
    story.until("03:00")
    story.rules = tuple(rule for rule in story.rules if rule.condition != "job_failure")
    story.reloads()
    story.until("03:10")

    assert the_end(story) == "9 jobs failed, and none of it is watched any more as it was"


def test_who_takes_a_storm_in_hand_once_more_is_told_of_once_more(story: Story) -> None:
    story.receiver("team").tracks = True
    a_storm(story)
    story.at("02:10").acknowledges_the_group("ann", until="03:00")
    story.until("03:05")
    story.at("03:10").acknowledges_all("bob")

    taken = [(at, what) for at, what, kind in told(story, "02:10") if kind == "acknowledged"]
    assert sorted(taken) == [("02:10", "9 jobs"), ("03:10", "9 jobs"), ("03:10", "job-0"), ("03:10", "job-1")]
    assert story.last.text == "bob has all of it in hand."
