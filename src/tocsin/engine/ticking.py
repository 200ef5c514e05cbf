"""What time alone brings: jobs whose opinion may have changed are looked at, a slice at a time."""

from tocsin.engine.blindness import look_at_unknown
from tocsin.engine.draft import SYSTEM_JOB, Draft


def tick(draft: Draft, limit: int) -> int:
    """Look at up to `limit` jobs that are due, the longest due first; return how many there were."""
    due = draft.writing.due(draft.now, limit)
    draft.load(due)
    for watch in due:
        if watch.job.key == SYSTEM_JOB:
            look_at_unknown(draft, watch.job.id)
        else:
            draft.look(watch.job.id)
    return len(due)
