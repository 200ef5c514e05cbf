"""Whoever is on call when it is their level's turn is the one who is woken."""

from datetime import time

import pytest

from tests.stories.moment import Moment
from tests.stories.story import Story
from tocsin.engine.commands import AddOverrides, RemoveOverride
from tocsin.oncall.escalation import Level
from tocsin.oncall.override import Cover
from tocsin.oncall.responder import Responder
from tocsin.oncall.restriction import Restriction
from tocsin.oncall.rotation import DAILY_HOURS, Rotation
from tocsin.oncall.schedule import Layer, OnCallSchedule

FIRST = Level(name="on-call", targets=("primary",), timeout_minutes=30)
SECOND = Level(name="second", targets=("primary",), timeout_minutes=30)


@pytest.fixture
def people(story: Story) -> Story:
    """A story in which ann and bob take turns by the day, from 09:00 in New York on, each with a phone."""
    story.begins("2026-03-07", zone="America/New_York")
    for name in ("ann", "bob", "cem"):
        story.receiver(f"{name}-phone")
        story.responders[name] = Responder(name=name, receivers=(f"{name}-phone",))
    story.on_call["primary"] = OnCallSchedule(name="primary", layers=(daily(story, "ann", "bob"),))
    story.escalates(FIRST, SECOND)
    del story.receivers["primary"]
    return story


def daily(story: Story, *participants: str, only: tuple[Restriction, ...] = ()) -> Layer:
    rotation = Rotation(
        participants=participants,
        starts_on=story.day,
        starts=time(9),
        timezone="America/New_York",
        length_hours=DAILY_HOURS,
    )
    return Layer(name="daily", rotation=rotation, restrictions=only)


def woken(story: Story) -> list[tuple[str, str]]:
    """Return who was woken, and when."""
    told = zip(story.heard, story.messages, strict=True)
    return [(when, h.target.removesuffix("-phone")) for (when, _, _), h in told if h.target != "team"]


def stands_in(story: Story, now: str, responder: str, since: str, until: str) -> Moment:
    """Have somebody be on call for a span."""
    cover = Cover(responder=responder, starts_at=story.instant(since), ends_at=story.instant(until))
    return story.at(now).orders(AddOverrides(schedule="primary", covers=(cover,), who="kim"))


def test_the_hand_over_is_at_nine_also_on_the_day_of_23_hours(people: Story) -> None:
    people.at("Sun 08:45").fails("etl")
    people.at("Sun 09:00").fails("report")

    assert woken(people) == [("Sun 08:45", "ann"), ("Sun 09:00", "bob")]


def test_whoever_comes_while_nobody_has_taken_it_is_woken_at_the_next_level(people: Story) -> None:
    people.at("Sun 08:45").fails("etl")
    people.until("Sun 10:00")

    assert woken(people) == [("Sun 08:45", "ann"), ("Sun 09:15", "bob")]


def test_who_stands_in_is_woken_in_the_span_and_nobody_else(people: Story) -> None:
    stands_in(people, "10:00", "cem", since="12:00", until="14:00")

    for when, job in (("11:45", "a"), ("12:00", "b"), ("13:45", "c"), ("14:00", "d")):
        people.at(when).fails(job)
        people.at(when).acknowledges_all("dan")

    assert woken(people) == [("11:45", "ann"), ("12:00", "cem"), ("13:45", "cem"), ("14:00", "ann")]


def test_an_override_that_is_removed_wakes_nobody_any_more(people: Story) -> None:
    stands_in(people, "10:00", "cem", since="12:00", until="14:00")
    with people.server.store.reading() as reading:
        (override,) = reading.overrides(ended_since=people.instant("10:00"))

    people.at("12:30").orders(RemoveOverride(override_id=override.id, who="kim"))
    people.at("12:31").fails("etl")

    assert woken(people) == [("12:31", "ann")]


def test_an_override_holds_over_a_restart(people: Story) -> None:
    stands_in(people, "10:00", "cem", since="12:00", until="14:00")

    people.down("11:00", "11:00")
    people.at("12:30").fails("etl")

    assert woken(people) == [("12:30", "cem")]


def test_a_level_in_a_gap_is_passed_over_and_one_who_stands_in_fills_it(people: Story) -> None:
    office = (Restriction(starts=time(9), ends=time(17)),)
    people.on_call["primary"] = OnCallSchedule(name="primary", layers=(daily(people, "ann", only=office),))

    people.at("18:00").fails("etl")
    people.until("20:00")
    assert woken(people) == []
    stands_in(people, "20:00", "cem", since="20:00", until="22:00")
    people.at("21:00").fails("report")

    assert woken(people) == [("20:15", "cem"), ("21:00", "cem")]
