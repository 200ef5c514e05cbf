"""What waits for an instant that counts no more is looked at now: above all when the clock was set back.

Whatever is looked at counts its waits anew, from now at the latest (`tocsin.alerts.set_back`).
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from tocsin.alerts.set_back import CLOCKS_DIFFER_BY
from tocsin.engine.own_jobs import OWN_JOBS, wake
from tocsin.store.base import Writing

PAGE: Final = 1_000
PAGES: Final = 1_000


class _Page(Protocol):
    def __call__(self, *, after: int, limit: int) -> list[int]: ...


def is_set_back(before: datetime | None, now: datetime) -> bool:
    """Whether the clock was set back since `before`, by more than servers may differ."""
    return before is not None and before > now + CLOCKS_DIFFER_BY


def hasten(writing: Writing, now: datetime, *, lease_for: timedelta) -> None:
    """Make due what may wait for longer than it was ever meant to: alerts, groups, what is owed."""
    hasten_alerts(writing, now)
    wake(writing, OWN_JOBS, now)
    hasten_groups(writing, now)
    writing.hasten_outbox(now, lease_for=lease_for)


def see_again(writing: Writing, now: datetime, *, flush_wait_for: timedelta) -> None:
    """End the blind windows of a clock that was ahead, and look at the jobs that were put off by it.

    Such a window would hide all that falls due until the clock shows that instant again.
    """
    ahead_at = writing.cut_blind(now, now + flush_wait_for)
    if ahead_at is not None:
        _mark_due(writing, now, partial(writing.jobs_due_from, ahead_at))


def hasten_alerts(writing: Writing, now: datetime) -> None:
    """Let every job with an open alert be looked at."""
    _mark_due(writing, now, partial(writing.jobs_that_wait, now))


def _mark_due(writing: Writing, now: datetime, page: _Page) -> None:
    after = 0
    for _ in range(PAGES):
        found = page(after=after, limit=PAGE)
        writing.mark_due(found, now)
        if len(found) < PAGE:
            break
        after = found[-1]


def hasten_groups(writing: Writing, now: datetime) -> None:
    """Let every open group look anew at what keeps it quiet; the jobs are to be made due before."""
    writing.lock_groups()
    writing.hasten_groups(now)
