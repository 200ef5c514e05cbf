"""Whoever is on call is the one whom a calendar on the wall names, through every change of every clock."""

import dataclasses
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.calendar_on_the_wall import HOUR, MINUTE, stretches, who_at
from tests.laws.transitions import Transition, transitions
from tocsin.oncall.override import Override
from tocsin.oncall.restriction import Restriction
from tocsin.oncall.rotation import DAILY_HOURS, WEEKLY_HOURS, Rotation
from tocsin.oncall.schedule import Layer, OnCallSchedule, gaps, next_change, on_call, shifts

NAME = "payments"
ZONES = sorted(available_timezones() - {"localtime", "Factory"})
DAY = timedelta(days=1)
EVERY = timedelta(minutes=25)

law = settings(derandomize=True, database=None, deadline=None)

names = st.sampled_from(["ada", "bob", "cyd", "dan"])
times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45, 1, 59]))
around_the_change = st.builds(time, st.integers(0, 3), st.sampled_from([0, 30]))
wall_times = times | around_the_change
rotations = st.builds(
    Rotation,
    participants=st.lists(names, min_size=1, max_size=5).map(tuple),
    starts_on=st.dates(date(2001, 1, 1), date(2006, 12, 31)),
    starts=wall_times,
    timezone=st.sampled_from(ZONES),
    length_hours=st.sampled_from([1, 2, 5, 8, 12, DAILY_HOURS, 36, 3 * DAILY_HOURS, WEEKLY_HOURS]),
)
restrictions = st.builds(
    Restriction,
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    starts=wall_times,
    ends=wall_times,
)
layers = st.builds(
    Layer,
    name=st.just("a layer"),
    rotation=rotations,
    restrictions=st.lists(restrictions, max_size=3).map(tuple),
)


def schedule_of(*layers: Layer) -> OnCallSchedule:
    return OnCallSchedule(name=NAME, layers=layers)


def override(number: int, responder: str, starts_at: datetime, length: timedelta) -> Override:
    return Override(
        id=f"o{number}",
        schedule=NAME,
        responder=responder,
        starts_at=starts_at,
        ends_at=starts_at + length,
        created_by="kim",
        created_at=datetime(2001, 1, 1, tzinfo=UTC) + number % 3 * DAY,
    )


@st.composite
def situations(draw: st.DrawFn) -> tuple[OnCallSchedule, list[Override], datetime]:
    """An on-call schedule with overrides, and an instant near a change of one of its clocks."""
    change = draw(st.sampled_from(transitions()))
    first, *others = draw(st.lists(layers, min_size=1, max_size=3))
    there = dataclasses.replace(first, rotation=dataclasses.replace(first.rotation, timezone=change.zone))
    schedule, near = schedule_of(*draw(st.permutations([there, *others]))), change.at
    spans = draw(st.lists(st.tuples(names, st.integers(-2_000, 2_000), st.integers(1, 2_000)), max_size=3))
    overrides = [
        override(number, responder, near + start * MINUTE, length * MINUTE)
        for number, (responder, start, length) in enumerate(spans)
    ]
    return schedule, overrides, near


def assert_same(schedule: OnCallSchedule, overrides: list[Override], first: datetime, last: datetime) -> None:
    """See that every span, and so every boundary, is the one that the calendar on the wall has."""
    ours = [
        *(
            (shift.starts_at, shift.ends_at, shift.responder)
            for shift in shifts(schedule, overrides, first, last)
        ),
        *((gap.starts_at, gap.ends_at, None) for gap in gaps(schedule, overrides, first, last)),
    ]
    known = stretches(schedule, overrides, first, last)
    assert sorted(ours, key=lambda one: one[0]) == known
    for starts_at, ends_at, responder in known:
        within = (starts_at + number * EVERY for number in range(-((starts_at - ends_at) // EVERY)))
        for instant in (*within, ends_at - MINUTE):
            assert on_call(schedule, overrides, instant).responder == responder


@settings(law, max_examples=60)
@given(situations())
def test_every_span_around_a_change_of_the_clocks_is_that_of_the_calendar(
    situation: tuple[OnCallSchedule, list[Override], datetime],
) -> None:
    schedule, overrides, near = situation

    assert_same(schedule, overrides, near - 30 * HOUR, near + 40 * HOUR)


@settings(law, max_examples=150)
@given(
    situations(),
    st.datetimes(datetime(2001, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 -- hypothesis adds the zone
)
def test_at_any_instant_the_responder_is_the_one_of_the_calendar_until_it_says_otherwise(
    situation: tuple[OnCallSchedule, list[Override], datetime], instant: datetime
) -> None:
    schedule, overrides, _ = situation
    held = on_call(schedule, overrides, instant)

    assert held.responder == who_at(schedule, overrides, instant)
    if held.until_at is not None:
        assert held.until_at > instant
        assert who_at(schedule, overrides, held.until_at - MINUTE) == held.responder
        # Of very many changes that bring the same person only so many are looked through.
        if who_at(schedule, overrides, held.until_at) == held.responder:
            assert held.until_at - instant > 7 * DAY
        else:
            assert held.until_at == next_change(schedule, overrides, held.until_at - MINUTE)


@pytest.mark.parametrize("length_hours", [1, DAILY_HOURS])
def test_in_every_zone_a_rotation_hands_over_by_the_clock_on_the_wall(length_hours: int) -> None:
    in_one_year = [change for change in transitions() if change.at.year == 2024]
    assert len(in_one_year) > 40
    for change in in_one_year:
        assert_same(around(change, length_hours), [], change.at - 3 * HOUR, change.at + 26 * HOUR)


def around(change: Transition, length_hours: int) -> OnCallSchedule:
    """Return an on-call schedule whose hand-over and hours lie where clocks are mostly changed."""
    rotation = Rotation(
        participants=("ada", "bob", "cyd"),
        starts_on=date(2010, 1, 1),
        starts=time(2, 30),
        timezone=change.zone,
        length_hours=length_hours,
    )
    nights = Restriction(starts=time(22), ends=time(2, 15))
    return schedule_of(
        Layer(name="nights", rotation=rotation, restrictions=(nights,)), Layer(name="rest", rotation=rotation)
    )


def test_a_day_that_a_zone_leaves_out_costs_nobody_a_shift_twice() -> None:
    samoa = Transition("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC), -10 * HOUR, 14 * HOUR)

    for length_hours in (1, 8, DAILY_HOURS):
        assert_same(around(samoa, length_hours), [], samoa.at - 2 * DAY, samoa.at + 3 * DAY)
