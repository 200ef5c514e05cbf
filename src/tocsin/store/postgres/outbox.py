"""The outbox in the writing session: what is owed to whom, claimed by lease, each target in order.

Which of an alert's notifications are unfinished is changed only under the alert's own lock, so that two
servers agree on which one goes first. Claiming changes none of that and needs no such lock.
"""

import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from tocsin.store.codec import instant, micros
from tocsin.store.owing import RECORD, OwedWriting
from tocsin.store.postgres.session import Session, numbers, texts
from tocsin.store.rows import Delivery, Notification
from tocsin.store.shapes import DELIVERY, KNOWN_AS, NOTIFICATION, finished_row

# Advisory locks: our own space of them, and so many that alerts share, because their number is bounded.
LOCK_SPACE: Final = 1_413_698_382
_LOCKS: Final = 512

_LOCK: Final = (
    f"SELECT pg_advisory_xact_lock({LOCK_SPACE}, k) FROM (SELECT unnest(?::integer[]) AS k) AS sorted"  # noqa: S608 - our own number
)
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
    WHERE alert_id = ? AND state IN ('pending', 'sending') AND state = 'pending' AND kind = ANY (?::text[])
    RETURNING target
"""
_ANY: Final = "SELECT 1 FROM notifications WHERE look_at IS NOT NULL AND look_at + 0 <= ? LIMIT 1"
_CLAIMED: Final = ", ".join(f"n.{name}" for name in NOTIFICATION.names)
# `queue` hops from one target and severity to the next, however much each is owed.
_CLAIM: Final = f"""
    WITH RECURSIVE queue (target, severity) AS (
        (SELECT target, severity FROM notifications WHERE look_at IS NOT NULL
         ORDER BY target, severity LIMIT 1)
        UNION ALL
        SELECT next.target, next.severity FROM queue q CROSS JOIN LATERAL (
            SELECT n.target, n.severity FROM notifications n
            WHERE n.look_at IS NOT NULL AND (n.target, n.severity) > (q.target, q.severity)
            ORDER BY n.target, n.severity LIMIT 1
        ) AS next
    ), ready AS MATERIALIZED (
        SELECT first.id, first.severity, first.look_at, first.seq FROM queue q CROSS JOIN LATERAL (
            SELECT n.id, n.severity, n.look_at, n.seq FROM notifications n
            WHERE n.target = q.target AND n.severity = q.severity AND n.look_at <= ?
            ORDER BY n.look_at LIMIT ? FOR UPDATE SKIP LOCKED
        ) AS first
        WHERE q.target <> ALL (?::text[])
        ORDER BY first.severity DESC, first.look_at, first.seq, first.id LIMIT ?
    )
    UPDATE notifications AS n
    SET unknown = CASE WHEN n.state = 'sending' THEN 1 ELSE n.unknown END, state = 'sending',
        lease = n.lease + 1, lease_until = ?, look_at = ?, reference = {KNOWN_AS}
    FROM ready WHERE n.id = ready.id
    RETURNING ready.severity, ready.look_at, ready.seq, ready.id,
        {_CLAIMED}
"""  # noqa: S608 - our own columns
_FINISH: Final = """
    UPDATE notifications
    SET state = ?, attempts = ?, due_at = ?, unknown = ?, finished_at = ?, last_error = ?,
        reference = COALESCE(NULLIF(?, ''), reference), lease_until = NULL, look_at = NULL
    WHERE key = ? AND lease = ? AND state = 'sending'
    RETURNING alert_id, target
"""
_ALERTS_OF: Final = "SELECT alert_id FROM notifications WHERE key = ANY (?::text[])"
_OVERDUE: Final = f"""
    SELECT {NOTIFICATION.list} FROM notifications
    WHERE fallback_key = '' AND fallback_of = '' AND state IN ('pending', 'sending') AND created_at < ?
    ORDER BY created_at LIMIT ? FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - our own columns
_DEAD: Final = f"""
    SELECT {NOTIFICATION.list} FROM notifications
    WHERE fallback_key = '' AND fallback_of = '' AND state = 'dead'
    ORDER BY created_at LIMIT ? FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - our own columns
_NEXT: Final = "SELECT look_at FROM notifications WHERE look_at IS NOT NULL ORDER BY look_at + 0 LIMIT 1"


class OutboxWriting(Session, OwedWriting):
    """What the writing session does with notifications."""

    def enqueue(self, notifications: Iterable[Notification]) -> None:
        """Add rows to the outbox; a key that is there already is left as it is."""
        rows = list(notifications)
        if rows:
            self._lock_alerts(one.alert_id for one in rows)
            self._door.many(_ADD, [NOTIFICATION.row(one) for one in rows])
            self._settle((one.alert_id, one.target) for one in rows)

    def cancel(self, alert_id: str, kinds: Iterable[str], now: datetime) -> int:
        """Cancel an alert's pending notifications of these kinds; return how many there were."""
        self._lock_alerts([alert_id])
        targets = self._door.all(_CANCEL, (micros(now), alert_id, texts(kinds)))
        self._settle((alert_id, target) for (target,) in targets)
        return len(targets)

    def claim(
        self, now: datetime, *, lease_for: timedelta, limit: int, busy: Iterable[str]
    ) -> list[Notification]:
        """Take due notifications for sending, most severe and oldest first, each with a new lease.

        One whose lease had run out is marked `unknown`: whoever had it may have sent it.
        """
        at = micros(now)
        if self._door.one(_ANY, (at,)) is None:
            return []
        until = micros(now + lease_for)
        rows = self._door.all(_CLAIM, (at, limit, texts(busy), limit, until, until))
        rows.sort(key=lambda row: (-row[0], *row[1:4]))
        return [NOTIFICATION.value(row[4:]) for row in rows]

    def finish(self, deliveries: Iterable[Delivery]) -> set[str]:
        """Record tries and set the notifications' states; return the keys whose lease still held."""
        tries = list(deliveries)
        alerts = self._door.all(_ALERTS_OF, (texts(one.key for one in tries),))
        self._lock_alerts(alert_id for (alert_id,) in alerts)
        tries.sort(key=lambda one: one.key)
        settled = self._door.each(_FINISH, [finished_row(one) for one in tries])
        self._door.many(RECORD, [DELIVERY.row(one) for one in tries])
        self._settle(row for row in settled if row is not None)
        return {one.key for one, row in zip(tries, settled, strict=True) if row is not None}

    def next_delivery_at(self) -> datetime | None:
        """Return when the outbox wants to be looked at next: earliest `due_at` or end of a lease."""
        row = self._door.one(_NEXT)
        return None if row is None else instant(row[0])

    def overdue(self, created_before: datetime, limit: int) -> list[Notification]:
        """Return what has no fallback yet and is none: dead ones, and unfinished ones made before then."""
        rows = self._door.all(_OVERDUE, (micros(created_before), limit)) + self._door.all(_DEAD, (limit,))
        overdue = [NOTIFICATION.value(row) for row in rows]
        return sorted(overdue, key=lambda one: one.created_at)[:limit]

    def _lock_alerts(self, alert_ids: Iterable[str]) -> None:
        buckets = sorted({zlib.crc32(alert_id.encode()) % _LOCKS for alert_id in alert_ids})
        if buckets:
            self._door.all(_LOCK, (numbers(buckets),))

    def _settle(self, pairs: Iterable[tuple[str, ...]]) -> None:
        """Let the first unfinished one of each alert and target be claimed, and none behind it."""
        self._door.many(_SETTLE, sorted(set(pairs)))
