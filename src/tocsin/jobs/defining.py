"""Who may say what a job is, and what a new definition makes of what is known."""

from datetime import datetime

from msgspec.structs import replace

from tocsin.jobs.job import Definition, Job
from tocsin.jobs.state import JobState


def may_define(current: Definition, proposed: Definition) -> bool:
    """Whether a definition of this rank may replace the current one: file over API over check-in."""
    return proposed.rank >= current.rank


def redefine(job: Job, state: JobState, definition: Definition, now: datetime) -> tuple[Job, JobState]:
    """Return the job under a new definition, and its state.

    When the promise of when it runs has changed, what was expected under the old one is forgotten,
    and nothing before `now` is expected under the new one.
    """
    changed = definition.plan != job.definition.plan
    job = replace(job, definition=definition)
    return job, expect_from(state, now) if changed else state


def expect_from(state: JobState, now: datetime) -> JobState:
    """Return the state of a job that is watched from now on: nothing earlier is expected or missed."""
    return replace(state, occurrences=(), occurrences_dropped=0, settled=None, expect_after=now)


def with_labels(definition: Definition, labels: tuple[tuple[str, str], ...]) -> Definition:
    """Return the definition with labels that a check-in brought; a declared one keeps its value."""
    declared = dict(definition.labels)
    if all(name in declared for name, _ in labels):
        return definition
    return replace(definition, labels=tuple(sorted({**dict(labels), **declared}.items())))


def forgive(state: JobState, condition: str, at: datetime) -> JobState:
    """Return the state in which nothing up to `at` counts for this condition any more."""
    others = tuple((name, instant) for name, instant in state.forgiven if name != condition)
    return replace(state, forgiven=(*others, (condition, at)))
