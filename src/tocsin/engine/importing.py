"""History that was written elsewhere, taken in as history: recorded and never judged, so it calls nobody."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec.structs import replace

from tocsin.engine.adopting import definition_under
from tocsin.engine.commands import Done, Refusal, Refused, Result, TakeHistory
from tocsin.engine.draft import SYSTEM_JOB, Draft
from tocsin.engine.said import OF_DURATIONS
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.defining import forgive
from tocsin.jobs.folding import unlearned_with
from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.state import EVERY_CONDITION, JobState
from tocsin.quality.learned import learns_at
from tocsin.store.rows import Watch


def take_history(draft: Draft, history: TakeHistory) -> Result:
    """Record a portion of a history; `count` is how much of it was new, `known` how much was not.

    A job that is not known is registered, and expected from now on. A run that is kept already stays as it
    is, and so does what was decided here. Check-ins are added as they come. What is normal is learned from
    the runs: soon of a job that has not learned yet, else with the next run that it makes.
    """
    keys = _keys(history)
    if any(key.environment == SYSTEM_JOB.environment for key in keys):
        message = f"the environment {SYSTEM_JOB.environment!r} is Tocsin's own; its history stays where it is"
        return Refused(reason=Refusal.CONFLICT, message=message)
    watches = draft.writing.watches(keys)
    made = _registered(draft, history, [key for key in keys if key not in watches])
    watches |= made
    draft.load(watches.values())
    runs = list(_new_runs(draft, history, watches))
    occurrences = list(_new_occurrences(history, watches))
    check_ins = [(watches[JobKey(c.environment, c.job)].job.id, c) for c in history.check_ins]
    _keep(draft, runs, occurrences, check_ins)
    for watch in made.values():
        draft.look(watch.job.id)
    count = (
        len(runs) + len(occurrences) + len(check_ins) + len([job for job in history.jobs if job.key in made])
    )
    given = len(history.jobs) + len(history.runs) + len(history.occurrences) + len(history.check_ins)
    return Done(message=f"taken in by {history.who}", count=count, known=given - count)


def _keys(history: TakeHistory) -> list[JobKey]:
    keys = [job.key for job in history.jobs]
    keys += [key for key, _ in history.runs] + [key for key, _ in history.occurrences]
    keys += [JobKey(c.environment, c.job) for c in history.check_ins]
    return list(dict.fromkeys(keys))


def _registered(draft: Draft, history: TakeHistory, missing: list[JobKey]) -> dict[JobKey, Watch]:
    """Register the jobs that are not known; nothing is expected of them before now, or held against them."""
    told = {job.key: job for job in history.jobs}
    plain = (Job(name=key.name, environment=key.environment, registered_at=draft.now) for key in missing)
    jobs = [told.get(job.key, job) for job in plain]
    if not jobs:
        return {}
    defined = [replace(job, definition=definition_under(job, draft.book), id=0) for job in jobs]
    fresh = JobState(expect_after=draft.now, forgiven=((EVERY_CONDITION, draft.now),))
    return {key: replace(watch, state=fresh) for key, watch in draft.writing.register(defined).items()}


def _new_runs(draft: Draft, history: TakeHistory, watches: dict[JobKey, Watch]) -> Iterator[tuple[int, Run]]:
    given = {(watches[key].job.id, run.key): run for key, run in history.runs}
    kept = draft.writing.runs(given) if given else {}
    return ((place[0], run) for place, run in given.items() if place not in kept)


def _new_occurrences(history: TakeHistory, watches: dict[JobKey, Watch]) -> Iterator[tuple[int, Occurrence]]:
    for key, occurrence in history.occurrences:
        watch = watches[key]
        if occurrence.nominal_at < (watch.state.expect_after or watch.job.registered_at):
            yield watch.job.id, occurrence


def _keep(
    draft: Draft,
    runs: Iterable[tuple[int, Run]],
    occurrences: Iterable[tuple[int, Occurrence]],
    check_ins: list[tuple[int, CheckIn]],
) -> None:
    """Keep all of it in its order: each by itself, for a store may order what it is given together."""
    for job_id, run in runs:
        draft.writing.save_runs([(job_id, run)])
        watch = draft.watches[job_id]
        draft.watches[job_id] = _to_be_learned(
            replace(watch, state=_remembering(watch.state, run)), run, draft.now
        )
    for job_id, occurrence in occurrences:
        draft.writing.save_occurrences([(job_id, occurrence)])
    draft.check_ins += check_ins
    for job_id, check_in in check_ins:
        watch = draft.watches[job_id]
        seen_at = _later(watch.state.last_seen_at, check_in.received_at)
        draft.watches[job_id] = replace(watch, state=replace(watch.state, last_seen_at=seen_at))


def _to_be_learned(watch: Watch, run: Run, now: datetime) -> Watch:
    """Return the watch of a job that has something to learn of a run, if that has ended.

    A lesson says how far off the last runs were, and a rule would tell that of the newest. So what was before
    now is forgiven; where something may be open about that, because the job has learned before, the lesson
    waits for the next run instead.
    """
    if run.ended_at is None:
        return watch
    state, known = watch.state, watch.state.unlearned
    unlearned = unlearned_with(known, run, now)
    if watch.learned.normal is None:
        state = forgive(state, OF_DURATIONS, now)
    else:
        unlearned = replace(unlearned, due_at=None if known is None else known.due_at)
    learn_at = learns_at(watch.learned, unlearned)
    due_at = watch.due_at if learn_at is None else min(watch.due_at or learn_at, learn_at)
    return replace(watch, state=replace(state, unlearned=unlearned), due_at=due_at)


def _remembering(state: JobState, run: Run) -> JobState:
    """Return the state that knows of the last run, and of the last good one; nothing is held against it."""
    ended_at = run.ended_at
    if ended_at is None:
        return state
    last = state.last
    if last is None or (last.ended_at or ended_at) <= ended_at:
        state = replace(state, last=run)
    if run.status is RunStatus.SUCCESS:
        state = replace(state, last_success_at=_later(state.last_success_at, ended_at))
    if run.started_at is not None:
        state = replace(state, last_started_at=_later(state.last_started_at, run.started_at))
    return state


def _later(known: datetime | None, other: datetime) -> datetime:
    return other if known is None else max(known, other)
