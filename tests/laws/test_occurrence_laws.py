"""What holds for every expected run at every clock change of every zone from 2020 to 2035."""

from datetime import datetime, time, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.transitions import Transition, transitions
from tocsin.jobs.calendar import Calendar, is_business_day
from tocsin.jobs.occurrence import Occurrence, Plan, next_occurrence, occurrence_for
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.jobs.walltime import local_date

INSTANT = timedelta(microseconds=1)
LONGEST_JUMP = timedelta(hours=3)
DAY = timedelta(days=1)

law = settings(derandomize=True, database=None, deadline=None, max_examples=400)

SCHEDULES = (
    None,
    "30 2 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "0 22 * * 1-5",
    "*/10 * * * *",
    "15,45 0-3 * * *",
    "0 6 1 * *",
    "*-*-* 02:30",
    "Mon..Fri 00:30\nSat 12:00",
    "daily",
    "sunday",
    "monday,thursday",
)
wall_times = st.one_of(
    st.times().map(lambda wall: wall.replace(second=0, microsecond=0)),
    st.sampled_from([time(), time(0, 30), time(1), time(2), time(2, 30), time(2, 45), time(3), time(23, 30)]),
)


@st.composite
def promises(draw: st.DrawFn) -> SLA:
    return SLA(
        deadline=draw(st.none() | wall_times),
        deadline_offset_minutes=draw(st.none() | st.integers(1, 2000)),
        grace_period_minutes=draw(st.sampled_from([0, 0.05, 5, 15, 90, 3000])),
        business_days_only=draw(st.booleans()),
    )


@st.composite
def situations(draw: st.DrawFn) -> tuple[Plan, datetime]:
    """A plan, and an instant near a clock change in its zone."""
    change: Transition = draw(st.sampled_from(transitions()))
    text = draw(st.sampled_from(SCHEDULES))
    plan = Plan(
        schedule=read_schedule(text, change.zone) if text else None,
        sla=draw(promises()),
        calendar=Calendar(weekend=draw(st.sampled_from([(5, 6), (4, 5), (4,)]))),
        timezone=change.zone,
    )
    return plan, change.at + draw(st.timedeltas(timedelta(hours=-50), timedelta(hours=20)))


def expected(plan: Plan, after: datetime, count: int) -> list[Occurrence]:
    """The next expected runs, at most so many."""
    found: list[Occurrence] = []
    for _ in range(count):
        occurrence = next_occurrence(plan, after)
        if occurrence is None:
            break
        found.append(occurrence)
        after = occurrence.nominal_at
    return found


@law
@given(situation=situations())
def test_a_start_belongs_to_the_run_that_was_open_last(situation: tuple[Plan, datetime]) -> None:
    plan, after = situation

    for this, following in pairwise(expected(plan, after, 6)):
        span = following.opens_at - this.opens_at
        for started_at in (
            this.opens_at,
            max(this.opens_at, min(this.nominal_at, following.opens_at - INSTANT)),
            this.opens_at + span / 3,
            this.opens_at + span * 0.9,
            following.opens_at - INSTANT,
        ):
            assert occurrence_for(plan, started_at) == this
        assert occurrence_for(plan, following.opens_at) == following
        assert occurrence_for(plan, this.opens_at - INSTANT) != this


@law
@given(situation=situations())
def test_the_next_run_is_the_same_until_it_comes(situation: tuple[Plan, datetime]) -> None:
    plan, after = situation

    for this, following in pairwise(expected(plan, after, 4)):
        span = following.nominal_at - this.nominal_at
        assert next_occurrence(plan, this.nominal_at - INSTANT) == this
        for moment in (this.nominal_at, this.nominal_at + span / 2, following.nominal_at - INSTANT):
            assert next_occurrence(plan, moment) == following


@law
@given(situation=situations())
def test_a_run_opens_is_nominal_must_start_and_is_due_in_this_order(situation: tuple[Plan, datetime]) -> None:
    plan, after = situation
    found = expected(plan, after, 6)
    patience = max(timedelta(minutes=plan.sla.grace_period_minutes), timedelta(seconds=5))

    for this in found:
        assert this.opens_at <= this.nominal_at
        assert this.start_by is None or this.start_by >= this.nominal_at + patience
        assert this.deadline_at is None or this.deadline_at > this.nominal_at
        if plan.sla.deadline is not None:
            assert this.deadline_at is not None
            assert this.deadline_at - this.nominal_at <= DAY + LONGEST_JUMP
    for this, following in pairwise(found):
        assert this.nominal_at < following.nominal_at
        assert this.opens_at < following.opens_at


@law
@given(situation=situations())
def test_every_promised_run_has_an_instant_at_which_its_absence_is_noticed(
    situation: tuple[Plan, datetime],
) -> None:
    plan, after = situation

    for this in expected(plan, after, 3):
        assert this.start_by is not None or this.deadline_at is not None


@law
@given(situation=situations())
def test_with_business_days_only_no_run_is_expected_on_a_closed_day(situation: tuple[Plan, datetime]) -> None:
    plan, after = situation

    for this in expected(plan, after, 6):
        day = local_date(this.nominal_at, plan.timezone)
        assert not plan.sla.business_days_only or is_business_day(plan.calendar, day)


@law
@given(
    change=st.sampled_from(transitions()),
    wall=wall_times,
    schedule=st.sampled_from([None, "daily", "0 0 * * *"]),
)
def test_each_day_has_its_own_deadline(change: Transition, wall: time, schedule: str | None) -> None:
    plan = Plan(
        schedule=read_schedule(schedule, change.zone) if schedule else None,
        sla=SLA(deadline=wall),
        calendar=Calendar(),
        timezone=change.zone,
    )
    deadlines = [this.deadline_at for this in expected(plan, change.at - 3 * DAY, 6)]

    for this, following in pairwise(deadlines):
        assert this is not None
        assert following is not None
        assert this < following


@law
@given(
    change=st.sampled_from(transitions()),
    minutes=st.integers(1, 3000),
    grace=st.sampled_from([0, 5, 3000]),
    closed=st.booleans(),
    ahead=st.timedeltas(timedelta(hours=-30), timedelta(hours=30)),
)
def test_an_interval_is_never_expected_before_it_has_passed(
    change: Transition, minutes: int, ahead: timedelta, *, grace: float, closed: bool
) -> None:
    started_at = change.at + ahead
    plan = Plan(
        schedule=read_schedule(f"every {minutes} minutes", change.zone),
        sla=SLA(business_days_only=closed, grace_period_minutes=grace),
        calendar=Calendar(),
        timezone=change.zone,
    )

    occurrence = next_occurrence(plan, started_at)

    assert occurrence is not None
    waited = occurrence.nominal_at - started_at
    passed = timedelta(minutes=minutes)
    assert waited >= passed
    assert closed or waited == passed
    assert occurrence.opens_at > started_at
    assert not closed or is_business_day(plan.calendar, local_date(occurrence.nominal_at, change.zone))
