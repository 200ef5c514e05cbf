"""Whom an alert puts at risk: the jobs that need its own, and by when they have promised to be done."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, AtRisk, Dependent, Reason
from tocsin.engine.kinship import Kinship
from tocsin.jobs.job import Job
from tocsin.jobs.state import JobState
from tocsin.store.rows import Watch

MAX_NAMED: Final = 5
FRESH_FOR: Final = timedelta(hours=1)


def at_risk_of(change: Change, job: Job, kinship: Kinship, now: datetime) -> Alert:
    """Return the alert with whom it puts at risk, looked up when it is news and afresh after an hour."""
    alert = change.alert
    known = alert.at_risk
    is_old = known is not None and now - known.at >= FRESH_FOR
    if change.reason not in (Reason.OPENED, Reason.LOUDER) and not is_old:
        return alert
    if not kinship.has_needs:
        return alert if known is None else replace(alert, at_risk=None)
    below, is_whole = kinship.below(job)
    return replace(alert, at_risk=worst_first(below, now, is_whole=is_whole))


def worst_first(below: Iterable[Watch], now: datetime, *, is_whole: bool) -> AtRisk | None:
    """Return the first few of some jobs, the one with the next deadline first; None for none of them."""
    found = [
        Dependent(job=watch.job.name, deadline_at=next_deadline(watch.state, now))
        for watch in below
        if watch.job.paused_at is None
    ]
    if not found:
        return None
    found.sort(key=lambda one: (one.deadline_at is None, one.deadline_at or now, one.job))
    return AtRisk(at=now, count=len(found), named=tuple(found[:MAX_NAMED]), is_whole=is_whole)


def next_deadline(state: JobState, now: datetime) -> datetime | None:
    """Return the next deadline that is still to come, of a run at work or of one that is expected."""
    found = (*(run.deadline_at for run in state.open_runs), *(o.deadline_at for o in state.occurrences))
    return min((at for at in found if at is not None and at > now), default=None)
