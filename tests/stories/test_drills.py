"""Drills: marked tests on the way that alerts take, which prove that somebody would be told."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from tests.stories.story import Receiver, Story
from tocsin.alerts.drill import Aim, Drill
from tocsin.engine.commands import Acknowledge, Done, Refusal, Refused, Resolve, StartDrill
from tocsin.errors import ChannelError
from tocsin.notify.channel import Accepted
from tocsin.notify.message import Message
from tocsin.oncall.escalation import Level
from tocsin.oncall.responder import Responder
from tocsin.oncall.restriction import Restriction
from tocsin.oncall.rotation import Rotation
from tocsin.oncall.schedule import Layer, OnCallSchedule
from tocsin.rules.finding import Severity

ON_CALL = Level(name="on-call", targets=("ann",), timeout_minutes=15)
MANAGER = Level(name="manager", targets=("bob",), timeout_minutes=15)
OFFICE = (Restriction(weekdays=(0, 1, 2, 3, 4), starts=time(9), ends=time(17)),)


class Refusing(Receiver):
    """A channel that will never take anything."""

    def send(self, message: Message, *, at: datetime) -> Accepted:
        raise ChannelError(f"no such number for {message.kind.value} at {at:%H:%M}", permanent=True)


def begin(
    story: Story, aim: Aim, target: str, *, acknowledge: timedelta | None = None, environment: str = ""
) -> Drill:
    command = StartDrill(
        aim=aim, target=target, who="kim", environment=environment, acknowledge_within=acknowledge
    )
    begun = story.server.order(command)
    assert isinstance(begun, Done), begun
    return drill_of(story, begun.id)


def drill_of(story: Story, drill_id: str) -> Drill:
    with story.server.store.reading() as reading:
        found = reading.drill(drill_id)
    assert found is not None
    return found


def told(story: Story) -> list[tuple[str, str]]:
    """Return who was told what kind of news, in order."""
    return [(h.target, h.message.kind.value) for h in story.messages]


def test_a_drill_of_a_receiver_is_told_and_closed_and_proves_that_it_arrived(story: Story) -> None:
    story.until("08:00")

    drill = begin(story, Aim.RECEIVER, "team")

    assert told(story) == [("team", "firing"), ("team", "resolved")]
    assert drill_of(story, drill.id).over_at == story.instant("08:00")
    assert drill_of(story, drill.id).faults == ()
    assert story.open == []


def test_every_word_of_a_drill_says_that_it_is_one(story: Story) -> None:
    story.until("08:00")

    begin(story, Aim.RECEIVER, "team")

    assert [h.message.is_drill for h in story.messages] == [True, True]
    assert "nothing is wrong" in story.messages[0].message.title
    assert story.last.text == "drill: the drill is over (after 0.0 s)."


def test_every_level_of_a_policy_is_told_at_once_and_only_once(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)
    story.until("08:00")

    drill = begin(story, Aim.POLICY, "standard")
    story.until("12:00")

    assert told(story) == [("ann", "firing"), ("bob", "firing"), ("ann", "resolved"), ("bob", "resolved")]
    assert drill_of(story, drill.id).faults == ()


def test_a_level_with_nobody_on_call_is_a_fault_and_the_others_are_told(story: Story) -> None:
    rotation = Rotation(
        participants=("ann",), starts_on=story.day, starts=time(12), timezone="UTC", length_hours=12
    )
    story.responders["ann"] = Responder(name="ann", receivers=("team",))
    story.on_call["primary"] = OnCallSchedule(name="primary", layers=(Layer(name="1", rotation=rotation),))
    story.escalates(replace(ON_CALL, targets=("primary",)), MANAGER)
    del story.receivers["primary"]
    story.until("08:00")

    drill = begin(story, Aim.POLICY, "standard")

    assert drill_of(story, drill.id).faults == ("level 1 (on-call): nobody is on call in primary",)
    assert told(story)[0] == ("bob", "firing")


def test_a_level_outside_its_working_hours_is_passed_over_and_nobody_of_it_is_woken(story: Story) -> None:
    story.escalates(replace(ON_CALL, working_hours=OFFICE), MANAGER)
    story.until("03:00")

    drill = begin(story, Aim.POLICY, "standard")

    assert drill_of(story, drill.id).faults == ()
    assert {target for target, _ in told(story)} == {"bob"}


def test_a_policy_nobody_of_which_can_be_told_now_is_not_proved(story: Story) -> None:
    story.escalates(replace(ON_CALL, working_hours=OFFICE))
    story.until("03:00")

    drill = begin(story, Aim.POLICY, "standard")

    assert drill_of(story, drill.id).faults == (
        "nobody was told: level 1 (on-call): it is outside its working hours",
    )
    assert told(story) == []


def test_a_channel_that_takes_nothing_is_a_fault_when_the_time_is_over(story: Story) -> None:
    story.receiver("ops").is_down = True
    story.until("08:00")

    drill = begin(story, Aim.RECEIVER, "ops")
    story.until("08:01:59")
    assert drill_of(story, drill.id).over_at is None
    story.until("08:02")

    assert drill_of(story, drill.id).faults == ("receiver ops: ops was not reached in time: nobody answers",)


def test_nobody_stands_in_for_who_was_not_reached_and_nothing_comes_after_it_is_over(story: Story) -> None:
    story.receiver("ops").is_down = True
    story.until("08:00")

    begin(story, Aim.RECEIVER, "ops")
    story.until("08:10")
    story.receivers["ops"].is_down = False
    story.until("12:00")

    assert told(story) == []


def test_a_channel_that_refuses_it_is_a_fault_at_once_and_nobody_stands_in(story: Story) -> None:
    story.receivers["ops"] = Refusing("ops", story.messages)
    story.until("08:00")

    drill = begin(story, Aim.RECEIVER, "ops")
    story.until("09:00")

    assert drill_of(story, drill.id).over_at == story.instant("08:00")
    assert drill_of(story, drill.id).faults == (
        "receiver ops: ops was not reached: no such number for firing at 08:00",
    )
    assert told(story) == []


def test_who_acknowledges_proves_that_a_person_has_read_it(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)
    story.receivers["ann"].tracks = True
    story.until("08:00")

    drill = begin(story, Aim.POLICY, "standard", acknowledge=timedelta(minutes=15))
    story.until("08:03")
    story.server.order(Acknowledge(alert_id=f"{drill.id}-1", who="ann"))
    assert drill_of(story, drill.id).over_at is None
    story.until("08:05")
    story.server.order(Resolve(alert_id=f"{drill.id}-2", who="bob"))

    assert drill_of(story, drill.id).faults == ()
    assert drill_of(story, drill.id).over_at == story.instant("08:05")
    assert told(story)[2:] == [("ann", "acknowledged"), ("bob", "resolved"), ("ann", "resolved")]


def test_who_does_not_acknowledge_in_time_is_named_by_level(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)
    story.until("08:00")

    drill = begin(story, Aim.POLICY, "standard", acknowledge=timedelta(minutes=15))
    story.server.order(Acknowledge(alert_id=f"{drill.id}-1", who="ann"))
    story.until("08:15")

    assert drill_of(story, drill.id).faults == ("level 2 (manager): nobody has acknowledged it in time",)
    assert story.open == []


def test_a_drill_of_a_job_takes_the_way_of_its_alerts(story: Story) -> None:
    story.routes(("severity=critical job=etl", "etl-team"))
    story.job("etl")
    story.escalates(replace(ON_CALL, targets=("ann", "etl-team")), MANAGER)
    story.until("08:00")

    drill = begin(story, Aim.JOB, "etl", environment="production")

    assert [(level.name, level.targets) for level in drill.levels] == [
        ("routes", ("etl-team",)),
        ("on-call", ("ann",)),
    ]
    assert [target for target, kind in told(story) if kind == "firing"] == ["etl-team", "ann"]
    assert story.open == []


def test_a_drill_of_a_job_whose_alerts_are_silenced_says_by_what(story: Story) -> None:
    story.job("etl")
    story.at("08:00").silences("job=etl", until="09:00")

    drill = begin(story, Aim.JOB, "etl", environment="production")

    (fault,) = drill_of(story, drill.id).faults
    assert fault.startswith("nobody was told: routes: silenced until 2026-03-10 09:00 UTC: silence ")
    assert told(story) == []


def test_a_drill_of_a_job_whose_alerts_another_alert_mutes_says_which(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)
    story.inhibits("job=host", "severity!=page", "zone", name="the host is down")
    for job, zone in (("host", "a"), ("etl", "a"), ("mail", "b")):
        story.job(job, labels=(("zone", zone),))
    story.at("08:00").fails("host")
    (cause,) = story.alerts()
    known = len(story.messages)

    muted = begin(story, Aim.JOB, "etl", environment="production")
    heard = story.messages[known:]
    other = begin(story, Aim.JOB, "mail", environment="production")
    story.at("08:30").succeeds("host")
    after = begin(story, Aim.JOB, "etl", environment="production")

    words = f"muted while alert {cause.id} of host is open, by 'the host is down'"
    assert drill_of(story, muted.id).faults == (f"nobody was told: routes: {words}",)
    assert heard == []
    assert drill_of(story, other.id).faults == drill_of(story, after.id).faults == ()


def test_a_drill_of_a_paused_job_proves_nothing(story: Story) -> None:
    story.escalates(ON_CALL, MANAGER)
    story.job("etl")
    story.at("08:00").pauses("etl")

    drill = begin(story, Aim.JOB, "etl", environment="production")

    assert drill_of(story, drill.id).faults == ("nobody was told: routes: the job is paused by ann",)
    assert told(story) == []


def test_a_drill_of_a_job_at_a_muted_time_says_what_mutes_it(story: Story) -> None:
    story.job("etl")
    story.time_interval("night", "00:00-09:00")
    story.routes(("job=etl", "etl-team", "mute=night"))
    story.until("08:00")

    drill = begin(story, Aim.JOB, "etl", environment="production")

    assert drill_of(story, drill.id).faults == ("nobody was told: routes: etl-team is muted by night",)


@pytest.mark.parametrize(
    ("aim", "target", "said"),
    [
        (Aim.RECEIVER, "nobody", "there is no receiver 'nobody'; there are: team"),
        (Aim.POLICY, "none", "there is no escalation policy 'none'; there are: none"),
        (Aim.JOB, "etl", "there is no job 'etl' in 'production'"),
    ],
)
def test_what_there_is_not_is_refused_by_name(story: Story, aim: Aim, target: str, said: str) -> None:
    story.until("08:00")

    answer = story.server.order(StartDrill(aim=aim, target=target, who="kim", environment="production"))

    assert answer == Refused(reason=Refusal.NOT_FOUND, message=said)
    assert told(story) == []


@pytest.mark.parametrize("within", [timedelta(), timedelta(days=2)])
def test_a_wait_without_sense_is_refused(story: Story, within: timedelta) -> None:
    story.until("08:00")

    for command in (
        StartDrill(aim=Aim.RECEIVER, target="team", who="kim", deliver_within=within),
        StartDrill(aim=Aim.RECEIVER, target="team", who="kim", acknowledge_within=within),
    ):
        answer = story.server.order(command)
        assert isinstance(answer, Refused)
        assert answer.reason is Refusal.INVALID


def test_a_drill_goes_on_after_a_restart_in_its_middle(story: Story) -> None:
    story.until("08:00")
    drill = begin(story, Aim.RECEIVER, "team", acknowledge=timedelta(minutes=15))

    story.down("08:01", "08:02")
    story.server.order(Acknowledge(alert_id=f"{drill.id}-0", who="kim"))
    story.until("09:00")

    assert drill_of(story, drill.id).over_at == story.instant("08:02")
    assert told(story) == [("team", "firing"), ("team", "resolved")]


def test_a_drill_whose_time_was_over_while_the_server_was_away_is_closed_then(story: Story) -> None:
    story.until("08:00")
    drill = begin(story, Aim.RECEIVER, "team", acknowledge=timedelta(minutes=5))

    story.down("08:01", "08:30")
    story.until("09:00")

    assert drill_of(story, drill.id).over_at == story.instant("08:30")
    assert told(story) == [("team", "firing"), ("team", "resolved")]


def test_a_drill_that_cannot_be_read_costs_itself_alone(story: Story, tmp_path: Path) -> None:
    story.until("08:00")
    begin(story, Aim.RECEIVER, "team", acknowledge=timedelta(minutes=15))
    story.server.die()
    with closing(sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)) as damaging:
        damaging.execute("UPDATE drills SET body = '{'")
    story.server.boot(story.configuration)
    other = begin(story, Aim.RECEIVER, "team", acknowledge=timedelta(minutes=10))

    story.at("08:20").fails("etl")

    assert story.heard_of("etl") == [("08:20", "critical", "firing")]
    assert drill_of(story, other.id).over_at == story.instant("08:10")


def test_a_drill_is_in_no_digest_and_opens_no_escalation(story: Story) -> None:
    story.receiver("daily").digest_at = "09:00"
    story.route = replace(story.route, receiver="daily")
    story.escalates(ON_CALL)
    story.until("08:00")

    begin(story, Aim.RECEIVER, "team")
    story.until("09:30")

    assert [h.target for h in story.messages] == ["team", "team", "daily"]
    assert "drill" not in story.last.text


def test_the_severity_of_a_drill_is_what_was_asked_for(story: Story) -> None:
    story.until("08:00")

    story.server.order(StartDrill(aim=Aim.RECEIVER, target="team", who="kim", severity=Severity.PAGE))

    assert [severity for _, severity, _ in story.heard] == ["page", "page"]


def test_a_drill_has_no_longer_to_arrive_because_a_clock_was_set_back(story: Story) -> None:
    story.receiver("ops").is_down = True
    story.until("08:00")

    drill = begin(story, Aim.RECEIVER, "ops")
    story.set_back("08:01", "07:01")
    story.until("07:02:59")
    assert drill_of(story, drill.id).over_at is None
    story.until("07:03:01")

    over = drill_of(story, drill.id)
    assert over.faults == ("receiver ops: ops was not reached in time: nobody answers",)
    assert over.over_at is not None
    assert over.started_at < over.over_at


def test_by_when_a_drill_is_to_be_acknowledged_stays_as_its_message_has_said(story: Story) -> None:
    story.receiver("ops")
    story.until("08:00")

    drill = begin(story, Aim.RECEIVER, "ops", acknowledge=timedelta(minutes=15))
    story.set_back("08:01", "07:01")
    story.until("08:14")
    assert drill_of(story, drill.id).over_at is None
    story.server.order(Acknowledge(alert_id=drill.levels[0].alert_id, who="ann"))
    story.until("08:15")

    assert drill_of(story, drill.id).faults == ()
