"""A storm that nobody takes: each level hears of it once, and not of each of its alerts."""

from dataclasses import replace
from datetime import time

import pytest

from tests.stories.story import Story
from tocsin.alerts.group import Group, Pace
from tocsin.oncall.escalation import Level, Status
from tocsin.oncall.restriction import Restriction

ON_CALL = Level(name="on-call", targets=("ann",), timeout_minutes=15)
MANAGER = Level(name="manager", targets=("bob",), timeout_minutes=15)
VP = Level(name="VP", targets=("cem",), timeout_minutes=30)
OFFICE = (Restriction(weekdays=(0, 1, 2, 3, 4), starts=time(9), ends=time(17)),)


def people(story: Story) -> list[tuple[str, str, str, str]]:
    """Return who of the policy was told: when, who, of what, and what kind of news."""
    told = zip(story.heard, story.messages, strict=True)
    return [(when, h.target, h.message.job, kind) for (when, _, kind), h in told if h.target != "team"]


def storm(story: Story, count: int = 10, at: str = "02:00") -> None:
    for number in range(count):
        story.at(at).fails(f"job-{number}")


def group_of(story: Story) -> Group:
    with story.server.store.reading() as reading:
        (alert, *_) = (alert for alert in story.alerts() if alert.pooled)
        found = reading.group(alert.pooled[0].group)
    assert found is not None
    return found


def standing(story: Story) -> tuple[Status, int]:
    climb = group_of(story).climb
    assert climb is not None
    return climb.status, climb.level


def test_each_level_is_told_once_of_a_storm_that_nobody_takes(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    storm(story, 100)
    story.until("03:30")

    assert people(story) == [
        ("02:00", "ann", "job-0", "firing"),
        ("02:00:30", "ann", "99 more jobs", "firing"),
        ("02:15:30", "bob", "100 jobs", "escalated"),
        ("02:30:30", "cem", "100 jobs", "escalated"),
    ]
    assert standing(story) == (Status.ESCALATED, 3)


def test_the_message_of_a_level_says_how_far_a_storm_has_come(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    storm(story)
    story.until("02:16")

    assert dict(story.last.evidence)["escalation"] == "level 2 of 3 of standard, manager"
    assert story.last.tells_of_many


def test_the_first_of_a_storm_is_escalated_with_the_others(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    storm(story)
    story.until("02:16")

    assert story.history("job-0")[-1] == ("02:15", "escalated_as_one")
    assert group_of(story).total == 10


@pytest.mark.parametrize("when", ["02:10", "02:20"])
def test_who_takes_a_storm_in_hand_stops_its_escalation(story: Story, when: str) -> None:
    story.escalates(ON_CALL, MANAGER, VP, repeat=60)

    storm(story)
    story.at(when).acknowledges_the_group("dan")

    assert story.silent_until("Wed 02:00")
    climb = group_of(story).climb
    assert climb is not None
    assert (climb.status, climb.who) == (Status.ACKNOWLEDGED, "dan")


def test_a_storm_taken_one_by_one_is_in_hand_with_the_last(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    storm(story)
    story.at("02:20").acknowledges_all("dan")

    assert standing(story) == (Status.ACKNOWLEDGED, 2)
    assert story.silent_until("23:00")


def test_a_storm_of_which_one_is_in_nobodys_hand_goes_on(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    storm(story)
    story.at("02:10").acknowledges("dan", job="job-3")
    story.until("02:16")

    assert people(story)[2:] == [("02:15:30", "bob", "10 jobs", "escalated")]


def test_taking_one_alert_twice_takes_no_other_in_hand(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    story.policy = replace(story.policy, pace=Pace(together_from=2))
    storm(story, 3)
    for until in ("02:30", "02:40", "02:50"):
        story.at("02:10").acknowledges("dan", job="job-1", until=until)
    story.until("02:16")

    assert [who for _, who, _, _ in people(story)] == ["ann", "ann", "bob"]


def test_a_storm_taken_for_a_time_goes_on_after_it_where_it_was(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    storm(story)
    story.at("02:20").acknowledges_the_group("dan", until="03:00")
    told = len(people(story))
    story.until("04:00")

    assert people(story)[told:] == [
        ("03:00", "bob", "job-1", "firing"),
        ("03:00", "bob", "job-0", "repeat"),
        ("03:00:30", "bob", "8 jobs", "repeat"),
        ("03:15:30", "cem", "10 jobs", "escalated"),
    ]


def test_the_end_of_a_storm_is_told_to_every_level_that_heard_of_it_and_to_no_other(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    storm(story)
    for number in range(10):
        story.at("02:20").succeeds(f"job-{number}")
    story.until("05:00")

    assert people(story)[3:] == [
        ("02:20", "ann", "job-0", "resolved"),
        ("02:20", "ann", "10 jobs", "resolved"),
        ("02:20", "bob", "10 jobs", "resolved"),
    ]
    assert story.silent_until("23:00")


def test_after_downtime_a_storm_is_told_to_the_level_whose_time_it_is(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    storm(story)
    story.down("02:01", "02:50")
    story.until("03:30")

    assert people(story)[2:] == [("02:50", "cem", "10 jobs", "escalated")]


def test_after_downtime_a_level_hears_of_all_of_a_storm_at_once(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    storm(story)
    story.down("02:01", "02:20")
    story.until("02:21")

    assert people(story)[2:] == [("02:20", "bob", "10 jobs", "escalated")]
    assert group_of(story).total == 10


def test_a_policy_that_is_changed_changes_nothing_for_a_storm_that_climbs_it(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    storm(story)
    story.until("02:05")
    story.escalates(replace(VP, timeout_minutes=1))
    story.reloads()
    story.until("03:00")

    assert people(story)[2:] == [("02:15:30", "bob", "10 jobs", "escalated")]


def test_a_storm_that_grows_tells_nobody_of_the_levels_again(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    storm(story)
    for number in range(10, 20):
        story.at("02:04").fails(f"job-{number}")
    story.until("02:14")

    assert story.heard_of("10 more jobs") == [("02:05:30", "critical", "firing")]
    assert [when for when, *_ in people(story)] == ["02:00", "02:00:30"]


def test_a_storm_after_one_that_is_over_begins_at_the_first_level(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    storm(story)
    for number in range(10):
        story.at("02:20").succeeds(f"job-{number}")
    told = len(people(story))
    storm(story, 10, at="03:00")
    story.until("03:16")

    assert people(story)[told:] == [
        ("03:00", "ann", "job-0", "firing"),
        ("03:00:30", "ann", "9 more jobs", "firing"),
        ("03:15:30", "bob", "10 jobs", "escalated"),
    ]


def test_a_level_that_the_route_tells_anyway_is_told_once(story: Story) -> None:
    story.escalates(replace(ON_CALL, targets=("team",)), MANAGER)

    storm(story)
    story.until("02:10")

    assert [h.message.job for h in story.messages] == ["job-0", "9 more jobs"]


def test_a_level_outside_its_hours_is_passed_over_and_told_when_they_begin(story: Story) -> None:
    story.escalates(ON_CALL, replace(MANAGER, working_hours=OFFICE))

    storm(story)
    story.until("09:30")

    assert [(when, who) for when, who, _, _ in people(story)[2:]] == [("09:00", "bob")]


def test_a_storm_begins_anew_when_nobody_takes_it(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, repeat=30)

    storm(story)
    story.until("03:30")

    assert [(when, who) for when, who, _, _ in people(story)[3:]] == [
        ("03:00:30", "ann"),
        ("03:15:30", "bob"),
    ]
    assert dict(story.last.evidence)["escalation"].endswith("for the 2. time")


def test_a_level_by_the_deadline_is_told_by_the_earliest_of_the_storm(story: Story) -> None:
    story.escalates(ON_CALL, replace(VP, minutes_before_deadline=30))
    for number in range(10):
        story.job(f"job-{number}", schedule="0 2 * * *", deadline=f"0{4 + number % 3}:00", warn=1, critical=0)

    storm(story)
    story.until("03:31")

    assert [(when, who) for when, who, _, _ in people(story)] == [
        ("02:00", "ann"),
        ("02:00:30", "ann"),
        ("03:30", "cem"),
    ]


def test_a_level_by_the_deadline_keeps_to_that_of_a_storm_when_it_came_rather_too_soon(story: Story) -> None:
    story.escalates(ON_CALL, replace(VP, minutes_before_deadline=30))
    for number in range(10):
        deadline = "04:00" if number == 3 else "06:00"
        story.job(f"job-{number}", schedule="0 2 * * *", deadline=deadline, warn=1, critical=0)

    storm(story)
    story.at("02:30").succeeds("job-3")
    story.until("05:45")

    assert [(when, who) for when, who, _, _ in people(story)][2:] == [("03:30", "cem")]


def test_a_storm_that_a_silence_covers_rests_until_its_end(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    storm(story)
    story.at("02:05").silences("condition=job_failure", until="04:00")
    story.until("03:59")
    assert [who for _, who, _, _ in people(story)] == ["ann", "ann"]
    assert standing(story) == (Status.SUPPRESSED, 1)

    told = len(people(story))
    story.until("04:16")
    assert [(when, who, what) for when, who, what, _ in people(story)[told:]] == [
        ("04:00", "ann", "10 jobs"),
        ("04:15", "bob", "10 jobs"),
    ]


def test_a_storm_that_a_silence_covers_in_part_goes_on(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    storm(story)
    story.at("02:05").silences("job=job-4", until="04:00")
    story.until("02:16")

    assert [who for _, who, _, _ in people(story)] == ["ann", "ann", "bob"]


def test_what_gets_worse_as_a_storm_goes_on_at_the_level_where_it_was(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)
    for number in range(10):
        story.job(f"job-{number}", deadline="02:30", warn=60, critical=10)

    story.until("02:19")
    assert [who for _, who, _, _ in people(story)] == ["ann", "ann", "bob", "cem"]

    told = len(people(story))
    story.until("02:22")

    assert [(when, who) for when, who, _, kind in people(story)[told:] if kind != "resolved"] == [
        ("02:20", "cem"),
        ("02:20:30", "cem"),
    ]


def test_an_alert_with_ways_to_several_is_escalated_by_one_of_its_groups(story: Story) -> None:
    story.routes(("condition=job_failure", "first", "continue"), ("condition=job_failure", "second"))
    story.escalates(ON_CALL, MANAGER)

    storm(story)
    story.until("02:20")

    levels = [(when, who, what) for when, who, what, _ in people(story) if who in ("ann", "bob")]
    assert levels == [
        ("02:00", "ann", "job-0"),
        ("02:00:30", "ann", "9 more jobs"),
        ("02:15:30", "bob", "10 jobs"),
    ]


def test_an_old_trouble_of_its_own_goes_its_own_way_beside_a_storm(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    story.at("01:40").fails("old")
    storm(story)
    story.until("02:20")

    assert [(when, who, what) for when, who, what, _ in people(story)] == [
        ("01:40", "ann", "old"),
        ("01:55", "bob", "old"),
        ("02:00", "ann", "job-0"),
        ("02:00:30", "ann", "9 more jobs"),
        ("02:10", "cem", "old"),
        ("02:15:30", "bob", "10 jobs"),
    ]
