"""A reading session of either store: one connection, one consistent state."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from tocsin.alerts.alert import Alert, AlertState, Entry
from tocsin.alerts.drill import Drill
from tocsin.alerts.group import Group
from tocsin.alerts.silence import Silence
from tocsin.jobs.job import JobKey
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.oncall.override import Override
from tocsin.store.alerting import ONE
from tocsin.store.auditing import AuditReading
from tocsin.store.codec import FOR_EVER, instant_or_none, micros
from tocsin.store.door import Door
from tocsin.store.drilling import DRILLS, ONE_DRILL, OWED
from tocsin.store.exports import ExportReading
from tocsin.store.grouping import ALERTS_OF_GROUP, ONE_GROUP
from tocsin.store.keeping import ASIDE, OVERRIDES, SILENCES
from tocsin.store.recalling import RecallReading
from tocsin.store.rows import Counts, Delivery, Notification, SetAside, Token, Watch
from tocsin.store.shapes import (
    ALERT,
    DELIVERY,
    DRILL,
    ENTRY,
    GROUP,
    NOTIFICATION,
    OCCURRENCE,
    OVERRIDE,
    RUN,
    SET_ASIDE,
    SILENCE,
    TOKEN,
    WATCH_COLUMNS,
    split_states,
    watch_from,
)
from tocsin.store.summing import SumsReading
from tocsin.store.unknowing import UnknownReading

_WATCH: Final = (
    f"SELECT {WATCH_COLUMNS} FROM jobs j JOIN watches w ON w.job_id = j.id "  # noqa: S608 - our own columns
    "LEFT JOIN memories m ON m.job_id = j.id"
)
_JOB: Final = f"{_WATCH} WHERE j.environment = ? AND j.name = ?"
_JOBS: Final = (
    f"{_WATCH} WHERE (j.environment, j.name) > (?, ?) AND lower(j.name) LIKE ? ESCAPE '!' "
    "ORDER BY j.environment, j.name LIMIT ?"
)
_RUNS: Final = "SELECT body FROM runs WHERE job_id = ? ORDER BY order_at DESC, id DESC LIMIT ?"
_OCCURRENCES: Final = "SELECT body FROM occurrences WHERE job_id = ? ORDER BY nominal_at DESC LIMIT ?"
_PAST: Final = "SELECT points FROM histories WHERE job_id = ? AND series = ?"
_RUN: Final = "SELECT body FROM runs WHERE job_id = ? AND key = ?"
_OPEN_ALERTS: Final = (
    "SELECT body FROM alerts WHERE state <> 'resolved' AND state IN (?, ?) AND opened_at < ? "
    "ORDER BY severity DESC, opened_at DESC, id DESC LIMIT ?"
)
_OPEN_OF_JOB: Final = (
    "SELECT body FROM alerts WHERE job_id = ? AND over_at = 9223372036854775807 "
    "AND state IN (?, ?) AND opened_at < ? ORDER BY severity DESC, opened_at DESC, id DESC LIMIT ?"
)
_RESOLVED: Final = (
    "SELECT body FROM alerts WHERE state = 'resolved' AND opened_at < ? "
    "ORDER BY opened_at DESC, id DESC LIMIT ?"
)
_RESOLVED_OF_JOB: Final = (
    "SELECT body FROM alerts WHERE job_id = ? AND state = 'resolved' AND opened_at < ? "
    "ORDER BY opened_at DESC, id DESC LIMIT ?"
)
_OPEN_GROUPS: Final = "SELECT body FROM alert_groups WHERE closed_at IS NULL AND id > ? ORDER BY id LIMIT ?"
_HISTORY: Final = "SELECT body FROM alert_history WHERE alert_id = ? ORDER BY id"
_DELIVERIES: Final = f"SELECT {DELIVERY.list} FROM deliveries WHERE key = ? ORDER BY id"  # noqa: S608 - our own columns
_TOKENS: Final = f"SELECT {TOKEN.list} FROM tokens WHERE revoked_at IS NULL ORDER BY created_at, id"  # noqa: S608 - our own columns
_COUNTS: Final = """
    SELECT (SELECT coalesce(sum(n), 0) FROM tallies WHERE name = 'jobs'),
        (SELECT count(*) FROM alerts WHERE state <> 'resolved'),
        (SELECT count(*) FROM notifications WHERE state IN ('pending', 'sending')),
        (SELECT count(*) FROM notifications WHERE state = 'dead' AND fallback_key IN ('', '-')),
        (SELECT min(created_at) FROM notifications WHERE state IN ('pending', 'sending')),
        (SELECT count(DISTINCT job_id) FROM unknown WHERE known_at IS NULL)
"""


class TablesReading(RecallReading, SumsReading, UnknownReading, AuditReading, ExportReading):
    """Reads what was committed when its first statement ran; `tocsin.store.base.Reading` says what."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def job(self, key: JobKey) -> Watch | None:
        """Return one job's watch."""
        row = self._door.one(_JOB, key)
        return None if row is None else watch_from(row)

    def jobs(self, *, after: JobKey | None, limit: int, search: str = "") -> list[Watch]:
        """Return watches in order of environment and name, from behind `after`, names containing `search`.

        Upper and lower case of ASCII letters are the same to the search.
        """
        environment, name = after or ("", "")
        return [
            watch_from(row) for row in self._door.all(_JOBS, (environment, name, _containing(search), limit))
        ]

    def recent_runs(self, job_ids: Sequence[int], limit: int) -> dict[int, list[Run]]:
        """Return the newest runs of each job, newest first."""
        return {one: RUN.decode_all(self._door.all(_RUNS, (one, limit))) for one in job_ids}

    def recent_occurrences(self, job_ids: Sequence[int], limit: int) -> dict[int, list[Occurrence]]:
        """Return the newest decided occurrences of each job, newest first."""
        return {one: OCCURRENCE.decode_all(self._door.all(_OCCURRENCES, (one, limit))) for one in job_ids}

    def past_of(self, job_id: int, series: str) -> bytes:
        """Return what is kept of a series of a job's past, packed; nothing where nothing is kept."""
        row = self._door.one(_PAST, (job_id, series))
        return b"" if row is None else bytes(row[0])

    def run(self, job_id: int, run: str) -> Run | None:
        """Return one run."""
        row = self._door.one(_RUN, (job_id, run))
        return None if row is None else RUN.decode(row[0])

    def alert(self, alert_id: str) -> Alert | None:
        """Return one alert."""
        row = self._door.one(ONE, (alert_id,))
        return None if row is None else ALERT.decode(row[0])

    def alerts(
        self,
        *,
        states: Iterable[AlertState],
        job_id: int | None = None,
        before: datetime | None = None,
        limit: int,
    ) -> list[Alert]:
        """Return alerts in these states that opened before then, most severe open ones first, then newest."""
        opened_before = FOR_EVER if before is None else micros(before)
        of_job = () if job_id is None else (job_id,)
        open_states, resolved = split_states(states)
        rows = []
        if open_states:
            statement = _OPEN_ALERTS if job_id is None else _OPEN_OF_JOB
            rows = self._door.all(statement, (*of_job, open_states[0], open_states[-1], opened_before, limit))
        if resolved and len(rows) < limit:
            statement = _RESOLVED if job_id is None else _RESOLVED_OF_JOB
            rows += self._door.all(statement, (*of_job, opened_before, limit - len(rows)))
        return ALERT.decode_all(rows)

    def history(self, alert_id: str) -> list[Entry]:
        """Return an alert's history, oldest first."""
        return ENTRY.decode_all(self._door.all(_HISTORY, (alert_id,)))

    def notifications(self, alert_id: str) -> list[Notification]:
        """Return what was owed to whom about an alert, oldest first."""
        return [NOTIFICATION.value(row) for row in self._door.all(OWED, (alert_id,))]

    def deliveries(self, keys: Iterable[str]) -> list[Delivery]:
        """Return the tries of these notifications, oldest first."""
        rows = [row for key in dict.fromkeys(keys) for row in self._door.all(_DELIVERIES, (key,))]
        return sorted((DELIVERY.value(row) for row in rows), key=lambda one: one.started_at)

    def group(self, group_id: str) -> Group | None:
        """Return one group of alerts."""
        row = self._door.one(ONE_GROUP, (group_id,))
        return None if row is None else GROUP.decode(row[0])

    def groups(self, limit: int, *, after: str = "") -> list[Group]:
        """Return the groups that are not closed, in the order of their ids, from behind `after`."""
        return GROUP.decode_all(self._door.all(_OPEN_GROUPS, (after, limit)))

    def alerts_of_group(self, group_id: str, *, after: str, limit: int) -> list[Alert]:
        """Return alerts that were ever handed to a group, in the order of their ids, from behind `after`."""
        return ALERT.decode_all(self._door.all(ALERTS_OF_GROUP, (group_id, after, limit)))

    def drill(self, drill_id: str) -> Drill | None:
        """Return one drill."""
        row = self._door.one(ONE_DRILL, (drill_id,))
        return None if row is None else DRILL.decode(row[0])

    def drills(self, limit: int) -> list[Drill]:
        """Return drills, newest first."""
        return DRILL.decode_all(self._door.all(DRILLS, (limit,)))

    def silences(self, *, ended_since: datetime) -> list[Silence]:
        """Return silences that have not ended, and those that ended since then."""
        return SILENCE.decode_all(self._door.all(SILENCES, (micros(ended_since),)))

    def overrides(self, *, ended_since: datetime) -> list[Override]:
        """Return overrides that have not ended, and those that ended since then."""
        return OVERRIDE.decode_all(self._door.all(OVERRIDES, (micros(ended_since),)))

    def tokens(self) -> list[Token]:
        """Return all credentials that are not revoked."""
        return [TOKEN.value(row) for row in self._door.all(_TOKENS)]

    def set_aside(self, now: datetime) -> list[SetAside]:
        """Return the rules that are set aside at this instant."""
        return [SET_ASIDE.value(row) for row in self._door.all(ASIDE, (micros(now), micros(now)))]

    def counts(self) -> Counts:
        """Return how many there are of what."""
        jobs, open_alerts, pending, dead, oldest, unknown = self._door.all(_COUNTS)[0]
        return Counts(
            jobs=jobs,
            open_alerts=open_alerts,
            pending=pending,
            dead=dead,
            oldest_pending_at=instant_or_none(oldest),
            unknown_jobs=unknown,
        )


def _containing(search: str) -> str:
    """Return the pattern of names that contain a text, in which only ASCII letters lose their case."""
    lower = "".join(c.lower() if c.isascii() else c for c in search)
    for special in "!%_":
        lower = lower.replace(special, f"!{special}")
    return f"%{lower}%"
