"""At a hand-over whoever comes on call is told once what is open, what is in hand, and what is silenced."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from tests.stories.story import Story
from tocsin.alerts.drill import Aim
from tocsin.engine.commands import AddOverrides, Done, RemoveOverride, StartDrill
from tocsin.oncall.override import Cover
from tocsin.oncall.responder import Responder
from tocsin.oncall.rotation import Rotation
from tocsin.oncall.schedule import HandOverTo, Layer, OnCallSchedule


@pytest.fixture
def rota(story: Story) -> Story:
    """Ann and Bob, each for twelve hours from midnight and noon."""
    for name in ("ann", "bob"):
        story.receiver(f"{name}/slack")
        story.responders[name] = Responder(name=name, receivers=(f"{name}/slack",))
    rotation = Rotation(
        participants=("ann", "bob"), starts_on=story.day, starts=time(), timezone="UTC", length_hours=12
    )
    story.on_call["primary"] = OnCallSchedule(
        name="primary", layers=(Layer(name="1", rotation=rotation),), hand_over_to=HandOverTo.COMES
    )
    return story


def told(story: Story) -> list[tuple[str, str]]:
    """Return who was told of a hand-over, and when."""
    heard = [h for h in story.messages if h.message.condition == "hand_over"]
    return [(story.clock_time(h.at), h.target) for h in heard]


def told_to(story: Story, whom: HandOverTo) -> None:
    story.on_call["primary"] = replace(story.on_call["primary"], hand_over_to=whom)


def covered(story: Story, whom: str, starts: str, ends: str) -> str:
    cover = Cover(responder=whom, starts_at=story.instant(starts), ends_at=story.instant(ends))
    done = story.server.order(AddOverrides(schedule="primary", covers=(cover,), who="kim"))
    assert isinstance(done, Done)
    return done.id


def test_who_comes_on_call_is_told_once_at_each_hand_over(rota: Story) -> None:
    rota.until("Wed 12:30")

    assert told(rota) == [
        ("00:00", "ann/slack"),
        ("12:00", "bob/slack"),
        ("Wed 00:00", "ann/slack"),
        ("Wed 12:00", "bob/slack"),
    ]


def test_nobody_is_told_where_nobody_asked_for_it(rota: Story) -> None:
    told_to(rota, HandOverTo.NOBODY)

    assert rota.silent_until("Wed 12:30")


def test_who_goes_is_told_as_well_where_that_is_wanted(rota: Story) -> None:
    told_to(rota, HandOverTo.BOTH)

    rota.until("12:30")

    assert told(rota)[-2:] == [("12:00", "bob/slack"), ("12:00", "ann/slack")]


def test_it_says_what_is_open_who_has_it_and_what_is_silenced(rota: Story) -> None:
    rota.at("10:00").fails("etl")
    rota.at("10:30").acknowledges("dan")
    rota.at("11:00").silences("job=load", until="15:00")
    rota.at("11:30").fails("report")
    rota.at("11:40").fails("gone")
    rota.at("11:45").succeeds("gone")

    rota.until("12:00")

    said = rota.last
    assert said.job == "on-call primary"
    assert said.title == "bob takes over from ann on Tue 10 Mar 12:00 (UTC), until Wed 11 Mar 00:00"
    head, *lines = said.text.splitlines()
    assert head == "2 alerts open:"
    assert [line.startswith("- critical: ") for line in lines] == [True, True]
    assert "dan has it in hand" in said.text
    assert "gone" not in said.text
    ((name, silence),) = said.evidence
    assert (name, silence.partition(" until ")[2]) == ("silence", "Tue 10 Mar 15:00, by ann: known")


def test_a_drill_under_way_is_nothing_that_is_handed_over(rota: Story) -> None:
    rota.until("11:55")
    wait = timedelta(minutes=30)
    rota.server.order(StartDrill(aim=Aim.RECEIVER, target="team", who="kim", acknowledge_within=wait))

    rota.until("12:00")

    assert rota.last.text == "No alert is open."


def test_an_override_is_a_hand_over_and_so_is_its_end(rota: Story) -> None:
    rota.until("02:00")
    covered(rota, "bob", "03:00", "05:00")

    rota.until("11:00")

    assert told(rota)[1:] == [("03:00", "bob/slack"), ("05:00", "ann/slack")]


def test_an_override_that_begins_and_ends_now_is_told_at_once(rota: Story) -> None:
    rota.until("02:00")
    override = covered(rota, "bob", "02:00", "11:00")
    assert told(rota)[1:] == [("02:00", "bob/slack")]
    rota.until("04:00")

    rota.server.order(RemoveOverride(override_id=override, who="kim"))

    assert told(rota)[2:] == [("04:00", "ann/slack")]


def test_hand_overs_that_passed_while_the_server_was_away_are_told_as_the_last_one_alone(rota: Story) -> None:
    rota.down("11:00", "Wed 13:00")

    assert told(rota)[1:] == [("Wed 13:00", "bob/slack")]
    assert rota.last.title.startswith("bob takes over from ann on Wed 11 Mar 12:00")


def test_after_months_away_with_hourly_turns_the_last_hand_over_is_told(rota: Story) -> None:
    (layer,) = rota.on_call["primary"].layers
    hourly = replace(layer, rotation=replace(layer.rotation, length_hours=1))
    rota.on_call["primary"] = replace(rota.on_call["primary"], layers=(hourly,))
    rota.until("00:10")

    rota.down("00:20", "2026-07-10 15:40")

    assert told(rota)[1:] == [("Fri 15:40", "bob/slack")]
    assert rota.last.title.startswith("bob takes over from ann on Fri 10 Jul 15:00")


def test_a_restart_tells_nobody_again(rota: Story) -> None:
    rota.until("12:00")
    rota.down("12:00:05", "12:00:20")
    rota.until("13:00")

    assert len(told(rota)) == 2


def test_when_nobody_takes_over_who_goes_is_told_if_that_is_wanted(rota: Story) -> None:
    gone = replace(rota.on_call["primary"].layers[0].rotation, participants=("bob",), starts=time(20))
    told_to(rota, HandOverTo.BOTH)
    rota.until("11:00")
    rota.on_call["primary"] = replace(rota.on_call["primary"], layers=(Layer(name="1", rotation=gone),))

    rota.reloads()

    assert told(rota)[-1] == ("11:00", "ann/slack")
    assert "nobody takes over" in rota.last.title


def test_what_only_wakes_people_is_left_out(rota: Story) -> None:
    waking = ("bob/pagerduty", "bob/phone", "bob/phone:+4930100", "bob/phone:+4930200")
    for target in waking:
        rota.receiver(target)
    receivers = (*waking, "bob/slack")
    rota.responders["bob"] = Responder(name="bob", receivers=receivers)

    rota.until("12:00")

    assert told(rota)[1:] == [("12:00", "bob/slack")]


def test_a_schedule_that_is_new_begins_with_its_next_hand_over(rota: Story) -> None:
    told_to(rota, HandOverTo.NOBODY)
    rota.until("10:00")
    told_to(rota, HandOverTo.COMES)

    rota.reloads()

    assert rota.silent_until("11:59")
    rota.until("12:00")
    assert told(rota) == [("12:00", "bob/slack")]
