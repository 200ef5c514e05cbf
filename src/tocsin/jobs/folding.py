"""What a check-in makes of all that is known of a job."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from tocsin.jobs.applying import apply
from tocsin.jobs.checkin import Answered, CheckIn, CheckInKind
from tocsin.jobs.job import Job
from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus, occurrence_for
from tocsin.jobs.run import Phase, Run, RunStatus
from tocsin.jobs.state import MAX_FAILURES, MAX_OPEN_RUNS, MAX_RECENT, JobState, Outcome


class Folded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state after a check-in, the runs and occurrences that must be kept, and the answer to the job."""

    state: JobState
    answered: Answered
    run: str | None = None
    runs: tuple[Run, ...] = ()
    decided: tuple[Occurrence, ...] = ()
    ended: bool = False


def run_named(state: JobState, check_in: CheckIn) -> Run | None:
    """Return the run that a check-in speaks of, if the state still holds it.

    Without a run id it is the newest open run; a start without one is always a new run.
    """
    if check_in.run is None:
        opens = check_in.kind is CheckInKind.START
        return None if opens or not state.open_runs else state.open_runs[-1]
    for run in state.open_runs:
        if run.key == check_in.run:
            return run
    if state.last is not None and state.last.key == check_in.run:
        return state.last
    return None


def fold(job: Job, state: JobState, check_in: CheckIn, *, known: Run | None, new_key: str) -> Folded:
    """Return what is known after a check-in.

    `known` is the run that it speaks of where one exists, open or closed; `new_key` names a run that
    has no name of its own.
    """
    if known is None and check_in.kind is CheckInKind.LOG:
        return Folded(state=_seen(state, check_in), answered=Answered.ACCEPTED, run=check_in.run)
    before = known or Run(key=check_in.run or new_key, last_sign_at=check_in.at)
    run, answered = apply(before, check_in)
    if answered is not Answered.ACCEPTED:
        return Folded(state=state, answered=answered, run=run.key)
    started = before.started_at is None and (run.started_at is not None or not run.status.is_open)
    if started:
        run, state = _assign(job, state, run)
    if run.status.is_open:
        return _still_open(state, check_in, before, run, is_new=known is None, started=started)
    return _over(state, check_in, run)


def _seen(state: JobState, check_in: CheckIn) -> JobState:
    return replace(state, last_seen_at=check_in.received_at)


def _still_open(
    state: JobState, check_in: CheckIn, before: Run, run: Run, *, is_new: bool, started: bool
) -> Folded:
    others = tuple(r for r in state.open_runs if r.key != run.key)
    position = next((i for i, r in enumerate(state.open_runs) if r.key == run.key), len(others))
    reopened = not is_new and not before.status.is_open
    open_runs = (*others[:position], run, *others[position:])
    kept = (run,) if is_new or started or reopened or run.phase is not before.phase else ()
    state = replace(
        state,
        open_runs=open_runs,
        last_started_at=_later(state.last_started_at, run.started_at) if started else state.last_started_at,
        last_seen_at=check_in.received_at,
    )
    if reopened:
        state = _without_outcome(state, run.key)
    if len(open_runs) > MAX_OPEN_RUNS:
        state, abandoned = abandon(state, open_runs[0], check_in.received_at)
        kept = (*kept, abandoned)
    return Folded(state=state, answered=Answered.ACCEPTED, run=run.key, runs=kept)


def abandon(state: JobState, run: Run, at: datetime) -> tuple[JobState, Run]:
    """Close a run that will not report any more; a later check-in of it opens it again."""
    closed = replace(run, status=RunStatus.TIMEOUT, phase=Phase.FAILED, ended_at=at, closed_by_us=True)
    return _close(state, closed), closed


def _over(state: JobState, check_in: CheckIn, run: Run) -> Folded:
    state = _close(_without_outcome(state, run.key), run)
    decided: tuple[Occurrence, ...] = ()
    if run.status is RunStatus.SUCCESS and not run.backfill:
        state, decided = _settle_by(state, run)
    elif run.status is RunStatus.SKIPPED:
        state, decided = _skip(state, run)
    state = replace(
        state,
        last_seen_at=check_in.received_at,
        last_started_at=_later(state.last_started_at, run.started_at or run.ended_at),
    )
    return Folded(
        state=state, answered=Answered.ACCEPTED, run=run.key, runs=(run,), decided=decided, ended=True
    )


def _without_outcome(state: JobState, key: str) -> JobState:
    recent = tuple(o for o in state.recent if o.run != key)
    failures = tuple(r for r in state.failures if r.key != key)
    if len(recent) == len(state.recent) and len(failures) == len(state.failures):
        return state
    return replace(state, recent=recent, failures=failures)


def _close(state: JobState, run: Run) -> JobState:
    assert run.ended_at is not None  # noqa: S101 -- programmer error, every closed run has an end
    is_newest = state.last is None or (state.last.ended_at or run.ended_at) <= run.ended_at
    failures, dropped = state.failures, state.failures_dropped
    last_success_at = state.last_success_at
    if run.status.is_bad:
        failures = (*failures, run)
        if len(failures) > MAX_FAILURES:
            failures, dropped = (failures[0], *failures[2:]), dropped + 1
    elif run.status is RunStatus.SUCCESS:
        last_success_at = _later(last_success_at, run.ended_at)
        if failures:
            failures = tuple(f for f in failures if not makes_up_for(run, f))
            dropped = dropped if failures else 0
    return replace(
        state,
        open_runs=tuple(r for r in state.open_runs if r.key != run.key),
        recent=(*state.recent, outcome_of(run))[-MAX_RECENT:],
        failures=failures,
        failures_dropped=dropped,
        last=run if is_newest else state.last,
        last_success_at=last_success_at,
    )


def makes_up_for(good: Run, bad: Run) -> bool:
    """Whether a good run resolves a bad one: same partition, the same or a later occurrence."""
    return good.partition == bad.partition and good.order_at >= bad.order_at


def outcome_of(run: Run) -> Outcome:
    """Return the few facts of an ended run that rules ask for later."""
    ended_at = run.ended_at or run.last_sign_at
    execution = run.execution
    return Outcome(
        at=ended_at,
        order_at=run.order_at,
        status=run.status,
        run=run.key,
        partition=run.partition,
        backfill=run.backfill,
        seconds=None if execution is None else execution.total_seconds(),
        records=run.records_ok,
        silence_seconds=run.longest_silence_seconds,
        late=run.deadline_at is not None and ended_at > run.deadline_at,
    )


def _assign(job: Job, state: JobState, run: Run) -> tuple[Run, JobState]:
    """Bind a run that has just begun to the occurrence it is for."""
    occurrence = None if run.backfill and run.occurrence_at is None else _occurrence(job, state, run)
    if occurrence is None:
        return run, state
    run = replace(run, occurrence_at=occurrence.nominal_at, deadline_at=occurrence.deadline_at)
    if occurrence not in state.occurrences:
        return run, replace(state, settled=_newer(state.settled, occurrence))
    if run.backfill:
        return run, state
    status = occurrence.status
    if status in (OccurrenceStatus.EXPECTED, OccurrenceStatus.UNKNOWN):
        status = OccurrenceStatus.STARTED
    bound = replace(occurrence, status=status, run=run.key)
    occurrences = tuple(bound if o is occurrence else o for o in state.occurrences)
    return run, replace(state, occurrences=occurrences)


def _occurrence(job: Job, state: JobState, run: Run) -> Occurrence | None:
    known = state.occurrences if state.settled is None else (state.settled, *state.occurrences)
    if run.occurrence_at is not None:
        return next((o for o in known if o.nominal_at == run.occurrence_at), None)
    began_at = run.started_at or run.ended_at or run.last_sign_at
    for occurrence in reversed(known):
        if occurrence.opens_at <= began_at:
            return occurrence
    definition = job.definition
    if definition.schedule is None and definition.sla.deadline is None:
        return None
    return occurrence_for(definition.plan, began_at)


def _settle_by(state: JobState, run: Run) -> tuple[JobState, tuple[Occurrence, ...]]:
    """Settle every expected run that this good one stands for or comes after."""
    covered = tuple(o for o in state.occurrences if o.nominal_at <= run.order_at)
    if not covered:
        return state, ()
    ended_at = run.ended_at or run.last_sign_at
    decided = tuple(_decide(o, run, ended_at) for o in covered)
    state = replace(
        state, occurrences=state.occurrences[len(covered) :], occurrences_dropped=0, settled=decided[-1]
    )
    return state, decided


def _decide(occurrence: Occurrence, run: Run, ended_at: datetime) -> Occurrence:
    if occurrence.nominal_at != run.occurrence_at:
        kept = OccurrenceStatus.MISSED if occurrence.run is None else OccurrenceStatus.LATE
        return replace(occurrence, status=kept)
    late = occurrence.deadline_at is not None and ended_at > occurrence.deadline_at
    late = late or occurrence.status is OccurrenceStatus.MISSED
    return replace(occurrence, status=OccurrenceStatus.LATE if late else OccurrenceStatus.MET, run=run.key)


def _skip(state: JobState, run: Run) -> tuple[JobState, tuple[Occurrence, ...]]:
    skipped = tuple(
        replace(o, status=OccurrenceStatus.SKIPPED, run=run.key)
        for o in state.occurrences
        if o.nominal_at == run.occurrence_at
    )
    if not skipped:
        return state, ()
    rest = tuple(o for o in state.occurrences if o.nominal_at != run.occurrence_at)
    return replace(state, occurrences=rest, settled=skipped[-1]), skipped


def _newer(known: Occurrence | None, other: Occurrence) -> Occurrence:
    return other if known is None or other.nominal_at > known.nominal_at else known


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)
