"""What an alert is to the groups that speak for it. Pure but for what it asks of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, AlertState, Pooled, Reason
from tocsin.alerts.muting import Mute
from tocsin.alerts.route import Way
from tocsin.oncall.escalation import Climb, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where an alert is escalated: the path of the way, and the policy that is climbed there."""

    path: str
    policy: Policy


class Groups(Protocol):
    """What voicing asks of the groups of the transaction, by the alert."""

    def admit(self, alert: Alert, way: Way, labels: dict[str, str], now: datetime) -> Pooled | None:
        """Return how an alert is bound to the group it waits in, or None where it is told at once."""
        ...

    def put_by(
        self, alert: Alert, way: Way, labels: dict[str, str], until: datetime, now: datetime
    ) -> Pooled:
        """Return how an alert is bound to what is told of its job as one at `until`."""
        ...

    def is_released(self, alert: Alert, pooled: Pooled) -> bool:
        """Whether an alert that waited may now be told by itself."""
        ...

    def is_waiting(self, pooled: Pooled) -> bool:
        """Whether an alert waits to be told with others, and has not been told with them."""
        ...

    def leave(self, alert: Alert, pooled: Pooled, *, is_over: bool) -> None:
        """Take an alert out of a group."""

    def take(self, alert: Alert, pooled: Pooled) -> Pooled | None:
        """Note that somebody has an alert in hand; return what still binds it to its group."""
        ...

    def climb_for(
        self, alert: Alert, pooled: Pooled, end: End, now: datetime, deadline_at: datetime | None
    ) -> Pooled:
        """Let a group climb for an alert, if its way is the one that escalates; return how they are bound."""
        ...

    def left_behind(self, pooled: Pooled) -> Climb | None:
        """Return how far a group had climbed for an alert that it speaks for no more."""
        ...

    def join(self, alert: Alert, way: Way, labels: dict[str, str], policy_id: str) -> Pooled | None:
        """Return how an alert is bound to the group that is escalated for it, too, if there is one."""
        ...


def admitted(
    alert: Alert,
    ways: Iterable[Way],
    labels: dict[str, str],
    groups: Groups,
    now: datetime,
    *,
    until: datetime | None = None,
) -> Alert:
    """Return the alert bound to the groups that will tell of it, where it is not the first on its way.

    `until`: its job is throttled, and what is told of that then is told as one.
    """
    if until is not None:
        put_by = tuple(groups.put_by(alert, way, labels, until, now) for way in ways)
        return replace(alert, pooled=(*alert.pooled, *put_by))
    found = [groups.admit(alert, way, labels, now) for way in ways]
    pooled = tuple(one for one in found if one is not None)
    return replace(alert, pooled=(*alert.pooled, *pooled)) if pooled else alert


def bound(change: Change, groups: Groups, mute: Mute | None = None) -> Alert:
    """Return the alert with the groups that still speak for it; what is muted waits in none of them."""
    alert = change.alert
    if not alert.pooled:
        return alert
    if not alert.is_open or change.reason in (Reason.ACKNOWLEDGED, Reason.SNOOZED):
        return replace(alert, pooled=_let_go(change, groups))
    in_hand = alert.state is AlertState.ACKNOWLEDGED or alert.snooze is not None
    kept = []
    for pooled in alert.pooled:
        is_louder = (alert.severity, alert.step) > (pooled.severity, pooled.step)
        is_kept_back = mute is not None or alert.inhibited is not None
        is_muted = is_kept_back and groups.is_waiting(pooled)
        if is_louder or is_muted or (pooled.is_taken and not in_hand):
            groups.leave(alert, pooled, is_over=False)
        elif not groups.is_released(alert, pooled):
            kept.append(pooled)
    return alert if len(kept) == len(alert.pooled) else replace(alert, pooled=tuple(kept))


def _let_go(change: Change, groups: Groups) -> tuple[Pooled, ...]:
    alert = change.alert
    if alert.is_open:
        still = [groups.take(alert, pooled) for pooled in alert.pooled]
        return tuple(pooled for pooled in still if pooled is not None)
    for pooled in alert.pooled:
        groups.leave(alert, pooled, is_over=True)
    return ()
