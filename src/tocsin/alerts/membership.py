"""How alerts come to a group that tells of many as one, and how they leave it. Pure.

What was told as one is the group's until it is over: an alert that has something of its own to say since, or
is kept from saying it, is told apart from the others, and the group is not over before it is.
"""

import dataclasses
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from msgspec.structs import replace

from tocsin.alerts.alert import Alert, Left, Pooled
from tocsin.alerts.blast import together
from tocsin.alerts.causes import causes_of, counted
from tocsin.alerts.group import MAX_BESIDE, Alone, Group, Member, forgetting
from tocsin.rules.finding import Severity

MAX_NAMED: Final = 10


class Admitted(Enum):
    """What becomes of an alert that has something to say."""

    AT_ONCE = "at_once"
    POOLED = "pooled"


def admit(group: Group, alert: Alert, now: datetime) -> tuple[Group, Admitted]:
    """Return the group with one more alert, and whether that is told at once.

    At once are told the first within an interval, one that was released, and pages: while few alerts came,
    and whenever no other page came within `page_every` of the pace.
    """
    group = forgetting(group, now)
    if alert.id in group.released:
        left = tuple(other for other in group.released if other != alert.id)
        return _told_alone(replace(group, released=left), alert, now), Admitted.AT_ONCE
    is_first = not group.told and not group.waiting
    few = len(group.told) + group.waiting + 1 < group.pace.together_from
    if is_first or (alert.severity is Severity.PAGE and (few or _comes_alone(group, now))):
        return _told_alone(group, alert, now), Admitted.AT_ONCE
    return _with_waiting(group, alert, now), Admitted.POOLED


def _comes_alone(group: Group, now: datetime) -> bool:
    """Whether a page that comes now is not one of many."""
    return group.page_at is None or group.page_at + group.pace.page_every <= now


def _told_alone(group: Group, alert: Alert, now: datetime) -> Group:
    alone = (*group.alone, Alone(alert_id=alert.id, at=now))[-MAX_BESIDE:]
    page_at = now if alert.severity is Severity.PAGE else group.page_at
    return replace(group, told=(*group.told, now), alone=alone, page_at=page_at)


def put_by(group: Group, alert: Alert, until: datetime, now: datetime) -> Group:
    """Return the group with one more alert, which in any case is told as one with the others at `until`.

    What waits already keeps to the instant that it was promised.
    """
    if not group.waiting:
        wait = max(until - now, timedelta(seconds=1))
        pace = replace(group.pace, wait=wait, interval=wait, together_from=1)
        group = replace(group, pace=pace)
    return _with_waiting(forgetting(group, now), alert, now)


def _with_waiting(group: Group, alert: Alert, now: datetime) -> Group:
    member = Member(
        alert_id=alert.id,
        job_id=alert.job_id,
        job=alert.job,
        environment=alert.environment,
        summary=alert.summary[:200],
        at=now,
    )
    if not group.waiting:
        group = replace(group, waiting_since_at=None, page_waits_since_at=None)
    if alert.severity is Severity.PAGE:
        group = replace(group, page_at=now, page_waits_since_at=group.page_waits_since_at or now)
    return replace(
        group,
        waiting=group.waiting + 1,
        waiting_since_at=group.waiting_since_at or now,
        added_at=now,
        named=(*group.named, member) if len(group.named) < MAX_NAMED else group.named,
        first=group.first or member,
        causes=counted(group.causes, causes_of(alert)),
        total=group.total + 1,
        at_risk=together(group.at_risk, alert.at_risk),
        severity=max(group.severity, alert.severity),
    )


def come_back(group: Group, alert: Alert, before: Left) -> Group:
    """Return the group in which an alert waits again that was told as one of it: it counts once."""
    causes = causes_of(alert)
    once = (
        replace(one, count=one.count - 1) if (one.kind, one.what) in causes else one for one in group.causes
    )
    is_worse = (alert.severity, alert.step) > (before.severity, before.step)
    return replace(
        _without(group, before),
        total=group.total - 1,
        causes=tuple(one for one in once if one.count),
        again=group.again + 1,
        is_louder=True,
        is_worse=group.is_worse or is_worse,
    )


def leave(group: Group, alert: Alert, pooled: Pooled) -> tuple[Group, Left | None]:
    """Return the group that tells no more of an alert, which is not over, and what binds them still."""
    if pooled.batch < group.batch:
        in_hand = 1 if pooled.is_taken else 0
        return replace(group, taken=group.taken - in_hand, apart=group.apart + 1), left_of(pooled, group)
    if alert.id in group.released:
        return _unreleased(group, alert), left_of(pooled, group)
    group = _not_waiting(group, alert, pooled)
    if not pooled.was_told:
        return group, None
    return replace(group, open=group.open + 1, apart=group.apart + 1), left_of(pooled, group)


def left_of(pooled: Pooled, group: Group) -> Left | None:
    """Return what binds an alert to a group that tells no more of it; None where it never has."""
    if pooled.batch == group.batch and not pooled.was_told:
        return None
    batch = min(pooled.batch, group.batch - 1)
    return Left(group=pooled.group, batch=batch, severity=pooled.severity, step=pooled.step)


def end(group: Group, alert: Alert, bond: Pooled | Left) -> Group:
    """Return the group of which an alert is over."""
    if isinstance(bond, Left):
        return replace(_without(group, bond), over=group.over + 1)
    if bond.batch < group.batch:
        in_hand = 1 if bond.is_taken else 0
        return replace(group, open=group.open - 1, taken=group.taken - in_hand, over=group.over + 1)
    if alert.id in group.released:
        before = left_of(bond, group)
        group = _unreleased(group, alert)
        return group if before is None else replace(_without(group, before), over=group.over + 1)
    group = _not_waiting(group, alert, bond)
    return replace(group, over=group.over + 1) if bond.was_told else group


def forget(group: Group, left: Left) -> Group:
    """Return the group that waits no more for the end of an alert."""
    return _without(group, left)


def take(group: Group, alert: Alert, bond: Pooled | Left) -> tuple[Group, Pooled | Left | None]:
    """Return the group, and what still binds the alert to it, after somebody has taken the alert in hand."""
    if isinstance(bond, Pooled) and bond.batch == group.batch:
        group, left = leave(group, alert, bond)
        return (group, None) if left is None else take(group, alert, left)
    if bond.is_taken:
        return group, bond
    apart = group.apart - (1 if isinstance(bond, Left) else 0)
    return replace(group, taken=group.taken + 1, apart=apart), dataclasses.replace(bond, is_taken=True)


def give_back(group: Group, left: Left) -> tuple[Group, Left]:
    """Return the group, and what binds an alert to it that had left it and is in nobody's hand any more."""
    still = dataclasses.replace(left, is_taken=False)
    return replace(group, taken=group.taken - 1, apart=group.apart + 1), still


def still_waiting(group: Group) -> Group:
    """Return the group, which has to say anew that all is in hand once something is not."""
    return replace(group, told_in_hand=False) if group.told_in_hand and group.open > group.taken else group


def _without(group: Group, left: Left) -> Group:
    in_hand = 1 if left.is_taken else 0
    return replace(group, open=group.open - 1, taken=group.taken - in_hand, apart=group.apart - (1 - in_hand))


def _unreleased(group: Group, alert: Alert) -> Group:
    return replace(group, released=tuple(other for other in group.released if other != alert.id))


def _not_waiting(group: Group, alert: Alert, pooled: Pooled) -> Group:
    """Return the group in which an alert waits no more; what was told before is of its total all the same."""
    return replace(
        group,
        waiting=group.waiting - 1,
        again=group.again - (1 if pooled.was_told else 0),
        total=group.total - (0 if pooled.was_told else 1),
        named=tuple(member for member in group.named if member.alert_id != alert.id),
    )
