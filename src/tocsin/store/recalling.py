"""What was decided and owed, newest first, for either store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from tocsin.store.codec import micros
from tocsin.store.door import OnDoor
from tocsin.store.past import Decided, Owed, Place
from tocsin.store.rows import NotificationState
from tocsin.store.shapes import ALERT, ENTRY, NOTIFICATION

_DECISIONS: Final = (
    "SELECT h.id, h.kept_back, h.body, a.body FROM alert_history h JOIN alerts a ON a.id = h.alert_id "
    "WHERE h.at >= ? AND (h.at, h.id) < (?, ?)"
)
_IN_ORDER: Final = " ORDER BY h.at DESC, h.id DESC LIMIT ?"
# A list of a thousand has no use for its thousand messages.
_COLUMNS: Final = ", ".join("''" if name == "message" else f"n.{name}" for name in NOTIFICATION.names)
_SINCE: Final = "n.created_at >= ? AND (n.created_at, n.id) < (?, ?)"
_OWED: Final = f"SELECT n.id, {_COLUMNS} FROM notifications n WHERE {_SINCE}"  # noqa: S608 - our own columns
# What a group told before an alert of the job was there, or that others of it fire after that was over, is
# not of the job.
# From the few subjects of the job to what was owed of them, put in order only then: a plan that begins with
# the order would walk through all that was ever owed to anybody.
_OWED_OF_JOB: Final = f"""
    WITH subjects AS MATERIALIZED (
        SELECT id, 0 AS since, 9223372036854775807 AS until FROM alerts WHERE job_id = ?
        UNION SELECT g.group_id, a.opened_at, a.over_at
        FROM alerts a JOIN group_alerts g ON g.alert_id = a.id WHERE a.job_id = ?
    ), found AS MATERIALIZED (
        SELECT DISTINCT n.id FROM subjects CROSS JOIN notifications n WHERE n.alert_id = subjects.id
        AND n.created_at >= subjects.since AND (n.created_at <= subjects.until OR n.kind = 'resolved')
        AND {_SINCE}
    )
    SELECT n.id, {_COLUMNS} FROM found CROSS JOIN notifications n WHERE n.id = found.id
"""  # noqa: S608 - our own columns
# The targets of a receiver, one look at the index for each: what others are owed is never walked through.
_TARGETS: Final = """
    WITH RECURSIVE found (target) AS (
        SELECT min(target) FROM notifications WHERE target >= ? AND target < ?
        UNION ALL
        SELECT (SELECT min(n.target) FROM notifications n WHERE n.target > found.target AND n.target < ?)
        FROM found WHERE found.target IS NOT NULL
    )
    SELECT target FROM found WHERE target IS NOT NULL LIMIT ?
"""
MOST_TARGETS: Final = 1_000
_OWED_IN_ORDER: Final = " ORDER BY n.created_at DESC, n.id DESC LIMIT ?"


class RecallReading(OnDoor):
    """What a reading session lists of the past; `tocsin.store.past.Past` says what."""

    def decisions(
        self,
        since: datetime,
        before: Place,
        *,
        job_id: int | None = None,
        kept_back: bool | None = None,
        acted: bool | None = None,
        name: str = "",
        limit: int,
    ) -> list[Decided]:
        """Return what was decided since then and before that place, newest first.

        `acted`: by what a person did, or not. A `name` leaves what was kept back and what they did.
        """
        statement, values = _DECISIONS, [micros(since), micros(before.at), before.id]
        asked: list[Any] = [*values]
        if job_id is not None:
            statement, asked = f"{statement} AND h.job_id = ?", [*asked, job_id]
        if kept_back is not None:
            statement, asked = f"{statement} AND h.kept_back = ?", [*asked, int(kept_back)]
        if acted is not None:
            statement += " AND h.who <> ''" if acted else " AND h.who = ''"
        if name:
            statement, asked = f"{statement} AND (h.kept_back = 1 OR h.who = ?)", [*asked, name]
        rows = self._door.all(statement + _IN_ORDER, (*asked, limit))
        return [_decided(*row) for row in rows]

    def owed(
        self,
        since: datetime,
        before: Place,
        *,
        job_id: int | None = None,
        receivers: Sequence[str] = (),
        states: Sequence[NotificationState] = (),
        limit: int,
    ) -> list[Owed]:
        """Return what was owed since then and before that place, newest first; nothing given: to anybody."""
        if not receivers:
            return self._owed(since, before, job_id=job_id, states=states, limit=limit)
        targets = dict.fromkeys(target for name in receivers for target in self._targets_of(name))
        found = [
            one
            for target in targets
            for one in self._owed(since, before, job_id=job_id, states=states, limit=limit, target=target)
        ]
        return sorted(found, key=lambda one: (one.notification.created_at, one.id), reverse=True)[:limit]

    def _targets_of(self, receiver: str) -> list[str]:
        """Return who was ever owed something under the name of a receiver: itself, or one of its ways."""
        exact = self._door.all("SELECT target FROM notifications WHERE target = ? LIMIT 1", (receiver,))
        # "0" follows "/" in every encoding of ours, so that between the two lies what begins with the one.
        low, high = f"{receiver}/", f"{receiver}0"
        return [target for (target,) in (*exact, *self._door.all(_TARGETS, (low, high, high, MOST_TARGETS)))]

    def _owed(
        self,
        since: datetime,
        before: Place,
        *,
        job_id: int | None,
        states: Sequence[NotificationState],
        limit: int,
        target: str = "",
    ) -> list[Owed]:
        statement = _OWED if job_id is None else _OWED_OF_JOB
        asked: list[Any] = [] if job_id is None else [job_id, job_id]
        asked += [micros(since), micros(before.at), before.id]
        if target:
            statement, asked = f"{statement} AND n.target = ?", [*asked, target]
        if states:
            statement += f" AND n.state IN ({_marks(len(states))})"
            asked += [state.value for state in states]
        rows = self._door.all(statement + _OWED_IN_ORDER, (*asked, limit))
        return [Owed(id=row[0], notification=NOTIFICATION.value(row[1:])) for row in rows]

    def note(self, name: str) -> str | None:
        """Return a small durable value by name."""
        row = self._door.one("SELECT value FROM notes WHERE name = ?", (name,))
        return None if row is None else str(row[0])


def _decided(id_: int, kept_back: int, body: str, alert: str) -> Decided:
    """Return the value of a row; what is older than the column says nothing of it in its body."""
    entry = replace(ENTRY.decode(body), kept_back=bool(kept_back))
    return Decided(id=id_, entry=entry, alert=ALERT.decode(alert))


def _marks(count: int) -> str:
    return ", ".join("?" * count)
