"""What the writing session of either store keeps of drills."""

from typing import Final

from tocsin.alerts.drill import Drill
from tocsin.store.codec import micros, micros_or_none
from tocsin.store.door import OnDoor
from tocsin.store.rows import Notification
from tocsin.store.shapes import DRILL, NOTIFICATION

ONE_DRILL: Final = "SELECT body FROM drills WHERE id = ?"
DRILLS: Final = "SELECT body FROM drills ORDER BY started_at DESC LIMIT ?"
OWED: Final = f"SELECT {NOTIFICATION.list} FROM notifications WHERE alert_id = ? ORDER BY created_at, seq, id"  # noqa: S608 - our own columns
_SAVE: Final = (
    "INSERT INTO drills VALUES (?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET over_at = excluded.over_at, body = excluded.body"
)
_UNDER_WAY: Final = "SELECT body FROM drills WHERE over_at IS NULL ORDER BY started_at LIMIT ?"


class DrillsWriting(OnDoor):
    """What the writing session keeps of drills."""

    def save_drill(self, drill: Drill) -> None:
        """Keep a drill, new or changed."""
        row = (drill.id, micros(drill.started_at), micros_or_none(drill.over_at), DRILL.encode(drill))
        self._door.run(_SAVE, row)

    def drills_under_way(self, limit: int) -> list[Drill]:
        """Return the drills that are not over and can be read, oldest first."""
        return DRILL.decode_all(self._door.all(_UNDER_WAY, (limit,)))

    def owed(self, alert_id: str) -> list[Notification]:
        """Return what was owed to whom about an alert, oldest first."""
        return [NOTIFICATION.value(row) for row in self._door.all(OWED, (alert_id,))]
