"""What becomes of one notification once a channel had it, in the writing session of either store."""

from datetime import datetime
from typing import Final

from tocsin.store.codec import Column, micros
from tocsin.store.door import OnDoor
from tocsin.store.rows import Delivery, DeliveryOutcome, Notification
from tocsin.store.shapes import DELIVERY, NOTIFICATION

RECORD: Final = f"INSERT INTO deliveries ({DELIVERY.list}) VALUES ({', '.join('?' * len(DELIVERY.names))})"  # noqa: S608 - our own columns
# Its reference is only its own once it was sent: until then it is what the one before it was called.
_UNDELIVERED: Final = f"""
    UPDATE notifications SET state = 'dead', unknown = 0, finished_at = ?, last_error = ?
    WHERE key = ? AND (state = 'unknown' OR state = 'sent' AND reference = ? AND reference <> '')
    RETURNING {NOTIFICATION.list}
"""  # noqa: S608 - our own columns
_FALLBACK: Final = "UPDATE notifications SET fallback_key = ? WHERE key = ?"


class OwedWriting(OnDoor):
    """What the writing session does with one notification."""

    def mark_undelivered(self, key: str, reference: str, *, detail: str, at: datetime) -> Notification | None:
        """Let one that was sent under this reference, or may have been, be dead; None if it is neither."""
        row = self._door.one(_UNDELIVERED, (micros(at), detail, key, reference))
        if row is None:
            return None
        notification = NOTIFICATION.value(row)
        self._door.run(RECORD, _undelivered_row(notification))
        return notification

    def set_fallback(self, key: str, fallback_key: str) -> None:
        """Note that another notification stands in for this one."""
        self._door.run(_FALLBACK, (fallback_key, key))


def _undelivered_row(notification: Notification) -> tuple[Column, ...]:
    """Return what is recorded of a try of which its receiver said later that it had not arrived."""
    at = notification.finished_at or notification.due_at
    delivery = Delivery(
        key=notification.key,
        lease=notification.lease,
        attempt=notification.attempts,
        started_at=at,
        ended_at=at,
        outcome=DeliveryOutcome.FAILED,
        detail=notification.last_error,
        next_state=notification.state,
        next_due_at=at,
        reference=notification.reference,
    )
    return DELIVERY.row(delivery)
