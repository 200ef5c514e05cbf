"""Which job needs which, in the writing session of either store."""

from collections.abc import Iterable
from typing import Final

from tocsin.jobs.job import Job, JobKey
from tocsin.store.door import OnDoor
from tocsin.store.relations import key_of_ends
from tocsin.store.rows import Watch
from tocsin.store.shapes import WATCH_COLUMNS, watch_from

_WATCH: Final = (
    f"SELECT {WATCH_COLUMNS} FROM jobs j JOIN watches w ON w.job_id = j.id "  # noqa: S608 - our own columns
    "LEFT JOIN memories m ON m.job_id = j.id"
)
_BY_KEY: Final = f"{_WATCH} WHERE j.environment = ? AND j.name = ?"
_NEEDING: Final = (
    f"{_WATCH} WHERE j.id IN (SELECT job_id FROM needs WHERE environment = ? AND upstream = ?) "  # noqa: S608 - our own columns
    "ORDER BY j.id LIMIT ?"
)
_WAKE: Final = (
    "INSERT INTO inhibition_wakes (key, after) SELECT CAST(? AS TEXT), '' FROM needs "
    "WHERE environment = ? AND upstream = ? LIMIT 1 ON CONFLICT (key) DO UPDATE SET after = ''"
)
_FORGET: Final = "DELETE FROM needs WHERE job_id = ?"
_ADD: Final = "INSERT INTO needs (environment, upstream, job_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


class NeedsWriting(OnDoor):
    """What the writing session knows of dependencies; nothing that it returns is locked."""

    def peek(self, key: JobKey) -> Watch | None:
        """Return the watch of a job as it was last kept, not locked and not to be saved."""
        row = self._door.one(_BY_KEY, key)
        return None if row is None else watch_from(row)

    def needing(self, key: JobKey, limit: int) -> list[Watch]:
        """Return the watches of jobs that need this one, not locked and not to be saved."""
        return [watch_from(row) for row in self._door.all(_NEEDING, (*key, limit))]

    def has_needs(self) -> bool:
        """Whether any job needs another."""
        return self._door.one("SELECT 1 FROM needs LIMIT 1") is not None

    def wake_needing(self, jobs: Iterable[JobKey]) -> int:
        """Note that the jobs that need these want to be looked at; return how many of these are needed."""
        rows = [(key_of_ends(key), *key) for key in jobs if "\0" not in key.name]
        return self._door.many(_WAKE, rows) if rows else 0

    def _save_needs(self, jobs: Iterable[Job]) -> None:
        changed = list(jobs)
        if not changed:
            return
        self._door.many(_FORGET, [(job.id,) for job in changed])
        rows = [
            (job.environment, name, job.id)
            for job in changed
            for name in job.definition.upstream
            if "\0" not in name  # no job has such a name, and no column of PostgreSQL holds it
        ]
        if rows:
            self._door.many(_ADD, rows)
