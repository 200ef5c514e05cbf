"""The log of a job in a reading session of SQLite; the rest is the same in both stores."""

from typing import Final

from tocsin.store.codec import FOR_EVER
from tocsin.store.reading import TablesReading
from tocsin.store.rows import LogLine
from tocsin.store.shapes import CHECK_IN

# Follows the chain from the job's newest row, or from the row behind `before`. An older row always has
# the smaller id; asking for that keeps the walk finite whatever stands in the file.
_LOG: Final = """
    WITH RECURSIVE chain (id, previous) AS (
        SELECT c.id, c.previous FROM watches w JOIN check_ins c ON c.id = coalesce(
            (SELECT previous FROM check_ins b WHERE b.id = :before AND b.job_id = :job), w.head
        )
        WHERE w.job_id = :job AND c.job_id = :job
        UNION ALL
        SELECT c.id, c.previous FROM chain JOIN check_ins c ON c.id = chain.previous
        WHERE c.job_id = :job AND c.id < chain.id
    )
    SELECT c.id, c.body FROM chain JOIN check_ins c ON c.id = chain.id WHERE c.id < :before LIMIT :limit
"""


class SqliteReading(TablesReading):
    """Reads what was committed when its first statement ran; `tocsin.store.base.Reading` says what."""

    def log(self, job_id: int, *, before: int | None, limit: int) -> list[LogLine]:
        """Return a job's check-ins, newest first, with ids below `before`."""
        rows = self._door.all(
            _LOG, {"job": job_id, "before": FOR_EVER if before is None else before, "limit": limit}
        )
        return [LogLine(id=id_, job_id=job_id, check_in=CHECK_IN.decode(body)) for id_, body in rows]
