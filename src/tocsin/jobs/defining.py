"""Who may say what a job is, and what a new definition makes of what is known."""

from datetime import datetime

from msgspec.structs import replace

from tocsin.jobs.binding import bind
from tocsin.jobs.checks import Check
from tocsin.jobs.expecting import expect
from tocsin.jobs.job import Definition, Job, Rank
from tocsin.jobs.occurrence import (
    Occurrence,
    OccurrenceStatus,
    Plan,
    expect_alike,
    expects,
    next_occurrence,
    promise_at,
    starts_at_will,
)
from tocsin.jobs.state import EVERY_CONDITION, JobState

MAX_LABELS = 64


def may_define(current: Definition, proposed: Definition) -> bool:
    """Whether a definition of this rank may replace the current one: file over API over check-in."""
    return proposed.rank >= current.rank


def with_checks(definition: Definition, checks: tuple[Check, ...]) -> Definition:
    """Return a definition with the checks that a check-in brings, unless those of a higher rank are there."""
    if definition.rank <= Rank.CHECK_IN:
        return replace(definition, checks=checks, rank=Rank.CHECK_IN)
    if definition.checks and not definition.checks_brought:
        return definition
    return replace(definition, checks=checks, checks_brought=bool(checks))


def keeping_checks(definition: Definition, known: Definition) -> Definition:
    """Return a new definition, which keeps what check-ins have brought if it says nothing of checks."""
    were_brought = known.checks_brought or known.rank is Rank.CHECK_IN
    if definition.checks or not known.checks or not were_brought:
        return definition
    return with_checks(definition, known.checks)


def redefine(job: Job, state: JobState, definition: Definition, now: datetime) -> tuple[Job, JobState]:
    """Return the job under a new definition, and its state.

    An expected run that the new schedule still names, or that a run has taken, stays what it is: only what
    is promised of it moves. What no run has taken and no schedule names any more is forgotten, and of what
    is named for the first time nothing before `now` is expected.
    """
    old, new = job.definition.plan, definition.plan
    redefined = replace(job, definition=definition)
    if old == new:
        return redefined, state
    if job.paused_at is None:
        state = expect(job, state, now)
    if not expect_alike(old, new):
        state = _as_named_by(new, state, now)
    state = _as_promised_by(new, state, now)
    return redefined, _on_their_way(redefined, replace(state, promised_at=now))


def _as_named_by(plan: Plan, state: JobState, now: datetime) -> JobState:
    """Return the state without what the plan does not name; what is to come is then searched for anew."""
    coming = next_occurrence(plan, now)
    last_at = now if coming is None else coming.nominal_at

    def is_named(occurrence: Occurrence) -> bool:
        return occurrence.nominal_at <= last_at and expects(plan, occurrence.nominal_at)

    return replace(
        state,
        occurrences=tuple(o for o in state.occurrences if o.run is not None or is_named(o)),
        occurrences_dropped=0,
        settled=state.settled if state.settled is not None and is_named(state.settled) else None,
        expect_after=now,
    )


def _as_promised_by(plan: Plan, state: JobState, now: datetime) -> JobState:
    """Return the state with other promises, and without the misses that these take back."""
    moves = [(o, _moved(o, plan, now)) for o in state.occurrences]
    undone = {new.nominal_at for old, new in moves if new is not None and new.status is not old.status}
    return replace(
        state,
        occurrences=tuple(new for _, new in moves if new is not None),
        settled=state.settled and _settled_under(plan, state.settled, now),
        recent=tuple(o for o in state.recent if o.status is not None or o.order_at not in undone),
    )


def _settled_under(plan: Plan, settled: Occurrence, now: datetime) -> Occurrence | None:
    """Return what a good run has settled under other promises: it stays what it is."""
    moved = _moved(settled, plan, now)
    return moved and replace(moved, status=settled.status)


def _moved(occurrence: Occurrence, plan: Plan, now: datetime) -> Occurrence | None:
    """Return a known expected run under other promises; more time to start takes back that it is missed."""
    promise = promise_at(plan, occurrence.nominal_at)
    if promise is None:
        return None
    if occurrence.status is OccurrenceStatus.SKIPPED:
        return occurrence
    promise = replace(promise, violated=occurrence.violated, let_off=occurrence.let_off)
    start_by = _limit(occurrence.start_by, promise.start_by, now)
    status = occurrence.status
    if status.is_missed and start_by is not None and start_by > now:
        status = OccurrenceStatus.EXPECTED if occurrence.run is None else OccurrenceStatus.STARTED
    deadline_at = _limit(occurrence.deadline_at, promise.deadline_at, now)
    return replace(promise, start_by=start_by, deadline_at=deadline_at, status=status, run=occurrence.run)


def _limit(old: datetime | None, new: datetime | None, now: datetime) -> datetime | None:
    """Return the limit that holds: none can be moved to where it is broken as soon as it is promised."""
    return new if new is None or new > now else old


def _on_their_way(job: Job, state: JobState) -> JobState:
    """Tell the runs at work what is promised of them now; one of which nothing was finds what it is for."""
    open_runs = []
    for known in state.open_runs:
        run, at = known, known.occurrence_at
        if at is not None:
            due = [o.deadline_at for o in state.occurrences if o.nominal_at == at]
            run = replace(run, deadline_at=due[0] if due else None)
        elif run.started_at is not None and not run.backfill:
            run, state = bind(job, state, run)
        open_runs.append(run)
    return replace(state, open_runs=tuple(open_runs))


def resume(job: Job, state: JobState, now: datetime) -> tuple[Job, JobState]:
    """Return a paused job as it is judged again: by what happens from now on, for every condition.

    What was to start in the pause is not expected any more; what a run has taken, and what was due before
    the pause or only has to end after it, is still to be done.
    """
    resumed = replace(job, paused_at=None, paused_by="")
    state = expect(resumed, state, now)
    state = replace(
        state,
        occurrences=tuple(o for o in state.occurrences if _is_still_due(job, o, now)),
        occurrences_dropped=0,
        expect_after=now,
        forgiven=((EVERY_CONDITION, now),),
    )
    return resumed, state


def _is_still_due(job: Job, occurrence: Occurrence, now: datetime) -> bool:
    if occurrence.run is not None:
        return True
    slept_through = (job.paused_at or now) <= occurrence.nominal_at <= now
    if slept_through and not starts_at_will(job.definition.plan, occurrence.nominal_at):
        return False
    return any(at is not None and at > now for at in (occurrence.start_by, occurrence.deadline_at))


def with_labels(definition: Definition, labels: tuple[tuple[str, str], ...]) -> Definition:
    """Return the definition with labels that a check-in brought.

    A declared label keeps its value; where nobody has declared anything the newest value holds. At most
    MAX_LABELS are kept, first those that were known before.
    """
    known = dict(definition.labels)
    wins = definition.rank is Rank.NOBODY
    for name, value in labels:
        if (name in known and wins) or (name not in known and len(known) < MAX_LABELS):
            known[name] = value
    merged = tuple(sorted(known.items()))
    return definition if merged == definition.labels else replace(definition, labels=merged)


def forgive(state: JobState, condition: str, at: datetime) -> JobState:
    """Return the state in which nothing up to `at` counts for this condition any more."""
    others = tuple((name, instant) for name, instant in state.forgiven if name != condition)
    return replace(state, forgiven=(*others, (condition, at)))
