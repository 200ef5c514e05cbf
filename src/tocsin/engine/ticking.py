"""What time alone brings: jobs whose opinion may have changed are looked at, a slice at a time."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final

from tocsin.alerts.inhibition import Side
from tocsin.engine.apart import EVERYTHING, apart, named
from tocsin.engine.awaiting import waiting_for
from tocsin.engine.draft import SYSTEM_JOB, Draft
from tocsin.engine.drill_plans import look_at_drills
from tocsin.engine.handing_over import look_at_hand_overs
from tocsin.engine.learning import Lessons
from tocsin.engine.ourselves import look_at_ourselves
from tocsin.engine.own_jobs import DRILLS, HAND_OVERS
from tocsin.engine.storming import speak_for_groups
from tocsin.store.relations import job_of_ends
from tocsin.store.rows import Watch

LOOKS_BETWEEN = 8
TARGETS_AT_ONCE: Final = 200
WAKES_AT_ONCE: Final = 20
OWN_LOOKS = {SYSTEM_JOB: look_at_ourselves, DRILLS: look_at_drills, HAND_OVERS: look_at_hand_overs}
INHIBITION: Final = "inhibition"
GROUPS: Final = "groups"


def tick(draft: Draft, limit: int, is_over: Callable[[], bool] = lambda: False) -> int:
    """Look at up to `limit` jobs that are due, the longest due first; return how many there were.

    Once `is_over` says so the rest is left for the next slice. What follows is written.
    """
    apart(draft.book, INHIBITION, draft.now, partial(_wake_targets, draft))
    due = draft.writing.due(draft.now, limit)
    apart(draft.book, GROUPS, draft.now, partial(speak_for_groups, draft))
    count = len(due)
    due = [watch for watch in due if watch.job.id not in draft.watches]
    draft.load(due)
    lessons, has_learned = Lessons(draft, due), False
    for number, watch in enumerate(due):
        if (has_learned or number % LOOKS_BETWEEN == LOOKS_BETWEEN - 1) and is_over():
            draft.leave(later.job.id for later in due[number:])
            break
        has_learned = lessons.take(watch)
        _look(draft, watch)
    if count or draft.gathering.has_changed:
        draft.write()
    return count


def speak_alone(draft: Draft) -> int:
    """Let time pass for groups alone, and name what cannot be kept of that; there is more to be done."""
    apart(draft.book, GROUPS, draft.now, partial(_speak_and_write, draft))
    return 1


def _speak_and_write(draft: Draft) -> None:
    speak_for_groups(draft)
    draft.write()


def look_alone(draft: Draft) -> int:
    """Look at the longest due job alone, and name it if that, or what follows, cannot be kept."""
    due = draft.writing.due(draft.now, 1)
    for watch in due:
        with named(EVERYTHING, watch.job.id):
            draft.load(due)
            Lessons(draft, due).take(watch)
            _look(draft, watch)
            draft.write()
    return len(due)


def _look(draft: Draft, watch: Watch) -> None:
    if watch.job.environment == SYSTEM_JOB.environment and watch.job.key in OWN_LOOKS:
        with named(EVERYTHING, watch.job.id):
            OWN_LOOKS[watch.job.key](draft, watch.job.id)
    else:
        draft.look(watch.job.id)


def _wake_targets(draft: Draft) -> None:
    """Look again at alerts that others may mute and that have changed, a portion at a time.

    There may be more whom nobody has looked for yet.
    """
    for key, after in draft.writing.wakes(WAKES_AT_ONCE):
        if apart(draft.book, f"{INHIBITION}: {key}", draft.now, partial(_wake, draft, key, after)) is None:
            draft.has_woken = True
            return


def _wake(draft: Draft, key: str, after: str) -> None:
    writing, job = draft.writing, job_of_ends(key)
    if job is not None:
        writing.mark_due(waiting_for(job, writing, draft.book.rule_book), draft.now)
        writing.wake_on(key, after, None)
        return
    found = writing.bonds(key, Side.TARGET, after=after, limit=TARGETS_AT_ONCE)
    writing.mark_due(Counter(bond.job_id for bond in found), draft.now)
    writing.wake_on(key, after, found[-1].alert_id if len(found) == TARGETS_AT_ONCE else None)
