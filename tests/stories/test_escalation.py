"""Escalation: who is told next when nobody has taken it, and what stops that."""

from dataclasses import replace
from datetime import time

import pytest

from tests.stories.story import Story
from tocsin.oncall.escalation import Level, Status
from tocsin.oncall.responder import Responder
from tocsin.oncall.restriction import Restriction
from tocsin.oncall.rotation import Rotation
from tocsin.oncall.schedule import Layer, OnCallSchedule

ON_CALL = Level(name="on-call", targets=("ann",), timeout_minutes=15)
MANAGER = Level(name="engineering manager", targets=("bob",), timeout_minutes=15)
VP = Level(name="VP", targets=("cem",), timeout_minutes=30)
OFFICE = (Restriction(weekdays=(0, 1, 2, 3, 4), starts=time(9), ends=time(17)),)


def people(story: Story) -> list[tuple[str, str, str]]:
    """Return who of the policy was told: when, who, and what kind of news."""
    told = zip(story.heard, story.messages, strict=True)
    return [(when, h.target, kind) for (when, _, kind), h in told if h.target != "team"]


def climb_of(story: Story) -> tuple[Status, int]:
    (alert,) = story.alerts()
    assert alert.climb is not None
    return alert.climb.status, alert.climb.level


def test_each_level_is_told_when_nobody_has_taken_it_in_time(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    story.at("02:00").fails("etl")
    story.until("05:00")

    assert people(story) == [
        ("02:00", "ann", "firing"),
        ("02:15", "bob", "escalated"),
        ("02:30", "cem", "escalated"),
    ]
    assert story.heard_by("team") == [("02:00", "critical", "firing")]
    assert climb_of(story) == (Status.ESCALATED, 3)


def test_a_level_that_names_texts_is_told_on_each_telephone_of_somebody_with_several(story: Story) -> None:
    phones = ("ann/sms:+4930100", "ann/sms:+4930200")
    story.escalates(replace(ON_CALL, targets=phones, notification_channels=("sms",)), MANAGER)

    story.at("02:00").fails("etl")

    assert people(story) == [("02:00", phone, "firing") for phone in phones]


def test_every_step_stands_in_the_history_with_its_reason(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    story.at("02:00").fails("etl")
    story.at("02:20").acknowledges("dan")

    assert story.history("etl") == [
        ("02:00", "opened"),
        ("02:00", "told"),
        ("02:00", "escalation_begun"),
        ("02:15", "escalated"),
        ("02:20", "acknowledged"),
    ]
    assert story.notes("etl")[3] == "to level 2 of standard, engineering manager: bob"


def test_the_message_says_how_far_it_has_come(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    story.at("02:00").fails("etl")
    story.until("02:15")

    assert dict(story.last.evidence)["escalation"] == "level 2 of 3 of standard, engineering manager"


@pytest.mark.parametrize("when", ["02:10", "02:20"])
def test_who_takes_it_stops_it_also_after_it_has_escalated(story: Story, when: str) -> None:
    story.escalates(ON_CALL, MANAGER, VP, repeat=60)

    story.at("02:00").fails("etl")
    story.at(when).acknowledges("dan")

    assert story.silent_until("Wed 02:00")
    assert climb_of(story)[0] is Status.ACKNOWLEDGED


def test_everybody_who_was_told_on_the_way_hears_of_the_end_and_nobody_else(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    story.at("02:00").fails("etl")
    story.at("02:20").succeeds("etl")
    story.until("05:00")

    assert people(story)[2:] == [("02:20", "ann", "resolved"), ("02:20", "bob", "resolved")]
    assert climb_of(story)[0] is Status.RESOLVED


def test_an_acknowledgement_that_ends_goes_on_at_the_level_where_it_was(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    story.at("02:00").fails("etl")
    story.at("02:20").acknowledges("dan", until="03:00")
    story.until("04:00")

    assert people(story)[2:] == [("03:00", "bob", "repeat"), ("03:15", "cem", "escalated")]
    assert ("03:00", "escalation_went_on") in story.history("etl")


def test_what_gets_worse_after_it_was_taken_goes_on_at_the_level_where_it_was(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)
    story.job("report", deadline="08:00", warn=60, critical=30)

    story.at("07:10").acknowledges("dan")
    story.until("07:45")

    assert people(story) == [
        ("07:00", "ann", "firing"),
        ("07:30", "ann", "louder"),
        ("07:45", "bob", "escalated"),
    ]


def test_what_gets_worse_on_the_way_is_told_to_the_level_that_has_it(story: Story) -> None:
    story.escalates(replace(ON_CALL, timeout_minutes=45), MANAGER)
    story.job("report", deadline="08:00", warn=60, critical=30)

    story.until("07:50")

    assert people(story) == [
        ("07:00", "ann", "firing"),
        ("07:30", "ann", "louder"),
        ("07:45", "bob", "escalated"),
    ]


def test_a_policy_begins_anew_when_nobody_takes_it(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, repeat=30)

    story.at("02:00").fails("etl")
    story.until("03:30")

    assert people(story)[2:] == [("03:00", "ann", "escalated"), ("03:15", "bob", "escalated")]


def test_a_level_by_the_deadline_is_told_if_the_job_has_not_finished_by_then(story: Story) -> None:
    story.escalates(ON_CALL, replace(VP, minutes_before_deadline=30))
    story.job("etl", schedule="0 2 * * *", grace=10, deadline="06:00", warn=10, critical=5)

    story.until("05:45")

    assert people(story) == [("02:10", "ann", "firing"), ("05:30", "cem", "escalated")]


def test_a_level_by_the_deadline_is_told_in_time_of_a_run_that_was_not_expected_yet(story: Story) -> None:
    story.escalates(ON_CALL, replace(VP, minutes_before_deadline=30))
    story.job("etl", schedule="0 12 * * *", grace=30, offset=5)

    story.at("02:00").fails("etl")
    story.until("11:50")

    assert people(story)[-1] == ("11:35", "cem", "escalated")


def test_a_level_by_the_deadline_is_not_told_when_the_job_has_finished_in_time(story: Story) -> None:
    story.escalates(ON_CALL, replace(VP, minutes_before_deadline=30))
    story.job("etl", schedule="0 2 * * *", grace=10, deadline="06:00")

    story.at("05:00").succeeds("etl")
    story.until("07:00")

    assert [who for _, who, _ in people(story)] == ["ann", "ann"]


def test_a_level_with_nobody_behind_it_is_passed_over_at_once(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)
    del story.receivers["bob"]

    story.at("02:00").fails("etl")
    story.until("02:15")

    assert people(story) == [("02:00", "ann", "firing"), ("02:15", "cem", "escalated")]
    assert "to level 2 of standard, engineering manager: nobody is behind it" in story.notes("etl")


def test_outside_working_hours_the_level_above_is_told(story: Story) -> None:
    story.escalates(replace(ON_CALL, working_hours=OFFICE), MANAGER)

    story.at("02:00").fails("etl")
    story.until("12:00")

    assert people(story)[0] == ("02:00", "bob", "firing")


def test_when_nobody_works_the_first_who_does_again_is_told(story: Story) -> None:
    story.escalates(replace(ON_CALL, working_hours=OFFICE), replace(MANAGER, working_hours=OFFICE))

    story.at("02:00").fails("etl")
    story.until("09:15")

    assert people(story) == [("09:00", "ann", "escalated"), ("09:15", "bob", "escalated")]


def test_after_a_downtime_the_level_whose_time_it_is_is_told_once(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER, VP)

    story.at("02:00").fails("etl")
    story.down("02:05", "02:40")
    story.until("05:00")

    assert people(story) == [("02:00", "ann", "firing"), ("02:40", "cem", "escalated")]


def test_a_restart_tells_nobody_again(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    story.at("02:00").fails("etl")
    story.down("02:05", "02:05:10")
    story.down("02:16", "02:16:10")
    story.until("03:00")

    assert people(story) == [("02:00", "ann", "firing"), ("02:15", "bob", "escalated")]


def test_a_change_of_the_configuration_does_not_touch_what_is_being_climbed(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    story.at("02:00").fails("etl")
    story.escalations.clear()
    story.route = replace(story.route, escalation="")
    story.reloads()
    story.until("02:15")

    assert people(story)[1:] == [("02:15", "bob", "escalated")]


def test_what_is_worse_may_have_another_policy(story: Story) -> None:
    story.escalates(VP, name="pages")
    story.escalates(ON_CALL, MANAGER)
    story.routes(("severity=critical", "ops"))
    (branch,) = story.route.routes
    story.route = replace(story.route, routes=(replace(branch, escalation="pages"),), escalation="standard")
    story.job("report", deadline="08:00", warn=60, critical=50)

    story.until("07:20")

    assert people(story) == [
        ("07:00", "ann", "firing"),
        ("07:10", "ops", "louder"),
        ("07:10", "cem", "louder"),
    ]


def test_a_silence_suppresses_it_and_then_it_goes_on(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    story.at("02:00").fails("etl")
    story.at("02:05").silences("job=etl", until="03:00")
    story.until("02:30")
    assert climb_of(story)[0] is Status.SUPPRESSED
    story.until("03:15")

    assert people(story)[1:] == [("03:00", "ann", "escalated"), ("03:15", "bob", "escalated")]


def test_a_silence_that_is_lifted_lets_it_go_on_at_once(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    story.at("02:00").fails("etl")
    story.at("02:05").silences("job=etl", until="09:00")
    story.at("02:30").lifts_the_silence()

    assert people(story)[1:] == [("02:30", "ann", "escalated")]


def test_a_time_interval_that_mutes_every_way_suppresses_it(story: Story) -> None:
    story.time_interval("morning", "02:10-05:00")
    story.routes(("job=etl", "etl-team", "mute=morning"))
    story.escalates(ON_CALL, MANAGER)

    story.at("02:00").fails("etl")
    story.until("05:15")

    assert people(story)[2:] == [("05:00", "ann", "escalated"), ("05:15", "bob", "escalated")]


def test_whoever_is_on_call_then_is_told(story: Story) -> None:
    for name in ("ann", "bob"):
        story.receiver(f"{name}-phone")
        story.responders[name] = Responder(name=name, receivers=(f"{name}-phone",))
    rotation = Rotation(
        participants=("ann", "bob"), starts_on=story.day, starts=time(), timezone="UTC", length_hours=12
    )
    story.on_call["primary"] = OnCallSchedule(name="primary", layers=(Layer(name="1", rotation=rotation),))
    story.escalates(replace(ON_CALL, targets=("primary",)), repeat=600)
    del story.receivers["primary"]

    story.at("02:00").fails("etl")
    story.until("13:00")

    assert people(story) == [("02:00", "ann-phone", "firing"), ("12:15", "bob-phone", "escalated")]


def test_who_is_told_by_the_route_as_well_hears_it_once(story: Story) -> None:
    story.escalates(replace(ON_CALL, targets=("team", "ann")), MANAGER)

    story.at("02:00").fails("etl")

    assert story.heard_by("team") == [("02:00", "critical", "firing")]
    assert len(story.heard_by("ann")) == 1


def test_a_level_that_could_not_be_reached_is_not_told_once_somebody_has_taken_it(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)
    story.receivers["bob"].is_down = True

    story.at("02:00").fails("etl")
    story.at("02:15:30").acknowledges("dan")
    story.receivers["bob"].is_down = False
    story.until("03:00")

    assert story.heard_by("bob") == []


def test_levels_are_told_however_often_the_alert_was_told_before(story: Story) -> None:
    story.policy = replace(story.policy, deduplication_limit=1)
    story.escalates(ON_CALL, MANAGER, VP)

    story.at("02:00").fails("etl")
    story.until("02:30")

    assert [who for _, who, _ in people(story)] == ["ann", "bob", "cem"]


def test_an_alert_that_nobody_was_told_of_is_not_escalated(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)

    story.at("01:00").silences("job=etl", until="03:00")
    story.at("02:00").fails("etl")
    story.until("02:59")
    assert story.heard == []

    story.until("03:15")
    assert people(story) == [("03:00", "ann", "firing"), ("03:15", "bob", "escalated")]


def test_a_route_whose_receiver_is_told_once_a_day_escalates_at_once(story: Story) -> None:
    story.receivers["team"].digest_at = "08:00"
    story.escalates(ON_CALL, MANAGER)

    story.at("02:00").fails("etl")
    story.until("03:00")

    assert people(story) == [("02:00", "ann", "firing"), ("02:15", "bob", "escalated")]
    assert story.history("etl") == [
        ("02:00", "opened"),
        ("02:00", "told"),
        ("02:00", "escalation_begun"),
        ("02:15", "escalated"),
    ]


def test_what_got_louder_where_all_is_told_once_a_day_is_heard_at_once(story: Story) -> None:
    story.receivers["team"].digest_at = "08:00"
    story.escalates(ON_CALL, MANAGER)
    story.rule("job_failure", severity="warning")
    story.rule("job_failure", name="twice", severity="page", in_a_row=2)
    story.at("02:00").fails("etl")
    story.at("02:05").acknowledges("ann")

    story.at("02:10").fails("etl")

    assert people(story)[1:] == [("02:10", "ann", "louder")]


def test_where_all_is_told_once_a_day_the_end_is_told_to_who_was_woken_and_nobody_after_it(
    story: Story,
) -> None:
    story.receivers["team"].digest_at = "08:00"
    story.escalates(ON_CALL, MANAGER)

    story.at("02:00").fails("etl")
    story.at("02:10").succeeds("etl")
    story.until("05:00")

    assert people(story) == [("02:00", "ann", "firing"), ("02:10", "ann", "resolved")]
