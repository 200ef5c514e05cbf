"""Which runs a job is expected to make, up to the next one to come."""

from datetime import datetime, timedelta
from operator import attrgetter

from msgspec.structs import replace

from tocsin.jobs.job import Job
from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus, Plan, next_occurrence, occurrence_for
from tocsin.jobs.schedule import interval_of
from tocsin.jobs.state import MAX_OCCURRENCES, JobState

MAX_STEPS = 100
_NOMINAL_AT = attrgetter("nominal_at")
# So many of the first stay, that a rule which lets some pass goes on to see that they were too many.
HELD_FIRST = 5


def expect(job: Job, state: JobState, until: datetime) -> JobState:
    """Return the state with every run that is expected up to an instant, and the one after.

    Of very many only the newest are held, and those whose promises are to be judged next;
    `occurrences_dropped` counts the others that no run began, at least those that had to be stepped through.
    """
    schedule = job.definition.schedule
    if schedule is not None and schedule.kind.is_interval:
        return _expect_interval(job, state, until, interval_of(schedule))
    if state.occurrences and state.occurrences[-1].nominal_at > until:
        return state
    after, found = _expected_until(job, state), []
    plan = job.definition.plan
    for _ in range(MAX_STEPS):
        coming = next_occurrence(plan, after)
        if coming is None:
            break
        found.append(coming)
        after = coming.nominal_at
        if after > until:
            break
    else:
        found += _leap(job, after, until)
    return _bounded(state, [*state.occurrences, *found], until) if found else state


def _expected_until(job: Job, state: JobState) -> datetime:
    ends = [state.expect_after or job.registered_at]
    if state.occurrences:
        ends.append(state.occurrences[-1].nominal_at)
    if state.settled is not None:
        ends.append(state.settled.nominal_at)
    return max(ends)


def taken_up(state: JobState, occurrence: Occurrence, until: datetime) -> JobState:
    """Return the state with one more expected run, in its place among the others."""
    occurrences = sorted((*state.occurrences, occurrence), key=_NOMINAL_AT)
    return _bounded(state, occurrences, until)


def _leap(job: Job, after: datetime, until: datetime) -> list[Occurrence]:
    """Return the newest expected run and the one after, passing over all that lie between."""
    plan, found = job.definition.plan, []
    latest = occurrence_for(plan, until)
    if latest is not None and latest.nominal_at > after:
        found.append(latest)
    if latest is None or latest.nominal_at <= until:
        coming = next_occurrence(plan, until)
        found += [coming] if coming is not None else []
    return found


def _expect_interval(job: Job, state: JobState, until: datetime, every: timedelta) -> JobState:
    """An interval counts from the last start: each start moves the next expected one."""
    plan = job.definition.plan
    anchor = _counted_from(job, state, until, every)
    waited_for = [o for o in state.occurrences if o.run is None and o.nominal_at > anchor]
    if waited_for and waited_for[0].nominal_at >= anchor + every and waited_for[-1].nominal_at > until:
        return state
    taken = _taken(state)
    latest = _next_free(plan, anchor, taken)
    if latest is None:
        return state
    if waited_for and waited_for[0].nominal_at >= latest.nominal_at:
        found, latest = list(state.occurrences), waited_for[-1]
    else:
        found = [*(o for o in state.occurrences if _outlasts(o, anchor)), latest]
    missing = (until - latest.nominal_at) // every
    if missing > MAX_STEPS:
        following = _next_free(plan, latest.nominal_at + (missing - MAX_OCCURRENCES) * every, taken)
        found += [following] if following is not None else []
        latest = following or latest
    while latest.nominal_at <= until:
        following = _next_free(plan, latest.nominal_at, taken)
        if following is None:
            break
        found.append(following)
        latest = following
    return _bounded(state, sorted(found, key=_NOMINAL_AT), until)


def _counted_from(job: Job, state: JobState, until: datetime, every: timedelta) -> datetime:
    """Return the last start, or the last whole interval since then that a good run has said it was for.

    One that was said further ahead than any run is expected by now comes from a clock that was ahead.
    """
    since, settled = state.expect_after or job.registered_at, state.settled
    anchor = max(since, state.last_started_at or since)
    if settled is None or settled.nominal_at <= anchor or settled.status is OccurrenceStatus.SKIPPED:
        return anchor
    return (
        anchor
        if settled.nominal_at > until + every
        else anchor + (settled.nominal_at - anchor) // every * every
    )


def _taken(state: JobState) -> set[datetime]:
    """Return the expected instants for which a run has come, sooner or later than it was to start."""
    taken = {o.nominal_at for o in state.occurrences if o.run is not None}
    return taken if state.settled is None else taken | {state.settled.nominal_at}


def _next_free(plan: Plan, after: datetime, taken: set[datetime]) -> Occurrence | None:
    """Return the next expected run that none has been for."""
    coming = next_occurrence(plan, after)
    while coming is not None and coming.nominal_at in taken:
        coming = next_occurrence(plan, coming.nominal_at)
    return coming


def _outlasts(occurrence: Occurrence, start_at: datetime) -> bool:
    """Whether an expected run still means something after a start from which the next ones are counted."""
    if occurrence.run is not None:
        return True
    return not occurrence.status.is_expected and occurrence.nominal_at <= start_at


def _bounded(state: JobState, occurrences: list[Occurrence], until: datetime) -> JobState:
    """Keep the newest, and what the rules still need; first go those that nobody can judge."""
    dropped, extra = state.occurrences_dropped, len(occurrences) - MAX_OCCURRENCES
    if extra > 0:
        lost = [o.nominal_at for o in occurrences if _is_lost(o)]
        needed = _needed(state, occurrences, until)
        spare = [o.nominal_at for o in occurrences if not _is_lost(o) and o.nominal_at not in needed]
        lost = lost[:-1][:extra]  # one stays, or all would seem to be well
        spare = spare[: extra - len(lost)]
        gone = {*lost, *spare}
        never_ran = {o.nominal_at for o in occurrences if o.run is None}
        occurrences = [o for o in occurrences if o.nominal_at not in gone][-MAX_OCCURRENCES:]
        dropped += len(never_ran.intersection(spare))
    if tuple(occurrences) == state.occurrences:
        return state
    return replace(state, occurrences=tuple(occurrences), occurrences_dropped=dropped)


def _needed(state: JobState, occurrences: list[Occurrence], until: datetime) -> set[datetime]:
    """Return the first few that can be judged, and the first to be due after whatever ends their judging.

    That is: after an instant up to which a person has declared all troubles over, and from now on. So
    every promise breaks in the sight of the rules, and stays broken until a good run or a person's word.
    """
    judged = [o for o in occurrences if not _is_lost(o)]
    needed = {o.nominal_at for o in judged[:HELD_FIRST]}
    for since_at in (until, *(at for _, at in state.forgiven)):
        starts = (o.nominal_at for o in judged if o.start_by is not None and o.start_by > since_at)
        ends = (o.nominal_at for o in judged if o.deadline_at is not None and o.deadline_at > since_at)
        needed.update(first for first in (next(starts, None), next(ends, None)) if first is not None)
    return needed


def _is_lost(occurrence: Occurrence) -> bool:
    return occurrence.status is OccurrenceStatus.UNKNOWN and occurrence.run is None
