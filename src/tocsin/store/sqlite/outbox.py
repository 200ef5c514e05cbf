"""The outbox in the writing session: what is owed to whom, claimed by lease, each target in order."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from tocsin.store.codec import instant, micros
from tocsin.store.owing import RECORD, OwedWriting
from tocsin.store.rows import Delivery, Notification
from tocsin.store.shapes import DELIVERY, KNOWN_AS, NOTIFICATION, finished_row
from tocsin.store.sqlite.session import Session

_ADD: Final = (
    f"INSERT INTO notifications ({NOTIFICATION.list}) "  # noqa: S608 - our own columns
    f"VALUES ({', '.join('?' * len(NOTIFICATION.names))}) ON CONFLICT (key) DO NOTHING"
)
_SETTLE: Final = """
    UPDATE notifications AS n
    SET look_at = CASE WHEN EXISTS (
        SELECT 1 FROM notifications earlier
        WHERE earlier.alert_id = n.alert_id AND earlier.target = n.target
          AND earlier.state IN ('pending', 'sending') AND (earlier.seq, earlier.id) < (n.seq, n.id)
    ) THEN NULL ELSE n.due_at END
    WHERE n.alert_id = ? AND n.target = ? AND n.state IN ('pending', 'sending') AND n.state = 'pending'
"""
_CANCEL: Final = """
    UPDATE notifications SET state = 'cancelled', finished_at = ?, look_at = NULL
    WHERE alert_id = ? AND state IN ('pending', 'sending') AND state = 'pending'
      AND kind IN (SELECT value FROM json_each(?))
    RETURNING target
"""
_ANY: Final = "SELECT 1 FROM notifications WHERE look_at <= ? LIMIT 1"
_NEXT_QUEUE: Final = """
    SELECT target, severity FROM notifications
    WHERE look_at IS NOT NULL AND (target, severity) > (?, ?) ORDER BY target, severity LIMIT 1
"""
_READY: Final = """
    SELECT -severity, look_at, seq, id FROM notifications
    WHERE target = ? AND severity = ? AND look_at <= ? ORDER BY look_at LIMIT ?
"""
_LEASE: Final = f"""
    UPDATE notifications AS n
    SET unknown = max(unknown, state = 'sending'), state = 'sending', lease = lease + 1,
        lease_until = ?1, look_at = ?1, reference = {KNOWN_AS}
    WHERE id = ?2
    RETURNING {NOTIFICATION.list}
"""  # noqa: S608 - our own columns
_FINISH: Final = """
    UPDATE notifications
    SET state = ?, attempts = ?, due_at = ?, unknown = ?, finished_at = ?, last_error = ?,
        reference = COALESCE(NULLIF(?, ''), reference), lease_until = NULL, look_at = NULL
    WHERE key = ? AND lease = ? AND state = 'sending'
    RETURNING alert_id, target
"""
_OVERDUE: Final = f"""
    SELECT {NOTIFICATION.list} FROM notifications
    WHERE fallback_key = '' AND fallback_of = '' AND state IN ('pending', 'sending') AND created_at < ?
    ORDER BY created_at LIMIT ?
"""  # noqa: S608 - our own columns
_DEAD: Final = f"""
    SELECT {NOTIFICATION.list} FROM notifications
    WHERE fallback_key = '' AND fallback_of = '' AND state = 'dead'
    ORDER BY created_at LIMIT ?
"""  # noqa: S608 - our own columns
_NEXT: Final = "SELECT look_at FROM notifications WHERE look_at IS NOT NULL ORDER BY look_at LIMIT 1"


class OutboxWriting(Session, OwedWriting):
    """What the writing session does with notifications."""

    def enqueue(self, notifications: Iterable[Notification]) -> None:
        """Add rows to the outbox; a key that is there already is left as it is."""
        rows = list(notifications)
        self._door.many(_ADD, [NOTIFICATION.row(one) for one in rows])
        self._settle((one.alert_id, one.target) for one in rows)

    def cancel(self, alert_id: str, kinds: Iterable[str], now: datetime) -> int:
        """Cancel an alert's pending notifications of these kinds; return how many there were."""
        targets = self._door.all(_CANCEL, (micros(now), alert_id, json.dumps(list(kinds))))
        self._settle((alert_id, target) for (target,) in targets)
        return len(targets)

    def claim(
        self, now: datetime, *, lease_for: timedelta, limit: int, busy: Iterable[str]
    ) -> list[Notification]:
        """Take due notifications for sending, most severe and oldest first, each with a new lease.

        One whose lease had run out is marked `unknown`: whoever had it may have sent it.
        """
        if self._door.one(_ANY, (micros(now),)) is None:
            return []
        passed = frozenset(busy)
        ready: list[tuple[int, int, int, int]] = []
        for target, severity in self._queues():
            if target not in passed:
                ready += self._door.all(_READY, (target, severity, micros(now), limit))
        until = micros(now + lease_for)
        leased = [self._door.one(_LEASE, (until, id_)) for *_, id_ in sorted(ready)[:limit]]
        return [NOTIFICATION.value(row) for row in leased if row is not None]

    def finish(self, deliveries: Iterable[Delivery]) -> set[str]:
        """Record tries and set the notifications' states; return the keys whose lease still held."""
        held: set[str] = set()
        for delivery in deliveries:
            self._door.run(RECORD, DELIVERY.row(delivery))
            row = self._door.one(_FINISH, finished_row(delivery))
            if row is not None:
                held.add(delivery.key)
                self._settle([row])
        return held

    def next_delivery_at(self) -> datetime | None:
        """Return when the outbox wants to be looked at next: earliest `due_at` or end of a lease."""
        row = self._door.one(_NEXT)
        return None if row is None else instant(row[0])

    def overdue(self, created_before: datetime, limit: int) -> list[Notification]:
        """Return what has no fallback yet and is none: dead ones, and unfinished ones made before then."""
        rows = self._door.all(_OVERDUE, (micros(created_before), limit)) + self._door.all(_DEAD, (limit,))
        overdue = [NOTIFICATION.value(row) for row in rows]
        return sorted(overdue, key=lambda one: one.created_at)[:limit]

    def _queues(self) -> list[tuple[str, int]]:
        """Return each target with each severity that has something waiting, however much it is."""
        found: list[tuple[str, int]] = []
        row = self._door.one(_NEXT_QUEUE, ("", -1))
        while row is not None:
            found.append((row[0], row[1]))
            row = self._door.one(_NEXT_QUEUE, found[-1])
        return found

    def _settle(self, pairs: Iterable[tuple[str, ...]]) -> None:
        """Let the first unfinished one of each alert and target be claimed, and none behind it."""
        self._door.many(_SETTLE, list(dict.fromkeys(pairs)))
