"""Which runs of a job are expected, by one schedule or by several: the next, that of a start, of a day.

Of several schedules every instant that one of them names is expected once; where two name the same, the
stricter promise holds.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace as copied
from datetime import datetime

from msgspec.structs import replace

from tocsin.jobs.promised import (
    CLOCK_SKEW,
    LetOff,
    Occurrence,
    OccurrenceStatus,
    Plan,
    Timetable,
    counts,
    first_counting,
    grace_of,
    is_choosy,
    last_counting,
    promised,
    schedule_of,
)
from tocsin.jobs.schedule import latest_at, next_after
from tocsin.jobs.walltime import ONE_SECOND, local_date

__all__ = [
    "LetOff",
    "Occurrence",
    "OccurrenceStatus",
    "Plan",
    "Timetable",
    "expect_alike",
    "expects",
    "half_way_to",
    "next_occurrence",
    "nominal_near",
    "occurrence_for",
    "promise_at",
    "starts_at_will",
]

_Instants = Callable[[Iterable[datetime]], datetime]


def next_occurrence(plan: Plan, after: datetime) -> Occurrence | None:
    """Return the first expected run whose nominal instant is after `after`, or None if none is promised.

    With `business_days_only` closed days are passed over; after 400 days of them (and ten tries) nothing is
    expected. For an interval, `after` is the last start; a nominal instant on a closed day moves to the same
    wall time of the next business day.
    """
    if not plan.others:
        return _next_of(plan, after)
    return _joined(plan, [_next_of(one, after) for one in (plan, *plan.others)], min)


def occurrence_for(plan: Plan, started_at: datetime) -> Occurrence | None:
    """Return the expected run that a run started at this instant is: the latest one that was open by then.

    None before the first, and always None for an interval, which is counted from a start that only the caller
    knows.
    """
    if plan.others:
        coming = next_occurrence(plan, started_at)
        if coming is not None and coming.opens_at <= started_at:
            return coming
        return _joined(plan, [_last_of(one, started_at) for one in (plan, *plan.others)], max)
    schedule = schedule_of(plan)
    if schedule is None or schedule.kind.is_interval:
        return None
    coming_at = next_after(schedule, started_at)
    if coming_at is not None and _may_be_open(plan, coming_at, started_at) and counts(plan, coming_at):
        coming = promised(plan, schedule, coming_at)
        if coming.opens_at <= started_at:
            return coming
    return _last_of(plan, started_at)


def half_way_to(plan: Plan, nominal_at: datetime) -> datetime | None:
    """Return the middle between the nominal instant before this one and this one; None for an interval."""
    previous_at = max(
        (at for one in (plan, *plan.others) if (at := _previous_of(one, nominal_at)) is not None),
        default=None,
    )
    return None if previous_at is None else previous_at + (nominal_at - previous_at) / 2


def nominal_near(plan: Plan, instant: datetime) -> datetime | None:
    """Return the nominal instant of the same local day that is nearest to this one, if there is any.

    Who says which run it is by the date alone, or an hour off, means the one of that day.
    """
    around: list[datetime | None] = []
    for one in (plan, *plan.others):
        schedule = schedule_of(one)
        if schedule is not None and not schedule.kind.is_interval:
            around += [latest_at(schedule, instant), next_after(schedule, instant)]
    day = local_date(instant, plan.timezone)
    of_the_day = [at for at in around if at is not None and local_date(at, plan.timezone) == day]
    return min(of_the_day, key=lambda at: abs(at - instant), default=None)


def promise_at(plan: Plan, nominal_at: datetime) -> Occurrence | None:
    """Return what is promised of a run of this nominal instant, or None if nothing is promised of any.

    Whether a run is expected at that very instant is not asked: see `expects`.
    """
    if plan.others:
        named = _joined(plan, [_next_of(one, nominal_at - ONE_SECOND) for one in (plan, *plan.others)], min)
        if named is not None and named.nominal_at == nominal_at:
            return named
    schedule = schedule_of(plan)
    return None if schedule is None else promised(plan, schedule, nominal_at)


def expects(plan: Plan, nominal_at: datetime) -> bool:
    """Whether a run is expected at this very instant; never for an interval, which names no instants."""
    if plan.schedule is not None and plan.schedule.kind.is_interval:
        return False
    found = next_occurrence(plan, nominal_at - ONE_SECOND)
    return found is not None and found.nominal_at == nominal_at


def expect_alike(one: Plan, other: Plan) -> bool:
    """Whether two plans expect runs at the same instants, whatever they promise of them."""
    return _expecting(one) == _expecting(other)


def starts_at_will(plan: Plan, nominal_at: datetime) -> bool:
    """Whether a run may start at any time before its end is due, so that its nominal instant is no start."""
    if not plan.others:
        return _is_free(plan)
    named = [one for one in (plan, *plan.others) if expects(copied(one, others=()), nominal_at)]
    return any(_is_free(one) for one in named)


def _is_free(plan: Plan) -> bool:
    return plan.schedule is None or plan.schedule.kind.names_days


def _expecting(plan: Plan) -> list[object]:
    """Return whatever says at which instants a plan expects runs."""
    said: list[object] = []
    for one in (plan, *plan.others):
        sla = one.sla
        days = (sla.business_days_only, one.calendar, one.timezone) if is_choosy(one) else None
        said.append((schedule_of(one), days))
    return said


def _next_of(plan: Plan, after: datetime) -> Occurrence | None:
    """Return the next expected run of a plan's own schedule."""
    schedule = schedule_of(plan)
    if schedule is None:
        return None
    nominal_at = next_after(schedule, after)
    if nominal_at is not None and is_choosy(plan):
        nominal_at = first_counting(plan, schedule, nominal_at)
    return None if nominal_at is None else promised(plan, schedule, nominal_at)


def _last_of(plan: Plan, instant: datetime) -> Occurrence | None:
    """Return the last expected run of a plan's own schedule whose nominal instant has come."""
    schedule = schedule_of(plan)
    nominal_at = None if schedule is None else latest_at(schedule, instant)
    if schedule is None or nominal_at is None:
        return None
    if is_choosy(plan):
        nominal_at = last_counting(plan, schedule, nominal_at)
    return None if nominal_at is None else promised(plan, schedule, nominal_at)


def _previous_of(plan: Plan, nominal_at: datetime) -> datetime | None:
    schedule = schedule_of(plan)
    return None if schedule is None else latest_at(schedule, nominal_at - ONE_SECOND)


def _may_be_open(plan: Plan, coming_at: datetime, started_at: datetime) -> bool:
    """Spare most starts the building of an occurrence that is hours away."""
    return plan.schedule is None or coming_at - started_at <= max(grace_of(plan), CLOCK_SKEW)


def _joined(plan: Plan, found: Iterable[Occurrence | None], which: _Instants) -> Occurrence | None:
    """Return the first or last of what several schedules expect, under the stricter promise if two name it.

    It opens half-way from the run before it at the earliest, whichever schedule names that one.
    """
    known = [one for one in found if one is not None]
    if not known:
        return None
    nominal_at = which(one.nominal_at for one in known)
    alike = [one for one in known if one.nominal_at == nominal_at]
    opens_at = min(one.opens_at for one in alike)
    half_way_at = _half_way_from_expected(plan, nominal_at)
    return replace(
        alike[0],
        opens_at=opens_at if half_way_at is None else max(opens_at, half_way_at),
        start_by=min((one.start_by for one in alike if one.start_by is not None), default=None),
        deadline_at=min((one.deadline_at for one in alike if one.deadline_at is not None), default=None),
    )


def _half_way_from_expected(plan: Plan, nominal_at: datetime) -> datetime | None:
    before = [_last_of(one, nominal_at - ONE_SECOND) for one in (plan, *plan.others)]
    previous_at = max((one.nominal_at for one in before if one is not None), default=None)
    return None if previous_at is None else previous_at + (nominal_at - previous_at) / 2
