"""Deleting what is old, a bounded number of rows at a time, beside other servers that do the same."""

from datetime import datetime
from typing import Final

from tocsin.store.codec import micros
from tocsin.store.postgres.session import Session, numbers, texts

# Ids follow the order of arrival, so the oldest stand first and only so many are looked at.
_LOG: Final = """
    DELETE FROM check_ins WHERE id IN (
        SELECT id FROM (
            SELECT id, received_at FROM check_ins ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED
        ) AS oldest WHERE received_at < ?
    )
"""
_OLD: Final = (
    ("runs", "id", "ended_at"),
    ("occurrences", "id", "nominal_at"),
    ("silences", "id", "ends_at"),
    ("overrides", "id", "ends_at"),
    ("set_aside", "(rule, job_id)", "until_at"),
    ("unknown", "(window_id, job_id)", "at"),
    ("blind_windows", "id", "to_at"),
    ("alert_groups", "id", "closed_at"),
    ("drills", "id", "over_at"),
)
_OLD_ALERTS: Final = (
    "SELECT id FROM alerts WHERE state = 'resolved' AND over_at < ? ORDER BY over_at LIMIT ? "
    "FOR UPDATE SKIP LOCKED"
)
_OLD_NOTIFICATIONS: Final = (
    "SELECT id, key FROM notifications WHERE finished_at < ? ORDER BY finished_at LIMIT ? "
    "FOR UPDATE SKIP LOCKED"
)
_LEFT: Final = """
    DELETE FROM check_ins WHERE id IN (
        SELECT id FROM check_ins WHERE job_id = ? ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED
    )
"""
_ADD_UP: Final = """
    WITH gone AS (DELETE FROM tallies WHERE name = 'jobs' RETURNING n)
    INSERT INTO tallies (name, n) SELECT 'jobs', sum(n) FROM gone HAVING count(*) > 0
"""


class RetentionWriting(Session):
    """What the writing session deletes because it is old or belongs to nobody any more."""

    def prune(self, *, logs_before: datetime, runs_before: datetime, limit: int) -> int:
        """Delete some of what is older than that; return how many rows went.

        `logs_before` is for check-ins; `runs_before` for ended runs, decided occurrences, resolved alerts
        with their histories, finished notifications with their tries, and what else has ended by then. At
        most `limit` of each kind go at once.
        """
        old = micros(runs_before)
        gone = self._door.run(_LOG, (limit, micros(logs_before))) + self._prune_leftovers(limit)
        for table, key, at in _OLD:
            statement = (
                f"DELETE FROM {table} WHERE {key} IN (SELECT {key.strip('()')} FROM {table} "  # noqa: S608 - our own tables
                f"WHERE {at} < ? ORDER BY {at} LIMIT ? FOR UPDATE SKIP LOCKED)"
            )
            gone += self._door.run(statement, (old, limit))
        self._door.run(_ADD_UP)
        return gone + self._prune_alerts(old, limit) + self._prune_notifications(old, limit)

    def _prune_leftovers(self, limit: int) -> int:
        """Go on removing the check-ins of a deleted job."""
        row = self._door.one("SELECT job_id FROM leftovers LIMIT 1 FOR UPDATE SKIP LOCKED")
        if row is None:
            return 0
        gone = self._door.run(_LEFT, (row[0], limit))
        if gone < limit:
            self._door.run("DELETE FROM leftovers WHERE job_id = ?", row)
        return gone

    def _prune_alerts(self, before: int, limit: int) -> int:
        ids = texts(id_ for (id_,) in self._door.all(_OLD_ALERTS, (before, limit)))
        entries = self._door.run("DELETE FROM alert_history WHERE alert_id = ANY (?::text[])", (ids,))
        self._door.run("DELETE FROM group_alerts WHERE alert_id = ANY (?::text[])", (ids,))
        return entries + self._door.run("DELETE FROM alerts WHERE id = ANY (?::text[])", (ids,))

    def _prune_notifications(self, before: int, limit: int) -> int:
        rows = self._door.all(_OLD_NOTIFICATIONS, (before, limit))
        keys, ids = texts(key for _, key in rows), numbers(id_ for id_, _ in rows)
        tries = self._door.run("DELETE FROM deliveries WHERE key = ANY (?::text[])", (keys,))
        return tries + self._door.run("DELETE FROM notifications WHERE id = ANY (?::bigint[])", (ids,))
