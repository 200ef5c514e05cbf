"""Deleting what is old, a bounded number of rows at a time."""

from datetime import datetime
from typing import Final

from tocsin.store.codec import micros
from tocsin.store.sqlite.session import Session

# Ids follow the order of arrival, so the oldest stand first and only so many are looked at.
_LOG: Final = """
    DELETE FROM check_ins WHERE id IN (
        SELECT id FROM (SELECT id, received_at FROM check_ins ORDER BY id LIMIT ?2) WHERE received_at < ?1
    )
"""
_OLD: Final = (
    "DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)",
    """DELETE FROM occurrences WHERE id IN (
        SELECT id FROM occurrences WHERE nominal_at < ?1 ORDER BY nominal_at LIMIT ?2)""",
    "DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE ends_at < ?1 LIMIT ?2)",
    "DELETE FROM overrides WHERE id IN (SELECT id FROM overrides WHERE ends_at < ?1 LIMIT ?2)",
    """DELETE FROM set_aside WHERE (rule, job_id) IN (
        SELECT rule, job_id FROM set_aside WHERE until_at < ?1 LIMIT ?2)""",
    """DELETE FROM unknown WHERE (window_id, job_id) IN (
        SELECT window_id, job_id FROM unknown WHERE at < ?1 LIMIT ?2)""",
    "DELETE FROM alert_groups WHERE id IN (SELECT id FROM alert_groups WHERE closed_at < ?1 LIMIT ?2)",
    "DELETE FROM drills WHERE id IN (SELECT id FROM drills WHERE over_at < ?1 ORDER BY over_at LIMIT ?2)",
    "DELETE FROM blind_windows WHERE id IN (SELECT id FROM blind_windows WHERE to_at < ?1 LIMIT ?2)",
)
_OLD_ALERTS: Final = "SELECT id FROM alerts WHERE state = 'resolved' AND over_at < ? ORDER BY over_at LIMIT ?"
_OLD_NOTIFICATIONS: Final = (
    "SELECT id, key FROM notifications WHERE finished_at < ? ORDER BY finished_at LIMIT ?"
)
_CHAIN: Final = """
    WITH RECURSIVE chain (id, previous, n) AS (
        SELECT id, previous, 1 FROM check_ins WHERE id = ?1 AND job_id = ?2
        UNION ALL
        SELECT c.id, c.previous, n + 1 FROM chain JOIN check_ins c ON c.id = chain.previous
        WHERE c.job_id = ?2 AND c.id < chain.id AND n < ?3
    )
    SELECT id, previous FROM chain
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
        gone = self._door.run(_LOG, (micros(logs_before), limit)) + self._prune_leftovers(limit)
        gone += sum(self._door.run(statement, (old, limit)) for statement in _OLD)
        return gone + self._prune_alerts(old, limit) + self._prune_notifications(old, limit)

    def _prune_leftovers(self, limit: int) -> int:
        """Go on removing the check-ins of a deleted job, along its chain."""
        row = self._door.one("SELECT job_id, head FROM leftovers LIMIT 1")
        if row is None:
            return 0
        job_id, head = row
        chain = self._door.all(_CHAIN, (head, job_id, limit))
        self._door.many("DELETE FROM check_ins WHERE id = ?", [(id_,) for id_, _ in chain])
        if len(chain) < limit:
            self._door.run("DELETE FROM leftovers WHERE job_id = ?", (job_id,))
        else:
            self._door.run("UPDATE leftovers SET head = ? WHERE job_id = ?", (chain[-1][1], job_id))
        return len(chain)

    def _prune_alerts(self, before: int, limit: int) -> int:
        ids = self._door.all(_OLD_ALERTS, (before, limit))
        entries = self._door.many("DELETE FROM alert_history WHERE alert_id = ?", ids)
        self._door.many("DELETE FROM group_alerts WHERE alert_id = ?", ids)
        return max(entries, 0) + max(self._door.many("DELETE FROM alerts WHERE id = ?", ids), 0)

    def _prune_notifications(self, before: int, limit: int) -> int:
        rows = self._door.all(_OLD_NOTIFICATIONS, (before, limit))
        tries = self._door.many("DELETE FROM deliveries WHERE key = ?", [(key,) for _, key in rows])
        gone = self._door.many("DELETE FROM notifications WHERE id = ?", [(id_,) for id_, _ in rows])
        return max(tries, 0) + max(gone, 0)
