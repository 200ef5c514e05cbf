"""A check-in's way in: facts are added, the job is judged, all in the transaction that makes it durable."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from tocsin.engine.draft import Draft
from tocsin.jobs.checkin import Answer, Answered, CheckIn
from tocsin.jobs.defining import expect_from, may_define, redefine, with_labels
from tocsin.jobs.folding import fold, run_named
from tocsin.jobs.job import Definition, Job, JobKey, Rank
from tocsin.jobs.run import Run
from tocsin.store.base import Watch


def take_in(draft: Draft, check_ins: Sequence[CheckIn]) -> list[Answer]:
    """Add check-ins to what is known and judge their jobs; return the answers in order.

    A job is judged after every check-in that ends a run and after its last one, so that the outcome
    does not depend on which check-ins happened to share a commit.
    """
    new_jobs = _load(draft, check_ins)
    ids = {watch.job.key: job_id for job_id, watch in draft.watches.items()}
    known = _known_runs(draft, check_ins, ids)
    answers: list[Answer] = []
    unseen: dict[int, None] = {}
    for check_in in check_ins:
        key = JobKey(check_in.environment, check_in.job)
        job_id = ids[key]
        answer, ended = _take_one(draft, job_id, check_in, known, is_new=key in new_jobs)
        new_jobs.discard(key)
        answers.append(answer)
        unseen[job_id] = None
        if ended:
            draft.look(job_id)
            del unseen[job_id]
    for job_id in unseen:
        draft.look(job_id)
    return answers


def _load(draft: Draft, check_ins: Iterable[CheckIn]) -> set[JobKey]:
    """Lock the watches of all the jobs that report, registering those that are new."""
    keys = {JobKey(c.environment, c.job): c for c in check_ins}
    found = draft.writing.watches(keys)
    missing = {key: c for key, c in keys.items() if key not in found}
    if missing:
        jobs = [_new_job(draft, key, c.received_at) for key, c in missing.items()]
        found = {**found, **draft.writing.register(jobs)}
    draft.load(found.values())
    return set(missing)


def _new_job(draft: Draft, key: JobKey, now: datetime) -> Job:
    definition = draft.book.definition_of(key) or draft.book.configuration.defaults
    return Job(name=key.name, environment=key.environment, registered_at=now, definition=definition)


def _known_runs(
    draft: Draft, check_ins: Iterable[CheckIn], ids: dict[JobKey, int]
) -> dict[tuple[int, str], Run]:
    """Return those closed runs that the check-ins name and the states no longer hold."""
    wanted = set()
    for check_in in check_ins:
        if check_in.run is None:
            continue
        job_id = ids[JobKey(check_in.environment, check_in.job)]
        if run_named(draft.watches[job_id].state, check_in) is None:
            wanted.add((job_id, check_in.run))
    return draft.writing.runs(wanted) if wanted else {}


def _take_one(
    draft: Draft,
    job_id: int,
    check_in: CheckIn,
    known: dict[tuple[int, str], Run],
    *,
    is_new: bool,
) -> tuple[Answer, bool]:
    watch = draft.watches[job_id]
    if check_in.definition is not None or check_in.labels:
        watch = _defined(watch, check_in)
    run = run_named(watch.state, check_in)
    if run is None and check_in.run is not None:
        run = draft.run_of(job_id, check_in.run) or known.get((job_id, check_in.run))
    new_key = "" if run is not None or check_in.run is not None else draft.new_id()
    folded = fold(watch.job, watch.state, check_in, known=run, new_key=new_key)
    draft.watches[job_id] = replace(watch, state=folded.state)
    if folded.answered is not Answered.DUPLICATE:
        named = check_in if check_in.run is not None or folded.run is None else _named(check_in, folded.run)
        draft.check_ins.append((job_id, named))
        draft.heard(job_id)
    draft.keep_runs(job_id, folded.runs)
    draft.keep_occurrences(job_id, folded.decided)
    return Answer(status=folded.answered, run=folded.run, new_job=is_new), folded.ended


def _named(check_in: CheckIn, run: str) -> CheckIn:
    return replace(check_in, run=run)


def _defined(watch: Watch, check_in: CheckIn) -> Watch:
    job, state = watch.job, watch.state
    definition = job.definition
    proposed = check_in.definition
    if proposed is not None and may_define(definition, proposed):
        definition = replace(proposed, rank=Rank.CHECK_IN, labels=proposed.labels or definition.labels)
    if check_in.labels and definition.rank is not Rank.FILE:
        definition = with_labels(definition, check_in.labels)
    if definition == job.definition:
        return watch
    job, state = redefine(job, state, definition, check_in.received_at)
    return replace(watch, job=job, state=state)


def defined_by(watch: Watch, definition: Definition, now: datetime) -> Watch:
    """Return the watch of a job under another definition."""
    job, state = redefine(watch.job, watch.state, definition, now)
    return replace(watch, job=job, state=state)


def resumed(watch: Watch, now: datetime) -> Watch:
    """Return the watch of a job that is judged again from now on."""
    job = replace(watch.job, paused_at=None, paused_by="")
    return replace(watch, job=job, state=expect_from(watch.state, now))
