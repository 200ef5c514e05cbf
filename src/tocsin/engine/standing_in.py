"""What a receiver has not taken goes to its fallback as well."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import msgspec

from tocsin.alerts.alert import Alert
from tocsin.alerts.group import Group
from tocsin.alerts.telling import heard_by
from tocsin.alerts.turning import Said, Turn
from tocsin.engine.configuration import Configuration
from tocsin.engine.storming import owed_of
from tocsin.engine.trial import stand_in
from tocsin.engine.voicing import closing, notification_key
from tocsin.notify.message import MessageKind
from tocsin.store.base import Writing
from tocsin.store.rows import Notification

MAX_STAND_INS = 100


def fallback_targets(configuration: Configuration, target: str) -> tuple[str, ...]:
    """Return the targets that stand in for this one: of the named fallback, else of the root route."""
    receiver = target.rpartition("/")[0] or target
    other = configuration.fallbacks.get(receiver, configuration.route.receiver)
    if other == receiver:
        return ()
    return tuple(t for t in configuration.targets.get(other, ()) if t != target)


def turn_to_fallback(
    writing: Writing, configuration: Configuration, owed: Iterable[Notification], now: datetime
) -> int:
    """Owe to the fallback what these notifications have not brought home; return how many were added.

    All jobs are locked by one call and all that is owed is added by another: the store takes the locks
    of one call in the one order that no two servers can hold each other up by.
    """
    turned = [(one, fallback_targets(configuration, one.target)) for one in owed]
    _lock_jobs(writing, [one.alert_id for one, targets in turned if targets])
    added: list[Notification] = []
    told = 0
    for notification, targets in turned:
        alert = writing.alert(notification.alert_id) if targets else None
        group = _locked_group(writing, notification.alert_id) if targets and alert is None else None
        heard = dict(alert.told.heard) if alert is not None else _heard_of_many(group)
        behind = [target for target in targets if heard.get(target, 0) < notification.seq]
        try:
            stand_ins = [stand_in(notification, target, now) for target in behind]
        except ValueError:  # a stored message that cannot be read must not hold up the others
            writing.set_fallback(notification.key, "-")
            continue
        added += stand_ins
        if alert is not None and behind:
            added += _see_it_closed(
                writing, alert, notification, behind, base_url=configuration.base_url, now=now
            )
        elif group is not None and behind:
            added += _see_group_closed(writing, configuration, group, notification, behind, now=now)
        writing.set_fallback(notification.key, _stand_in_key(notification, targets, heard))
        told += len(behind)
    writing.enqueue(added)
    return told


def _stand_in_key(owed: Notification, targets: tuple[str, ...], heard: dict[str, int]) -> str:
    """Return the key of what the first of these targets is told instead, or of the news it had by then."""
    if not targets:
        return "-"
    return notification_key(owed.alert_id, max(owed.seq, heard.get(targets[0], 0)), targets[0])


def _lock_jobs(writing: Writing, alert_ids: Iterable[str]) -> None:
    alerts = (writing.alert(alert_id) for alert_id in dict.fromkeys(alert_ids))
    writing.watches_by_id([alert.job_id for alert in alerts if alert is not None])


def _see_it_closed(
    writing: Writing, alert: Alert, owed: Notification, targets: list[str], *, base_url: str, now: datetime
) -> list[Notification]:
    """Whoever hears of an alert in another's place must also hear when it is over, or that it already is.

    Returns the notifications that say so where it already is.
    """
    closings: list[Notification] = []
    told, seq = alert.told, owed.seq
    if alert.is_open:
        told = replace(told, targets=(*told.targets, *(t for t in targets if t not in told.targets)))
    elif owed.kind != MessageKind.RESOLVED.value:
        seq = told.count
        closings = [closing(alert, target, base_url, now) for target in targets]
    told = replace(told, heard=heard_by(targets, seq, told.heard))
    writing.save_alerts([replace(alert, told=told)])
    return closings


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
    writing: Writing,
    configuration: Configuration,
    group: Group,
    owed: Notification,
    targets: list[str],
    *,
    now: datetime,
) -> list[Notification]:
    """Do the same for what was told of many at once."""
    everyone = tuple(dict.fromkeys((*group.targets, *targets)))
    heard = heard_by(targets, owed.seq, group.heard)
    writing.save_groups([msgspec.structs.replace(group, targets=everyone, heard=heard)])
    if group.closed_at is None or owed.kind == MessageKind.RESOLVED.value:
        return []
    over = Turn(group=group)
    return [owed_of(over, Said.OVER, target, configuration, now) for target in targets]


def turn_overdue_to_fallback(writing: Writing, configuration: Configuration, now: datetime) -> int:
    """Find what has waited too long, and turn to the fallback for it."""
    overdue = writing.overdue(now - configuration.policy.fallback_after, MAX_STAND_INS)
    return turn_to_fallback(writing, configuration, overdue, now)
