"""A look at Tocsin itself: what nobody can know because it was blind, and what its audits have found."""

from msgspec.structs import replace

from tocsin.engine.blindness import look_at_unknown
from tocsin.engine.commands import Done, NoteAudit
from tocsin.engine.draft import SYSTEM_JOB, Draft
from tocsin.engine.findings import keep_report, look_at_troubles
from tocsin.engine.own_jobs import own_watch


def look_at_ourselves(draft: Draft, job_id: int) -> None:
    """Look at Tocsin's own job, now, and take up everything that follows."""
    asks = [*look_at_unknown(draft, job_id), *look_at_troubles(draft, job_id)]
    draft.watches[job_id] = replace(
        draft.watches[job_id],
        due_at=min(asks, default=None),
        judged_under=draft.book.version,
        alerting=bool(draft.alerts_of(job_id)),
    )


def note_audit(draft: Draft, command: NoteAudit) -> Done:
    """Keep what a server's audit has found, and tell what is new of it."""
    if draft.now > command.until_at:
        return Done(message="too late to be told so")
    watch = own_watch(draft.writing, SYSTEM_JOB, draft.now)
    keep_report(draft.writing, command.report, command.gone)
    draft.load([watch])
    look_at_ourselves(draft, watch.job.id)
    return Done(message="noted")
