"""One expected run of one schedule: when it may start, must have started, and must have ended."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum
from typing import Final

from msgspec import Struct

from tocsin.jobs.calendar import Calendar, is_business_day
from tocsin.jobs.schedule import Schedule, interval_of, latest_at, moved_from, next_after
from tocsin.jobs.sla import SLA, implied_schedule
from tocsin.jobs.walltime import MIDNIGHT, ONE_DAY, ONE_SECOND, instant_of, local_date, zone

# A host whose clock is a little ahead starts its run before the nominal instant (F5).
CLOCK_SKEW: Final = timedelta(seconds=5)
# From the nominal instant to a start, and with it to us: no scheduler and no network takes no time at all.
_ARRIVAL: Final = timedelta(seconds=5)
_EARLIEST: Final = timedelta(hours=6)
_MOST_CLOSED_DAYS: Final = 400
# A yearly job may meet a weekend several times in a row, so that 400 days alone would give up too early.
_FEWEST_TRIES: Final = 10


class OccurrenceStatus(Enum):
    """What became of an expected run; `unknown` if nobody could have seen it.

    `is_expected`: nothing became of it yet. `is_missed`: it did not start in time. `is_unknown`: nobody can
    say whether it came.
    """

    is_expected: bool
    is_missed: bool
    is_unknown: bool

    EXPECTED = "expected"
    STARTED = "started"
    MET = "met"
    LATE = "late"
    MISSED = "missed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"

    def __init__(self, word: str) -> None:
        self.is_expected = word == "expected"
        self.is_missed = word == "missed"
        self.is_unknown = word == "unknown"


class LetOff(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who has let a job off an expected run, when and why: it need not come, or it may have been late."""

    at: datetime
    who: str
    reason: str = ""
    skipped: bool = False


class Occurrence(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One expected run of a job; instants are UTC.

    A run that starts from `opens_at` on belongs to it. Without a start by `start_by` it is missing, without
    an end by `deadline_at` it is late; None means that this is not promised. `run` is the id of the run that
    took it. `violated`: that its deadline was missed is counted. `let_off`: a
    person has skipped it, or excused what became of it.
    """

    nominal_at: datetime
    opens_at: datetime
    start_by: datetime | None = None
    deadline_at: datetime | None = None
    status: OccurrenceStatus = OccurrenceStatus.EXPECTED
    run: str | None = None
    violated: bool = False
    let_off: LetOff | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """One more schedule of a job, with what is promised of the runs that it names: grace, end, days."""

    schedule: Schedule | None
    sla: SLA


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that says when a job is expected; `timezone` is where its days and deadlines are read.

    `others` are the plans of its other schedules, which have no others themselves.
    """

    schedule: Schedule | None
    sla: SLA
    calendar: Calendar
    timezone: str
    others: tuple["Plan", ...] = ()


def schedule_of(plan: Plan) -> Schedule | None:
    """Return the schedule that was written, or the one that a deadline alone implies."""
    return plan.schedule or implied_schedule(plan.sla, plan.timezone)


def grace_of(plan: Plan) -> timedelta:
    """Return how late a run may start."""
    return timedelta(minutes=plan.sla.grace_period_minutes)


def is_choosy(plan: Plan) -> bool:
    """Whether not every day counts."""
    return plan.sla.business_days_only or plan.sla.closed_days_only


def counts(plan: Plan, nominal_at: datetime) -> bool:
    """Whether a run is expected on the day of a nominal instant."""
    sla = plan.sla
    if not sla.business_days_only and not sla.closed_days_only:
        return True
    is_open = is_business_day(plan.calendar, local_date(nominal_at, plan.timezone))
    return is_open if sla.business_days_only else not is_open


def first_counting(plan: Plan, schedule: Schedule, nominal_at: datetime) -> datetime | None:
    """Return the first nominal instant from this one on whose day counts, or None after 400 days without."""
    found_at: datetime | None = nominal_at
    for tries in range(_MOST_CLOSED_DAYS):
        if found_at is None or counts(plan, found_at):
            return found_at
        if tries >= _FEWEST_TRIES and found_at - nominal_at > _MOST_CLOSED_DAYS * ONE_DAY:
            return None
        tomorrow = local_date(found_at, plan.timezone) + ONE_DAY
        if schedule.kind.is_interval:
            found_at = instant_of(tomorrow, _wall_time(found_at, plan.timezone), plan.timezone)
        else:
            found_at = next_after(
                schedule, max(found_at, instant_of(tomorrow, MIDNIGHT, plan.timezone) - ONE_SECOND)
            )
    return None


def last_counting(plan: Plan, schedule: Schedule, nominal_at: datetime) -> datetime | None:
    """Return the last nominal instant up to this one whose day counts, or None after 400 days without."""
    found_at: datetime | None = nominal_at
    for tries in range(_MOST_CLOSED_DAYS):
        if found_at is None or counts(plan, found_at):
            return found_at
        if tries >= _FEWEST_TRIES and nominal_at - found_at > _MOST_CLOSED_DAYS * ONE_DAY:
            return None
        today_at = instant_of(local_date(found_at, plan.timezone), MIDNIGHT, plan.timezone)
        found_at = latest_at(schedule, min(found_at, today_at) - ONE_SECOND)
    return None


def promised(plan: Plan, schedule: Schedule, nominal_at: datetime) -> Occurrence:
    """Return what one schedule promises of a run of this nominal instant."""
    deadline_at = _deadline_at(plan, schedule, nominal_at)
    return Occurrence(
        nominal_at=nominal_at,
        opens_at=_opens_at(plan, schedule, nominal_at),
        start_by=_start_by(plan, schedule, nominal_at, deadline_at),
        deadline_at=deadline_at,
    )


def _opens_at(plan: Plan, schedule: Schedule, nominal_at: datetime) -> datetime:
    if plan.schedule is not None:
        return nominal_at - _early(schedule, nominal_at, grace_of(plan))
    if plan.sla.deadline is None:
        return nominal_at
    day_before = instant_of(local_date(nominal_at, plan.timezone) - ONE_DAY, MIDNIGHT, plan.timezone)
    last_deadline_at = _wall_deadline_at(schedule, day_before, plan.sla.deadline, plan.timezone)
    half = (_wall_deadline_at(schedule, nominal_at, plan.sla.deadline, plan.timezone) - last_deadline_at) / 2
    return min(nominal_at, last_deadline_at + half)


def _early(schedule: Schedule, nominal_at: datetime, grace: timedelta) -> timedelta:
    """Return how long before its nominal instant a start counts: the grace, at most half-way to the last.

    Nor more than _EARLIEST: a run that early is rather a second one of the day before, which would hide that
    the next one does not come.
    """
    wanted = min(max(grace, CLOCK_SKEW), _EARLIEST)
    if schedule.kind.is_interval:
        return min(wanted, interval_of(schedule) / 2)
    if next_after(schedule, nominal_at - 2 * wanted) == nominal_at:
        return wanted
    previous_at = latest_at(schedule, nominal_at - ONE_SECOND)
    return wanted if previous_at is None else min(wanted, (nominal_at - previous_at) / 2)


def _start_by(
    plan: Plan, schedule: Schedule, nominal_at: datetime, deadline_at: datetime | None
) -> datetime | None:
    if plan.schedule is None:
        return None
    patience = max(grace_of(plan), _ARRIVAL)
    if not schedule.kind.names_days:
        return nominal_at + patience
    if deadline_at is not None:
        return None
    return instant_of(local_date(nominal_at, plan.timezone) + ONE_DAY, MIDNIGHT, plan.timezone) + patience


def _deadline_at(plan: Plan, schedule: Schedule, nominal_at: datetime) -> datetime | None:
    wall, offset = plan.sla.deadline, plan.sla.deadline_offset_minutes
    by_wall = None if wall is None else _wall_deadline_at(schedule, nominal_at, wall, plan.timezone)
    if offset is None or (plan.schedule is None and by_wall is not None):
        return by_wall
    by_offset = nominal_at + timedelta(minutes=offset)
    return by_offset if by_wall is None else min(by_wall, by_offset)


def _wall_deadline_at(schedule: Schedule, nominal_at: datetime, wall: time, timezone: str) -> datetime:
    """Return the first instant after the nominal one at which a clock in the zone shows the deadline.

    Where a spring jump moved both to one instant they keep their distance: 02:30 with a deadline of 02:45
    becomes 03:00 and 03:15, not 03:00 and tomorrow.
    """
    written_at = moved_from(schedule, nominal_at)
    if written_at is not None:
        written_for = datetime.combine(written_at.date(), wall)
        if written_for > written_at and instant_of(written_at.date(), wall, timezone) == nominal_at:
            return nominal_at + (written_for - written_at)
    today = local_date(nominal_at, timezone)
    deadline_at = instant_of(today, wall, timezone)
    return deadline_at if deadline_at > nominal_at else instant_of(today + ONE_DAY, wall, timezone)


def _wall_time(instant: datetime, timezone: str) -> time:
    return instant.astimezone(zone(timezone)).time()
