"""The groups of one transaction: which alert is told at once, which with others, and when all is over."""

import dataclasses
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from tocsin.alerts.alert import UNWATCHED, Alert, Left, Pooled, Reason
from tocsin.alerts.group import THROTTLED, Group, Pace
from tocsin.alerts.membership import (
    Admitted,
    admit,
    come_back,
    end,
    forget,
    give_back,
    leave,
    left_of,
    put_by,
    still_waiting,
    take,
)
from tocsin.alerts.route import ALL_LABELS, Way
from tocsin.alerts.set_back import group_at
from tocsin.alerts.telling import heard_by
from tocsin.alerts.together import handed, in_hand, joined, left_behind, woken
from tocsin.alerts.turning import Turn, is_to_flush, is_to_repeat, next_at, turn
from tocsin.engine.configuration import Configuration
from tocsin.engine.looking import NewId
from tocsin.engine.pooling import End
from tocsin.engine.reaching import ways_of
from tocsin.engine.voicing import labels_of
from tocsin.errors import StoreUnreadable
from tocsin.oncall.escalation import Climb
from tocsin.store.base import Writing

GROUPS_AT_ONCE = 20
QUIET_FOR_AT_MOST = timedelta(hours=1)


class Gathering:
    """Reads the groups that are asked for, and writes those that have changed."""

    def __init__(self, writing: Writing, configuration: Configuration, new_id: NewId, now: datetime) -> None:
        self._writing = writing
        self._configuration = configuration
        self._new_id = new_id
        self._now = now
        self._by_id: dict[str, Group] = {}
        self._ids: dict[str, str] = {}
        self._changed: dict[str, None] = {}
        self._members: list[tuple[str, str]] = []
        self._before: list[tuple[str, Group | None, bool]] = []
        self._is_locked = False
        self.has_woken = False

    def admit(self, alert: Alert, way: Way, labels: dict[str, str], now: datetime) -> Pooled | None:
        """Return how an alert is bound to the group it waits in, or None where it is told at once."""
        group, admitted = admit(self._group_for(alert, way, labels, now), alert, now)
        if admitted is Admitted.AT_ONCE:
            self._put(group)
            return None
        return self._bound_to(group, alert, way)

    def _bound_to(self, group: Group, alert: Alert, way: Way) -> Pooled:
        before = next((one for one in alert.left if one.group == group.id), None)
        self._put(group if before is None else come_back(group, alert, before))
        self._members.append((group.id, alert.id))
        return Pooled(
            group=group.id,
            receiver=way.receiver,
            batch=group.batch,
            severity=alert.severity,
            step=alert.step,
            was_told=before is not None,
            run=alert.run,
        )

    def put_by(
        self, alert: Alert, way: Way, labels: dict[str, str], until: datetime, now: datetime
    ) -> Pooled:
        """Return how an alert is bound to what is told of its job as one at `until`."""
        of_job = dataclasses.replace(way, group_by=("environment", "job", THROTTLED))
        group = put_by(self._group_for(alert, of_job, {**labels, THROTTLED: "yes"}, now), alert, until, now)
        return self._bound_to(group, alert, way)

    def is_released(self, alert: Alert, pooled: Pooled) -> bool:
        """Whether an alert that waited may now be told by itself."""
        group = self._group(pooled.group)
        return group is None or group.closed_at is not None or alert.id in group.released

    def is_waiting(self, pooled: Pooled) -> bool:
        """Whether an alert waits to be told with others, and has not been told with them."""
        group = self._group(pooled.group)
        return group is not None and pooled.batch == group.batch

    def leave(self, alert: Alert, pooled: Pooled) -> Left | None:
        """Let a group tell no more of an alert; return what binds them still, until that is over."""
        group = self._group(pooled.group)
        if group is None:
            return None
        group, left = leave(group, alert, pooled)
        self._put(in_hand(group, alert.changed_at))
        return left

    def released(self, pooled: Pooled) -> Left | None:
        """Return what binds an alert still to the group that lets it be told by itself, if anything."""
        group = self._group(pooled.group)
        return None if group is None or group.closed_at is not None else left_of(pooled, group)

    def end(self, alert: Alert, bond: Pooled | Left, reason: Reason) -> None:
        """Note that an alert is over, of which a group tells, or has told, and why."""
        group = self._group(bond.group)
        if group is not None:
            ended = end(group, alert, bond)
            if reason in UNWATCHED:
                ended = replace(ended, unwatched=ended.unwatched + ended.over - group.over)
            self._put(in_hand(ended, alert.changed_at))

    def take(self, alert: Alert, bond: Pooled | Left) -> Pooled | Left | None:
        """Note that somebody has an alert in hand; return what still binds it to its group."""
        group = self._group(bond.group)
        if group is None:
            return None
        group, still = take(group, alert, bond)
        who = alert.snooze.by if alert.snooze is not None else alert.acknowledged_by
        self._put(in_hand(replace(group, taken_by=who), alert.changed_at))
        return still

    def give_back(self, left: Left) -> Left | None:
        """Note that nobody has in hand any more what had left a group; return what binds them still."""
        group = self._group(left.group)
        if group is None:
            return None
        group, still = give_back(group, left)
        self._put(group)
        return still

    def forget(self, left: Left) -> None:
        """Let a group wait no more for the end of an alert."""
        group = self._group(left.group)
        if group is not None:
            self._put(forget(group, left))

    def climb_for(
        self, alert: Alert, pooled: Pooled, end: End, now: datetime, deadline_at: datetime | None
    ) -> Pooled:
        """Let a group climb for an alert, if its way is the one that escalates; return how they are bound."""
        group = self._group(pooled.group)
        if group is None or _path_of(group) != end.path:
            return pooled
        self._put(handed(group, end.policy, alert.climb, now, deadline_at))
        return dataclasses.replace(pooled, climbs=True)

    def left_behind(self, pooled: Pooled) -> Climb | None:
        """Return how far a group had climbed for an alert that it speaks for no more."""
        group = self._group(pooled.group)
        return None if group is None else left_behind(group, pooled)

    def join(self, alert: Alert, way: Way, labels: dict[str, str], policy_id: str) -> Pooled | None:
        """Return how an alert is bound to the group that is escalated for it, too, if there is one."""
        group = self._known(_key_of(way, _shared(way, labels)))
        found = None if group is None else joined(group, alert, policy_id)
        if found is None:
            return None
        group, pooled = found
        self._put(group)
        self._members.append((group.id, alert.id))
        return pooled

    @property
    def has_changed(self) -> bool:
        """Whether there is something to write."""
        return bool(self._changed)

    def write(self) -> list[str]:
        """Keep what has changed, each group with when it is looked at next.

        Returns the ids of those that somebody has in hand by now, or that are over.
        """
        if not self._changed:
            return []
        changed = [self._by_id[group_id] for group_id in self._changed]
        gone = [group.id for group in changed if group.closed_at is not None and not group.has_spoken]
        self._writing.forget_groups(gone)
        kept = [group for group in changed if group.id not in gone]
        self._writing.save_groups(sorted(kept, key=lambda group: group.closed_at is None))
        if self._members:
            self._writing.add_to_groups(self._members)
        self._changed.clear()
        self._members.clear()
        return [group.id for group in kept if group.has_spoken and not group.waits_for_somebody]

    def due(self, now: datetime) -> list[Group]:
        """Return the first groups that are due, as they were kept."""
        found = self._writing.due_groups(now, GROUPS_AT_ONCE)
        self._let_go_of_lost()
        return found

    def due_locked(self, now: datetime) -> list[Group]:
        """Return the first groups that are due, which no other server can change any more."""
        self._lock()
        return self.due(now)

    def take_turn(
        self,
        group: Group,
        now: datetime,
        hushed: Callable[[Group], Group],
        muted_until: Callable[[Group], datetime | None],
    ) -> Turn:
        """Let time pass for a group that is due; return what has come of it.

        What is about to be told is asked first whether it must wait until some of it has left, and what is
        about to be repeated, whether all of it is muted.
        """
        known = replace(self._by_id.setdefault(group.id, group), aside_until=None)
        known = self._kept_quiet(group_at(known, now), now)
        if is_to_repeat(known, now):
            until_at = muted_until(known)
            until_at = None if until_at is None else min(until_at, now + QUIET_FOR_AT_MOST)
            known = replace(known, muted_until=until_at)
        taken_turn = turn(hushed(known) if is_to_flush(known, now) else known, now)
        self._put(taken_turn.group)
        return taken_turn

    def put_off(self, group: Group, until: datetime) -> None:
        """Say nothing of a group before `until`, whatever it has to say: its turn could not be taken."""
        self._put(replace(self._by_id.get(group.id, group), aside_until=until))

    def close(self, group: Group) -> Group:
        """Let a group tell nothing any more, whatever is bound to it; return it as it ends."""
        group = self._by_id.get(group.id, group)
        self._put(replace(group, closed_at=self._now, seq=group.seq + 1))
        return self._by_id[group.id]

    @property
    def mark(self) -> tuple[int, int]:
        """How much has changed so far; `undo` goes back to it."""
        return len(self._before), len(self._members)

    def undo(self, mark: tuple[int, int]) -> None:
        """Let nothing have changed since a mark: what was begun there could not be done to its end."""
        changes, members = mark
        del self._members[members:]
        while len(self._before) > changes:
            group_id, before, was_changed = self._before.pop()
            if before is None:
                del self._by_id[group_id]
            else:
                self._by_id[group_id] = before
            if not was_changed:
                del self._changed[group_id]

    @property
    def next_due_at(self) -> datetime | None:
        """When one of the groups that were asked for may have something to say."""
        return min((g.due_at for g in self._by_id.values() if g.due_at is not None), default=None)

    def wake(self, group_ids: Iterable[str]) -> None:
        """Let groups go on of which something is muted no more."""
        for group_id in dict.fromkeys(group_ids):
            group = self._group(group_id)
            if group is not None and group.closed_at is None:
                self._put(woken(group, self._now))

    def keep(self, group: Group) -> None:
        """Keep a group as it is by now."""
        self._put(group)

    def told(self, group_id: str, targets: Iterable[str]) -> None:
        """Note who hears the latest of a group, so that they hear nothing older after it, and its end."""
        group, told = self._by_id[group_id], tuple(targets)
        everyone = tuple(dict.fromkeys((*group.targets, *told)))
        self._put(replace(group, targets=everyone, heard=heard_by(told, group.seq, group.heard)))

    def _group_for(self, alert: Alert, way: Way, labels: dict[str, str], now: datetime) -> Group:
        shared = _shared(way, labels)
        key = _key_of(way, shared)
        group = self._known(key)
        if group is None:
            group = Group(
                id=self._new_id(),
                key=key,
                receiver=way.receiver,
                labels=shared,
                opened_at=now,
                severity=alert.severity,
                pace=self._pace_of(way),
            )
            self._ids[key] = group.id
            self._by_id[group.id] = group
        return group

    def _known(self, key: str) -> Group | None:
        """Return the open group of a key, if there is one."""
        known = self._ids.get(key)
        if known is not None:
            return self._by_id[known]
        self._lock()
        stored = self._writing.group_of(key)
        self._let_go_of_lost()
        group = None if stored is None else self._by_id.get(stored.id, stored)
        if group is None or group.closed_at is not None:
            return None
        self._ids[key] = group.id
        self._by_id[group.id] = group
        return group

    def _kept_quiet(self, group: Group, now: datetime) -> Group:
        """Return the group with how long its route is quiet; looked at each hour, for routes may change."""
        until = self._quiet_until(group, now) if self._configuration.time_intervals else None
        if until is not None:
            until = min(until, now + QUIET_FOR_AT_MOST)
        return group if until == group.quiet_until else replace(group, quiet_until=until)

    def _quiet_until(self, group: Group, now: datetime) -> datetime | None:
        """Return when somebody may speak of the group again; None where it may be now.

        Its route is the one that its first alert takes now: after a reload another may stand at its place.
        """
        try:
            first = None if group.first is None else self._writing.alert(group.first.alert_id)
        except StoreUnreadable:
            first = None
        found = () if first is None else ways_of(labels_of(first), self._configuration, now)
        own = [way.muted_until for way in found if way.receiver == _receiver_of(group)]
        return min((at for at in own if at is not None), default=None) if None not in own else None

    def _pace_of(self, way: Way) -> Pace:
        return replace(
            self._configuration.policy.pace,
            wait=way.group_wait_for,
            interval=way.group_every,
            repeat_every=way.repeat_every,
            repeats_past=way.repeats_past,
        )

    def _group(self, group_id: str) -> Group | None:
        if group_id not in self._by_id:
            self._lock()
            group = self._writing.group(group_id)
            self._let_go_of_lost()
            if group is None:
                return None
            self._by_id[group_id] = group
        return self._by_id[group_id]

    def _let_go_of_lost(self) -> None:
        """Look at the alerts of groups that cannot be read: they are told by themselves, or with others."""
        job_ids = self._writing.jobs_of_lost_groups()
        if job_ids:
            self._writing.mark_due(job_ids, self._now)
            self.has_woken = True

    def _lock(self) -> None:
        if not self._is_locked:
            self._writing.lock_groups()
            self._is_locked = True

    def _due_at(self, group: Group) -> datetime | None:
        """Return when there may be more to say; now, where that cannot be told: its turn is then put off."""
        if group.aside_until is not None:
            return group.aside_until
        try:
            return next_at(group)
        except Exception:  # noqa: BLE001 -- what is wrong with a group must not cost the job that comes to it
            return self._now

    def _put(self, group: Group) -> None:
        self._before.append((group.id, self._by_id.get(group.id), group.id in self._changed))
        group = still_waiting(group)
        if group.closed_at is None:
            group = replace(group, due_at=self._due_at(group))
        else:
            group = replace(group, due_at=None)
            self._ids.pop(group.key, None)
        self._by_id[group.id] = group
        self._changed[group.id] = None


def _shared(way: Way, labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the labels that alerts on a way have in common with the others of their group."""
    names = sorted(labels) if way.group_by == ALL_LABELS else way.group_by
    return tuple((name, labels.get(name, "")) for name in names)


def _key_of(way: Way, shared: tuple[tuple[str, str], ...]) -> str:
    return "\x1f".join((way.path, way.receiver, *(f"{name}\x1e{value}" for name, value in shared)))


def _path_of(group: Group) -> str:
    return group.key.partition("\x1f")[0]


def _receiver_of(group: Group) -> str:
    return group.key.split("\x1f")[1]
