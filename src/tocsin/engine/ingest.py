"""A check-in's way in: facts are added, the job is judged, all in the transaction that makes it durable."""

import logging
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from tocsin.engine.awaiting import is_news
from tocsin.engine.draft import SYSTEM_JOB, Draft
from tocsin.errors import StoreUnreadable
from tocsin.jobs.checkin import Answer, Answered, CheckIn
from tocsin.jobs.clocks import by_our_clock, is_worth_a_look
from tocsin.jobs.defining import may_define, redefine, resume, with_checks, with_labels
from tocsin.jobs.folding import Folded, fold, run_held, run_named
from tocsin.jobs.job import Definition, Job, JobKey, Rank
from tocsin.jobs.run import Run
from tocsin.quality.metrics import comparing
from tocsin.store.rows import Watch

_log = logging.getLogger("tocsin.engine")

_OURS = Answer(
    status=Answered.REJECTED,
    field="environment",
    message=f"the environment {SYSTEM_JOB.environment!r} is Tocsin's own; report in another one",
)


def take_in(draft: Draft, check_ins: Sequence[CheckIn]) -> list[Answer]:
    """Add check-ins to what is known and judge their jobs; return the answers in order.

    A job is judged after every check-in that ends a run and after its last one, so that the outcome
    does not depend on which check-ins happened to share a commit.
    """
    if SYSTEM_JOB.environment in [c.environment for c in check_ins]:
        return _without_our_own(draft, check_ins)
    ids, new_jobs = _load(draft, check_ins)
    known = _known_runs(draft, check_ins, ids)
    answers: list[Answer] = []
    unseen: dict[int, None] = {}
    for job_id, check_in in zip(ids, check_ins, strict=True):
        answer, ended = _take_one(draft, job_id, check_in, known, is_new=job_id in new_jobs)
        new_jobs.discard(job_id)
        answers.append(answer)
        if ended:
            draft.look(job_id)
            unseen.pop(job_id, None)
        else:
            unseen[job_id] = None
    for job_id in unseen:
        draft.look(job_id)
    return answers


def _without_our_own(draft: Draft, check_ins: Sequence[CheckIn]) -> list[Answer]:
    """Take in what is not reported in the environment that Tocsin itself alerts in."""
    others = iter(take_in(draft, [c for c in check_ins if c.environment != SYSTEM_JOB.environment]))
    return [_OURS if c.environment == SYSTEM_JOB.environment else next(others) for c in check_ins]


def _load(draft: Draft, check_ins: Sequence[CheckIn]) -> tuple[list[int], set[int]]:
    """Lock the watches of all the jobs that report; return their ids in order, and which of them are new."""
    keys = [JobKey(c.environment, c.job) for c in check_ins]
    watches = draft.writing.watches(keys)
    registered: dict[JobKey, Watch] = {}
    if False in [key in watches for key in keys]:
        missing = {key: c for key, c in zip(keys, check_ins, strict=True) if key not in watches}
        registered = draft.writing.register(
            [_new_job(draft, key, check_in.received_at) for key, check_in in missing.items()]
        )
        watches |= registered
    draft.load(watches.values())
    return [watches[key].job.id for key in keys], {watch.job.id for watch in registered.values()}


def _new_job(draft: Draft, key: JobKey, now: datetime) -> Job:
    definition = draft.book.definition_of(key) or draft.book.configuration.defaults
    return Job(name=key.name, environment=key.environment, registered_at=now, definition=definition)


def _known_runs(draft: Draft, check_ins: Sequence[CheckIn], ids: Sequence[int]) -> dict[tuple[int, str], Run]:
    """Return the closed runs that the check-ins name.

    Also those that the states still hold: an earlier check-in of the same group may push them out.
    """
    known: dict[tuple[int, str], Run] = {}
    wanted: list[tuple[int, str]] = []
    for job_id, check_in in zip(ids, check_ins, strict=True):
        if check_in.run is None:
            continue
        run = run_held(draft.watches[job_id].state, check_in.run)
        if run is None:
            wanted.append((job_id, check_in.run))
        elif not run.status.is_open:
            known[job_id, check_in.run] = run
    return known | _runs_kept(draft, list(dict.fromkeys(wanted))) if wanted else known


def _runs_kept(draft: Draft, wanted: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Run]:
    """Return those runs that are kept; one that cannot be read begins anew, for its check-ins still count."""
    try:
        return draft.writing.runs(wanted)
    except StoreUnreadable as error:
        if len(wanted) == 1:
            _log.error("run %s begins anew: %s", wanted[0][1], error)
            return {}
        return {key: run for one in wanted for key, run in _runs_kept(draft, [one]).items()}


def _take_one(
    draft: Draft,
    job_id: int,
    check_in: CheckIn,
    known: dict[tuple[int, str], Run],
    *,
    is_new: bool,
) -> tuple[Answer, bool]:
    watch = draft.watches[job_id]
    if watch.unreadable:
        draft.check_ins.append((job_id, check_in))
        draft.heard.add(job_id)
        return Answer(status=Answered.ACCEPTED, run=check_in.run, new_job=is_new), False
    if check_in.definition is not None or check_in.labels or check_in.checks is not None:
        watch = _defined(watch, check_in, draft.now)
    run = run_named(watch.state, check_in)
    if run is None and check_in.run is not None:
        run = draft.run_of(job_id, check_in.run) or known.get((job_id, check_in.run))
    if is_worth_a_look(watch.state, check_in):
        state, check_in = by_our_clock(watch.state, check_in, run)
        watch = replace(watch, state=state)
    new_key = "" if run is not None or check_in.run is not None else draft.new_id()
    metrics = watch.learned.metrics
    compare = comparing(metrics, watch.job.definition.timezone) if metrics else None
    folded = fold(watch.job, watch.state, check_in, known=run, new_key=new_key, compare=compare)
    draft.watches[job_id] = replace(watch, state=folded.state)
    if folded.ended and folded.state.last_success_at != watch.state.last_success_at:
        draft.inhibiting.ended_well(watch.job)
    if (watch.learned.normal or draft.book.rule_book.asks_of_needs) and is_news(check_in, run):
        draft.moved_ends[watch.job.key] = None
    if folded.answered is not Answered.DUPLICATE:
        named = check_in if check_in.run is not None or folded.run is None else _named(check_in, folded.run)
        draft.check_ins.append((job_id, named))
        draft.heard.add(job_id)
    if folded.runs:
        _keep(draft, watch.job, folded)
    return Answer(status=folded.answered, run=folded.run, new_job=is_new), folded.ended


def _keep(draft: Draft, job: Job, folded: Folded) -> None:
    """Keep what a check-in has made of runs and of expected runs."""
    draft.keep_runs(job.id, folded.runs)
    if folded.decided:
        draft.keep_occurrences(job.id, folded.decided)
    if folded.violations:
        draft.note_violations(job.key, folded.violations)


def _named(check_in: CheckIn, run: str) -> CheckIn:
    return replace(check_in, run=run)


def _defined(watch: Watch, check_in: CheckIn, now: datetime) -> Watch:
    definition = watch.job.definition
    proposed = check_in.definition
    if proposed is not None and may_define(definition, proposed):
        definition = replace(
            proposed,
            rank=Rank.CHECK_IN,
            labels=proposed.labels or definition.labels,
            checks=proposed.checks or definition.checks,
        )
    if check_in.labels and definition.rank is not Rank.FILE:
        definition = with_labels(definition, check_in.labels)
    if check_in.checks is not None:
        definition = with_checks(definition, check_in.checks)
    if definition == watch.job.definition:
        return watch
    return defined_by(watch, definition, now)


def defined_by(watch: Watch, definition: Definition, now: datetime) -> Watch:
    """Return the watch of a job under another definition."""
    job, state = redefine(watch.job, watch.state, definition, now)
    return replace(watch, job=job, state=state)


def resumed(watch: Watch, now: datetime) -> Watch:
    """Return the watch of a job that is judged again from now on."""
    job, state = resume(watch.job, watch.state, now)
    return replace(watch, job=job, state=state)
