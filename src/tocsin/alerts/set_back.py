"""A clock that was set back: what has happened by it does not lie ahead, so that nothing waits for it. Pure.

What counts from an instant in the past counts from now at the latest. What a person has promised by the clock
on the wall, such as the end of a snooze or of an acknowledgement, stays as it was said.
"""

import dataclasses
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tocsin.alerts.alert import Alert
from tocsin.alerts.drill import Drill
from tocsin.alerts.group import Group
from tocsin.alerts.inhibition import SETTLE_FOR
from tocsin.alerts.same_run import RESTS_FOR, is_spoken_for
from tocsin.oncall.escalation import Climb

CLOCKS_DIFFER_BY: Final = timedelta(seconds=5)
"""By how much the clocks of servers may differ without that one was set back."""


def alert_at(alert: Alert, now: datetime) -> Alert:
    """Return an alert of which nothing that has happened lies ahead of `now`; mostly the alert itself."""
    ahead_at = now + CLOCKS_DIFFER_BY
    told, put_off, muted = alert.told, alert.snooze, alert.inhibited
    changes: dict[str, object] = {}
    if any(at is not None and at > ahead_at for at in (*told.at[-1:], told.last_at)):
        at = tuple(min(one, now) for one in told.at)
        changes["told"] = dataclasses.replace(told, at=at, last_at=_by(told.last_at, now))
    if put_off is not None and put_off.at > ahead_at:
        changes["snooze"] = dataclasses.replace(put_off, at=now)
    if alert.due_again_at is not None and alert.due_again_at > ahead_at:
        changes["due_again_at"] = now
    waits_for = RESTS_FOR if is_spoken_for(alert) else SETTLE_FOR
    if muted is not None and muted.until_at is not None and muted.until_at > ahead_at + waits_for:
        changes["inhibited"] = dataclasses.replace(muted, until_at=now + SETTLE_FOR)
    if alert.climb is not None and _is_ahead(alert.climb, ahead_at):
        changes["climb"] = climb_at(alert.climb, now)
    return replace(alert, **changes) if changes else alert


def group_at(group: Group, now: datetime) -> Group:
    """Return a group of which nothing that has happened lies ahead of `now`; mostly the group itself."""
    ahead_at = now + CLOCKS_DIFFER_BY
    known = (*group.told[-1:], group.together_at, group.waiting_since_at, group.added_at, group.hushed_until)
    known = (*known, group.page_at, group.page_waits_since_at)
    climb = group.climb
    is_climb_ahead = climb is not None and _is_ahead(climb, ahead_at)
    if not is_climb_ahead and all(at is None or at <= ahead_at for at in known):
        return group
    return replace(
        group,
        told=tuple(min(at, now) for at in group.told),
        together_at=_by(group.together_at, now),
        batches_at=tuple(min(at, now) for at in group.batches_at),
        waiting_since_at=_by(group.waiting_since_at, now),
        added_at=_by(group.added_at, now),
        page_at=_by(group.page_at, now),
        page_waits_since_at=_by(group.page_waits_since_at, now),
        hushed_at=_by(group.hushed_at, now),
        hushed_until=_by(group.hushed_until, now),
        alone=tuple(replace(one, at=min(one.at, now)) for one in group.alone),
        climb=None if climb is None else climb_at(climb, now),
    )


def climb_at(climb: Climb, now: datetime) -> Climb:
    """Return a climb of which nothing that has happened lies ahead of `now`."""
    return dataclasses.replace(
        climb,
        started_at=min(climb.started_at, now),
        entered_at=min(climb.entered_at, now),
        changed_at=min(climb.changed_at, now),
    )


def drill_at(drill: Drill, now: datetime) -> Drill:
    """Return a drill that has as long to arrive from `now` as it ever had; mostly the drill itself.

    By when it is to be acknowledged stands in its messages, and stays as it was said.
    """
    if drill.started_at <= now + CLOCKS_DIFFER_BY:
        return drill
    deliver_by = now + (drill.deliver_by - drill.started_at)
    return dataclasses.replace(drill, started_at=now, deliver_by=min(drill.deliver_by, deliver_by))


def _is_ahead(climb: Climb, ahead_at: datetime) -> bool:
    return climb.entered_at > ahead_at or climb.started_at > ahead_at


def _by(at: datetime | None, now: datetime) -> datetime | None:
    return None if at is None else min(at, now)
