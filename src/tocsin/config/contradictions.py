"""Promises of one job that cannot be kept together, or that hardly mean what they say."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from tocsin.config.grammar.file import File
from tocsin.config.grammar.jobs import Job
from tocsin.config.problems import Fault, Place
from tocsin.config.promises import placed_definitions
from tocsin.config.skipped_hours import skipped_deadlines
from tocsin.jobs.occurrence import Occurrence, Plan, next_occurrence
from tocsin.jobs.schedule import ScheduleKind, interval_of
from tocsin.jobs.walltime import zone
from tocsin.rules.wording import span

# So many different plans are looked at, for each costs some milliseconds, also when a server starts.
MOST_PLANS = 500
MOST_SHARING = 4
_SAMPLE = 6
_SAME_NIGHT = timedelta(hours=16)

Said = tuple[str, str]


def impossible_promises(file: File) -> Iterator[Fault]:
    """Return the promises of which every run breaks one."""
    for place, _, definition in placed_definitions(file):
        least, most = definition.sla.min_duration_seconds, definition.sla.max_duration_seconds
        if least is not None and most is not None and least > most:
            message = (
                f"no run can take at least {span(least)} and at most {span(most)}; change one of the two"
            )
            yield Fault(place=(*place, _written(file, place, "min_duration")), message=message)


def contradictions(file: File, at: datetime) -> Iterator[Fault]:
    """Return what is allowed and yet hardly meant, looked at from an instant on."""
    plans: set[tuple[Plan, float | None, bool]] = set()
    for place, _, definition in placed_definitions(file):
        job = _job(file, place)
        about = (definition.plan, definition.sla.min_duration_seconds, job.severity_escalation is not None)
        if about not in plans and len(plans) >= MOST_PLANS:
            continue
        plans.add(about)
        for key, message in _said_of(*about, at):
            yield Fault(place=(*place, _written(file, place, key)), message=message)


def _job(file: File, place: Place) -> Job:
    return file.jobs[str(place[1])][int(place[2])]


def _written(file: File, place: Place, key: str) -> str:
    """Return the key by which a job says it: in one of two units, under another name, in its schedules."""
    job = _job(file, place)
    names = {"deadline": ("deadline", "must_complete_by", "schedules")}.get(
        key, (key, f"{key}_minutes", f"{key}_seconds", "schedules", "schedule")
    )
    given = (name for name in names if getattr(job, name, None) is not None)
    return next(given, "schedules" if job.schedules else key)


@lru_cache(maxsize=MOST_PLANS)
def _said_of(plan: Plan, least: float | None, warns: bool, at: datetime) -> tuple[Said, ...]:  # noqa: FBT001 -- remembered by position
    """Return what is to be said of a plan, by the key that it is about; the same of jobs promised alike."""
    if next_occurrence(plan, at) is None:
        return _never(plan)
    found = dict[str, str]()
    for one in _each(plan):
        coming = _coming(one, at)
        for key, message in (
            *_of_pace(one, coming),
            *_of_deadline(one, coming),
            *_of_shortest(one, coming, least),
            *(_of_warnings(one, coming) if warns else ()),
            *skipped_deadlines(one, at),
        ):
            found.setdefault(key, message)
    return tuple(found.items())


def _never(plan: Plan) -> tuple[Said, ...]:
    if plan.schedule is None:
        return ()
    return (("schedule", "never comes on a day that counts, so that no run is ever expected"),)


def _each(plan: Plan) -> tuple[Plan, ...]:
    first = Plan(schedule=plan.schedule, sla=plan.sla, calendar=plan.calendar, timezone=plan.timezone)
    return (first, *plan.others)


def _coming(plan: Plan, at: datetime) -> list[Occurrence]:
    """Return the next few expected runs of one schedule; of an interval as if each began on time."""
    found: list[Occurrence] = []
    while len(found) < _SAMPLE:
        coming = next_occurrence(plan, at)
        if coming is None:
            break
        found.append(coming)
        at = coming.nominal_at
    return found


def _of_pace(plan: Plan, coming: list[Occurrence]) -> Iterator[Said]:
    gap = _shortest_gap(plan, coming)
    if gap is None:
        return
    between = f"the {span(gap.total_seconds())} between two of its runs"
    grace = timedelta(minutes=plan.sla.grace_period_minutes)
    if plan.schedule is not None and grace > gap and coming[0].start_by is not None:
        message = f"is longer than {between}: that one is missing is told only when the next is due already"
        yield "grace_period_minutes", message
    offset = plan.sla.deadline_offset_minutes
    if offset is not None and timedelta(minutes=offset) > gap:
        yield "deadline_offset_minutes", f"is longer than {between}, so that one may end after the next began"


def _shortest_gap(plan: Plan, coming: list[Occurrence]) -> timedelta | None:
    if plan.schedule is not None and plan.schedule.kind is ScheduleKind.INTERVAL:
        return interval_of(plan.schedule)
    return min((b.nominal_at - a.nominal_at for a, b in pairwise(coming)), default=None)


def _of_deadline(plan: Plan, coming: list[Occurrence]) -> Iterator[Said]:
    wall = plan.sla.deadline
    if wall is None or not coming or plan.schedule is None:
        return
    shared = [one for one in coming if one.deadline_at == coming[-1].deadline_at]
    if coming[-1].deadline_at is not None and len(shared) > MOST_SHARING:
        message = "is one instant a day for many runs; write deadline_offset_minutes for a deadline of each"
        yield "deadline", message
        return
    first = coming[0]
    if first.deadline_at is not None and first.deadline_at - first.nominal_at > _SAME_NIGHT:
        starts = first.nominal_at.astimezone(zone(plan.timezone)).time()
        if wall <= starts:
            later = span((first.deadline_at - first.nominal_at).total_seconds())
            message = f"comes before the start at {starts:%H:%M}: it means the day after, {later} later"
            yield "deadline", message


def _of_shortest(plan: Plan, coming: list[Occurrence], least: float | None) -> Iterator[Said]:
    """Say that a run which starts when it should cannot be done in time."""
    if least is None or not _has_a_start(plan):
        return
    for one in coming[:1]:
        if one.deadline_at is not None and one.deadline_at - one.nominal_at < timedelta(seconds=least):
            left = span((one.deadline_at - one.nominal_at).total_seconds())
            message = f"is more than the {left} from the start to the deadline, which cannot be kept"
            yield "min_duration", message


def _of_warnings(plan: Plan, coming: list[Occurrence]) -> Iterator[Said]:
    """Say which warnings before a deadline are left out, for they would come before the start."""
    for one in coming[:1]:
        if one.deadline_at is None:
            continue
        time_left = one.deadline_at - (one.opens_at if plan.schedule is None else one.nominal_at)
        for word, minutes in (
            ("critical", plan.sla.critical_minutes_before),
            ("warning", plan.sla.warning_minutes_before),
        ):
            if timedelta(minutes=minutes) >= time_left:
                left = span(time_left.total_seconds())
                message = (
                    f"{word}_minutes_before is not less than the {left} from the start to the deadline, "
                    "so that it is left out"
                )
                yield "severity_escalation", message
                return


def _has_a_start(plan: Plan) -> bool:
    """Whether its nominal instants are starts, and not days."""
    return plan.schedule is not None and plan.schedule.kind not in {ScheduleKind.WEEKLY, ScheduleKind.DAILY}
