"""What a message says of an alert."""

from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from tocsin.alerts.alert import Alert, Alike, AtRisk, Reason
from tocsin.alerts.drill import DRILL
from tocsin.alerts.likely import LikelyCause, words_of
from tocsin.notify.message import Link, Message, MessageKind
from tocsin.notify.variables import PLACEHOLDERS, Rendered, Variables
from tocsin.oncall.escalation import Climb
from tocsin.rules.wording import clock_time, plural, span

_JOB_LIMIT = 25
_MOST_OF_MANY = 5
_ENDINGS = {
    Reason.RESOLVED_BY_HAND: "declared over by {who}",
    Reason.JOB_PAUSED: "no longer watched, because {who} has paused it",
    Reason.JOB_DELETED: "no longer watched, because {who} has deleted it",
    Reason.JOB_RENAMED: "{who} has renamed it; what still holds is told anew under its new name",
    Reason.JOB_REDEFINED: "its definition has changed: this is not promised any more, or it has more time",
    Reason.RUN_SKIPPED: "{who} has skipped the run that it was about",
    Reason.RUN_EXCUSED: "{who} has excused the run that it was about",
    Reason.RUN_EXCLUDED: "{who} has said that the run tells nothing",
    Reason.RUN_EXPECTED: "{who} has said that the run was expected to be so",
    Reason.CALLED_NORMAL: "{who} has said that this is normal from now on",
    Reason.DRILL_OVER: "the drill is over",
    Reason.SETTLED: "has settled, its last runs were good",
    Reason.RULE_REMOVED: "the rule {rule!r} does not watch it any more",
}


def words_of_taking(alert: Alert) -> str:
    """Return who had an alert in hand before it came again, and when; nothing where that is not so."""
    if alert.last_taken_at is None:
        return ""
    when = clock_time(alert.last_taken_at, alert.timezone)
    return f"by {alert.last_taken_by} at {when}; it has come again since"


def message_of(alert: Alert, kind: str, *, reason: Reason, key: str, now: datetime, base_url: str) -> Message:
    """Return the one message of a notification; `reason` is why the alert changed."""
    is_news = kind not in (MessageKind.ACKNOWLEDGED.value, MessageKind.RESOLVED.value)
    said = _text(alert) if is_news else Rendered(text=_taken(alert, kind, reason))
    evidence = alert.evidence if is_news else (("since", clock_time(alert.since_at, alert.timezone)),)
    if kind == MessageKind.ESCALATED.value and alert.climb is not None:
        evidence = (("escalation", height(alert.climb)), *evidence)
    if is_news and alert.at_risk is not None:
        evidence = (*evidence, ("at risk", words_of_risk(alert.at_risk, alert.timezone)))
    if is_news and alert.alike is not None and alert.alike.count:
        evidence = (*evidence, ("same error", words_of_alike(alert.alike)))
    if is_news and alert.last_taken_at is not None:
        evidence = (("acknowledged", words_of_taking(alert)), *evidence)
    if said.problem is not None:
        fault = f"the message of rule {alert.rule!r} was not used: {said.problem}"
        evidence = (("template", fault), *evidence)
    return Message(
        key=key,
        kind=MessageKind(kind),
        alert_id=alert.id,
        fingerprint=alert.fingerprint,
        title=alert.summary,
        text=said.text,
        severity=alert.severity.word,
        job=alert.job,
        environment=alert.environment,
        condition=alert.condition,
        opened_at=alert.opened_at,
        at=now,
        labels=alert.labels,
        evidence=evidence,
        likely_cause=words_of_cause(alert) if is_news else "",
        next_step=_next_step(alert) if is_news else "",
        links=_links(alert, base_url, is_news=is_news),
        log_tail=alert.log_tail if is_news else "",
        owner=alert.owner,
        timezone=alert.timezone,
        is_drill=alert.condition == DRILL,
    )


def words_of_cause(alert: Alert) -> str:
    """Return the job that an alert most likely follows from: `upstream load failed; since 06:00, see …`."""
    return "" if alert.likely_cause is None else words_of(alert.likely_cause, alert.timezone)


def words_of_alike(alike: Alike) -> str:
    """Return which jobs failed of the same: `3 other jobs in the last hour: a, b and 1 more`."""
    rest = alike.count - len(alike.named)
    many = plural(alike.count, "other job")
    most = many if alike.is_whole else f"at least {many}"
    return f"{most} in the last hour: {', '.join(alike.named)}" + (f" and {rest} more" if rest else "")


def words_of_risk(at_risk: AtRisk, zone: str, *, what: str = "it") -> str:
    """Return the jobs at risk: `7 jobs need it: report by 2026-03-10 06:00 UTC, archive and 5 more`."""
    named = [
        one.job[:_JOB_LIMIT] + (f" by {clock_time(one.deadline_at, zone)}" if one.deadline_at else "")
        for one in at_risk.named
    ]
    rest = at_risk.count - len(named)
    more = f" and {rest} more" if rest else ""
    many = plural(at_risk.count, "job") if at_risk.is_whole else f"more than {plural(at_risk.count, 'job')}"
    return f"{many} {'needs' if at_risk.count == 1 else 'need'} {what}: {', '.join(named)}{more}"


def words_of_risk_of_many(at_risk: AtRisk, zone: str) -> str:
    """Return the jobs that many put at risk: `at least 7 jobs need them: report by 06:00 UTC and 6 more`."""
    few = replace(at_risk, named=at_risk.named[:_MOST_OF_MANY], is_whole=True)
    words = words_of_risk(few, zone, what="them")
    return words if at_risk.is_whole else f"at least {words}"


def height(climb: Climb) -> str:
    """Return how far it has come: `level 2 of 3 of standard, engineering manager`."""
    policy = climb.policy
    again = f", for the {climb.loops + 1}. time" if climb.loops else ""
    name = policy.levels[climb.level - 1].name
    return f"level {climb.level} of {len(policy.levels)} of {policy.name}, {name}{again}"


def _next_step(alert: Alert) -> str:
    """Return what to do now: whoever starts a job anew whose input is missing only sees it fail."""
    cause = alert.likely_cause
    first = "" if cause is None else f"Look at {cause.job} first, then at {alert.job}. "
    return f"{first}{alert.next_step}"


def _text(alert: Alert) -> Rendered:
    plain = f"{alert.job} {alert.summary}."
    if not alert.template:
        return Rendered(text=plain)
    known = dict(alert.variables)
    variables = Variables(
        job_id=alert.job,
        environment=alert.environment,
        severity=alert.severity.word,
        condition=alert.condition,
        owner=alert.owner,
        labels=alert.labels,
        evidence=alert.evidence,
        error_class=alert.error_class,
        error_cause=alert.error_cause,
        error_signature=alert.error_signature,
        cause=known.get("cause", ""),
        **{name: known[name] for name in PLACEHOLDERS if name in known},
    )
    from tocsin.notify.template import render  # noqa: PLC0415 -- Liquid is a tenth of the start; few write templates

    return render(alert.template, variables, default=plain)


def _taken(alert: Alert, kind: str, reason: Reason) -> str:
    if kind == MessageKind.ACKNOWLEDGED.value:
        return f"{alert.job}: {alert.acknowledged_by or 'somebody'} has it in hand."
    return _ending(alert, reason)


def _ending(alert: Alert, reason: Reason) -> str:
    took = span((alert.resolved_at or alert.changed_at) - alert.opened_at)
    ending = _ENDINGS.get(reason)
    if ending is None:
        return f"{alert.job} is well again after {took}."
    told = ending.format(who=alert.resolved_by or "somebody", rule=alert.rule)
    return f"{alert.job}: {told} (after {took})."


def _links(alert: Alert, base_url: str, *, is_news: bool) -> tuple[Link, ...]:
    links = []
    if base_url:
        root = base_url.rstrip("/")
        links.append(Link(name="alert", url=f"{root}/alerts/{quote(alert.id, safe='')}"))
        if alert.condition != DRILL:
            links.append(Link(name="job", url=f"{root}{_job_path(alert.environment, alert.job)}"))
        cause = alert.likely_cause if is_news else None
        if cause is not None:
            links.append(Link(name="upstream", url=f"{root}{_path_of(cause, alert.environment)}"))
    if alert.runbook:
        links.append(Link(name="runbook", url=alert.runbook))
    return tuple(links)


def _path_of(cause: LikelyCause, environment: str) -> str:
    if cause.alert_id:
        return f"/alerts/{quote(cause.alert_id, safe='')}"
    return _job_path(environment, cause.job)


def _job_path(environment: str, job: str) -> str:
    return f"/jobs/{quote(environment, safe='')}/{quote(job, safe='')}"
