"""What is told of many alerts at once: a storm, that it goes on, that it is over."""

from datetime import datetime

from tocsin.alerts.group import Cause, Group, Member, Said, Turn, shared_cause
from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import Draft
from tocsin.engine.voicing import notification_key
from tocsin.notify.message import Link, Message, MessageKind, pack
from tocsin.rules.wording import clock_time
from tocsin.store.rows import Notification

_KINDS = {
    Said.TOGETHER: MessageKind.FIRING,
    Said.REPEAT: MessageKind.REPEAT,
    Said.OVER: MessageKind.RESOLVED,
}
_WORDS = {
    "job_failure": "failed",
    "missing_run": "did not start",
    "sla_breach": "broke a promise about their end",
    "stalled": "show no sign of life",
    "no_data": "processed zero records",
}


def speak_for_groups(draft: Draft) -> None:
    """Let time pass for groups that are due, and owe what there is to say of them."""
    for turn in draft.gathering.take_turns(draft.now):
        if turn.release:
            draft.writing.mark_due(turn.release, draft.now)
        if turn.said is not None:
            _owe(draft, turn, turn.said)


def _owe(draft: Draft, turn: Turn, said: Said) -> None:
    group, configuration = turn.group, draft.book.configuration
    targets = group.targets
    if said is not Said.OVER:
        targets = (
            configuration.targets[group.receiver]
            if group.receiver in configuration.targets
            else configuration.targets[configuration.route.receiver]
        )
        draft.gathering.told(group, targets)
    draft.notifications += [owed_of(turn, said, target, configuration, draft.now) for target in targets]


def owed_of(turn: Turn, said: Said, target: str, configuration: Configuration, now: datetime) -> Notification:
    """Return what is owed to one target of a group as one."""
    group = turn.group
    key = notification_key(group.id, group.seq, target)
    zone, base_url = configuration.defaults.timezone, configuration.base_url
    message = message_of(turn, said, key=key, zone=zone, base_url=base_url, now=now)
    return Notification(
        key=key,
        alert_id=group.id,
        target=target,
        kind=message.kind.value,
        seq=group.seq,
        message=pack(message).decode(),
        created_at=now,
        due_at=now,
        severity=int(group.severity),
    )


def message_of(turn: Turn, said: Said, *, key: str, zone: str, base_url: str, now: datetime) -> Message:
    """Return what is told of a group as one."""
    group = turn.group
    many, title = _how_many(turn, said), words_of(group)
    cause = None if said is Said.OVER else shared_cause(group)
    if said is Said.OVER:
        title = f"{title}, and all of it is over" if group.over else "are told anew, each as it now is"
    return Message(
        key=key,
        kind=_KINDS[said],
        alert_id=group.id,
        fingerprint=group.id,
        title=title,
        text=f"{many} {title}.",
        severity=group.severity.word,
        job=many,
        environment=_environment(group),
        condition=dict(group.labels).get("condition", ""),
        opened_at=group.opened_at,
        at=now,
        labels=group.labels,
        evidence=_evidence(turn, said, zone),
        likely_cause="" if cause is None else words_of_cause(cause, group.total),
        next_step="" if said is Said.OVER else "Look for what they share before you look at each of them.",
        links=(Link(name="group", url=f"{base_url.rstrip('/')}/groups/{group.id}"),) if base_url else (),
        timezone=zone,
        tells_of_many=True,
    )


def _how_many(turn: Turn, said: Said) -> str:
    if said is Said.TOGETHER:
        return how_many_jobs(turn.added, " more")
    count = turn.group.open if said is Said.REPEAT else turn.group.over or turn.group.total
    return how_many_jobs(count)


def how_many_jobs(count: int, more: str = "") -> str:
    """Return how many, in the noun that the words of the conditions speak of."""
    return f"{count:,}{more} {'job' if count == 1 else 'jobs'}"


def words_of(group: Group) -> str:
    """Return what has happened to the alerts of a group, as it follows how many they are."""
    condition = dict(group.labels).get("condition", "")
    return _WORDS.get(condition, f"have the same trouble: {condition}")


def _environment(group: Group) -> str:
    return group.first.environment if group.first is not None else ""


def _evidence(turn: Turn, said: Said, zone: str) -> tuple[tuple[str, str], ...]:
    group, found = turn.group, []
    if group.first is not None:
        found.append(("first", _first(group.first, zone)))
    if turn.named:
        rest = turn.added - len(turn.named)
        names = ", ".join(member.job for member in turn.named)
        found.append(("jobs", f"{names} and {rest:,} more" if rest else names))
    if said is not Said.OVER:
        found.append(("alerts", f"{group.total:,} told as one, {group.open:,} of them open"))
    return tuple(found)


def _first(member: Member, zone: str) -> str:
    return f"{member.job} at {clock_time(member.at, zone)}: {member.summary}"


def words_of_cause(cause: Cause, total: int) -> str:
    """Return what alerts of a group share, and how many of how many do."""
    count = min(cause.count, total)
    what = f"report: {cause.what}" if cause.kind == "error" else f"have {cause.kind} {cause.what}"
    return f"all {total:,} {what}" if count == total > 1 else f"{count:,} of {total:,} {what}"
