"""Jobs, what is known of them, and their latest runs, in memory."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.run import Run
from tocsin.store.fleeting.waiting import Waiting
from tocsin.store.rows import Watch

MOST_RUNS: Final = 100
"""So many of a job's runs are held, the latest heard of: those that a check-in may still speak of."""
_ORDER_AT: Final = attrgetter("order_at")


class FleetingJobs:
    """What the writing session does with jobs, their watches and their runs."""

    def __init__(self) -> None:
        self._ids: dict[JobKey, int] = {}
        self._watches: dict[int, Watch] = {}
        self._runs: dict[int, dict[str, Run]] = {}
        self._ended: dict[int, list[Run]] = {}
        self._due = Waiting[int]()
        self._needing: dict[JobKey, dict[int, None]] = {}
        self._histories: dict[int, dict[str, bytes]] = {}

    def watches(self, keys: Iterable[JobKey]) -> dict[JobKey, Watch]:
        """Return the watches of those jobs that exist."""
        return {key: self._watches[self._ids[key]] for key in keys if key in self._ids}

    def watches_by_id(self, ids: Iterable[int]) -> list[Watch]:
        """Return the watches of those jobs that exist, in the order of the ids."""
        return [self._watches[job_id] for job_id in dict.fromkeys(ids) if job_id in self._watches]

    def register(self, jobs: Iterable[Job]) -> dict[JobKey, Watch]:
        """Add jobs that do not exist, and return the watches of all of them, with their ids."""
        found: dict[JobKey, Watch] = {}
        for job in jobs:
            job_id = self._ids.get(job.key)
            if job_id is None:
                job_id = self._ids[job.key] = len(self._ids) + 1
                added = replace(job, id=job_id)
                self._watches[job_id] = Watch(job=added)
                self._note_needs(added, ())
            found[job.key] = self._watches[job_id]
        return found

    def due(self, now: datetime, limit: int) -> list[Watch]:
        """Return watches whose `due_at` has come, earliest first."""
        return [self._watches[job_id] for job_id in self._due.due(now, limit)]

    def first_due(self) -> Watch | None:
        """Return the watch with the earliest `due_at`, whether that has come or not."""
        job_id = self._due.first()
        return None if job_id is None else self._watches[job_id]

    def next_due_at(self) -> datetime | None:
        """Return the earliest `due_at` of all."""
        return self._due.first_at()

    def mark_due(self, ids: Iterable[int], at: datetime) -> None:
        """Bring `due_at` of these jobs forward to `at` where it is later or not set."""
        for job_id in ids:
            watch = self._watches.get(job_id)
            if watch is not None and (watch.due_at is None or watch.due_at > at):
                self._watches[job_id] = replace(watch, due_at=at)
                self._due.put(job_id, at)

    def save(self, watches: Iterable[Watch]) -> None:
        """Keep watches that were loaded in this transaction."""
        for watch in watches:
            job = watch.job
            old = self._watches[job.id]
            if job is not old.job and job.definition.upstream != old.job.definition.upstream:
                self._note_needs(job, old.job.definition.upstream)
            self._watches[job.id] = watch
            self._due.put(job.id, watch.due_at)

    def runs(self, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Run]:
        """Return those runs, by job id and run key, that are held."""
        found = {}
        for job_id, key in keys:
            run = self._runs.get(job_id, {}).get(key)
            if run is not None:
                found[job_id, key] = run
        return found

    def save_runs(self, rows: Iterable[tuple[int, Run]]) -> None:
        """Hold runs of the jobs with these ids, the newest reading of each."""
        for job_id, run in rows:
            held, ended = self._runs.setdefault(job_id, {}), self._ended.setdefault(job_id, [])
            known = held.pop(run.key, None)
            held[run.key] = run
            if known is not None and known.ended_at is not None:
                ended.remove(known)
            if run.ended_at is not None:
                insort(ended, run, key=_ORDER_AT)
            if len(held) > MOST_RUNS:
                gone = held.pop(next(iter(held)))
                if gone.ended_at is not None:
                    ended.remove(gone)

    def ended_runs(self, since: Mapping[int, datetime], limit: int) -> dict[int, list[Run]]:
        """Return the newest ended runs of jobs that are placed at or after an instant, oldest first."""
        found = {}
        for job_id, at in since.items():
            ended = self._ended.get(job_id, [])
            found[job_id] = ended[bisect_left(ended, at, key=_ORDER_AT) :][-limit:]
        return found

    def histories(self, job_ids: Iterable[int]) -> dict[tuple[int, str], bytes]:
        """Return what is kept of the past of these jobs, by job id and series; "" are the runs themselves."""
        return {
            (job_id, series): points
            for job_id in job_ids
            for series, points in self._histories.get(job_id, {}).items()
        }

    def save_histories(self, rows: Iterable[tuple[int, str, bytes]]) -> None:
        """Keep points of the past, by job id and series."""
        for job_id, series, points in rows:
            self._histories.setdefault(job_id, {})[series] = points

    def forget_histories(self, rows: Iterable[tuple[int, str]]) -> None:
        """Keep nothing more of these series, by job id and series."""
        for job_id, series in rows:
            self._histories.get(job_id, {}).pop(series, None)

    def peek(self, key: JobKey) -> Watch | None:
        """Return the watch of a job, not to be saved."""
        job_id = self._ids.get(key)
        return None if job_id is None else self._watches[job_id]

    def watch(self, job_id: int) -> Watch:
        """Return the watch of a job that exists, not to be saved."""
        return self._watches[job_id]

    def needing(self, key: JobKey, limit: int) -> list[Watch]:
        """Return the watches of jobs that need this one, not to be saved."""
        return [self._watches[job_id] for job_id in sorted(self._needing.get(key, ()))[:limit]]

    def has_needs(self) -> bool:
        """Whether any job needs another."""
        return bool(self._needing)

    def _note_needs(self, job: Job, before: Iterable[str]) -> None:
        for name in before:
            key = JobKey(job.environment, name)
            self._needing.get(key, {}).pop(job.id, None)
            if not self._needing.get(key):
                self._needing.pop(key, None)
        for name in job.definition.upstream:
            self._needing.setdefault(JobKey(job.environment, name), {})[job.id] = None
