"""What is told of many alerts at once: a storm, that it goes on or is in nobody's hand, that it is over."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

import msgspec

from tocsin.alerts.causes import TROUBLE, Cause
from tocsin.alerts.group import THROTTLED, Group, Member, shared_cause
from tocsin.alerts.together import climbed
from tocsin.alerts.turning import Said, Turn
from tocsin.engine.apart import TRIED_AGAIN_AFTER, is_of_the_store, told_of
from tocsin.engine.behind import behind
from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import Draft
from tocsin.engine.hushing import hushed
from tocsin.engine.resting import muted_until, rests_until
from tocsin.engine.voicing import notification_key
from tocsin.engine.wording import height, words_of_risk_of_many
from tocsin.notify.message import Link, Message, MessageKind, pack
from tocsin.oncall.escalation import Facts, Move, Step
from tocsin.rules.wording import clock_time
from tocsin.store.rows import Notification

READ_AT_ONCE = 500
MOST_LET_GO = 500_000
_KINDS = {
    Said.TOGETHER: MessageKind.FIRING,
    Said.REPEAT: MessageKind.REPEAT,
    Said.IN_HAND: MessageKind.ACKNOWLEDGED,
    Said.OVER: MessageKind.RESOLVED,
    Said.ESCALATED: MessageKind.ESCALATED,
}
_log = logging.getLogger("tocsin.engine")
_ENDS = frozenset({Said.IN_HAND, Said.OVER})
"""What asks for nobody."""

_WORDS = {
    "job_failure": "failed",
    "missing_run": "did not start",
    "sla_breach": "broke a promise about their end",
    "stalled": "show no sign of life",
    "no_data": "processed zero records",
    "min_records": "processed too few records",
    "failure_rate": "had too many failures",
    "throughput": "are too slow",
}
_SHARED = {"error": "report:", "upstream": "need", TROUBLE: "need"}


def speak_for_groups(draft: Draft) -> None:
    """Let time pass for groups that are due, and owe what there is to say of them."""
    due = draft.gathering.due(draft.now)
    if not due:
        return
    _look_beside(draft, due)
    put_off_until = draft.now + min(draft.book.configuration.policy.set_aside_for, TRIED_AGAIN_AFTER)
    for group in draft.gathering.due_locked(draft.now):
        release = _tried(draft, group, _spoken_for)
        if release:
            _let_go(draft, release)
        elif release is None and (group.aside_until is None or _tried(draft, group, _give_up) is None):
            draft.gathering.put_off(group, put_off_until)


def _tried(
    draft: Draft, group: Group, do: Callable[[Draft, Group], tuple[int, ...]]
) -> tuple[int, ...] | None:
    """Do something for one group and return which jobs it names; where it raises, nothing is done: None."""
    mark, owed = draft.gathering.mark, len(draft.notifications)
    try:
        return do(draft, group)
    except Exception as error:  # a group that cannot be told must cost itself alone
        if is_of_the_store(error):
            raise
        _log.exception("group %s could not be told and is put off", group.id)
        draft.gathering.undo(mark)
        del draft.notifications[owed:]
        draft.put_off.append((f"group {group.id}", told_of(error)))
        return None


def _spoken_for(draft: Draft, group: Group) -> tuple[int, ...]:
    """Take the turn of a group; return which jobs may speak by themselves."""
    turn = draft.gathering.take_turn(group, draft.now, partial(hushed, draft), partial(rests_until, draft))
    moved, step = _moved_on(draft, turn)
    draft.gathering.keep(moved)
    _speak(draft, msgspec.structs.replace(turn, group=moved), step)
    return turn.release


def _give_up(draft: Draft, group: Group) -> tuple[int, ...]:
    """Close a group that cannot be told again and again; what it speaks for, or keeps waiting, is told anew.

    Nobody is to wait for a group that may never be told. There is no job to be let go.
    """
    after = ""
    for _ in range(MOST_LET_GO // READ_AT_ONCE):
        page = draft.writing.alerts_of_group(group.id, after=after, limit=READ_AT_ONCE)
        draft.writing.mark_due((alert.job_id for alert in page if alert.is_open), draft.now)
        if len(page) < READ_AT_ONCE:
            break
        after = page[-1].id
    draft.has_woken = True
    closed = draft.gathering.close(group)
    if closed.has_spoken:
        _owe(draft, Turn(group=closed, said=Said.OVER), Said.OVER, closed.targets)
    return ()


def _let_go(draft: Draft, job_ids: Iterable[int]) -> None:
    """Look at jobs whose alerts may speak by themselves; now, if this transaction keeps them anyway."""
    draft.writing.mark_due((job_id for job_id in job_ids if job_id not in draft.watches), draft.now)
    for job_id in job_ids:
        if job_id in draft.watches:
            draft.look(job_id)


def _look_beside(draft: Draft, due: Iterable[Group]) -> None:
    """Look first at what is escalated with groups that may tell a level now, if its own time has come, too.

    After downtime both are due at once, and the level is to hear of all of them.
    """
    job_ids = {job_id for group in due for job_id in _tried(draft, group, _beside) or ()}
    found = draft.writing.watches_by_id(sorted(job_ids))
    late = [watch for watch in found if watch.due_at is not None and watch.due_at <= draft.now]
    draft.load(late)
    for watch in late:
        draft.look(watch.job.id)


def _beside(draft: Draft, group: Group) -> tuple[int, ...]:
    """Return the jobs of open alerts that are escalated with a group which may tell a level now."""
    if not group.beside or not group.waits_for_somebody or not _climbs_by(group, draft.now):
        return ()
    alerts = map(draft.alert_or_none, group.beside)
    return tuple(alert.job_id for alert in alerts if alert is not None and alert.is_open)


def _climbs_by(group: Group, now: datetime) -> bool:
    return group.climb is not None and group.climb.next_at is not None and group.climb.next_at <= now


def _speak(draft: Draft, turn: Turn, step: Step | None) -> None:
    told: tuple[str, ...] = ()
    if turn.said is not None:
        told = _routed(draft, turn)
        _owe(draft, turn, turn.said, told)
    if step is not None and step.tell:
        _tell_level(draft, turn, step, told)


def _routed(draft: Draft, turn: Turn) -> tuple[str, ...]:
    """Return whom the way of a group names, or at its end all who ever heard of it.

    That somebody has it in hand is told to those of them who track that.
    """
    group, configuration = turn.group, draft.book.configuration
    if turn.said is Said.IN_HAND:
        return tuple(target for target in group.targets if target in configuration.hears_acknowledgements)
    if turn.said is Said.OVER:
        return group.targets
    if group.receiver in configuration.targets:
        return configuration.targets[group.receiver]
    return configuration.targets[configuration.route.receiver]


def _owe(draft: Draft, turn: Turn, said: Said, targets: Iterable[str]) -> None:
    configuration = draft.book.configuration
    if said is not Said.OVER:
        draft.gathering.told(turn.group.id, targets)
    draft.notifications += [owed_of(turn, said, target, configuration, draft.now) for target in targets]


def _tell_level(draft: Draft, turn: Turn, step: Step, told: tuple[str, ...]) -> None:
    """Owe to a level what there is to say, but for those whom the way of the group names at this instant."""
    is_first = turn.said is Said.TOGETHER and step.move in (Move.BEGUN, Move.WENT_ON)
    if turn.said is None:
        group = msgspec.structs.replace(turn.group, seq=turn.group.seq + 1)
        draft.gathering.keep(group)
        turn = msgspec.structs.replace(turn, group=group)
    targets = [target for target in step.tell if target not in told]
    _owe(draft, turn, Said.TOGETHER if is_first else Said.ESCALATED, targets)


def _moved_on(draft: Draft, turn: Turn) -> tuple[Group, Step | None]:
    """Return a group after its escalation has moved on, and whom that tells."""
    group, now = turn.group, draft.now
    if group.climb is None:
        return group, None
    facts = Facts(behind=behind(group.climb.policy, draft.book, now), muted_until=group.quiet_until)
    moved, step = climbed(turn, facts, now)
    if step is None or not step.tell:
        return moved, step
    until = muted_until(draft, group)
    if until is None:
        return moved, step
    return climbed(turn, replace(facts, muted_until=until), now)


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
    cause = None if said in _ENDS else shared_cause(group)
    if said is Said.OVER:
        title = _end_of(group, title)
    return Message(
        key=key,
        kind=MessageKind.REPEAT if _is_again(turn, said) else _KINDS[said],
        alert_id=group.id,
        fingerprint=group.id,
        title=title,
        text=_text(turn, said, f"{many} {title}."),
        severity=group.severity.word,
        job=many,
        environment=_environment(group),
        condition=dict(group.labels).get("condition", ""),
        opened_at=group.opened_at,
        at=now,
        labels=group.labels,
        evidence=_evidence(turn, said, zone),
        likely_cause="" if cause is None else words_of_cause(cause, group.total),
        next_step="" if said in _ENDS else "Look for what they share before you look at each of them.",
        links=(Link(name="group", url=f"{base_url.rstrip('/')}/groups/{group.id}"),) if base_url else (),
        timezone=zone,
        tells_of_many=True,
    )


def _end_of(group: Group, title: str) -> str:
    if group.open or not group.over:
        return "are told anew, each as it now is"
    if not group.unwatched:
        return f"{title}, and all of it is over"
    if group.unwatched == group.over:
        return f"{title}, and none of it is watched any more as it was"
    return f"{title}; {group.unwatched:,} of it no longer watched as it was, the rest over"


def _text(turn: Turn, said: Said, plain: str) -> str:
    return f"{turn.group.taken_by or 'somebody'} has all of it in hand." if said is Said.IN_HAND else plain


def _how_many(turn: Turn, said: Said) -> str:
    group = turn.group
    if said is Said.TOGETHER:
        return how_many_jobs(turn.added, "" if _is_again(turn, said) else " more")
    if said is Said.OVER:
        return how_many_jobs(group.open or group.over or group.total)
    return how_many_jobs(group.open if said is Said.IN_HAND else group.told_of)


def _is_again(turn: Turn, said: Said) -> bool:
    """Whether all that is told as one was told so before, and has got no worse since."""
    return said is Said.TOGETHER and turn.again == turn.added


def how_many_jobs(count: int, more: str = "") -> str:
    """Return how many, in the noun that the words of the conditions speak of."""
    return f"{count:,}{more} {'job' if count == 1 else 'jobs'}"


def words_of(group: Group) -> str:
    """Return what has happened to the alerts of a group, as it follows how many they are."""
    labels = dict(group.labels)
    if THROTTLED in labels:
        return f"came from {labels.get('job', '')}, which was throttled for it had raised too many"
    condition = labels.get("condition")
    if condition is None:
        return "raised alerts"
    return _WORDS.get(condition, f"have the same trouble: {condition}")


def _environment(group: Group) -> str:
    return group.first.environment if group.first is not None else ""


def _evidence(turn: Turn, said: Said, zone: str) -> tuple[tuple[str, str], ...]:
    group, found = turn.group, []
    if said is Said.ESCALATED and group.climb is not None and group.climb.level:
        found.append(("escalation", height(group.climb)))
    if group.first is not None:
        found.append(("first", _first(group.first, zone)))
    if turn.named:
        rest = turn.added - len(turn.named)
        names = ", ".join(member.job for member in turn.named)
        found.append(("jobs", f"{names} and {rest:,} more" if rest else names))
    if said not in _ENDS and group.at_risk is not None:
        found.append(("at risk", words_of_risk_of_many(group.at_risk, zone)))
    if said is not Said.OVER:
        found.append(("alerts", f"{group.told_as_one:,} told as one, {_how_many_open(group)}"))
    return tuple(found)


def _how_many_open(group: Group) -> str:
    return "all of them open" if group.open == group.told_as_one else f"{group.open:,} of them open"


def _first(member: Member, zone: str) -> str:
    return f"{member.job} at {clock_time(member.at, zone)}: {member.summary}"


def words_of_cause(cause: Cause, total: int) -> str:
    """Return what alerts of a group share, and how many of how many do."""
    count = min(cause.count, total)
    what = f"{_SHARED.get(cause.kind, f'have {cause.kind}')} {cause.what}"
    return f"all {total:,} {what}" if count == total > 1 else f"{count:,} of {total:,} {what}"
