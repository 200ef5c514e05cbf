"""The log of a job in a reading session of PostgreSQL; the rest is the same in both stores."""

from typing import Final

from tocsin.store.base import LogLine
from tocsin.store.codec import FOR_EVER
from tocsin.store.reading import TablesReading
from tocsin.store.shapes import CHECK_IN

BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_LOG: Final = """
    SELECT c.id, c.body FROM check_ins c JOIN watches w ON w.job_id = c.job_id
    WHERE c.job_id = ? AND c.id < ? ORDER BY c.id DESC LIMIT ?
"""


class PostgresReading(TablesReading):
    """Reads what was committed when its first statement ran; `tocsin.store.base.Reading` says what."""

    def log(self, job_id: int, *, before: int | None, limit: int) -> list[LogLine]:
        """Return a job's check-ins, newest first, with ids below `before`."""
        rows = self._door.all(_LOG, (job_id, FOR_EVER if before is None else before, limit))
        return [LogLine(id=id_, job_id=job_id, check_in=CHECK_IN.decode(body)) for id_, body in rows]
