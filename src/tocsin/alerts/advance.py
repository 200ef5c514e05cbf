"""The life of an alert: opened by a finding, changed by it, ended by its absence or by a person."""

from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import structs

from tocsin.alerts.alert import Alert, AlertState, Reason, Told
from tocsin.jobs.job import Job
from tocsin.rules.finding import Finding

MAX_UPSTREAM = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An alert after a look at it, and why it is as it is now."""

    alert: Alert
    reason: Reason


def open_alert(
    job: Job, finding: Finding, *, alert_id: str, fingerprint: str, runbook: str, now: datetime, told: Told
) -> Change:
    """Return the new alert of a finding; `told` is what was said of its fingerprint before."""
    error_class, error_cause, error_signature = _of_error(finding)
    alert = Alert(
        id=alert_id,
        fingerprint=fingerprint,
        job_id=job.id,
        job=job.name,
        environment=job.environment,
        condition=finding.condition,
        rule=finding.rule,
        severity=finding.severity,
        why=finding.why,
        step=finding.step,
        opened_at=now,
        since_at=finding.since_at,
        changed_at=now,
        summary=finding.summary,
        labels=job.definition.labels,
        upstream=job.definition.upstream[:MAX_UPSTREAM],
        evidence=finding.evidence,
        next_step=finding.next_step,
        run=finding.run,
        log_tail=finding.log_tail,
        runbook=runbook or job.definition.runbook,
        owner=job.definition.owner,
        timezone=job.definition.timezone,
        template=finding.template,
        variables=finding.variables,
        backfill=finding.backfill,
        error_class=error_class,
        error_cause=error_cause,
        error_signature=error_signature,
        told=replace(told, targets=(), heard=(), severity=None, step=0, count=0),
    )
    return Change(alert=alert, reason=Reason.OPENED)


def renewed(alert: Alert, job: Job, runbook: str) -> Alert:
    """Return an open alert with what its job says by now of whose it is and what to do."""
    now = job.definition
    told = now.labels, now.owner, runbook or now.runbook, now.timezone, now.upstream[:MAX_UPSTREAM]
    if told == (alert.labels, alert.owner, alert.runbook, alert.timezone, alert.upstream):
        return alert
    labels, owner, known_runbook, timezone, upstream = told
    return structs.replace(
        alert,
        labels=labels,
        owner=owner,
        runbook=known_runbook,
        timezone=timezone,
        upstream=upstream,
    )


def advance(alert: Alert, finding: Finding | None, now: datetime) -> Change:
    """Return an open alert after a new verdict about its fingerprint.

    No finding resolves it. A worse one (severity or step) makes it louder, and asks anew for somebody
    to take it; a milder one makes it quieter; the same one at most updates the evidence.
    """
    if finding is None:
        return resolve(alert, Reason.RECOVERED, "", now)
    if (finding.severity, finding.step) > (alert.severity, alert.step):
        louder = _with(alert, finding, now)
        fires = structs.replace(louder, state=AlertState.FIRING, acknowledged_until=None, snooze=None)
        return Change(alert=fires, reason=Reason.LOUDER)
    if (finding.severity, finding.step) < (alert.severity, alert.step):
        return Change(alert=_with(alert, finding, now), reason=Reason.QUIETER)
    if finding.run != alert.run or finding.summary != alert.summary or finding.rule != alert.rule:
        return Change(alert=_with(alert, finding, now), reason=Reason.UPDATED)
    return Change(alert=alert, reason=Reason.UNCHANGED)


def as_past(change: Change, *, is_past: bool) -> Change:
    """Return an alert with whether the run that it is about has ended."""
    if change.alert.is_past is is_past:
        return change
    return Change(alert=structs.replace(change.alert, is_past=is_past), reason=change.reason)


def _of_error(finding: Finding) -> tuple[str, str, str]:
    """Return class, cause and signature of the failure that a finding is about; empty where it is of none."""
    failure = finding.failure
    return (
        ("", "", "") if failure is None else (failure.failure_class.value, failure.cause, failure.signature)
    )


def _with(alert: Alert, finding: Finding, now: datetime) -> Alert:
    error_class, error_cause, error_signature = _of_error(finding)
    return structs.replace(
        alert,
        rule=finding.rule,
        severity=finding.severity,
        why=finding.why,
        step=finding.step,
        changed_at=now,
        summary=finding.summary,
        evidence=finding.evidence,
        next_step=finding.next_step,
        run=finding.run,
        log_tail=finding.log_tail,
        template=finding.template,
        variables=finding.variables,
        error_class=error_class,
        error_cause=error_cause,
        error_signature=error_signature,
    )


def acknowledge(alert: Alert, who: str, now: datetime, *, until_at: datetime | None = None) -> Change:
    """Return the alert with somebody who has it in hand, until `until_at` or for good.

    The first one stays the one, unless another takes it for longer.
    """
    if not alert.is_open or (alert.state is AlertState.ACKNOWLEDGED and not _is_longer(until_at, alert)):
        return Change(alert=alert, reason=Reason.UNCHANGED)
    taken = structs.replace(
        alert,
        state=AlertState.ACKNOWLEDGED,
        acknowledged_at=now,
        acknowledged_by=who,
        acknowledged_until=until_at,
        last_taken_by="",
        last_taken_at=None,
        snooze=None,
        changed_at=now,
    )
    return Change(alert=taken, reason=Reason.ACKNOWLEDGED)


def _is_longer(until_at: datetime | None, alert: Alert) -> bool:
    known = alert.acknowledged_until
    return known is not None and (until_at is None or until_at > known)


def resolve(alert: Alert, reason: Reason, who: str, now: datetime) -> Change:
    """Return the alert at its end."""
    if not alert.is_open:
        return Change(alert=alert, reason=Reason.UNCHANGED)
    ended = structs.replace(
        alert,
        state=AlertState.RESOLVED,
        resolved_at=now,
        resolved_by=who,
        changed_at=now,
        held_back_until=None,
        snooze=None,
        inhibited=None,
    )
    return Change(alert=ended, reason=reason)
