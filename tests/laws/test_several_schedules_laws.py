"""What holds for a job of several schedules, beside the reckoning of each of them by itself."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.laws.test_occurrence_laws import INSTANT, SCHEDULES, expected, law, promises
from tests.laws.transitions import Transition, transitions
from tocsin.jobs.calendar import Calendar
from tocsin.jobs.occurrence import Plan, expects, next_occurrence, occurrence_for, promise_at
from tocsin.jobs.schedule import read_schedule

AHEAD = timedelta(days=4)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Plan, datetime]:
    """A plan of two to four schedules, each with its own promises, near a clock change in its zone."""
    change: Transition = draw(st.sampled_from(transitions()))
    calendar = Calendar(weekend=draw(st.sampled_from([(5, 6), (4, 5), (4,)])))
    plans = []
    for text in draw(st.lists(st.sampled_from(SCHEDULES), min_size=2, max_size=4)):
        sla = draw(promises())
        if not sla.business_days_only:
            sla = replace(sla, closed_days_only=draw(st.booleans()))
        schedule = read_schedule(text, change.zone) if text else None
        plans.append(Plan(schedule=schedule, sla=sla, calendar=calendar, timezone=change.zone))
    first, *others = plans
    plan = replace(first, others=tuple(others))
    return plan, change.at + draw(st.timedeltas(timedelta(hours=-50), timedelta(hours=20)))


def nominal_instants(plan: Plan, after: datetime, until: datetime) -> set[datetime]:
    """By brute force: what each schedule by itself names."""
    found: set[datetime] = set()
    for one in (replace(plan, others=()), *plan.others):
        at, occurrence = after, next_occurrence(one, after)
        while occurrence is not None and occurrence.nominal_at <= until:
            found.add(occurrence.nominal_at)
            at = occurrence.nominal_at
            occurrence = next_occurrence(one, at)
    return found


@law
@given(situation=situations())
def test_every_instant_that_one_of_them_names_is_expected_once(situation: tuple[Plan, datetime]) -> None:
    plan, after = situation
    alone = nominal_instants(plan, after, after + AHEAD)
    found = [one.nominal_at for one in expected(plan, after, len(alone) + 1)]

    assert [at for at in found if at <= after + AHEAD] == sorted(alone)
    for at in sorted(alone)[:5]:
        assert expects(plan, at)


@law
@given(situation=situations())
def test_the_stricter_promise_holds_where_two_name_the_same_instant(
    situation: tuple[Plan, datetime],
) -> None:
    plan, after = situation

    for this in expected(plan, after, 5):
        alone = [
            one
            for single in (replace(plan, others=()), *plan.others)
            if (one := next_occurrence(single, this.nominal_at - INSTANT)) is not None
            and one.nominal_at == this.nominal_at
        ]
        for limit in ("start_by", "deadline_at"):
            limits = [at for one in alone if (at := getattr(one, limit)) is not None]
            assert getattr(this, limit) == min(limits, default=None)
        assert promise_at(plan, this.nominal_at) == this


@law
@given(situation=situations())
def test_a_start_belongs_to_the_run_of_any_schedule_that_was_open_last(
    situation: tuple[Plan, datetime],
) -> None:
    plan, after = situation

    for this, following in pairwise(expected(plan, after, 6)):
        assert this.opens_at <= this.nominal_at < following.nominal_at
        assert this.opens_at < following.opens_at
        span = following.opens_at - this.opens_at
        for started_at in (this.opens_at, this.opens_at + span / 3, following.opens_at - INSTANT):
            assert occurrence_for(plan, started_at) == this
        assert occurrence_for(plan, following.opens_at) == following
