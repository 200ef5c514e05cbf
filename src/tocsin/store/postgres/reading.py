"""What a reading session of PostgreSQL asks in its own way; the rest is the same in both stores."""

from collections.abc import Sequence
from typing import Final, TypeVar

from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.store.codec import FOR_EVER, Codec
from tocsin.store.postgres.session import numbers
from tocsin.store.reading import TablesReading
from tocsin.store.rows import LogLine
from tocsin.store.shapes import CHECK_IN, OCCURRENCE, RUN

T = TypeVar("T")

BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_LOG: Final = """
    SELECT c.id, c.body FROM check_ins c JOIN watches w ON w.job_id = c.job_id
    WHERE c.job_id = ? AND c.id < ? ORDER BY c.id DESC LIMIT ?
"""
_RUNS: Final = """
    SELECT k.id, r.body FROM unnest(?::bigint[]) AS k (id) CROSS JOIN LATERAL (
        SELECT id, order_at, body FROM runs WHERE job_id = k.id ORDER BY order_at DESC, id DESC LIMIT ?
    ) AS r ORDER BY k.id, r.order_at DESC, r.id DESC
"""
_OCCURRENCES: Final = """
    SELECT k.id, o.body FROM unnest(?::bigint[]) AS k (id) CROSS JOIN LATERAL (
        SELECT nominal_at, body FROM occurrences WHERE job_id = k.id ORDER BY nominal_at DESC LIMIT ?
    ) AS o ORDER BY k.id, o.nominal_at DESC
"""


class PostgresReading(TablesReading):
    """Reads what was committed when its first statement ran; `tocsin.store.base.Reading` says what."""

    def log(self, job_id: int, *, before: int | None, limit: int) -> list[LogLine]:
        """Return a job's check-ins, newest first, with ids below `before`."""
        rows = self._door.all(_LOG, (job_id, FOR_EVER if before is None else before, limit))
        return [LogLine(id=id_, job_id=job_id, check_in=CHECK_IN.decode(body)) for id_, body in rows]

    def recent_runs(self, job_ids: Sequence[int], limit: int) -> dict[int, list[Run]]:
        """Return the newest runs of each job, newest first."""
        return self._recent(_RUNS, RUN, job_ids, limit)

    def recent_occurrences(self, job_ids: Sequence[int], limit: int) -> dict[int, list[Occurrence]]:
        """Return the newest decided occurrences of each job, newest first."""
        return self._recent(_OCCURRENCES, OCCURRENCE, job_ids, limit)

    def _recent(
        self, statement: str, codec: Codec[T], job_ids: Sequence[int], limit: int
    ) -> dict[int, list[T]]:
        rows: dict[int, list[tuple[str]]] = {job_id: [] for job_id in job_ids}
        for job_id, body in self._door.all(statement, (numbers(rows), limit)):
            rows[job_id].append((body,))
        return {job_id: codec.decode_all(of_job) for job_id, of_job in rows.items()}
