"""Groups of alerts in the writing session of either store."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from tocsin.alerts.alert import Alert
from tocsin.alerts.group import Group
from tocsin.errors import StoreUnreadable
from tocsin.store.codec import instant_or_none, micros, micros_or_none
from tocsin.store.door import OnDoor
from tocsin.store.shapes import ALERT, GROUP

ONE_GROUP: Final = "SELECT body FROM alert_groups WHERE id = ?"
_BY_ID: Final = "SELECT id, body FROM alert_groups WHERE id = ?"
ALERTS_OF_GROUP: Final = (
    "SELECT a.body FROM group_alerts g JOIN alerts a ON a.id = g.alert_id "
    "WHERE g.group_id = ? AND g.alert_id > ? ORDER BY g.alert_id LIMIT ?"
)
_BY_KEY: Final = "SELECT id, body FROM alert_groups WHERE key = ? AND closed_at IS NULL"
_DUE: Final = "SELECT id, body FROM alert_groups WHERE due_at <= ? ORDER BY due_at LIMIT ?"
_NEXT: Final = "SELECT min(due_at) FROM alert_groups WHERE due_at IS NOT NULL"
_SAVE: Final = (
    "INSERT INTO alert_groups (id, key, due_at, closed_at, body) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at, closed_at = excluded.closed_at, "
    "body = excluded.body"
)
_LEAVE: Final = (
    "UPDATE alert_groups SET due_at = NULL, closed_at = coalesce(due_at, 0) "
    "WHERE id = ? AND closed_at IS NULL"
)
_SPOKEN_FOR: Final = (
    "SELECT DISTINCT a.job_id FROM group_alerts g JOIN alerts a ON a.id = g.alert_id "
    "WHERE g.group_id = ? AND a.state <> 'resolved' ORDER BY a.job_id"
)
_ADD: Final = "INSERT INTO group_alerts (group_id, alert_id) VALUES (?, ?) ON CONFLICT DO NOTHING"

_log: Final = logging.getLogger("tocsin.store")


class GroupsWriting(OnDoor):
    """What the writing session does with groups."""

    _lost: tuple[str, ...] = ()

    def lock_groups(self) -> None:
        """Let no other server change groups until the end; one process alone has nothing to lock."""

    def group_of(self, key: str) -> Group | None:
        """Return the open group of a key."""
        return next(iter(self._readable(self._door.all(_BY_KEY, (key,)))), None)

    def group(self, group_id: str) -> Group | None:
        """Return one group."""
        return next(iter(self._readable(self._door.all(_BY_ID, (group_id,)))), None)

    def alerts_of_group(self, group_id: str, *, after: str, limit: int) -> list[Alert]:
        """Return alerts that were ever handed to a group, in the order of their ids, from behind `after`."""
        return ALERT.decode_all(self._door.all(ALERTS_OF_GROUP, (group_id, after, limit)))

    def due_groups(self, now: datetime, limit: int) -> list[Group]:
        """Return groups whose `due_at` has come, earliest first."""
        return self._readable(self._door.all(_DUE, (micros(now), limit)))

    def next_group_due_at(self) -> datetime | None:
        """Return the earliest `due_at` of all groups."""
        row = self._door.one(_NEXT)
        return None if row is None else instant_or_none(row[0])

    def save_groups(self, groups: Iterable[Group]) -> None:
        """Keep groups; StoreBroken for a second open one of the same key."""
        rows = [
            (
                group.id,
                group.key,
                micros_or_none(group.due_at),
                micros_or_none(group.closed_at),
                GROUP.encode(group),
            )
            for group in groups
        ]
        self._door.many(_SAVE, rows)

    def forget_groups(self, ids: Iterable[str]) -> None:
        """Let go of groups of which nothing was ever told as one."""
        self._door.many("DELETE FROM alert_groups WHERE id = ?", [(group_id,) for group_id in ids])

    def add_to_groups(self, members: Iterable[tuple[str, str]]) -> None:
        """Note which alerts, by id, belong to which group."""
        self._door.many(_ADD, list(members))

    def jobs_of_lost_groups(self) -> list[int]:
        """Return, once, the jobs with open alerts that a group which cannot be read has spoken for."""
        lost, self._lost = self._lost, ()
        return [job_id for group_id in lost for (job_id,) in self._door.all(_SPOKEN_FOR, (group_id,))]

    def _readable(self, rows: Iterable[Sequence[str]]) -> list[Group]:
        """Return the groups of rows; one that cannot be read is closed, lest it holds up all others."""
        found = []
        for group_id, body in rows:
            try:
                found.append(GROUP.decode(body))
            except StoreUnreadable as error:
                if self._door.run(_LEAVE, (group_id,)):
                    _log.error("group %s is closed, and its alerts are told anew: %s", group_id, error)
                    self._lost = (*self._lost, group_id)
        return found
