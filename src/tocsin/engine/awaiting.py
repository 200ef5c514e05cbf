"""Whose end a job waits for, and who waits for its own.

What is foreseen of a job travels along its needs as a fact: whoever needs it reads its state, and is woken
when a run of it begins, ends, or has come an eighth further. What time alone changes, each foresees itself.
"""

from collections.abc import Callable, Iterable
from typing import Final

from tocsin.engine.book import RuleBook
from tocsin.jobs.checkin import CheckIn, CheckInKind
from tocsin.jobs.job import JobKey
from tocsin.jobs.run import Run
from tocsin.rules.facts import Awaited, Facts
from tocsin.rules.foreseeing import NOT_STARTED, awaited_of
from tocsin.store.base import Writing
from tocsin.store.rows import Watch

STEPS: Final = 8
"""So often, on its way, those who wait for a run hear how far it is."""
MOST_AWAITED: Final = 20
MOST_WAITING: Final = 500
FURTHEST: Final = 5
_NEWS: Final = frozenset(
    {
        CheckInKind.START,
        CheckInKind.RETRYING,
        CheckInKind.SUCCESS,
        CheckInKind.FAIL,
        CheckInKind.TIMEOUT,
        CheckInKind.SKIP,
    }
)


def is_news(check_in: CheckIn, before: Run | None) -> bool:
    """Whether a check-in changes for those who wait when the job ends; `before` is its run as it was."""
    if check_in.kind in _NEWS:
        return True
    progress = check_in.progress
    if progress is None or not progress.total or before is None:
        return False
    had = before.progress
    was = had.done / had.total if had is not None and had.total else 0.0
    return int(STEPS * was) != int(STEPS * progress.done / progress.total)


def is_waiting(watch: Watch) -> bool:
    """Whether the end of a job depends on when others end, and is promised."""
    if not watch.job.definition.upstream or watch.learned.normal is None:
        return False
    return any(
        o.deadline_at is not None and o.run is None and o.status in NOT_STARTED
        for o in watch.state.occurrences
    )


def awaited_by(watch: Watch, find: Callable[[JobKey], Watch | None]) -> tuple[Awaited, ...]:
    """Return the ends of the jobs that a job needs, each with what it waits for in its turn."""
    return _awaited(watch, find, {watch.job.key: ()}, FURTHEST)


def _awaited(
    watch: Watch,
    find: Callable[[JobKey], Watch | None],
    known: dict[JobKey, tuple[Awaited, ...]],
    further: int,
) -> tuple[Awaited, ...]:
    found: tuple[Awaited, ...] = ()
    for name in watch.job.definition.upstream[:MOST_AWAITED] if further else ():
        key = JobKey(watch.job.environment, name)
        if key not in known:
            known[key] = ()  # as long as it is asked for, so that a circle ends
            needed = find(key)
            if needed is not None and needed.learned.normal is not None and needed.job.paused_at is None:
                above = _awaited(needed, find, known, further - 1)
                facts = Facts(job=needed.job, state=needed.state, learned=needed.learned, awaited=above)
                known[key] = awaited_of(facts)
        found += known[key]
    return found


def waiting_for(key: JobKey, writing: Writing, rule_book: RuleBook) -> Iterable[int]:
    """Return the ids of the jobs that need this one, itself or by way of others, and to which that matters.

    It does where their own end depends on it, or where a rule asks how what they need is.
    """
    found: dict[JobKey, Watch] = {}
    keys = [key]
    for _ in range(FURTHEST):
        nearer, keys = keys, []
        for one in nearer:
            for watch in writing.needing(one, MOST_WAITING - len(found)):
                if watch.job.key not in found:
                    found[watch.job.key] = watch
                    keys.append(watch.job.key)
        if not keys or len(found) >= MOST_WAITING:
            break
    return sorted(
        watch.job.id for watch in found.values() if is_waiting(watch) or rule_book.asks_of_needs_of(watch.job)
    )
