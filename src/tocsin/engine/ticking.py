"""What time alone brings: jobs whose opinion may have changed are looked at, a slice at a time."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from tocsin.alerts.inhibition import Side
from tocsin.engine.draft import SYSTEM_JOB, Draft
from tocsin.engine.drill_plans import look_at_drills
from tocsin.engine.handing_over import look_at_hand_overs
from tocsin.engine.ourselves import look_at_ourselves
from tocsin.engine.own_jobs import DRILLS, HAND_OVERS
from tocsin.engine.storming import speak_for_groups

LOOKS_BETWEEN = 8
TARGETS_AT_ONCE: Final = 200
OWN_LOOKS = {SYSTEM_JOB: look_at_ourselves, DRILLS: look_at_drills, HAND_OVERS: look_at_hand_overs}


def tick(draft: Draft, limit: int, is_over: Callable[[], bool] = lambda: False) -> int:
    """Look at up to `limit` jobs that are due, the longest due first; return how many there were.

    Once `is_over` says so the rest is left for the next slice.
    """
    draft.has_woken = _wake_targets(draft)
    due = draft.writing.due(draft.now, limit)
    speak_for_groups(draft)
    count = len(due)
    due = [watch for watch in due if watch.job.id not in draft.watches]
    draft.load(due)
    for number, watch in enumerate(due):
        if number % LOOKS_BETWEEN == LOOKS_BETWEEN - 1 and is_over():
            draft.leave(later.job.id for later in due[number:])
            break
        if watch.job.environment == SYSTEM_JOB.environment and watch.job.key in OWN_LOOKS:
            OWN_LOOKS[watch.job.key](draft, watch.job.id)
        else:
            draft.look(watch.job.id)
    return count


def _wake_targets(draft: Draft) -> bool:
    """Look again at alerts that others may mute and that have changed, a portion at a time.

    Return whether there are more whom nobody has looked for yet.
    """
    writing = draft.writing
    waiting = writing.wakes(1)
    for key, after in waiting:
        found = writing.bonds(key, Side.TARGET, after=after, limit=TARGETS_AT_ONCE)
        writing.mark_due(Counter(bond.job_id for bond in found), draft.now)
        writing.wake_on(key, after, found[-1].alert_id if len(found) == TARGETS_AT_ONCE else None)
    return bool(waiting)
