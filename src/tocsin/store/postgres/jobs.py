"""Jobs and their watches in the writing session.

A job's row in `watches` is its lock, taken in the order of the ids. What stands in other tables is read by
a statement that begins after the lock is held, because one that waited for it sees them as they were
before; and only where the version in the locked row is not the one that is remembered.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from tocsin.errors import StoreError
from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.state import JobState
from tocsin.store.cache import Kept
from tocsin.store.codec import instant as instant_of
from tocsin.store.codec import instant_or_none, micros, micros_or_none
from tocsin.store.needing import NeedsWriting
from tocsin.store.postgres.session import SHARED, Session, numbers, texts
from tocsin.store.rows import Watch
from tocsin.store.shapes import (
    JOB_COLUMNS,
    LEARNED,
    STATE,
    STATE_MEMORY,
    STATE_NOW,
    TABLES_OF_A_JOB,
    job_row,
    remembers_same,
    watch_from,
    with_memory_of,
)

_HOT: Final = "w.job_id, w.version, w.state, w.due_at, w.judged_under, w.alerting"
_FIND: Final = (
    "SELECT j.id FROM unnest(?::text[], ?::text[]) AS k (environment, name) "
    "JOIN jobs j USING (environment, name)"
)
_LOCK: Final = (
    f"SELECT {_HOT} FROM unnest(?::bigint[]) AS k (id) JOIN watches w ON w.job_id = k.id "  # noqa: S608 - our own columns
    "ORDER BY w.job_id FOR UPDATE OF w"
)
_LOCK_WHERE: Final = f"SELECT {_HOT} FROM watches w WHERE"  # noqa: S608 - our own columns
_LOCK_DUE: Final = f"{_LOCK_WHERE} w.due_at <= ? ORDER BY w.due_at LIMIT ? FOR UPDATE SKIP LOCKED"
_LOCK_OLDER: Final = (
    f"{_LOCK_WHERE} w.judged_under < ? ORDER BY w.judged_under LIMIT ? FOR UPDATE SKIP LOCKED"
)
_LOCK_NEWER: Final = (
    f"{_LOCK_WHERE} w.judged_under > ? ORDER BY w.judged_under LIMIT ? FOR UPDATE SKIP LOCKED"
)
_LOAD: Final = (
    f"SELECT j.id, {JOB_COLUMNS}, m.memory, m.learned FROM unnest(?::bigint[]) AS k (id) "  # noqa: S608 - our own columns
    "JOIN jobs j ON j.id = k.id LEFT JOIN memories m ON m.job_id = k.id"
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
    INSERT INTO watches (job_id, state, due_at, judged_under, alerting, version)
    SELECT id, '{}', NULL, 0, 0, 1 FROM added
"""
_UPDATE_JOBS: Final = """
    UPDATE jobs SET definition = v.definition, paused_at = v.paused_at, paused_by = v.paused_by
    FROM unnest(?::bigint[], ?::text[], ?::bigint[], ?::text[]) AS v (id, definition, paused_at, paused_by)
    WHERE jobs.id = v.id
"""
_UPDATE_ALL: Final = """
    UPDATE watches SET due_at = v.due_at, alerting = v.alerting, version = v.version, state = v.state
    FROM unnest(?::bigint[], ?::bigint[], ?::integer[], ?::bigint[], ?::text[])
        AS v (id, due_at, alerting, version, state)
    WHERE job_id = v.id
"""
_UPDATE_DUE: Final = """
    UPDATE watches SET due_at = v.due_at, alerting = v.alerting, version = v.version
    FROM unnest(?::bigint[], ?::bigint[], ?::integer[], ?::bigint[]) AS v (id, due_at, alerting, version)
    WHERE job_id = v.id
"""
# What was judged is kept by a statement that begins after the locks are held, and tells what holds by then.
_SAVE_ALL, _SAVE_DUE = (
    f"WITH saved AS ({update}) SELECT ({SHARED})" for update in (_UPDATE_ALL, _UPDATE_DUE)
)
_UPDATE_JUDGED: Final = """
    UPDATE watches SET judged_under = v.judged_under
    FROM unnest(?::bigint[], ?::bigint[]) AS v (id, judged_under)
    WHERE job_id = v.id
"""
_UPDATE_MEMORIES: Final = """
    INSERT INTO memories (job_id, memory) SELECT * FROM unnest(?::bigint[], ?::text[])
    ON CONFLICT (job_id) DO UPDATE SET memory = excluded.memory
"""
_UPDATE_LEARNED: Final = """
    INSERT INTO memories (job_id, memory, learned)
    SELECT job_id, '{}', learned FROM unnest(?::bigint[], ?::text[]) AS v (job_id, learned)
    ON CONFLICT (job_id) DO UPDATE SET learned = excluded.learned
"""
_RENAME: Final = """
    UPDATE jobs SET name = ? WHERE id = ? AND NOT EXISTS (
        SELECT 1 FROM jobs other
        WHERE other.environment = jobs.environment AND other.name = ? AND other.id <> jobs.id
    )
"""
_TALLY: Final = "INSERT INTO tallies (name, n) VALUES ('jobs', ?)"

Rows = list[tuple[Any, ...]]


class JobsWriting(Session, NeedsWriting):
    """What the writing session does with jobs and watches; what it returns is locked until the end.

    The mark of what it remembers is the version, the text that of the state.
    """

    def watches(self, keys: Iterable[JobKey]) -> dict[JobKey, Watch]:
        """Return, locked, the watches of those jobs that exist."""
        wanted = dict.fromkeys(keys)
        self._lock(job_id for key in wanted if (job_id := self._cache.id_of(key)) is not None)
        found = self._those_locked(wanted)
        missing = [key for key in wanted if key not in found]
        if missing:
            ids = self._door.all(_FIND, (texts(k[0] for k in missing), texts(k[1] for k in missing)))
            self._lock(job_id for (job_id,) in ids)
            found |= self._those_locked(missing)
        return found

    def watches_by_id(self, ids: Iterable[int]) -> list[Watch]:
        """Return, locked, the watches of those jobs that exist, in the order of the ids."""
        wanted = dict.fromkeys(ids)
        self._lock(wanted)
        return [self._kept(job_id).watch for job_id in wanted if job_id in self._locked]

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
        found = self.watches(wanted)
        self._save_needs(watch.job for watch in found.values() if watch.job.definition.upstream)
        return found

    def due(self, now: datetime, limit: int) -> list[Watch]:
        """Return, locked, watches whose `due_at` has come, earliest first, but for those that others hold."""
        return self._taken(self._door.all(_LOCK_DUE, (micros(now), limit)))

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
        marked = self.watches_by_id(wanted)
        self._door.run(_MARK_DUE, (micros(at), numbers(wanted), micros(at)))
        for watch in marked:
            if watch.due_at is None or watch.due_at > at:
                self._cache.renew(self._kept(watch.job.id), replace(watch, due_at=at))

    def outdated(self, version: int, limit: int) -> list[Watch]:
        """Return, locked, watches that were not judged under this version, but for those that others hold."""
        rows = self._door.all(_LOCK_OLDER, (version, limit))
        if len(rows) < limit:
            rows += self._door.all(_LOCK_NEWER, (version, limit - len(rows)))
        return self._taken(rows)

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
            version, text = before.mark, before.text
            if job is not old.job and job != old.job:
                definition, _, paused_at, paused_by = job_row(job)[2:]
                jobs.append((job.id, definition, paused_at, paused_by))
                needing += [job] if job.definition.upstream != old.job.definition.upstream else []
                version = before.mark + 1
            if not watch.unreadable and not remembers_same(watch.state, old.state):
                memories.append((job.id, STATE_MEMORY.encode(watch.state)))
                version = before.mark + 1
            if not watch.unreadable and watch.learned is not old.learned:
                learned.append((job.id, LEARNED.encode(watch.learned)))
                version = before.mark + 1
            due = (job.id, micros_or_none(watch.due_at), int(watch.alerting), version)
            if watch.state is old.state or watch.unreadable:
                dues.append(due)
            else:
                text = STATE_NOW.encode(watch.state)
                states.append((*due, text))
            if watch.judged_under != old.judged_under:
                judged.append((job.id, watch.judged_under))
            before.mark, before.text = version, text
            self._cache.renew(before, watch)
        self._write(_UPDATE_JOBS, jobs, numbers, texts, numbers, texts)
        self._write_judged(_SAVE_ALL, states, numbers, numbers, numbers, numbers, texts)
        self._write_judged(_SAVE_DUE, dues, numbers, numbers, numbers, numbers)
        self._write(_UPDATE_MEMORIES, memories, numbers, texts)
        self._write(_UPDATE_LEARNED, learned, numbers, texts)
        self._write(_UPDATE_JUDGED, judged, numbers, numbers)
        self._save_needs(needing)

    def rename(self, job_id: int, name: str) -> bool:
        """Give a job another name; False when another job of its environment has it."""
        self.watches_by_id([job_id])
        renamed = self._door.run(_RENAME, (name, job_id, name))
        self._door.run("UPDATE watches SET version = version + 1 WHERE job_id = ?", (job_id,))
        self._drop(job_id)
        return renamed == 1

    def delete(self, job_id: int) -> None:
        """Remove a job with its runs; its check-ins are out of reach at once and removed by `prune`."""
        self.watches_by_id([job_id])
        self._drop(job_id)
        removed = self._door.run("DELETE FROM jobs WHERE id = ?", (job_id,))
        for table in TABLES_OF_A_JOB:
            self._door.run(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))  # noqa: S608 - our own tables
        if removed:
            self._door.run("INSERT INTO leftovers (job_id) VALUES (?)", (job_id,))
            self._door.run(_TALLY, (-removed,))

    def _kept(self, job_id: int) -> Kept:
        """Return what is kept of a job that this transaction has locked, or locks now."""
        if job_id not in self._locked:
            self._lock((job_id,))
        kept = self._cache.peek(job_id) if job_id in self._locked else None
        if kept is None:
            raise StoreError(f"there is no job with the id {job_id}")
        return kept

    def _those_locked(self, keys: Iterable[JobKey]) -> dict[JobKey, Watch]:
        """Return the watches of the jobs that have these names and are locked."""
        ids = ((key, self._cache.id_of(key)) for key in keys)
        return {key: self._kept(job_id).watch for key, job_id in ids if job_id in self._locked}

    def _lock(self, ids: Iterable[int]) -> None:
        unknown = [job_id for job_id in ids if job_id not in self._locked]
        if unknown:
            self._take(self._door.all(_LOCK, (numbers(unknown),)))

    def _taken(self, rows: Rows) -> list[Watch]:
        """Return the watches of rows that were just locked, in order."""
        self._take(rows)
        return [self._kept(row[0]).watch for row in rows]

    def _take(self, rows: Rows) -> None:
        """Take up rows that were just locked, reading what is not remembered."""
        new = [row for row in rows if row[0] not in self._locked]
        stale = [row for row in new if not self._remembers(row[0], row[1])]
        parts = {}
        if stale:
            parts = {row[0]: row for row in self._door.all(_LOAD, (numbers(row[0] for row in stale),))}
        for job_id, version, state, *rest in new:
            part = parts.get(job_id)
            if part is not None:
                watch = watch_from((*part[:7], state, part[7], part[8], *rest))
                self._cache.put(watch, version, state)
            else:
                self._freshen(job_id, state, *rest)
            self._locked.add(job_id)

    def _remembers(self, job_id: int, version: int) -> bool:
        kept = self._cache.by_id(job_id)
        return kept is not None and kept.mark == version and not kept.watch.unreadable

    def _freshen(self, job_id: int, text: str, due_at: int | None, judged: int, alerting: int) -> None:
        """Bring what is remembered of a job to what its row says; the rest has not changed."""
        kept = self._cache.by_id(job_id)
        if kept is None:
            raise StoreError(f"job {job_id} has lost its row in jobs")
        watch = kept.watch
        now = (micros_or_none(watch.due_at), watch.judged_under, watch.alerting)
        if text == kept.text and (due_at, judged, alerting) == now and not watch.unreadable:
            return
        state, unreadable = watch.state, ""
        if text != kept.text:
            try:
                state = with_memory_of(STATE.decode(text), watch.state)
            except StoreError as error:
                state, unreadable = JobState(), str(error)
        kept.text = text
        fresh = replace(
            watch,
            state=state,
            due_at=instant_or_none(due_at),
            judged_under=judged,
            alerting=bool(alerting),
            unreadable=unreadable,
        )
        self._cache.renew(kept, fresh)

    def _drop(self, job_id: int) -> None:
        self._cache.drop(job_id)
        self._locked.discard(job_id)

    def _write_judged(self, statement: str, rows: Rows, *arrays: Any) -> None:  # noqa: ANN401 - numbers or texts
        if rows:
            columns = zip(*rows, strict=True)
            values = tuple(array(c) for array, c in zip(arrays, columns, strict=True))
            self._see_that_it_holds(self._door.one(statement, values))

    def _write(self, statement: str, rows: Rows, *arrays: Any) -> None:  # noqa: ANN401 - numbers or texts
        if rows:
            columns = zip(*rows, strict=True)
            self._door.run(statement, tuple(array(c) for array, c in zip(arrays, columns, strict=True)))
