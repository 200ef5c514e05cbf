"""Jobs and their watches in the writing session."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from tocsin.errors import StoreError
from tocsin.jobs.job import Job, JobKey
from tocsin.store.cache import Kept
from tocsin.store.codec import instant as instant_of
from tocsin.store.codec import micros, micros_or_none
from tocsin.store.needing import NeedsWriting
from tocsin.store.rows import Watch
from tocsin.store.shapes import (
    JOB_COLUMNS,
    LEARNED,
    STATE_MEMORY,
    STATE_NOW,
    TABLES_OF_A_JOB,
    WATCH_COLUMNS,
    job_row,
    remembers_same,
    watch_from,
)
from tocsin.store.sqlite.session import Session

_SELECT: Final = (
    f"SELECT {WATCH_COLUMNS}, w.head FROM jobs j JOIN watches w ON w.job_id = j.id "  # noqa: S608 - our own columns
    "LEFT JOIN memories m ON m.job_id = j.id"
)
_BY_KEY: Final = _SELECT + " WHERE j.environment = ? AND j.name = ?"
_BY_IDS: Final = _SELECT + " WHERE j.id IN (SELECT value FROM json_each(?))"  # noqa: S608 - our own columns
_DUE: Final = "SELECT job_id FROM watches WHERE due_at <= ? ORDER BY due_at LIMIT ?"
_NEXT: Final = "SELECT due_at FROM watches WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1"
_OUTDATED: Final = (
    "SELECT job_id FROM watches WHERE judged_under < :version "
    "UNION ALL SELECT job_id FROM watches WHERE judged_under > :version LIMIT :limit"
)
_DUE_BEFORE: Final = (
    "SELECT 1 FROM watches w JOIN jobs j ON j.id = w.job_id "
    "WHERE w.due_at < ? AND j.environment <> 'tocsin' LIMIT 1"
)
_MARK_DUE: Final = "UPDATE watches SET due_at = ?1 WHERE job_id = ?2 AND (due_at IS NULL OR due_at > ?1)"
_INSERT_JOB: Final = f"INSERT INTO jobs ({JOB_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) RETURNING id"  # noqa: S608 - our own columns
_INSERT_WATCH: Final = "INSERT INTO watches VALUES (?, '{}', NULL, 0, 0, 0)"
_UPDATE_JOB: Final = "UPDATE jobs SET definition = ?, paused_at = ?, paused_by = ? WHERE id = ?"
_UPDATE_MEMORY: Final = (
    "INSERT INTO memories (job_id, memory) VALUES (?, ?) "
    "ON CONFLICT (job_id) DO UPDATE SET memory = excluded.memory"
)
_UPDATE_LEARNED: Final = (
    "INSERT INTO memories (job_id, memory, learned) VALUES (?, '{}', ?) "
    "ON CONFLICT (job_id) DO UPDATE SET learned = excluded.learned"
)
_UPDATE_ALL: Final = "UPDATE watches SET state = ?, due_at = ?, alerting = ?, head = ? WHERE job_id = ?"
_UPDATE_DUE: Final = "UPDATE watches SET due_at = ?, alerting = ?, head = ? WHERE job_id = ?"
_UPDATE_JUDGED: Final = "UPDATE watches SET judged_under = ? WHERE job_id = ?"
_UPDATE_HEAD: Final = "UPDATE watches SET head = ? WHERE job_id = ?"

Rows = list[tuple[Any, ...]]


class JobsWriting(Session, NeedsWriting):
    """What the writing session does with jobs and watches.

    It remembers those it used last; they stand so in the tables because one process owns the file. The mark
    of each is the job's newest row in the log, 0 for none.
    """

    def watches(self, keys: Iterable[JobKey]) -> dict[JobKey, Watch]:
        """Return the watches of those jobs that exist."""
        found: dict[JobKey, Watch] = {}
        for key in dict.fromkeys(keys):
            kept = self._kept_by_key(key)
            if kept is not None:
                found[key] = kept.watch
        return found

    def watches_by_id(self, ids: Iterable[int]) -> list[Watch]:
        """Return the watches of those jobs that exist, in the order of the ids."""
        wanted = list(dict.fromkeys(ids))
        found = {job_id: kept for job_id in wanted if (kept := self._cache.by_id(job_id)) is not None}
        missing = [job_id for job_id in wanted if job_id not in found]
        if missing:
            for row in self._door.all(_BY_IDS, (json.dumps(missing),)):
                found[row[0]] = self._cache.put(watch_from(row), row[-1])
        return [found[job_id].watch for job_id in wanted if job_id in found]

    def register(self, jobs: Iterable[Job]) -> dict[JobKey, Watch]:
        """Add jobs that do not exist, and return the watches of all of them, with their ids."""
        found: dict[JobKey, Watch] = {}
        added = 0
        for job in jobs:
            kept = self._kept_by_key(job.key)
            if kept is None:
                kept = self._add(job)
                added += 1
            found[job.key] = kept.watch
        if added:
            self._door.run("UPDATE tallies SET n = n + ? WHERE name = 'jobs'", (added,))
        return found

    def due(self, now: datetime, limit: int) -> list[Watch]:
        """Return watches whose `due_at` has come, earliest first."""
        return self.watches_by_id(job_id for (job_id,) in self._door.all(_DUE, (micros(now), limit)))

    def next_due_at(self) -> datetime | None:
        """Return the earliest `due_at` of all."""
        row = self._door.one(_NEXT)
        return None if row is None else instant_of(row[0])

    def due_before(self, instant: datetime) -> bool:
        """Whether any job but the system's own has a `due_at` before this instant."""
        return self._door.one(_DUE_BEFORE, (micros(instant),)) is not None

    def mark_due(self, ids: Iterable[int], at: datetime) -> None:
        """Bring `due_at` of these jobs forward to `at` where it is later or not set."""
        due_at = micros(at)
        wanted = list(ids)
        self._door.many(_MARK_DUE, [(due_at, job_id) for job_id in wanted])
        for job_id in wanted:
            kept = self._cache.by_id(job_id)
            if kept is not None and (kept.watch.due_at is None or kept.watch.due_at > at):
                kept.watch = replace(kept.watch, due_at=at)

    def outdated(self, version: int, limit: int) -> list[Watch]:
        """Return watches that were not judged under this version of the configuration."""
        rows = self._door.all(_OUTDATED, {"version": version, "limit": limit})
        return self.watches_by_id(job_id for (job_id,) in rows)

    def save(self, watches: Iterable[Watch]) -> None:
        """Keep watches that were loaded in this transaction."""
        jobs: Rows = []
        memories: Rows = []
        learned: Rows = []
        states: Rows = []
        dues: Rows = []
        judged: Rows = []
        needing: list[Job] = []
        for watch in watches:
            job = watch.job
            before = self._kept(job.id)
            old = before.watch
            if watch is old:
                continue
            if watch.job is not old.job and watch.job != old.job:
                definition, _, paused_at, paused_by = job_row(job)[2:]
                jobs.append((definition, paused_at, paused_by, job.id))
                needing += [job] if job.definition.upstream != old.job.definition.upstream else []
            before.mark = self._heads.pop(job.id, before.mark)
            due = (micros_or_none(watch.due_at), int(watch.alerting), before.mark, job.id)
            if watch.state is old.state or watch.unreadable:
                dues.append(due)
            else:
                states.append((STATE_NOW.encode(watch.state), *due))
                if not remembers_same(watch.state, old.state):
                    memories.append((job.id, STATE_MEMORY.encode(watch.state)))
            if watch.learned is not old.learned and not watch.unreadable:
                learned.append((job.id, LEARNED.encode(watch.learned)))
            if watch.judged_under != old.judged_under:
                judged.append((watch.judged_under, job.id))
            self._cache.renew(before, watch)
        self._write(
            (
                (_UPDATE_JOB, jobs),
                (_UPDATE_ALL, states),
                (_UPDATE_DUE, dues),
                (_UPDATE_MEMORY, memories),
                (_UPDATE_LEARNED, learned),
                (_UPDATE_JUDGED, judged),
            )
        )
        self._save_needs(needing)

    def rename(self, job_id: int, name: str) -> bool:
        """Give a job another name; False when another job of its environment has it."""
        renamed = self._door.run(
            "UPDATE jobs SET name = ?1 WHERE id = ?2 AND NOT EXISTS (SELECT 1 FROM jobs other "
            "WHERE other.environment = jobs.environment AND other.name = ?1 AND other.id <> ?2)",
            (name, job_id),
        )
        self._settle_heads()
        self._cache.drop(job_id)
        return renamed == 1

    def delete(self, job_id: int) -> None:
        """Remove a job with its runs; its check-ins are out of reach at once and removed by `prune`."""
        self._settle_heads()
        self._cache.drop(job_id)
        self._door.run("INSERT INTO leftovers SELECT job_id, head FROM watches WHERE job_id = ?", (job_id,))
        removed = self._door.run("DELETE FROM jobs WHERE id = ?", (job_id,))
        for table in TABLES_OF_A_JOB:
            self._door.run(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))  # noqa: S608 - our own tables
        self._door.run("UPDATE tallies SET n = n - ? WHERE name = 'jobs'", (removed,))

    def _add(self, job: Job) -> Kept:
        row = self._door.one(_INSERT_JOB, job_row(job))
        if row is None:
            raise StoreError(f"job {job.name!r} could not be added")
        self._door.run(_INSERT_WATCH, row)
        added = replace(job, id=row[0])
        if job.definition.upstream:
            self._save_needs([added])
        return self._cache.put(Watch(job=added), 0)

    def _kept_by_key(self, key: JobKey) -> Kept | None:
        kept = self._cache.by_key(key)
        if kept is None:
            row = self._door.one(_BY_KEY, key)
            kept = None if row is None else self._cache.put(watch_from(row), row[-1])
        return kept

    def _kept(self, job_id: int) -> Kept:
        kept = self._cache.peek(job_id)
        if kept is None:
            self.watches_by_id((job_id,))
            kept = self._cache.peek(job_id)
        if kept is None:
            raise StoreError(f"there is no job with the id {job_id}")
        return kept

    def _write(self, groups: Iterable[tuple[str, Rows]]) -> None:
        for statement, rows in groups:
            if rows:
                self._door.many(statement, rows)

    def _before_commit(self) -> None:
        self._settle_heads()

    def _settle_heads(self) -> None:
        """Write the newest rows of the log of jobs that were not saved since."""
        if self._heads:
            for job_id, head in self._heads.items():
                self._kept(job_id).mark = head
            self._door.many(_UPDATE_HEAD, [(head, job_id) for job_id, head in self._heads.items()])
            self._heads.clear()
