"""Runs, decided occurrences and the log of check-ins in the writing session."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.store.codec import micros, micros_or_none
from tocsin.store.postgres.jobs import JobsWriting
from tocsin.store.postgres.session import numbers, texts
from tocsin.store.shapes import CHECK_IN, OCCURRENCE, RUN

_RUNS: Final = (
    "SELECT r.job_id, r.key, r.body FROM unnest(?::bigint[], ?::text[]) AS k (job_id, key) "
    "JOIN runs r ON r.job_id = k.job_id AND r.key = k.key"
)
_SAVE_RUNS: Final = """
    INSERT INTO runs (job_id, key, order_at, ended_at, body)
    SELECT * FROM unnest(?::bigint[], ?::text[], ?::bigint[], ?::bigint[], ?::text[])
    ON CONFLICT (job_id, key) DO UPDATE
    SET order_at = excluded.order_at, ended_at = excluded.ended_at, body = excluded.body
"""
_RUNS_SINCE: Final = """
    SELECT k.job_id, r.body FROM unnest(?::bigint[], ?::bigint[]) AS k (job_id, since)
    CROSS JOIN LATERAL (
        SELECT body, order_at, id FROM runs
        WHERE job_id = k.job_id AND order_at >= k.since AND ended_at IS NOT NULL
        ORDER BY order_at DESC, id DESC LIMIT ?
    ) AS r ORDER BY k.job_id, r.order_at, r.id
"""
_HISTORIES: Final = "SELECT job_id, series, points FROM histories WHERE job_id = ANY (?::bigint[])"
_FORGET_HISTORY: Final = "DELETE FROM histories WHERE job_id = ? AND series = ?"
_SAVE_HISTORY: Final = (
    "INSERT INTO histories (job_id, series, points) VALUES (?, ?, ?) "
    "ON CONFLICT (job_id, series) DO UPDATE SET points = excluded.points"
)
_SAVE_OCCURRENCES: Final = """
    INSERT INTO occurrences (job_id, nominal_at, body, is_unknown)
    SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::text[], ?::bigint[])
    ON CONFLICT (job_id, nominal_at) DO UPDATE
    SET body = excluded.body, is_unknown = excluded.is_unknown
"""
_DECIDED: Final = (
    "SELECT body FROM occurrences WHERE job_id = ? AND nominal_at <= ? ORDER BY nominal_at DESC LIMIT ?"
)
_APPEND: Final = "COPY check_ins (job_id, received_at, body) FROM STDIN (FORMAT BINARY)"
_APPEND_TYPES: Final = ("int8", "int8", "text")


class RunsWriting(JobsWriting):
    """What the writing session does with what jobs report."""

    def runs(self, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Run]:
        """Return those runs, by job id and run key, that are kept."""
        wanted = list(keys)
        rows = self._door.all(_RUNS, (numbers(k[0] for k in wanted), texts(k[1] for k in wanted)))
        return {(job_id, key): RUN.decode(body) for job_id, key, body in rows}

    def save_runs(self, rows: Iterable[tuple[int, Run]]) -> None:
        """Keep runs of the jobs with these ids, the newest reading of each."""
        newest = {(job_id, run.key): run for job_id, run in rows}
        kept = [
            (job_id, key, micros(run.order_at), micros_or_none(run.ended_at), RUN.encode(run))
            for (job_id, key), run in sorted(newest.items(), key=lambda item: item[0])
        ]
        self._write(_SAVE_RUNS, kept, numbers, texts, numbers, numbers, texts)

    def ended_runs(self, since: Mapping[int, datetime], limit: int) -> dict[int, list[Run]]:
        """Return the newest ended runs of jobs that are placed at or after an instant, oldest first."""
        bodies: dict[int, list[tuple[str]]] = {job_id: [] for job_id in since}
        wanted = (numbers(since), numbers(micros(at) for at in since.values()), limit)
        for job_id, body in self._door.all(_RUNS_SINCE, wanted):
            bodies[job_id].append((body,))
        return {job_id: RUN.decode_all(found) for job_id, found in bodies.items()}

    def histories(self, job_ids: Iterable[int]) -> dict[tuple[int, str], bytes]:
        """Return what is kept of the past of these jobs, by job id and series."""
        rows = self._door.all(_HISTORIES, (numbers(job_ids),))
        return {(job_id, series): bytes(points) for job_id, series, points in rows}

    def save_histories(self, rows: Iterable[tuple[int, str, bytes]]) -> None:
        """Keep points of the past, by job id and series."""
        self._door.many(_SAVE_HISTORY, list(rows))

    def forget_histories(self, rows: Iterable[tuple[int, str]]) -> None:
        """Keep nothing more of these series, by job id and series."""
        self._door.many(_FORGET_HISTORY, list(rows))

    def save_occurrences(self, rows: Iterable[tuple[int, Occurrence]]) -> None:
        """Keep how expected runs were decided, by job id and nominal instant."""
        newest = {(job_id, micros(one.nominal_at)): one for job_id, one in rows}
        kept = [
            (job_id, at, OCCURRENCE.encode(one), int(one.status.is_unknown))
            for (job_id, at), one in sorted(newest.items(), key=lambda item: item[0])
        ]
        self._write(_SAVE_OCCURRENCES, kept, numbers, numbers, texts, numbers)

    def decided(self, job_id: int, until: datetime, limit: int) -> list[Occurrence]:
        """Return the newest decided occurrences of a job up to a nominal instant, newest first."""
        return OCCURRENCE.decode_all(self._door.all(_DECIDED, (job_id, micros(until), limit)))

    def append(self, rows: Iterable[tuple[int, CheckIn]]) -> None:
        """Add check-ins to the log of the jobs with these ids."""
        lines = []
        for job_id, check_in in rows:
            self._kept(job_id)
            lines.append((job_id, micros(check_in.received_at), CHECK_IN.encode(check_in)))
        if lines:
            self._door.copy(_APPEND, _APPEND_TYPES, lines)
