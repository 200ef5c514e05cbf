"""What an alert is to the groups that speak for it. Pure but for what it asks of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from msgspec.structs import replace

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, AlertState, Left, Pooled, Reason
from tocsin.alerts.muting import Mute
from tocsin.alerts.route import Way
from tocsin.oncall.escalation import Climb, Policy

MOST_LEFT: Final = 20
"""Most groups that an alert has left and that are not over before it is."""


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

    def leave(self, alert: Alert, pooled: Pooled) -> Left | None:
        """Let a group tell no more of an alert; return what binds them still, until that is over."""
        ...

    def released(self, pooled: Pooled) -> Left | None:
        """Return what binds an alert still to the group that lets it be told by itself, if anything."""
        ...

    def end(self, alert: Alert, bond: Pooled | Left, reason: Reason) -> None:
        """Note that an alert is over, of which a group tells, or has told, and why."""

    def take(self, alert: Alert, bond: Pooled | Left) -> Pooled | Left | None:
        """Note that somebody has an alert in hand; return what still binds it to its group."""
        ...

    def give_back(self, left: Left) -> Left | None:
        """Note that nobody has in hand any more what had left a group; return what binds them still."""
        ...

    def forget(self, left: Left) -> None:
        """Let a group wait no more for the end of an alert."""

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
        return with_group(alert, *(groups.put_by(alert, way, labels, until, now) for way in ways))
    found = [groups.admit(alert, way, labels, now) for way in ways]
    pooled = tuple(one for one in found if one is not None)
    return with_group(alert, *pooled) if pooled else alert


def with_group(alert: Alert, *pooled: Pooled) -> Alert:
    """Return the alert bound to groups that tell of it, also to one that it had left."""
    names = {one.group for one in pooled}
    left = tuple(one for one in alert.left if one.group not in names)
    return replace(alert, pooled=(*alert.pooled, *pooled), left=left)


def bound(change: Change, groups: Groups, mute: Mute | None = None) -> Alert:
    """Return the alert with the groups that still speak for it; what is muted waits in none of them.

    What a group has told as one is bound to it until it is over, also where it has left: the group must not
    say that all is over before.
    """
    alert = change.alert
    if not alert.pooled and not alert.left:
        return alert
    if not alert.is_open or change.reason in (Reason.ACKNOWLEDGED, Reason.SNOOZED):
        return _let_go(alert, change.reason, groups)
    in_hand = alert.state is AlertState.ACKNOWLEDGED or alert.snooze is not None
    is_kept_back = mute is not None or alert.inhibited is not None
    kept, left = list[Pooled](), [one if in_hand else _given_back(one, groups) for one in alert.left]
    for pooled in alert.pooled:
        is_louder = (alert.severity, alert.step) > (pooled.severity, pooled.step)
        is_muted = is_kept_back and groups.is_waiting(pooled)
        if is_louder or is_muted or (pooled.is_taken and not in_hand):
            left.append(groups.leave(alert, pooled))
        elif groups.is_released(alert, pooled):
            left.append(groups.released(pooled))
        else:
            kept.append(pooled)
    return _bound_by(alert, kept, (one for one in left if one is not None), groups)


def _given_back(left: Left, groups: Groups) -> Left | None:
    return groups.give_back(left) if left.is_taken else left


def _let_go(alert: Alert, reason: Reason, groups: Groups) -> Alert:
    if not alert.is_open:
        for bond in alert.bonds:
            groups.end(alert, bond, reason)
        return replace(alert, pooled=(), left=())
    still = [groups.take(alert, bond) for bond in alert.bonds]
    pooled = [bond for bond in still if isinstance(bond, Pooled)]
    return _bound_by(alert, pooled, (bond for bond in still if isinstance(bond, Left)), groups)


def _bound_by(alert: Alert, pooled: Iterable[Pooled], left: Iterable[Left], groups: Groups) -> Alert:
    known = tuple(left)
    for one in known[:-MOST_LEFT]:
        groups.forget(one)
    bonds = tuple(pooled), known[-MOST_LEFT:]
    return alert if bonds == (alert.pooled, alert.left) else replace(alert, pooled=bonds[0], left=bonds[1])
