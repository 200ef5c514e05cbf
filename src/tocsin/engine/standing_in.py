"""What a receiver has not taken goes to its fallback as well."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from tocsin.alerts.alert import Alert
from tocsin.alerts.group import Group
from tocsin.alerts.telling import heard_by
from tocsin.alerts.turning import Said, Turn
from tocsin.engine.apart import named
from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import Draft
from tocsin.engine.storming import owed_of
from tocsin.engine.trial import stand_in
from tocsin.engine.voicing import closing, notification_key
from tocsin.errors import ChoreFailed
from tocsin.notify.message import MessageKind
from tocsin.store.base import Writing
from tocsin.store.rows import Notification

MAX_STAND_INS = 100
NO_FALLBACK: Final = "-"


def fallback_targets(configuration: Configuration, target: str) -> tuple[str, ...]:
    """Return the targets that stand in for this one: of the named fallback, else of the root route."""
    receiver = target.rpartition("/")[0] or target
    other = configuration.fallbacks.get(receiver, configuration.route.receiver)
    if other == receiver:
        return ()
    return tuple(t for t in configuration.targets.get(other, ()) if t != target)


def turn_overdue_to_fallback(draft: Draft) -> int:
    """Owe to the fallback what has waited too long or failed for good; return how many were added.

    All jobs are locked by one call and all that is owed is added by another: the store takes the locks
    of one call in the one order that no two servers can hold each other up by.
    """
    overdue = draft.writing.overdue(draft.now - draft.book.configuration.policy.fallback_after, MAX_STAND_INS)
    _lock_jobs(draft, [one.alert_id for one in overdue])
    added: list[Notification] = []
    told = 0
    for owed in overdue:
        turned = _turned_apart(draft, owed)
        if turned.alert is not None:
            draft.writing.save_alerts([turned.alert])
        if turned.group is not None:
            draft.writing.save_groups([turned.group])
        draft.writing.set_fallback(owed.key, turned.key)
        added += [*turned.stand_ins, *turned.closings]
        told += len(turned.stand_ins)
    draft.writing.enqueue(added)
    return told


class _Turned(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in for a notification, under which key, and how whoever hears it also hears the end."""

    key: str = NO_FALLBACK
    stand_ins: tuple[Notification, ...] = ()
    closings: tuple[Notification, ...] = ()
    alert: Alert | None = None
    group: Group | None = None


def _turned_apart(draft: Draft, owed: Notification) -> _Turned:
    """Turn one notification, or have it shown that it cannot be: it must not hold up the others."""
    try:
        with named(f"fallback: {owed.key}"):
            return _turned(draft, owed)
    except ChoreFailed as failed:
        draft.set_aside(failed)
        return _Turned()


def _turned(draft: Draft, owed: Notification) -> _Turned:
    configuration, now = draft.book.configuration, draft.now
    targets = fallback_targets(configuration, owed.target)
    if not targets:
        return _Turned()
    alert = draft.alert_or_none(owed.alert_id)
    group = _locked_group(draft.writing, owed.alert_id) if alert is None else None
    heard = dict(alert.told.heard) if alert is not None else _heard_of_many(group)
    behind = [target for target in targets if heard.get(target, 0) < owed.seq]
    turned = _Turned(
        key=_stand_in_key(owed, targets, heard),
        stand_ins=tuple(stand_in(owed, target, now) for target in behind),
    )
    if alert is not None and behind:
        return _see_it_closed(turned, alert, owed, behind, base_url=configuration.base_url, now=now)
    if group is not None and behind:
        return _see_group_closed(turned, configuration, group, owed, behind, now=now)
    return turned


def _stand_in_key(owed: Notification, targets: tuple[str, ...], heard: dict[str, int]) -> str:
    """Return the key of what the first of these targets is told instead, or of the news it had by then."""
    return notification_key(owed.alert_id, max(owed.seq, heard.get(targets[0], 0)), targets[0])


def _lock_jobs(draft: Draft, alert_ids: Iterable[str]) -> None:
    alerts = map(draft.alert_or_none, dict.fromkeys(alert_ids))
    draft.writing.watches_by_id([alert.job_id for alert in alerts if alert is not None])


def _see_it_closed(
    turned: _Turned, alert: Alert, owed: Notification, targets: list[str], *, base_url: str, now: datetime
) -> _Turned:
    """Whoever hears of an alert in another's place must also hear when it is over, or that it already is."""
    closings: tuple[Notification, ...] = ()
    told, seq = alert.told, owed.seq
    if alert.is_open:
        told = replace(told, targets=(*told.targets, *(t for t in targets if t not in told.targets)))
    elif owed.kind != MessageKind.RESOLVED.value:
        seq = told.count
        closings = tuple(closing(alert, target, base_url, now) for target in targets)
    told = replace(told, heard=heard_by(targets, seq, told.heard))
    return msgspec.structs.replace(turned, alert=msgspec.structs.replace(alert, told=told), closings=closings)


def _locked_group(writing: Writing, group_id: str) -> Group | None:
    writing.lock_groups()
    return writing.group(group_id)


def _heard_of_many(group: Group | None) -> dict[str, int]:
    """Return the last number that each was told of what is told as one; the end is told to all of them."""
    if group is None:
        return {}
    over = dict.fromkeys(group.targets, group.seq) if group.closed_at is not None else {}
    return dict(group.heard) | over


def _see_group_closed(
    turned: _Turned,
    configuration: Configuration,
    group: Group,
    owed: Notification,
    targets: list[str],
    *,
    now: datetime,
) -> _Turned:
    """Do the same for what was told of many at once."""
    everyone = tuple(dict.fromkeys((*group.targets, *targets)))
    heard = heard_by(targets, owed.seq, group.heard)
    closings: tuple[Notification, ...] = ()
    if group.closed_at is not None and owed.kind != MessageKind.RESOLVED.value:
        over = Turn(group=group)
        closings = tuple(owed_of(over, Said.OVER, target, configuration, now) for target in targets)
    known = msgspec.structs.replace(group, targets=everyone, heard=heard)
    return msgspec.structs.replace(turned, group=known, closings=closings)
