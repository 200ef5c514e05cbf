"""A new configuration reaches the jobs in slices, so that a reload stops nothing."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tocsin.engine.apart import told_of
from tocsin.engine.book import Book
from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import SYSTEM_JOB, Draft
from tocsin.engine.ingest import defined_by
from tocsin.jobs.defining import keeping_checks
from tocsin.jobs.job import Definition, Job, JobKey, Rank
from tocsin.store.base import Writing
from tocsin.store.rows import Watch

SLICE = 200
_NOTE = "configuration"


class _Known(Struct, frozen=True):
    digest: str = ""
    version: int = 0


def version_of(writing: Writing, configuration: Configuration, now: datetime) -> int:
    """Return the number of this configuration: the stored one if it judges alike, else the next."""
    known = _known(writing)
    if known is None:
        # So many minutes have passed since 1970 that no job was judged under this number before.
        known = _Known(version=int(now.timestamp()) // 60)
    if known.digest == configuration.digest:
        return known.version
    known = _Known(digest=configuration.digest, version=known.version + 1)
    writing.save_note(_NOTE, msgspec.json.encode(known).decode())
    return known.version


def is_newest(writing: Writing, version: int) -> bool:
    """Whether no server on this store has taken up another configuration after the one of this number."""
    known = _known(writing)
    return known is None or known.version == version


def _known(writing: Writing) -> _Known | None:
    """Return what was taken up last on this store; None if it cannot be read."""
    try:
        return msgspec.json.decode(writing.note(_NOTE) or "{}", type=_Known)
    except msgspec.MsgspecError:
        return None


def slices_of_jobs(configuration: Configuration) -> Iterator[list[JobKey]]:
    """Return the jobs of the file in slices to be registered."""
    keys = list(configuration.jobs)
    for start in range(0, len(keys), SLICE):
        yield keys[start : start + SLICE]


def register_slice(draft: Draft, keys: list[JobKey]) -> None:
    """Register those jobs of the file that are not known, so that a run that never comes is missed."""
    found = draft.writing.watches(keys)
    draft.load(_adopt_alone(watch, draft) for watch in found.values())
    new = [_new(key, draft) for key in keys if key not in found]
    if new:
        draft.load(draft.writing.register(new).values())
    for job_id in list(draft.watches):
        draft.look(job_id)


def _new(key: JobKey, draft: Draft) -> Job:
    definition = draft.book.configuration.jobs[key]
    return Job(name=key.name, environment=key.environment, registered_at=draft.now, definition=definition)


def judge_outdated(draft: Draft) -> int:
    """Look at some of the jobs that were judged under another configuration; return how many there were."""
    outdated = draft.writing.outdated(draft.book.version, SLICE)
    draft.load(_adopt_alone(watch, draft) for watch in outdated)
    for job_id, watch in list(draft.watches.items()):
        if watch.job.environment == SYSTEM_JOB.environment:
            draft.watches[job_id] = replace(watch, judged_under=draft.book.version)
        else:
            draft.look(job_id)
            draft.watches[job_id] = replace(draft.watches[job_id], judged_under=draft.book.version)
    return len(outdated)


def _adopt_alone(watch: Watch, draft: Draft) -> Watch:
    try:
        return _adopt(watch, draft)
    except Exception as error:  # noqa: BLE001 -- a job that cannot be redefined must cost itself alone
        return replace(watch, unreadable=told_of(error))


def _adopt(watch: Watch, draft: Draft) -> Watch:
    if watch.unreadable:
        return watch
    definition = definition_under(watch.job, draft.book)
    if definition == watch.job.definition:
        return watch
    return defined_by(watch, definition, draft.now)


def definition_under(job: Job, book: Book) -> Definition:
    """Return what a job is by the file, or what is left of it when the file does not name it."""
    named = book.definition_of(job.key)
    if named is not None:
        return keeping_checks(named, job.definition)
    if job.definition.rank in (Rank.FILE, Rank.NOBODY):
        labels = job.definition.labels if job.definition.rank is Rank.NOBODY else ()
        defaults = book.configuration.defaults
        return keeping_checks(replace(defaults, labels=labels or defaults.labels), job.definition)
    return job.definition
