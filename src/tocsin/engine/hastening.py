"""What waits for an instant that counts no more is looked at now: above all when the clock was set back.

Whatever is looked at counts its waits anew, from now at the latest (`tocsin.alerts.set_back`).
"""

from datetime import datetime, timedelta
from typing import Final

from tocsin.alerts.set_back import CLOCKS_DIFFER_BY
from tocsin.engine.own_jobs import OWN_JOBS, wake
from tocsin.store.base import Writing

PAGE: Final = 1_000
PAGES: Final = 1_000


def is_set_back(before: datetime | None, now: datetime) -> bool:
    """Whether the clock was set back since `before`, by more than servers may differ."""
    return before is not None and before > now + CLOCKS_DIFFER_BY


def hasten(writing: Writing, now: datetime, *, lease_for: timedelta) -> None:
    """Make due what may wait for longer than it was ever meant to: alerts, groups, what is owed."""
    after = 0
    for _ in range(PAGES):
        found = writing.jobs_that_wait(now, after=after, limit=PAGE)
        writing.mark_due(found, now)
        if len(found) < PAGE:
            break
        after = found[-1]
    wake(writing, OWN_JOBS, now)
    hasten_groups(writing, now)
    writing.hasten_outbox(now, lease_for=lease_for)


def hasten_groups(writing: Writing, now: datetime) -> None:
    """Let every open group look anew at what keeps it quiet; the jobs are to be made due before."""
    writing.lock_groups()
    writing.hasten_groups(now)
