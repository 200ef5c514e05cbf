"""What an audit looks for, in a reading session of either store: rows that lie where they should have moved.

Each question is answered from an index and stops at its limit, however much there is.
"""

from datetime import datetime
from typing import Final

from tocsin.alerts.group import Group
from tocsin.store.audits import Place
from tocsin.store.codec import instant, instant_or_none, micros
from tocsin.store.door import OnDoor, Row
from tocsin.store.rows import FiringAlert, Lying
from tocsin.store.shapes import ALERT, GROUP

MAX_QUEUES: Final = 400
MAX_UNFINISHED: Final = 2_000
MAX_LEASED: Final = 100

_DUE: Final = (
    "SELECT w.job_id, j.environment, j.name, w.due_at FROM watches w JOIN jobs j ON j.id = w.job_id "
    "WHERE w.due_at < ? ORDER BY w.due_at LIMIT ?"
)
_GROUPS_DUE: Final = "SELECT id, due_at FROM alert_groups WHERE due_at < ? ORDER BY due_at LIMIT ?"
_ASIDE: Final = (
    "SELECT rule, job_id, jobs.name, at FROM set_aside LEFT JOIN jobs ON jobs.id = job_id "
    "WHERE until_at > ? AND at <= ? ORDER BY rule, job_id LIMIT ?"
)
_OPEN_GROUPS: Final = (
    "SELECT key, body FROM alert_groups WHERE closed_at IS NULL AND key > ? ORDER BY key LIMIT ?"
)
_NEXT_QUEUE: Final = (
    "SELECT target, severity FROM notifications "
    "WHERE look_at IS NOT NULL AND (target, severity) > (?, ?) ORDER BY target, severity LIMIT 1"
)
_READY: Final = (
    "SELECT key, lease, look_at FROM notifications "
    "WHERE target = ? AND severity = ? AND look_at < ? ORDER BY look_at LIMIT 1"
)
_LEASED: Final = (
    "SELECT 1 FROM (SELECT state FROM notifications "
    "WHERE target = ? AND severity = ? AND look_at > ? ORDER BY look_at LIMIT ?) AS ahead "
    "WHERE state = 'sending' LIMIT 1"
)
# What is being sent can be claimed again when its lease ends; what waits can be, or stands behind another.
_UNCLAIMABLE: Final = """
    SELECT unfinished.key, unfinished.lease, unfinished.target, unfinished.created_at FROM (
        SELECT id, key, lease, alert_id, target, seq, state, look_at, created_at FROM notifications
        WHERE state IN ('pending', 'sending') AND created_at < ? ORDER BY created_at LIMIT ?
    ) AS unfinished
    WHERE unfinished.look_at IS NULL AND (unfinished.state = 'sending' OR (
        SELECT 1 FROM notifications earlier
        WHERE earlier.alert_id = unfinished.alert_id AND earlier.target = unfinished.target
          AND earlier.state IN ('pending', 'sending')
          AND (earlier.seq, earlier.id) < (unfinished.seq, unfinished.id) LIMIT 1
    ) IS NULL)
    ORDER BY unfinished.created_at LIMIT ?
"""
_WITHOUT_FALLBACK: Final = (
    "SELECT key, target, created_at FROM notifications "
    "WHERE fallback_key = '' AND fallback_of = '' AND state IN ('pending', 'sending') AND created_at < ? "
    "ORDER BY created_at LIMIT ?"
)
_OWED: Final = (
    "SELECT key, target, created_at FROM notifications "
    "WHERE state IN ('pending', 'sending') AND created_at < ? ORDER BY created_at LIMIT ?"
)
_REACHED: Final = "AND n.state IN ('pending', 'sending', 'sent', 'unknown')"
# Each alert asks for itself, with a limit: an EXISTS may be answered for all by reading all of the outbox.
# The body of what was told and climbs nothing says nothing more, so it is left where it is.
_WHAT_FIRES: Final = f"""
    SELECT severity, opened_at, id, due_at, is_reached,
        CASE WHEN is_reached = 1 AND body NOT LIKE ? THEN '' ELSE body END
    FROM (
        SELECT a.severity, a.opened_at, a.id, a.body,
            (SELECT w.due_at FROM watches w WHERE w.job_id = a.job_id) AS due_at,
            CASE WHEN (
                SELECT 1 FROM notifications n WHERE n.alert_id = a.id {_REACHED} LIMIT 1
            ) IS NOT NULL OR (
                SELECT 1 FROM group_alerts g JOIN notifications n ON n.alert_id = g.group_id
                WHERE g.alert_id = a.id {_REACHED} LIMIT 1
            ) IS NOT NULL THEN 1 ELSE 0 END AS is_reached
        FROM alerts a
"""  # noqa: S608 - our own condition
_FIRING: Final = f"""{_WHAT_FIRES}
        WHERE a.state <> 'resolved' AND a.state = 'firing'
          AND (a.severity, a.opened_at, a.id) > (?, ?, ?)
        ORDER BY a.severity, a.opened_at, a.id LIMIT ?
    ) AS firing ORDER BY severity, opened_at, id
"""
_FIRING_ONE: Final = f"{_WHAT_FIRES} WHERE a.id = ? AND a.state = 'firing') AS firing"
_CLIMBING: Final = '%"climb":%'
_ALIVE: Final = "SELECT alive_at FROM servers WHERE id = ?"


class AuditReading(OnDoor):
    """What a reading session tells an audit."""

    def lying_jobs(self, before: datetime, limit: int) -> list[Lying]:
        """Return the jobs that have been due since before then, the longest due first."""
        return [
            Lying(id=f"{job_id}@{due_at}", name=f"{name} ({environment})", at=instant(due_at))
            for job_id, environment, name, due_at in self._door.all(_DUE, (micros(before), limit))
        ]

    def lying_groups(self, before: datetime, limit: int) -> list[Lying]:
        """Return the groups of alerts that have been due since before then, the longest due first."""
        return [
            Lying(id=f"{group_id}@{due_at}", name=group_id, at=instant(due_at))
            for group_id, due_at in self._door.all(_GROUPS_DUE, (micros(before), limit))
        ]

    def lying_aside(self, until: datetime, now: datetime, limit: int) -> list[Lying]:
        """Return what is set aside now, or was until then: what raises again when tried is never missing."""
        return [
            Lying(id=f"{rule}@{job_id}", name=f"{rule} ({job})" if job else rule, at=instant(at))
            for rule, job_id, job, at in self._door.all(_ASIDE, (micros(until), micros(now), limit))
        ]

    def open_groups(self, after: str, limit: int) -> list[Group]:
        """Return groups that are not closed, in the order of their keys, from behind `after`.

        One that cannot be read is passed over: the writer closes it when its time comes.
        """
        found: list[Group] = []
        while len(found) < limit:
            wanted = limit - len(found)
            rows = self._door.all(_OPEN_GROUPS, (after, wanted))
            found += GROUP.decode_all((body,) for _, body in rows)
            if len(rows) < wanted:
                break
            after = rows[-1][0]
        return found

    def unclaimed(self, before: datetime, now: datetime) -> list[Lying]:
        """Return what has been ready to be sent since before then, to targets that nobody sends to now.

        The longest ready one of each target and severity; being sent to is a target with a lease that holds.
        """
        queues = self._queues()
        sent_to = {target for target, severity in queues if self._is_leased(target, severity, now)}
        found = []
        for target, severity in queues:
            row = (
                self._door.one(_READY, (target, severity, micros(before))) if target not in sent_to else None
            )
            if row is not None:
                key, lease, at = row
                found.append(Lying(id=f"{key}@{lease}@{at}", name=target, at=instant(at)))
        return found

    def unclaimable(self, before: datetime, limit: int) -> list[Lying]:
        """Return what was made before then, is unfinished, and can never be taken for sending any more."""
        rows = self._door.all(_UNCLAIMABLE, (micros(before), MAX_UNFINISHED, limit))
        return [Lying(id=f"{key}@{lease}", name=target, at=instant(at)) for key, lease, target, at in rows]

    def without_fallback(self, before: datetime, limit: int) -> list[Lying]:
        """Return what was made before then, is unfinished, and for which nothing stands in."""
        rows = self._door.all(_WITHOUT_FALLBACK, (micros(before), limit))
        return [Lying(id=key, name=target, at=instant(at)) for key, target, at in rows]

    def unfinished(self, before: datetime, limit: int) -> list[Lying]:
        """Return what was made before then and is unfinished."""
        rows = self._door.all(_OWED, (micros(before), limit))
        return [Lying(id=key, name=target, at=instant(at)) for key, target, at in rows]

    def firing(self, after: Place, limit: int) -> list[FiringAlert]:
        """Return firing alerts in a fixed order, from behind `after`."""
        return [_firing_of(row) for row in self._door.all(_FIRING, (_CLIMBING, *after, limit))]

    def firing_one(self, alert_id: str) -> FiringAlert | None:
        """Return one alert in the same way, or None where it does not fire any more."""
        row = self._door.one(_FIRING_ONE, (_CLIMBING, alert_id))
        return None if row is None else _firing_of(row)

    def lived_at(self, server: str) -> datetime | None:
        """Return when a server gave its last sign of life, by its own clock."""
        row = self._door.one(_ALIVE, (server,))
        return None if row is None else instant(row[0])

    def _queues(self) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        row = self._door.one(_NEXT_QUEUE, ("", -1))
        while row is not None and len(found) < MAX_QUEUES:
            found.append((row[0], row[1]))
            row = self._door.one(_NEXT_QUEUE, found[-1])
        return found

    def _is_leased(self, target: str, severity: int, now: datetime) -> bool:
        return self._door.one(_LEASED, (target, severity, micros(now), MAX_LEASED)) is not None


def _firing_of(row: Row) -> FiringAlert:
    severity, opened_at, id_, due_at, is_reached, body = row
    return FiringAlert(
        place=(severity, opened_at, id_),
        is_reached=bool(is_reached),
        job_due_at=instant_or_none(due_at),
        alert=ALERT.decode(body) if body else None,
    )
