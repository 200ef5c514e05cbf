"""What time alone brings: jobs whose opinion may have changed are looked at, a slice at a time."""

from collections.abc import Callable

from tocsin.engine.blindness import look_at_unknown
from tocsin.engine.draft import SYSTEM_JOB, Draft
from tocsin.engine.storming import speak_for_groups

LOOKS_BETWEEN = 8


def tick(draft: Draft, limit: int, is_over: Callable[[], bool] = lambda: False) -> int:
    """Look at up to `limit` jobs that are due, the longest due first; return how many there were.

    Once `is_over` says so the rest is left for the next slice.
    """
    due = draft.writing.due(draft.now, limit)
    speak_for_groups(draft)
    draft.load(due)
    for number, watch in enumerate(due):
        if number % LOOKS_BETWEEN == LOOKS_BETWEEN - 1 and is_over():
            draft.leave(later.job.id for later in due[number:])
            break
        if watch.job.key == SYSTEM_JOB:
            look_at_unknown(draft, watch.job.id)
        else:
            draft.look(watch.job.id)
    return len(due)
