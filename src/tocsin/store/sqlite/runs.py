"""Runs, decided occurrences and the log of check-ins in the writing session."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.store.codec import micros, micros_or_none
from tocsin.store.shapes import CHECK_IN, OCCURRENCE, RUN
from tocsin.store.sqlite.jobs import JobsWriting

_RUN: Final = "SELECT body FROM runs WHERE job_id = ? AND key = ?"
_SAVE_RUN: Final = (
    "INSERT INTO runs (job_id, key, order_at, ended_at, body) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (job_id, key) DO UPDATE "
    "SET order_at = excluded.order_at, ended_at = excluded.ended_at, body = excluded.body"
)
_RUNS_SINCE: Final = """
    SELECT body FROM runs WHERE job_id = ? AND order_at >= ? AND ended_at IS NOT NULL
    ORDER BY order_at DESC, id DESC LIMIT ?
"""
_HISTORIES: Final = (
    "SELECT job_id, series, points FROM histories "
    "WHERE job_id IN (SELECT value FROM json_each(?)) ORDER BY job_id, series"
)
_FORGET_HISTORY: Final = "DELETE FROM histories WHERE job_id = ? AND series = ?"
_SAVE_HISTORY: Final = (
    "INSERT INTO histories (job_id, series, points) VALUES (?, ?, ?) "
    "ON CONFLICT (job_id, series) DO UPDATE SET points = excluded.points"
)
_SAVE_OCCURRENCE: Final = (
    "INSERT INTO occurrences (job_id, nominal_at, body, is_unknown) VALUES (?, ?, ?, ?) ON CONFLICT "
    "(job_id, nominal_at) DO UPDATE SET body = excluded.body, is_unknown = excluded.is_unknown"
)
_DECIDED: Final = (
    "SELECT body FROM occurrences WHERE job_id = ? AND nominal_at <= ? ORDER BY nominal_at DESC LIMIT ?"
)
_APPEND: Final = "INSERT INTO check_ins (id, job_id, previous, received_at, body) VALUES (?, ?, ?, ?, ?)"
_LAST: Final = "SELECT max(id) FROM check_ins"


class RunsWriting(JobsWriting):
    """What the writing session does with what jobs report."""

    def runs(self, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Run]:
        """Return those runs, by job id and run key, that are kept."""
        found: dict[tuple[int, str], Run] = {}
        for key in keys:
            row = self._door.one(_RUN, key)
            if row is not None:
                found[key] = RUN.decode(row[0])
        return found

    def save_runs(self, rows: Iterable[tuple[int, Run]]) -> None:
        """Keep runs of the jobs with these ids, the newest reading of each."""
        self._door.many(
            _SAVE_RUN,
            [
                (job_id, run.key, micros(run.order_at), micros_or_none(run.ended_at), RUN.encode(run))
                for job_id, run in rows
            ],
        )

    def ended_runs(self, since: Mapping[int, datetime], limit: int) -> dict[int, list[Run]]:
        """Return the newest ended runs of jobs that are placed at or after an instant, oldest first."""
        return {
            job_id: RUN.decode_all(self._door.all(_RUNS_SINCE, (job_id, micros(at), limit)))[::-1]
            for job_id, at in since.items()
        }

    def histories(self, job_ids: Iterable[int]) -> dict[tuple[int, str], bytes]:
        """Return what is kept of the past of these jobs, by job id and series."""
        rows = self._door.all(_HISTORIES, (json.dumps(list(job_ids)),))
        return {(job_id, series): points for job_id, series, points in rows}

    def save_histories(self, rows: Iterable[tuple[int, str, bytes]]) -> None:
        """Keep points of the past, by job id and series."""
        self._door.many(_SAVE_HISTORY, list(rows))

    def forget_histories(self, rows: Iterable[tuple[int, str]]) -> None:
        """Keep nothing more of these series, by job id and series."""
        self._door.many(_FORGET_HISTORY, list(rows))

    def save_occurrences(self, rows: Iterable[tuple[int, Occurrence]]) -> None:
        """Keep how expected runs were decided, by job id and nominal instant."""
        self._door.many(
            _SAVE_OCCURRENCE,
            [
                (job_id, micros(one.nominal_at), OCCURRENCE.encode(one), int(one.status.is_unknown))
                for job_id, one in rows
            ],
        )

    def decided(self, job_id: int, until: datetime, limit: int) -> list[Occurrence]:
        """Return the newest decided occurrences of a job up to a nominal instant, newest first."""
        return OCCURRENCE.decode_all(self._door.all(_DECIDED, (job_id, micros(until), limit)))

    def append(self, rows: Iterable[tuple[int, CheckIn]]) -> None:
        """Add check-ins to the log of the jobs with these ids.

        A save of the job's watch afterwards takes the end of its chain along; without one, the commit does.
        """
        id_ = self._newest_check_in()
        lines = []
        heads = self._heads
        for job_id, check_in in rows:
            id_ += 1
            previous = heads.get(job_id)
            if previous is None:
                previous = self._kept(job_id).mark
            lines.append((id_, job_id, previous, micros(check_in.received_at), CHECK_IN.encode(check_in)))
            heads[job_id] = id_
        self._door.many(_APPEND, lines)
        self._last_check_in = id_

    def _newest_check_in(self) -> int:
        if self._last_check_in is None:
            row = self._door.one(_LAST)
            return 0 if row is None or row[0] is None else int(row[0])
        return self._last_check_in
