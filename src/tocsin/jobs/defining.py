"""Who may say what a job is, and what a new definition makes of what is known."""

from datetime import datetime

from msgspec.structs import replace

from tocsin.jobs.job import Definition, Job, Rank
from tocsin.jobs.occurrence import OccurrenceStatus, occurrence_for
from tocsin.jobs.run import Run
from tocsin.jobs.state import EVERY_CONDITION, JobState

MAX_LABELS = 64


def may_define(current: Definition, proposed: Definition) -> bool:
    """Whether a definition of this rank may replace the current one: file over API over check-in."""
    return proposed.rank >= current.rank


def redefine(job: Job, state: JobState, definition: Definition, now: datetime) -> tuple[Job, JobState]:
    """Return the job under a new definition, and its state.

    When the promise of when it runs has changed, what was expected under the old one is forgotten and
    nothing before `now` is expected under the new one, but that a run on its way meets its deadline.
    """
    changed = definition.plan != job.definition.plan
    job = replace(job, definition=definition)
    if not changed:
        return job, state
    state = expect_from(state, now)
    running = next((r for r in reversed(state.open_runs) if r.started_at and not r.backfill), None)
    return job, state if running is None else _promise_anew(job, state, running, now)


def _promise_anew(job: Job, state: JobState, run: Run, now: datetime) -> JobState:
    began_at = run.started_at or run.last_sign_at
    occurrence = occurrence_for(job.definition.plan, began_at)
    if occurrence is None or occurrence.deadline_at is None or occurrence.deadline_at <= now:
        return state
    bound = replace(run, occurrence_at=occurrence.nominal_at, deadline_at=occurrence.deadline_at)
    return replace(
        state,
        open_runs=tuple(bound if r is run else r for r in state.open_runs),
        occurrences=(replace(occurrence, status=OccurrenceStatus.STARTED, run=run.key),),
    )


def expect_from(state: JobState, now: datetime) -> JobState:
    """Return the state of a job of which nothing earlier than `now` is expected or missed."""
    return replace(state, occurrences=(), occurrences_dropped=0, settled=None, expect_after=now)


def resume(job: Job, state: JobState, now: datetime) -> tuple[Job, JobState]:
    """Return a paused job as it is judged again: by what happens from now on, for every condition."""
    state = replace(expect_from(state, now), forgiven=((EVERY_CONDITION, now),))
    return replace(job, paused_at=None, paused_by=""), state


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
