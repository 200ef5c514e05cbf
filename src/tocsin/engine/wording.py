"""What a message says of an alert."""

from datetime import datetime
from urllib.parse import quote

from tocsin.alerts.alert import Alert
from tocsin.notify.message import Link, Message, MessageKind
from tocsin.notify.template import PLACEHOLDERS, Variables, render
from tocsin.rules.wording import clock_time, span


def message_of(alert: Alert, kind: str, *, key: str, now: datetime, base_url: str) -> Message:
    """Return the one message of a notification, for whatever channel dresses it."""
    resolved = kind == MessageKind.RESOLVED.value
    evidence = _resolution(alert) if resolved else list(alert.evidence)
    return Message(
        key=key,
        kind=MessageKind(kind),
        alert_id=alert.id,
        fingerprint=alert.fingerprint,
        title=alert.summary,
        text=_text(alert, resolved=resolved),
        severity=alert.severity.word,
        job=alert.job,
        environment=alert.environment,
        condition=alert.condition,
        opened_at=alert.opened_at,
        at=now,
        labels=alert.labels,
        evidence=tuple(evidence),
        next_step="" if resolved else alert.next_step,
        links=_links(alert, base_url),
        log_tail="" if resolved else alert.log_tail,
        owner=alert.owner,
        timezone=alert.timezone,
    )


def _text(alert: Alert, *, resolved: bool) -> str:
    plain = f"{alert.job} {alert.summary}."
    if resolved:
        return _ending(alert)
    if not alert.template:
        return plain
    known = dict(alert.variables)
    variables = Variables(
        job_id=alert.job,
        environment=alert.environment,
        severity=alert.severity.word,
        condition=alert.condition,
        owner=alert.owner,
        labels=alert.labels,
        evidence=alert.evidence,
        **{name: known[name] for name in PLACEHOLDERS if name in known},
    )
    return render(alert.template, variables, default=plain).text


def _ending(alert: Alert) -> str:
    took = span((alert.resolved_at or alert.changed_at) - alert.opened_at)
    if alert.resolved_by:
        return f"{alert.job}: declared over by {alert.resolved_by} after {took}."
    return f"{alert.job} is well again after {took}."


def _resolution(alert: Alert) -> list[tuple[str, str]]:
    resolved_at = alert.resolved_at or alert.changed_at
    return [
        ("was", alert.summary),
        ("since", clock_time(alert.since_at, alert.timezone)),
        ("over", clock_time(resolved_at, alert.timezone)),
    ]


def _links(alert: Alert, base_url: str) -> tuple[Link, ...]:
    links = []
    if base_url:
        root = base_url.rstrip("/")
        links.append(Link(name="alert", url=f"{root}/alerts/{quote(alert.id, safe='')}"))
        job = f"{quote(alert.environment, safe='')}/{quote(alert.job, safe='')}"
        links.append(Link(name="job", url=f"{root}/jobs/{job}"))
    if alert.runbook:
        links.append(Link(name="runbook", url=alert.runbook))
    return tuple(links)
