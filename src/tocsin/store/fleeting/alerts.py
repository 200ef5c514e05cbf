"""Alerts, their groups, and what mutes what, in memory."""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Final

from tocsin.alerts.alert import Alert
from tocsin.alerts.group import Group
from tocsin.alerts.inhibition import Bond, Side
from tocsin.alerts.route import FOR_EVER
from tocsin.store.fleeting.waiting import Waiting

_ALERT_ID: Final = attrgetter("alert_id")


class FleetingAlerts:
    """What the writing session does with alerts and groups.

    An ended alert is let go of once nobody may ask for it any more: when it is not remembered for
    deduplication, and no open group names it first.
    """

    def __init__(self) -> None:
        self._alerts: dict[str, Alert] = {}
        self._of_job: dict[int, dict[str, None]] = {}
        self._groups: dict[str, Group] = {}
        self._open_groups: dict[str, str] = {}
        self._members: dict[str, dict[str, None]] = {}
        self._groups_due = Waiting[str]()
        self._bonds: dict[str, dict[tuple[str, Side], Bond]] = {}
        self._bound: dict[str, set[tuple[str, Side]]] = {}
        self._wakes: dict[str, str] = {}

    def alerts(self, job_ids: Iterable[int], remembered_since: datetime) -> dict[int, tuple[Alert, ...]]:
        """Return each job's open alerts and those resolved since that instant, oldest first."""
        return {job_id: self._remembered(job_id, remembered_since) for job_id in job_ids}

    def _remembered(self, job_id: int, since: datetime) -> tuple[Alert, ...]:
        known = self._of_job.get(job_id, {})
        found, gone = [], []
        for alert_id in known:
            alert = self._alerts[alert_id]
            if alert.resolved_at is None or alert.resolved_at > since:
                found.append(alert)
            else:
                gone.append(alert_id)
        if gone and since < FOR_EVER:
            firsts = {group.first.alert_id for group in self._groups.values() if group.first is not None}
            for alert_id in gone:
                if alert_id not in firsts:
                    del known[alert_id], self._alerts[alert_id]
        return tuple(found)

    def alert(self, alert_id: str) -> Alert | None:
        """Return one alert."""
        return self._alerts.get(alert_id)

    def save_alerts(self, alerts: Iterable[Alert]) -> None:
        """Keep alerts."""
        for alert in alerts:
            self._alerts[alert.id] = alert
            self._of_job.setdefault(alert.job_id, {})[alert.id] = None

    def alike(
        self, error_id: str, environment: str, *, over_since: datetime, limit: int
    ) -> list[tuple[int, str]]:
        """Return nothing: jobs are replayed apart from each other."""
        del error_id, environment, over_since, limit
        return []

    def lock_groups(self) -> None:
        """Let no other server change groups; there is none."""

    def group_of(self, key: str) -> Group | None:
        """Return the open group of a key."""
        group_id = self._open_groups.get(key)
        return None if group_id is None else self._groups[group_id]

    def group(self, group_id: str) -> Group | None:
        """Return one group that is open."""
        return self._groups.get(group_id)

    def alerts_of_group(self, group_id: str, *, after: str, limit: int) -> list[Alert]:
        """Return alerts that were handed to a group, in the order of their ids, from behind `after`."""
        ids = sorted(one for one in self._members.get(group_id, ()) if one > after)
        return [self._alerts[one] for one in ids if one in self._alerts][:limit]

    def due_groups(self, now: datetime, limit: int) -> list[Group]:
        """Return groups whose `due_at` has come, earliest first."""
        return [self._groups[group_id] for group_id in self._groups_due.due(now, limit)]

    def next_group_due_at(self) -> datetime | None:
        """Return the earliest `due_at` of all groups."""
        return self._groups_due.first_at()

    def save_groups(self, groups: Iterable[Group]) -> None:
        """Keep groups that are open; nobody asks for one that is closed."""
        for group in groups:
            if group.closed_at is not None:
                self.forget_groups((group.id,))
                continue
            self._groups[group.id] = group
            self._open_groups[group.key] = group.id
            self._groups_due.put(group.id, group.due_at)

    def forget_groups(self, ids: Iterable[str]) -> None:
        """Let go of groups."""
        for group_id in ids:
            group = self._groups.pop(group_id, None)
            if group is not None and self._open_groups.get(group.key) == group_id:
                del self._open_groups[group.key]
            self._members.pop(group_id, None)
            self._groups_due.put(group_id, None)

    def add_to_groups(self, members: Iterable[tuple[str, str]]) -> None:
        """Note which alerts, by id, belong to which open group."""
        for group_id, alert_id in members:
            if group_id in self._groups:
                self._members.setdefault(group_id, {})[alert_id] = None

    def jobs_of_lost_groups(self) -> list[int]:
        """Return nothing: what is in memory can be read."""
        return []

    def bind(self, alert_ids: Iterable[str], bonds: Iterable[Bond]) -> None:
        """Let these be the bonds of these alerts, in place of all that they had."""
        for alert_id in alert_ids:
            for key, side in self._bound.pop(alert_id, ()):
                of_key = self._bonds[key]
                del of_key[alert_id, side]
                if not of_key:
                    del self._bonds[key]
        for bond in bonds:
            self._bonds.setdefault(bond.key, {})[bond.alert_id, bond.side] = bond
            self._bound.setdefault(bond.alert_id, set()).add((bond.key, bond.side))

    def bonds(self, key: str, side: Side, *, after: str, limit: int) -> list[Bond]:
        """Return who is on a side of a key, in the order of the alerts' ids, from behind `after`."""
        found = [
            one for one in self._bonds.get(key, {}).values() if one.side is side and one.alert_id > after
        ]
        return sorted(found, key=_ALERT_ID)[:limit]

    def wake(self, keys: Iterable[str]) -> int:
        """Note that the targets of these keys want to be looked at; return how many keys have any."""
        found = [k for k in keys if any(b.side is Side.TARGET for b in self._bonds.get(k, {}).values())]
        self._wakes.update(dict.fromkeys(found, ""))
        return len(found)

    def wakes(self, limit: int) -> list[tuple[str, str]]:
        """Return keys whose targets want to be looked at, each with the alert from behind which."""
        return sorted(self._wakes.items())[:limit] if self._wakes else []

    def wake_on(self, key: str, after: str, then: str | None) -> None:
        """Go on with a key from behind `then`, or be done with it, unless it was begun anew meanwhile."""
        if self._wakes.get(key) != after:
            return
        if then is None:
            del self._wakes[key]
        else:
            self._wakes[key] = then
