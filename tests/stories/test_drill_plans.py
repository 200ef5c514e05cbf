"""Drills of the configuration: begun when their hour comes, and an alert where one was not proved."""

from dataclasses import replace
from datetime import timedelta

from tests.stories.story import Story
from tests.stories.test_drills import told
from tocsin.alerts.drill import Aim, Drill, DrillPlan
from tocsin.jobs.schedule import read_schedule


def newest(story: Story) -> Drill:
    with story.server.store.reading() as reading:
        return reading.drills(1)[0]


def a_plan(aim: Aim = Aim.RECEIVER, target: str = "team", **changes: object) -> DrillPlan:
    plan = DrillPlan(name="weekly", aim=aim, target=target, schedule=read_schedule("0 10 * * *", "UTC"))
    return replace(plan, **changes)  # type: ignore[arg-type]  # the fields of a plan


def test_a_drill_of_the_configuration_begins_when_its_hour_comes(story: Story) -> None:
    story.drills = (a_plan(),)

    assert story.silent_until("09:59")
    story.until("10:00")
    story.until("Wed 10:00")

    assert told(story) == 2 * [("team", "firing"), ("team", "resolved")]
    assert newest(story).started_by == "the schedule of drill weekly"
    assert story.open == []


def test_a_drill_that_was_not_proved_is_an_alert_until_it_is(story: Story) -> None:
    story.receiver("ops").is_down = True
    story.drills = (a_plan(target="ops"),)

    story.until("10:02")
    assert story.open == [("drill", "drill_failed", "critical")]
    assert story.last.title.startswith("weekly: alerts may not arrive: receiver ops: ops was not reached")
    assert story.last.next_step.endswith("tocsin drill --receiver ops")
    story.receivers["ops"].is_down = False
    story.until("Wed 10:00")

    assert story.open == []
    assert story.heard_by("team")[0] == ("10:02", "critical", "firing")
    assert story.heard_by("team")[-1] == ("Wed 10:00", "critical", "resolved")
    assert ("14:02", "critical", "repeat") in story.heard_by("team")


def test_a_drill_that_nobody_acknowledges_is_an_alert(story: Story) -> None:
    story.receiver("ops")
    story.drills = (a_plan(target="ops", acknowledge_within=timedelta(minutes=30)),)

    story.until("10:29")
    assert story.heard_by("team") == []
    story.until("10:30")

    assert story.heard_by("team") == [("10:30", "critical", "firing")]


def test_the_alert_of_a_drill_that_is_configured_no_more_is_closed(story: Story) -> None:
    story.receiver("ops").is_down = True
    story.drills = (a_plan(target="ops"),)
    story.until("10:05")

    story.drills = ()
    story.reloads()

    assert story.open == []
    assert story.heard_by("team")[-1] == ("10:05", "critical", "resolved")


def test_a_drill_of_what_is_no_more_is_an_alert_that_says_so(story: Story) -> None:
    story.drills = (a_plan(Aim.JOB, "etl", environment="production"),)

    story.until("10:00")

    assert story.last.title == "weekly: alerts may not arrive: there is no job 'etl' in 'production'"


def test_an_hour_that_passed_while_the_server_was_away_is_made_up_for_once_if_it_is_fresh(
    story: Story,
) -> None:
    story.drills = (a_plan(),)

    story.down("09:00", "10:30")
    assert [kind for _, kind in told(story)] == ["firing", "resolved"]
    story.down("Wed 09:00", "Wed 23:00")
    story.until("Wed 23:30")

    assert len(told(story)) == 2


def test_a_restart_begins_no_drill_a_second_time(story: Story) -> None:
    story.drills = (a_plan(),)

    story.until("10:00")
    story.down("10:00:05", "10:00:20")
    story.until("11:00")

    assert len(told(story)) == 2


def test_a_new_drill_begins_at_its_next_hour_and_not_at_the_last(story: Story) -> None:
    story.until("10:20")
    story.drills = (a_plan(),)

    story.reloads()

    assert story.silent_until("Wed 09:59")
