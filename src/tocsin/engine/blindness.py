"""While we could hear nobody: blind windows, and the one summary of what cannot be known (★2)."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from tocsin.alerts.advance import Change, advance, open_alert
from tocsin.alerts.alert import Alert, Reason
from tocsin.engine.configuration import Policy
from tocsin.engine.draft import SYSTEM_JOB, Draft
from tocsin.engine.escalating import voice
from tocsin.engine.looking import told_before
from tocsin.jobs.job import Job
from tocsin.jobs.state import BlindWindow
from tocsin.rules.facts import Facts
from tocsin.rules.finding import Finding, Severity, Why
from tocsin.rules.wording import clock_time, plural, span
from tocsin.store.base import Writing
from tocsin.store.rows import Watch

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
    system = _system_watch(writing, now)
    writing.mark_due([system.job.id], window.hold_until)
    return window


def _system_watch(writing: Writing, now: datetime) -> Watch:
    found = writing.watches([SYSTEM_JOB]).get(SYSTEM_JOB)
    if found is not None:
        return found
    job = Job(name=SYSTEM_JOB.name, environment=SYSTEM_JOB.environment, registered_at=now)
    return writing.register([job])[SYSTEM_JOB]


def look_at_unknown(draft: Draft, job_id: int) -> None:
    """Say once, for each blind window, which jobs nobody can speak for, until they are heard again."""
    watch, now = draft.watches[job_id], draft.now
    asks: list[datetime] = []
    forgiven = Facts(job=watch.job, state=watch.state).forgiven_until(CONDITION)
    by_print = {a.fingerprint: a for a in draft.alerts_of(job_id) if a.is_open}
    for window in draft.book.blind:
        decided_at = _decided_at(draft, window, now)
        if decided_at > now:
            asks.append(decided_at)
            continue
        alert = by_print.get(_print(window))
        count, jobs = draft.writing.unknown(window.id, LISTED_JOBS)
        is_told = count > 0 and window.hold_until > forgiven
        finding = _finding(window, count, [(key.name, what) for key, what in jobs]) if is_told else None
        ask_at = _tell(draft, watch.job, alert, finding, window)
        if ask_at is not None:
            asks.append(ask_at)
    _close_forgotten(draft, job_id)
    alerting = any(a.is_open for a in draft.alerts_of(job_id))
    draft.watches[job_id] = replace(
        draft.watches[job_id],
        due_at=min(asks, default=None),
        judged_under=draft.book.version,
        alerting=alerting,
    )


def _close_forgotten(draft: Draft, job_id: int) -> None:
    """Close what was said of windows that are no longer remembered: nobody would ever do so."""
    remembered = {_print(window) for window in draft.book.blind}
    for alert in [a for a in draft.alerts_of(job_id) if a.is_open and a.fingerprint not in remembered]:
        over = Change(alert=advance(alert, None, draft.now).alert, reason=Reason.RULE_REMOVED)
        draft.take(job_id, voice(over, draft.book, draft.gathering, draft.now))


def _decided_at(draft: Draft, window: BlindWindow, now: datetime) -> datetime:
    """Return when every job that the window concerns has been looked at again."""
    if now < window.hold_until + _SETTLE_WAIT:
        return window.hold_until + _SETTLE_WAIT
    waiting = draft.writing.due_before(window.hold_until + _SETTLE_WAIT)
    return now + _SETTLE_WAIT if waiting else now


def _tell(
    draft: Draft, job: Job, alert: Alert | None, finding: Finding | None, window: BlindWindow
) -> datetime | None:
    if alert is not None:
        change = advance(alert, finding, draft.now)
    elif finding is not None:
        change = open_alert(
            job,
            finding,
            alert_id=draft.new_id(),
            fingerprint=_print(window),
            runbook="",
            now=draft.now,
            told=told_before(draft.alerts_of(job.id), _print(window)),
        )
        draft.opened += 1
    else:
        return None
    voiced = voice(change, draft.book, draft.gathering, draft.now)
    draft.take(job.id, voiced)
    return voiced.ask_again_at


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
