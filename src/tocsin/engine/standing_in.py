"""What a receiver has not taken goes to its fallback as well."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tocsin.engine.configuration import Configuration
from tocsin.engine.trial import stand_in
from tocsin.store.base import Notification, Writing

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
        stand_ins = [
            stand_in(notification, target, now)
            for target in fallback_targets(configuration, notification.target)
        ]
        writing.enqueue(stand_ins)
        _remember_told(writing, notification, [n.target for n in stand_ins])
        writing.set_fallback(notification.key, stand_ins[0].key if stand_ins else "-")
        added += len(stand_ins)
    return added


def _remember_told(writing: Writing, owed: Notification, targets: list[str]) -> None:
    """Whoever hears of an alert in another's place must also hear when it is over."""
    alert = writing.alert(owed.alert_id)
    if alert is None or not targets:
        return
    writing.watches_by_id([alert.job_id])
    alert = writing.alert(owed.alert_id) or alert
    if alert.is_open:
        everyone = (*alert.told.targets, *(t for t in targets if t not in alert.told.targets))
        writing.save_alerts([replace(alert, told=replace(alert.told, targets=everyone))])


def turn_overdue_to_fallback(writing: Writing, configuration: Configuration, now: datetime) -> int:
    """Find what has waited too long, and turn to the fallback for it."""
    overdue = writing.overdue(now - configuration.policy.fallback_after, MAX_STAND_INS)
    return turn_to_fallback(writing, configuration, overdue, now)
