"""Alerts and their histories in the writing session of either store."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from tocsin.alerts.alert import Alert, Entry
from tocsin.store.codec import micros
from tocsin.store.door import OnDoor
from tocsin.store.shapes import ALERT, ALERT_COLUMNS, ENTRY_COLUMNS, alert_row, entry_row

ONE: Final = "SELECT body FROM alerts WHERE id = ?"
_OF_JOB: Final = "SELECT body FROM alerts WHERE job_id = ? AND over_at >= ? ORDER BY opened_at, id"
_OPEN_NOW: Final = (
    "SELECT body FROM alerts WHERE state <> 'resolved' ORDER BY severity DESC, opened_at LIMIT ?"
)
_OVER_SINCE: Final = (
    "SELECT body FROM alerts WHERE state = 'resolved' AND over_at >= ? "
    "ORDER BY severity DESC, opened_at LIMIT ?"
)
_HELD_BACK: Final = "SELECT body FROM alerts WHERE held_back = 1 ORDER BY id"
# Who takes an alert in hand anew does not change when somebody first did.
_SAVE: Final = (
    f"INSERT INTO alerts ({ALERT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - our own columns
    "ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, job_id = excluded.job_id, "
    "state = excluded.state, severity = excluded.severity, opened_at = excluded.opened_at, "
    "over_at = excluded.over_at, held_back = excluded.held_back, rule = excluded.rule, "
    "condition = excluded.condition, "
    "first_taken_at = coalesce(alerts.first_taken_at, excluded.first_taken_at), "
    "ended_by_hand = excluded.ended_by_hand, error_id = excluded.error_id, body = excluded.body"
)
_ALIKE: Final = (
    "SELECT a.job_id, j.name FROM alerts a JOIN jobs j ON j.id = a.job_id AND j.environment = ? "
    "WHERE a.error_id = ? AND a.error_id <> '' AND a.over_at >= ? ORDER BY a.over_at DESC, a.id LIMIT ?"
)
_RECORD: Final = (
    f"INSERT INTO alert_history ({ENTRY_COLUMNS}) "  # noqa: S608 - our own columns
    "VALUES (?, coalesce((SELECT job_id FROM alerts WHERE id = ?), 0), ?, ?, ?, ?, ?)"
)


class AlertsWriting(OnDoor):
    """What the writing session does with alerts."""

    def alerts(self, job_ids: Iterable[int], remembered_since: datetime) -> dict[int, tuple[Alert, ...]]:
        """Return each job's open alerts and those resolved since that instant, oldest first."""
        since = micros(remembered_since)
        return {
            job_id: tuple(ALERT.decode(body) for (body,) in self._door.all(_OF_JOB, (job_id, since)))
            for job_id in job_ids
        }

    def alert(self, alert_id: str) -> Alert | None:
        """Return one alert."""
        row = self._door.one(ONE, (alert_id,))
        return None if row is None else ALERT.decode(row[0])

    def alerts_since(self, instant: datetime, limit: int) -> list[Alert]:
        """Return the alerts that were open at any moment since: open ones first, then the worst."""
        found = ALERT.decode_all(self._door.all(_OPEN_NOW, (limit,)))
        rest = limit - len(found)
        over = self._door.all(_OVER_SINCE, (micros(instant), rest)) if rest > 0 else []
        return [*found, *ALERT.decode_all(over)]

    def open_alerts_held_back(self) -> list[Alert]:
        """Return the open alerts of which something is held back."""
        return ALERT.decode_all(self._door.all(_HELD_BACK))

    def alike(
        self, error_id: str, environment: str, *, over_since: datetime, limit: int
    ) -> list[tuple[int, str]]:
        """Return the jobs of alerts of this error that are open or over since, by number and name."""
        found = self._door.all(_ALIKE, (environment, error_id, micros(over_since), limit))
        return [(job_id, name) for job_id, name in found]

    def save_alerts(self, alerts: Iterable[Alert]) -> None:
        """Keep alerts; StoreBroken for a second open one of the same fingerprint.

        What is resolved makes room first for what is opened in the same call.
        """
        self._door.many(_SAVE, [alert_row(alert) for alert in sorted(alerts, key=lambda one: one.is_open)])

    def record(self, entries: Iterable[Entry]) -> None:
        """Add lines to the alerts' histories."""
        self._door.many(_RECORD, [entry_row(entry) for entry in entries])
