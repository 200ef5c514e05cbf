"""Which expected run a run stands for, and which ones a good run settles."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from tocsin.jobs.expecting import expect, taken_up
from tocsin.jobs.job import Job
from tocsin.jobs.occurrence import (
    Occurrence,
    OccurrenceStatus,
    half_way_to,
    nominal_near,
    occurrence_for,
)
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.state import JobState

_NOT_OWED = (OccurrenceStatus.UNKNOWN, OccurrenceStatus.SKIPPED)
_OPEN = (OccurrenceStatus.EXPECTED, OccurrenceStatus.UNKNOWN)


def bind(job: Job, state: JobState, run: Run) -> tuple[Run, JobState]:
    """Return a run that has just begun with the occurrence it is for, and the state that knows of it.

    What counts is when it began, not when we heard: one that began in time was not missed. A backfill
    that does not say which occurrence it is for is for none of them.
    """
    began_at = run.started_at or run.ended_at or run.last_sign_at
    expecting = expect(job, state, began_at)
    if job.paused_at is None:
        state = expecting
    if run.backfill and run.occurrence_at is None:
        return run, state
    occurrence = _occurrence(job, expecting, run, began_at)
    state = _released(state, run.key, occurrence)
    if occurrence is None:
        return replace(run, deadline_at=None), state
    run = replace(run, occurrence_at=occurrence.nominal_at, deadline_at=occurrence.deadline_at)
    if _is_owed(job, state, run, occurrence, began_at):
        taken = replace(occurrence, status=OccurrenceStatus.STARTED, run=run.key)
        return run, taken_up(state, taken, began_at)
    if occurrence not in state.occurrences:  # remembered, so that the day's other runs need not search for it
        return replace(run, deadline_at=None), replace(state, settled=latest(state.settled, occurrence))
    if run.backfill:
        return run, state
    return run, _begun(state, run, occurrence, began_at)


def take_spanned(job: Job, state: JobState, run: Run, until: datetime) -> tuple[Run, JobState]:
    """Let a run that began too early to be the next one stand for it all the same, if it was at work by then.

    That is: it began in the half of the time before the nominal instant, was at work at that instant, no
    other has begun since, and it stands for none of those that are still to be settled.
    """
    began_at = run.started_at
    if began_at is None or run.backfill:
        return run, state
    waiting = [
        o for o in state.occurrences if o.run is None and o.nominal_at <= until and began_at < o.opens_at
    ]
    if not waiting or run.key in [o.run for o in state.occurrences]:
        return run, state
    spanned = waiting[0]
    half_way_at = half_way_to(job.definition.plan, spanned.nominal_at)
    if half_way_at is None or began_at < half_way_at:
        return run, state
    run = replace(run, occurrence_at=spanned.nominal_at, deadline_at=spanned.deadline_at)
    return run, _begun(state, run, spanned, began_at)


def _begun(state: JobState, run: Run, occurrence: Occurrence, began_at: datetime) -> JobState:
    in_time = occurrence.start_by is None or began_at <= occurrence.start_by
    status, recent = occurrence.status, state.recent
    if status in _OPEN:
        status = OccurrenceStatus.STARTED
    elif status.is_missed and in_time:
        status = OccurrenceStatus.STARTED
        recent = tuple(o for o in recent if o.status is not None or o.order_at != occurrence.nominal_at)
    bound = replace(occurrence, status=status, run=run.key)
    occurrences = tuple(bound if o is occurrence else o for o in state.occurrences)
    return replace(state, occurrences=occurrences, recent=recent)


def _is_owed(job: Job, state: JobState, run: Run, occurrence: Occurrence, began_at: datetime) -> bool:
    """Whether a run that nobody waited for, for it was promised too late for that, still owes its deadline.

    A promise made after its own deadline is none.
    """
    if occurrence.deadline_at is None or run.backfill or occurrence in state.occurrences:
        return False
    if occurrence.start_by is not None and began_at > occurrence.start_by:
        return False
    promised_at = state.expect_after or job.registered_at
    is_settled = state.settled is not None and state.settled.nominal_at >= occurrence.nominal_at
    return not is_settled and occurrence.deadline_at > max(began_at, promised_at)


def _released(state: JobState, key: str, occurrence: Occurrence | None) -> JobState:
    """Let go of the occurrence that a run was taken for before it said which one it is for."""
    wrongs = [o for o in state.occurrences if o.run == key and o is not occurrence]
    if not wrongs:
        return state
    wrong = wrongs[0]
    status = OccurrenceStatus.EXPECTED if wrong.status is OccurrenceStatus.STARTED else wrong.status
    free = replace(wrong, status=status, run=None)
    return replace(state, occurrences=tuple(free if o is wrong else o for o in state.occurrences))


def _occurrence(job: Job, state: JobState, run: Run, began_at: datetime) -> Occurrence | None:
    known = state.occurrences if state.settled is None else (*state.occurrences, state.settled)
    if run.occurrence_at is not None:
        return _named(job, known, run, run.occurrence_at)
    open_then = [o for o in known if o.opens_at <= began_at]
    if open_then:
        return _nearest(job, state, open_then, began_at)
    definition = job.definition
    if (
        definition.schedule is None
        and definition.sla.deadline is None
        and definition.sla.deadline_offset_minutes is None
        and not definition.timetables
    ):
        return None
    return occurrence_for(definition.plan, began_at)


def _named(job: Job, known: tuple[Occurrence, ...], run: Run, nominal_at: datetime) -> Occurrence | None:
    by_nominal = {o.nominal_at: o for o in known}
    found = by_nominal.get(nominal_at)
    if found is not None or run.backfill:
        return found
    near_at = nominal_near(job.definition.plan, nominal_at)
    return None if near_at is None else by_nominal.get(near_at)


def _nearest(job: Job, state: JobState, open_then: list[Occurrence], began_at: datetime) -> Occurrence:
    """Return the newest; where only a daily deadline is promised, a late run is not tomorrow's early one.

    But where the last good run came on the evening before, so does this one: or a job of the evening that
    has failed once would be late for ever.
    """
    newest = open_then[0] if len(open_then) == 1 else max(open_then, key=lambda o: o.nominal_at)
    if job.definition.schedule is None and newest.nominal_at > began_at and not _came_early(state):
        owed = [o for o in open_then if o.nominal_at <= began_at and o in state.occurrences]
        return max(owed, key=lambda o: o.nominal_at, default=newest)
    return newest


def _came_early(state: JobState) -> bool:
    last = next((o for o in reversed(state.recent) if o.status is RunStatus.SUCCESS), None)
    return last is not None and last.at - timedelta(seconds=last.seconds or 0) < last.order_at


def settle_by(state: JobState, run: Run) -> tuple[JobState, tuple[Occurrence, ...]]:
    """Settle every expected run that this good one stands for or comes after; return what changed."""
    covered = tuple(o for o in state.occurrences if o.nominal_at <= run.order_at)
    if not covered:
        return state, ()
    ended_at = run.ended_at or run.last_sign_at
    decided = [_decide(o, run, ended_at) for o in covered]
    rest = tuple(o for o in state.occurrences if o.nominal_at > run.order_at)
    state = replace(
        state, occurrences=rest, occurrences_dropped=0, settled=latest(state.settled, decided[-1])
    )
    return state, tuple([now for before, now in zip(covered, decided, strict=True) if now is not before])


def _decide(occurrence: Occurrence, run: Run, ended_at: datetime) -> Occurrence:
    if occurrence.nominal_at != run.occurrence_at:
        if occurrence.status in _NOT_OWED:
            return occurrence
        kept = OccurrenceStatus.MISSED if occurrence.run is None else OccurrenceStatus.LATE
        return occurrence if occurrence.status is kept else replace(occurrence, status=kept)
    late = occurrence.deadline_at is not None and ended_at > occurrence.deadline_at
    late = late or occurrence.status.is_missed
    return replace(occurrence, status=OccurrenceStatus.LATE if late else OccurrenceStatus.MET, run=run.key)


def skip(state: JobState, run: Run) -> tuple[JobState, tuple[Occurrence, ...]]:
    """Settle the expected run that the job says it leaves out."""
    skipped = tuple(
        replace(o, status=OccurrenceStatus.SKIPPED, run=run.key)
        for o in state.occurrences
        if o.nominal_at == run.occurrence_at
    )
    if not skipped:
        return state, ()
    rest = tuple(o for o in state.occurrences if o.nominal_at != run.occurrence_at)
    return replace(state, occurrences=rest, settled=latest(state.settled, skipped[-1])), skipped


def latest(settled: Occurrence | None, decided: Occurrence) -> Occurrence:
    """Return the one whose nominal instant is later."""
    return settled if settled is not None and settled.nominal_at > decided.nominal_at else decided
