"""While we could hear nobody: blind windows, and the one summary of what cannot be known (★2)."""

from datetime import datetime, timedelta
from functools import partial

from tocsin.alerts.advance import Change, advance
from tocsin.alerts.alert import Reason
from tocsin.engine.apart import apart, asked_again
from tocsin.engine.configuration import Policy
from tocsin.engine.draft import SYSTEM_JOB, Draft
from tocsin.engine.escalating import voice
from tocsin.engine.own_alerts import tell
from tocsin.engine.own_jobs import own_watch
from tocsin.jobs.state import BlindWindow
from tocsin.rules.facts import Facts
from tocsin.rules.finding import Finding, Severity, Why
from tocsin.rules.wording import clock_time, plural, span
from tocsin.store.base import Writing

REMEMBER_FOR = timedelta(days=7)
LISTED_JOBS = 25
CONDITION = "unknown"
_SETTLE_WAIT = timedelta(seconds=1)


def note_blind(
    writing: Writing, policy: Policy, before: datetime | None, now: datetime
) -> BlindWindow | None:
    """Return the blind window that has just ended, if there was one, after no server lived since `before`.

    A gap in our own signs of life is a gap in our hearing, whether the process, the machine or the
    store was away, and also when the wall clock was moved.
    """
    if before is None or abs(now - before) <= policy.blind_after:
        return None
    from_at = min(before, now)
    window = writing.save_blind(from_at, now, now + policy.flush_wait_for)
    system = own_watch(writing, SYSTEM_JOB, now)
    writing.mark_due([system.job.id], window.hold_until)
    return window


def look_at_unknown(draft: Draft, job_id: int) -> list[datetime]:
    """Say once, for each blind window, which jobs nobody can speak for, until they are heard again.

    Returns when there may be more to say.
    """
    watch, now = draft.watches[job_id], draft.now
    asks: list[datetime] = []
    forgiven = Facts(job=watch.job, state=watch.state).forgiven_until(CONDITION)
    by_print = {a.fingerprint: a for a in draft.alerts_of(job_id) if a.is_open}

    def look_at(window: BlindWindow) -> None:
        decided_at = _decided_at(draft, window, now)
        if decided_at > now:
            asks.append(decided_at)
            return
        alert = by_print.get(_print(window))
        count, jobs = draft.writing.unknown(window.id, LISTED_JOBS)
        is_told = count > 0 and window.hold_until > forgiven
        finding = _finding(window, count, [(key.name, what) for key, what in jobs]) if is_told else None
        asks.extend(asked_again(tell(draft, watch.job, alert, finding, _print(window))))

    for window in draft.book.blind:
        asks += asked_again(apart(draft.book, f"blind window: {window.id}", now, partial(look_at, window)))
    _close_forgotten(draft, job_id)
    return asks


def _close_forgotten(draft: Draft, job_id: int) -> None:
    """Close what was said of windows that are no longer remembered: nobody would ever do so."""
    remembered = {_print(window) for window in draft.book.blind}
    ours = [a for a in draft.alerts_of(job_id) if a.is_open and a.condition == CONDITION]
    for alert in [a for a in ours if a.fingerprint not in remembered]:
        over = Change(alert=advance(alert, None, draft.now).alert, reason=Reason.RULE_REMOVED)
        draft.take(job_id, voice(over, draft.book, draft.gathering, draft.now))


def _decided_at(draft: Draft, window: BlindWindow, now: datetime) -> datetime:
    """Return when every job that the window concerns has been looked at again."""
    if now < window.hold_until + _SETTLE_WAIT:
        return window.hold_until + _SETTLE_WAIT
    waiting = draft.writing.due_before(window.hold_until + _SETTLE_WAIT)
    return now + _SETTLE_WAIT if waiting else now


def _print(window: BlindWindow) -> str:
    return f"unknown-{window.id}"


def _finding(window: BlindWindow, count: int, jobs: list[tuple[str, str]]) -> Finding:
    blind_for = span(window.to_at - window.from_at)
    listed = tuple((name, what) for name, what in jobs)
    more = (("and", plural(count - len(jobs), "more job")),) if count > len(jobs) else ()
    return Finding(
        rule="unknown after blind window",
        condition=CONDITION,
        severity=Severity.CRITICAL,
        why=Why.UNKNOWN,
        since_at=window.from_at,
        step=count,
        summary=f"was blind for {blind_for}; {plural(count, 'job')} showed no sign of life since",
        evidence=(
            ("blind from", clock_time(window.from_at, "UTC")),
            ("until", clock_time(window.to_at, "UTC")),
            ("waited until", clock_time(window.hold_until, "UTC")),
            *listed,
            *more,
        ),
        next_step="Look at each of these jobs: nobody can say whether it ran. A sign of life strikes it off.",
    )
