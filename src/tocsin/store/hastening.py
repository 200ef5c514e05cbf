"""What was put off by a clock that has been set back since, in the writing session of either store."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from tocsin.store.codec import micros
from tocsin.store.door import OnDoor

_GROUPS: Final = (
    "UPDATE alert_groups SET due_at = ? WHERE closed_at IS NULL AND (due_at IS NULL OR due_at > ?)"
)
_WAITING: Final = """
    UPDATE notifications SET due_at = ?, look_at = CASE WHEN look_at IS NULL THEN NULL ELSE ? END
    WHERE state IN ('pending', 'sending') AND state = 'pending' AND due_at > ?
"""
_LEASED: Final = """
    UPDATE notifications SET lease_until = ?, look_at = ?
    WHERE state IN ('pending', 'sending') AND state = 'sending' AND lease_until > ?
"""
_MADE: Final = (
    "UPDATE notifications SET created_at = ? WHERE state IN ('pending', 'sending') AND created_at > ?"
)
_JOBS: Final = """
    SELECT job_id FROM alerts WHERE state <> 'resolved' AND job_id > ?
    UNION SELECT job_id FROM set_aside WHERE at > ? AND job_id > ?
    ORDER BY job_id LIMIT ?
"""
_DUE_FROM: Final = "SELECT job_id FROM watches WHERE due_at >= ? AND job_id > ? ORDER BY job_id LIMIT ?"


class Hastening(Protocol):
    """What waits for an instant that would not have been so far if the clock had not been set back."""

    def hasten_groups(self, now: datetime) -> int:
        """Make open groups due that are not; return how many there were."""
        ...

    def hasten_outbox(self, now: datetime, *, lease_for: timedelta) -> int:
        """Let nothing that is owed be made or due later than `now`, or leased for longer than ever."""
        ...

    def jobs_that_wait(self, now: datetime, *, after: int, limit: int) -> list[int]:
        """Return ids behind `after`: of jobs with open alerts, or with a rule set aside by a later clock."""
        ...

    def jobs_due_from(self, instant: datetime, *, after: int, limit: int) -> list[int]:
        """Return ids behind `after`: of jobs that are not to be looked at before this instant."""
        ...


class HasteningWriting(OnDoor):
    """What the writing session does when a clock was set back."""

    def hasten_groups(self, now: datetime) -> int:
        """Make open groups due that are not; return how many there were."""
        return self._door.run(_GROUPS, (micros(now), micros(now)))

    def hasten_outbox(self, now: datetime, *, lease_for: timedelta) -> int:
        """Let nothing that is owed be made or due later than `now`, or leased for longer than ever."""
        at, until = micros(now), micros(now + lease_for)
        made = self._door.run(_MADE, (at, at))
        leased = self._door.run(_LEASED, (until, until, until))
        return made + leased + self._door.run(_WAITING, (at, at, at))

    def jobs_that_wait(self, now: datetime, *, after: int, limit: int) -> list[int]:
        """Return ids behind `after`: of jobs with open alerts, or with a rule set aside by a later clock."""
        rows = self._door.all(_JOBS, (after, micros(now), after, limit))
        return [job_id for (job_id,) in rows]

    def jobs_due_from(self, instant: datetime, *, after: int, limit: int) -> list[int]:
        """Return ids behind `after`: of jobs that are not to be looked at before this instant."""
        rows = self._door.all(_DUE_FROM, (micros(instant), after, limit))
        return [job_id for (job_id,) in rows]
