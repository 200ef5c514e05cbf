"""What can be asked of the state in the tables of a database."""

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tocsin.batch.state import rows
from tocsin.batch.state.base import (
    MAX_IDS,
    BatchRow,
    DeadLetter,
    DeadLetterQuery,
    Performance,
    RunRow,
    Totals,
    Trend,
)
from tocsin.batch.state.door import Door
from tocsin.errors import StoreRefused

PORTION: Final = 500
"""So many rows are read at a time, so that a long reading stands in nobody's way."""
_HAS_END: Final = "status NOT IN ('pending', 'processing', 'cancelled')"
"""Nothing else is summed up: what waits, is on its way, or was never sent says nothing of how it goes."""
_UNFINISHED: Final = (
    f"SELECT {rows.RUN} FROM batch_runs r WHERE pipeline = ? AND (? = '' OR source = ?) "  # noqa: S608 - our own columns
    "AND status <> 'completed' AND NOT EXISTS (SELECT 1 FROM batch_runs l "
    "WHERE l.pipeline = r.pipeline AND l.source = r.source AND l.status = 'completed' "
    "AND (l.begun, l.started_at) > (r.begun, r.started_at)) ORDER BY begun DESC, started_at DESC LIMIT 1"
)
_HELD_KEYS: Final = (
    "SELECT record_key, MIN(ordinal) FROM batch_dead_letters WHERE run_id = ? AND record_key <> '' "
    "AND (settled_at IS NULL OR record_id IN (SELECT o.record_id FROM batch_dead_letters o "
    "JOIN batch_runs r ON o.pipeline = r.pipeline WHERE r.id = ? AND o.settled_at IS NULL)) "
    "GROUP BY record_key"
)


class TablesReading:
    """The questions; nothing is changed by them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._turn = threading.RLock()

    @property
    def where(self) -> str:
        """Return its path or address for people, without a password."""
        return self._door.where

    def last_unfinished(self, pipeline: str, source: str = "") -> RunRow | None:
        """Return the newest run that has not completed and has no later one of its source that has."""
        found = self._all(_UNFINISHED, (rows.text(pipeline), rows.text(source), rows.text(source)))
        return rows.run_from(found[0]) if found else None

    def run(self, run_id: str) -> RunRow | None:
        """Return a run."""
        found = self._all(f"SELECT {rows.RUN} FROM batch_runs WHERE id = ?", (rows.text(run_id),))  # noqa: S608 - our own columns
        return rows.run_from(found[0]) if found else None

    def held_keys(self, run_id: str) -> dict[str, int]:
        """Return the keys of a run of which a dead letter is still open, with the ordinal of the first."""
        found = self._all(_HELD_KEYS, (rows.text(run_id), rows.text(run_id)))
        return {key: int(ordinal) for key, ordinal in found}

    def is_at_work(self, run_id: str) -> bool:
        """Whether a process is at work on a run."""
        with self._turn:
            return self._door.is_held(run_id)

    def runs(self, pipeline: str = "", *, limit: int = 100, at_work: bool = False) -> list[RunRow]:
        """Return the newest runs first, or only those that have not ended."""
        statement = (
            f"SELECT {rows.RUN} FROM batch_runs WHERE (? = '' OR pipeline = ?) "  # noqa: S608 - our own columns
            "AND (? = 0 OR status = 'processing') ORDER BY started_at DESC, id DESC LIMIT ?"
        )
        wanted = (rows.text(pipeline), rows.text(pipeline), int(at_work), limit)
        return [rows.run_from(row) for row in self._all(statement, wanted)]

    def learned(self, scope: str) -> bytes | None:
        """Return what was learned of a sink."""
        found = self._all("SELECT value FROM batch_learned WHERE scope = ?", (rows.text(scope),))
        return found[0][0] if found else None

    def dead_letters(self, query: DeadLetterQuery) -> Iterator[DeadLetter]:
        """Return dead letters, the oldest first."""
        condition, values = _condition(query)
        statement = (
            f"SELECT {rows.LETTER}, id, settled_at, settled FROM batch_dead_letters "  # noqa: S608 - our own columns
            f"WHERE {condition} AND id > ? ORDER BY id LIMIT {PORTION}"
        )
        last = 0
        while found := self._all(statement, (*values, last)):
            letters = [rows.letter_from(row) for row in found]
            yield from letters
            last = letters[-1].id

    def count_dead_letters(self, query: DeadLetterQuery) -> int:
        """Return how many there are."""
        condition, values = _condition(query)
        return int(self._all(f"SELECT COUNT(*) FROM batch_dead_letters WHERE {condition}", values)[0][0])  # noqa: S608 - our own columns

    def batches(
        self, *, pipeline: str = "", run_id: str = "", since: datetime | None = None
    ) -> Iterator[BatchRow]:
        """Return batches of the history in the order in which they were completed."""
        statement = (
            f"SELECT {rows.BATCH} FROM batch_operations WHERE (? = '' OR job_id = ?) "  # noqa: S608 - our own columns
            "AND (? = '' OR run_id = ?) AND completed_at >= ? "
            "AND (completed_at, run_id, batch_id) > (?, ?, ?) "
            f"ORDER BY completed_at, run_id, batch_id LIMIT {PORTION}"
        )
        after = (0 if since is None else rows.micros(since)) - 1, "", ""
        wanted = (*_twice(pipeline), *_twice(run_id))
        while found := self._all(statement, (*wanted, after[0], *after)):
            batches = [rows.batch_from(row) for row in found]
            yield from batches
            last = batches[-1]
            after = rows.micros(last.completed_at), last.run_id, last.batch_id

    def totals(self, *, run_id: str = "", since: datetime | None = None) -> Totals:
        """Return the batches of a run, or of all, summed up."""
        statement = (
            f"SELECT {rows.TOTALS} FROM batch_operations WHERE {_HAS_END} "  # noqa: S608 - our own columns
            "AND (? = '' OR run_id = ?) AND completed_at >= ?"
        )
        return rows.totals_from(self._all(statement, (*_twice(run_id), _from(since)))[0])

    def performance(self, *, pipeline: str = "", since: datetime | None = None) -> tuple[Performance, ...]:
        """Return how each operation has gone, the one with the most batches first."""
        condition = f"{_HAS_END} AND (? = '' OR job_id = ?) AND completed_at >= ?"
        wanted = (*_twice(pipeline), _from(since))
        statement = (
            f"SELECT operation_type, {rows.TOTALS} FROM batch_operations WHERE {condition} "  # noqa: S608 - our own columns
            "GROUP BY operation_type ORDER BY COUNT(*) DESC, operation_type"
        )
        nearly_slowest = (
            f"SELECT processing_time_seconds FROM batch_operations WHERE {condition} AND operation_type = ? "  # noqa: S608 - our own columns
            "ORDER BY processing_time_seconds LIMIT 1 OFFSET ?"
        )
        found = []
        for row in self._all(statement, wanted):
            totals = rows.totals_from(row[1:])
            place = max(0, -(-totals.batches * 95 // 100) - 1)
            p95 = self._all(nearly_slowest, (*wanted, row[0], place))
            found.append(
                Performance(operation_type=row[0], totals=totals, p95_seconds=p95[0][0] if p95 else 0.0)
            )
        return tuple(found)

    def trends(self, *, every: timedelta, since: datetime, pipeline: str = "") -> tuple[Trend, ...]:
        """Return how it has gone in each hour or day that has batches, the first first."""
        width = every // timedelta(microseconds=1)
        statement = (
            f"SELECT completed_at / {width} AS place, {rows.TOTALS} FROM batch_operations "  # noqa: S608 - our own columns
            f"WHERE {_HAS_END} AND (? = '' OR job_id = ?) AND completed_at >= ? GROUP BY place ORDER BY place"
        )
        found = self._all(statement, (*_twice(pipeline), rows.micros(since)))
        return tuple(
            Trend(starts_at=rows.instant(row[0] * width), totals=rows.totals_from(row[1:])) for row in found
        )

    def _all(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._turn:
            return self._door.all(statement, parameters)


def _twice(words: str) -> tuple[str, str]:
    return rows.text(words), rows.text(words)


def _from(since: datetime | None) -> int:
    return 0 if since is None else rows.micros(since)


def _condition(query: DeadLetterQuery) -> tuple[str, list[object]]:
    """Return what dead letters must hold, and the values in it."""
    if len(query.ids) > MAX_IDS:
        raise StoreRefused(f"{len(query.ids)} dead letters are named, at most {MAX_IDS} can be at once")
    parts: list[tuple[str, list[object]]] = []
    if not query.also_settled:
        parts.append(("settled_at IS NULL", []))
    if query.pipeline:
        parts.append(("pipeline = ?", [rows.text(query.pipeline)]))
    if query.run_id:
        parts.append(("run_id = ?", [rows.text(query.run_id)]))
    if query.reason:
        plain = query.reason.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        parts.append(("LOWER(reason) LIKE ? ESCAPE '!'", [f"%{rows.text(plain)}%"]))
    if query.category is not None:
        parts.append(("category = ?", [query.category.value]))
    if query.since is not None:
        parts.append(("last_at >= ?", [rows.micros(query.since)]))
    if query.ids:
        parts.append((f"id IN ({', '.join('?' * len(query.ids))})", list(query.ids)))
    condition = " AND ".join(part for part, _ in parts) or "1 = 1"
    return condition, [value for _, values in parts for value in values]
