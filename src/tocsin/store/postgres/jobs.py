"""Jobs and their watches in the writing session.

A job's row in `watches` is its lock. It is taken in the order of the ids, and what is read is read by a
statement that begins after the lock is held: one that waited would see the other tables as they were
before.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from tocsin.errors import StoreError
from tocsin.jobs.job import Job, JobKey
from tocsin.store.base import Watch
from tocsin.store.codec import instant as instant_of
from tocsin.store.codec import micros, micros_or_none
from tocsin.store.postgres.session import Session, numbers, texts
from tocsin.store.shapes import (
    STATE_MEMORY,
    STATE_NOW,
    WATCH_COLUMNS,
    job_row,
    remembers_same,
    watch_from,
)

_KEYS: Final = "unnest(?::text[], ?::text[]) AS k (environment, name)"
_LOCK_KEYS: Final = (
    f"SELECT w.job_id FROM {_KEYS} JOIN jobs j USING (environment, name) "  # noqa: S608 - our own columns
    "JOIN watches w ON w.job_id = j.id ORDER BY w.job_id FOR UPDATE OF w"
)
_LOCK_IDS: Final = (
    "SELECT w.job_id FROM unnest(?::bigint[]) AS k (id) JOIN watches w ON w.job_id = k.id "
    "ORDER BY w.job_id FOR UPDATE OF w"
)
_LOCK_DUE: Final = (
    "SELECT job_id FROM watches WHERE due_at <= ? ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED"
)
_LOCK_OLDER: Final = (
    "SELECT job_id FROM watches WHERE judged_under < ? ORDER BY judged_under LIMIT ? FOR UPDATE SKIP LOCKED"
)
_LOCK_NEWER: Final = (
    "SELECT job_id FROM watches WHERE judged_under > ? ORDER BY judged_under LIMIT ? FOR UPDATE SKIP LOCKED"
)
_LOAD: Final = (
    f"SELECT {WATCH_COLUMNS} FROM unnest(?::bigint[]) AS k (id) JOIN jobs j ON j.id = k.id "  # noqa: S608 - our own columns
    "JOIN watches w ON w.job_id = k.id LEFT JOIN memories m ON m.job_id = k.id"
)
_NEXT: Final = "SELECT due_at FROM watches WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1"
_DUE_BEFORE: Final = (
    "SELECT 1 FROM watches w JOIN jobs j ON j.id = w.job_id "
    "WHERE w.due_at < ? AND j.environment <> 'tocsin' LIMIT 1"
)
_MARK_DUE: Final = (
    "UPDATE watches SET due_at = ? WHERE job_id = ANY (?::bigint[]) AND (due_at IS NULL OR due_at > ?)"
)
_ADD: Final = """
    WITH added AS (
        INSERT INTO jobs (environment, name, definition, registered_at, paused_at, paused_by)
        SELECT * FROM unnest(?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::text[])
            AS k (environment, name, definition, registered_at, paused_at, paused_by)
        ORDER BY environment, name
        ON CONFLICT (environment, name) DO NOTHING
        RETURNING id
    )
    INSERT INTO watches (job_id, state, due_at, judged_under, alerting)
    SELECT id, '{}', NULL, 0, 0 FROM added
"""
_UPDATE_JOBS: Final = """
    UPDATE jobs SET definition = v.definition, paused_at = v.paused_at, paused_by = v.paused_by
    FROM unnest(?::bigint[], ?::text[], ?::bigint[], ?::text[]) AS v (id, definition, paused_at, paused_by)
    WHERE jobs.id = v.id
"""
_UPDATE_ALL: Final = """
    UPDATE watches SET state = v.state, due_at = v.due_at, alerting = v.alerting
    FROM unnest(?::bigint[], ?::text[], ?::bigint[], ?::integer[]) AS v (id, state, due_at, alerting)
    WHERE job_id = v.id
"""
_UPDATE_DUE: Final = """
    UPDATE watches SET due_at = v.due_at, alerting = v.alerting
    FROM unnest(?::bigint[], ?::bigint[], ?::integer[]) AS v (id, due_at, alerting)
    WHERE job_id = v.id
"""
_UPDATE_JUDGED: Final = """
    UPDATE watches SET judged_under = v.judged_under
    FROM unnest(?::bigint[], ?::bigint[]) AS v (id, judged_under)
    WHERE job_id = v.id
"""
_UPDATE_MEMORIES: Final = """
    INSERT INTO memories (job_id, memory) SELECT * FROM unnest(?::bigint[], ?::text[])
    ON CONFLICT (job_id) DO UPDATE SET memory = excluded.memory
"""
_RENAME: Final = """
    UPDATE jobs SET name = ? WHERE id = ? AND NOT EXISTS (
        SELECT 1 FROM jobs other
        WHERE other.environment = jobs.environment AND other.name = ? AND other.id <> jobs.id
    )
"""
_TALLY: Final = "INSERT INTO tallies (name, n) VALUES ('jobs', ?)"

Rows = list[tuple[Any, ...]]


class JobsWriting(Session):
    """What the writing session does with jobs and watches; what it returns is locked until the end."""

    def watches(self, keys: Iterable[JobKey]) -> dict[JobKey, Watch]:
        """Return, locked, the watches of those jobs that exist."""
        wanted = list(dict.fromkeys(keys))
        unknown = [key for key in wanted if key not in self._ids]
        if unknown:
            found = self._door.all(_LOCK_KEYS, (texts(k[0] for k in unknown), texts(k[1] for k in unknown)))
            self._load(job_id for (job_id,) in found)
        return {key: self._locked[job_id] for key in wanted if (job_id := self._ids.get(key)) is not None}

    def watches_by_id(self, ids: Iterable[int]) -> list[Watch]:
        """Return, locked, the watches of those jobs that exist, in the order of the ids."""
        wanted = list(dict.fromkeys(ids))
        unknown = [job_id for job_id in wanted if job_id not in self._locked]
        if unknown:
            self._load(job_id for (job_id,) in self._door.all(_LOCK_IDS, (numbers(unknown),)))
        return [self._locked[job_id] for job_id in wanted if job_id in self._locked]

    def register(self, jobs: Iterable[Job]) -> dict[JobKey, Watch]:
        """Add jobs that do not exist, and return the locked watches of all of them, with their ids."""
        wanted = {job.key: job for job in jobs}
        if not wanted:
            return {}
        columns = list(zip(*(job_row(job) for job in wanted.values()), strict=True))
        environments, names, definitions, registered, paused, by = columns
        added = self._door.run(
            _ADD,
            (
                texts(environments),
                texts(names),
                texts(definitions),
                numbers(registered),
                numbers(paused),
                texts(by),
            ),
        )
        if added:
            self._door.run(_TALLY, (added,))
        return self.watches(wanted)

    def due(self, now: datetime, limit: int) -> list[Watch]:
        """Return, locked, watches whose `due_at` has come, earliest first, but for those that others hold."""
        ids = [job_id for (job_id,) in self._door.all(_LOCK_DUE, (micros(now), limit))]
        self._load(ids)
        return [self._locked[job_id] for job_id in ids]

    def next_due_at(self) -> datetime | None:
        """Return the earliest `due_at` of all."""
        row = self._door.one(_NEXT)
        return None if row is None else instant_of(row[0])

    def due_before(self, instant: datetime) -> bool:
        """Whether any job but the system's own has a `due_at` before this instant."""
        return self._door.one(_DUE_BEFORE, (micros(instant),)) is not None

    def mark_due(self, ids: Iterable[int], at: datetime) -> None:
        """Bring `due_at` of these jobs forward to `at` where it is later or not set."""
        wanted = list(ids)
        if not wanted:
            return
        self._door.all(_LOCK_IDS, (numbers(wanted),))
        self._door.run(_MARK_DUE, (micros(at), numbers(wanted), micros(at)))
        for job_id in wanted:
            watch = self._locked.get(job_id)
            if watch is not None and (watch.due_at is None or watch.due_at > at):
                self._locked[job_id] = replace(watch, due_at=at)

    def outdated(self, version: int, limit: int) -> list[Watch]:
        """Return, locked, watches that were not judged under this version, but for those that others hold."""
        ids = [job_id for (job_id,) in self._door.all(_LOCK_OLDER, (version, limit))]
        if len(ids) < limit:
            ids += [job_id for (job_id,) in self._door.all(_LOCK_NEWER, (version, limit - len(ids)))]
        self._load(ids)
        return [self._locked[job_id] for job_id in ids]

    def save(self, watches: Iterable[Watch]) -> None:
        """Keep watches that were loaded in this transaction."""
        jobs: Rows = []
        memories: Rows = []
        states: Rows = []
        dues: Rows = []
        judged: Rows = []
        for watch in watches:
            job = watch.job
            old = self._before(job.id)
            if watch is old:
                continue
            if job is not old.job and job != old.job:
                definition, _, paused_at, paused_by = job_row(job)[2:]
                jobs.append((job.id, definition, paused_at, paused_by))
            due = (micros_or_none(watch.due_at), int(watch.alerting))
            if watch.state is old.state:
                dues.append((job.id, *due))
            else:
                states.append((job.id, STATE_NOW.encode(watch.state), *due))
                if not remembers_same(watch.state, old.state):
                    memories.append((job.id, STATE_MEMORY.encode(watch.state)))
            if watch.judged_under != old.judged_under:
                judged.append((job.id, watch.judged_under))
            self._locked[job.id] = watch
        self._write(_UPDATE_JOBS, jobs, numbers, texts, numbers, texts)
        self._write(_UPDATE_ALL, states, numbers, texts, numbers, numbers)
        self._write(_UPDATE_DUE, dues, numbers, numbers, numbers)
        self._write(_UPDATE_MEMORIES, memories, numbers, texts)
        self._write(_UPDATE_JUDGED, judged, numbers, numbers)

    def rename(self, job_id: int, name: str) -> bool:
        """Give a job another name; False when another job of its environment has it."""
        self.watches_by_id([job_id])
        renamed = self._door.run(_RENAME, (name, job_id, name))
        self._drop(job_id)
        return renamed == 1

    def delete(self, job_id: int) -> None:
        """Remove a job with its runs; its check-ins are out of reach at once and removed by `prune`."""
        self.watches_by_id([job_id])
        self._drop(job_id)
        removed = self._door.run("DELETE FROM jobs WHERE id = ?", (job_id,))
        for table in ("watches", "memories", "runs", "occurrences", "unknown", "set_aside"):
            self._door.run(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))  # noqa: S608 - our own tables
        if removed:
            self._door.run("INSERT INTO leftovers (job_id) VALUES (?)", (job_id,))
            self._door.run(_TALLY, (-removed,))

    def _before(self, job_id: int) -> Watch:
        if job_id not in self._locked:
            self.watches_by_id([job_id])
        try:
            return self._locked[job_id]
        except KeyError:
            raise StoreError(f"there is no job with the id {job_id}") from None

    def _load(self, ids: Iterable[int]) -> None:
        """Read what is locked and not read yet."""
        new = [job_id for job_id in ids if job_id not in self._locked]
        if new:
            for row in self._door.all(_LOAD, (numbers(new),)):
                watch = self._locked[row[0]] = watch_from(row)
                self._ids[watch.job.key] = row[0]

    def _drop(self, job_id: int) -> None:
        watch = self._locked.pop(job_id, None)
        if watch is not None:
            self._ids.pop(watch.job.key, None)

    def _write(self, statement: str, rows: Rows, *arrays: Any) -> None:  # noqa: ANN401 - numbers or texts
        if rows:
            columns = zip(*rows, strict=True)
            self._door.run(statement, tuple(array(c) for array, c in zip(arrays, columns, strict=True)))
