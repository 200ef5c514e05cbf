"""What a receiver has not taken goes to its fallback as well."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tocsin.alerts.alert import Alert
from tocsin.alerts.telling import heard_by
from tocsin.engine.configuration import Configuration
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
    """Owe to the fallback what these notifications have not brought home; return how many were added."""
    added = 0
    for notification in owed:
        targets = fallback_targets(configuration, notification.target)
        alert = _locked_alert(writing, notification.alert_id) if targets else None
        heard = dict(alert.told.heard) if alert is not None else {}
        behind = [target for target in targets if heard.get(target, 0) < notification.seq]
        try:
            stand_ins = [stand_in(notification, target, now) for target in behind]
        except ValueError:  # a stored message that cannot be read must not hold up the others
            writing.set_fallback(notification.key, "-")
            continue
        writing.enqueue(stand_ins)
        if alert is not None and behind:
            _see_it_closed(writing, alert, notification, behind, base_url=configuration.base_url, now=now)
        writing.set_fallback(notification.key, _stand_in_key(notification, targets, heard))
        added += len(behind)
    return added


def _stand_in_key(owed: Notification, targets: tuple[str, ...], heard: dict[str, int]) -> str:
    """Return the key of what the first of these targets is told instead, or of the news it had by then."""
    if not targets:
        return "-"
    return notification_key(owed.alert_id, max(owed.seq, heard.get(targets[0], 0)), targets[0])


def _locked_alert(writing: Writing, alert_id: str) -> Alert | None:
    alert = writing.alert(alert_id)
    if alert is None:
        return None
    writing.watches_by_id([alert.job_id])
    return writing.alert(alert_id)


def _see_it_closed(
    writing: Writing, alert: Alert, owed: Notification, targets: list[str], *, base_url: str, now: datetime
) -> None:
    """Whoever hears of an alert in another's place must also hear when it is over, or that it already is."""
    told, seq = alert.told, owed.seq
    if alert.is_open:
        told = replace(told, targets=(*told.targets, *(t for t in targets if t not in told.targets)))
    elif owed.kind != MessageKind.RESOLVED.value:
        seq = told.count
        writing.enqueue(closing(alert, target, base_url, now) for target in targets)
    told = replace(told, heard=heard_by(targets, seq, told.heard))
    writing.save_alerts([replace(alert, told=told)])


def turn_overdue_to_fallback(writing: Writing, configuration: Configuration, now: datetime) -> int:
    """Find what has waited too long, and turn to the fallback for it."""
    overdue = writing.overdue(now - configuration.policy.fallback_after, MAX_STAND_INS)
    return turn_to_fallback(writing, configuration, overdue, now)
