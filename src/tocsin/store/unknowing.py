"""What nobody could tell of a span of time, because we were blind, in a reading session of either store."""

from datetime import datetime
from typing import Final

from tocsin.store.codec import instant, instant_or_none, micros
from tocsin.store.door import OnDoor
from tocsin.store.past import OfJob, UnknownNote

MOST_WINDOWS: Final = 10_000
_BLIND: Final = (
    "SELECT from_at, to_at FROM blind_windows WHERE to_at > ? AND from_at < ? ORDER BY from_at, id LIMIT ?"
)
_COUNT: Final = "SELECT count(*) FROM occurrences WHERE is_unknown = 1 AND nominal_at >= ? AND nominal_at < ?"
_MOST: Final = """
    SELECT j.id, j.environment, j.name, found.n FROM (
        SELECT job_id, count(*) AS n FROM occurrences
        WHERE is_unknown = 1 AND nominal_at >= ? AND nominal_at < ? GROUP BY job_id
    ) AS found JOIN jobs j ON j.id = found.job_id
    ORDER BY found.n DESC, j.environment, j.name LIMIT ?
"""
_NOTES_COUNT: Final = "SELECT count(*) FROM unknown WHERE at >= ? AND at < ?"
_NOTES: Final = """
    SELECT j.environment, j.name, u.what, u.at, u.known_at FROM unknown u JOIN jobs j ON j.id = u.job_id
    WHERE u.at >= ? AND u.at < ? ORDER BY u.at, j.environment, j.name, u.window_id LIMIT ?
"""


class UnknownReading(OnDoor):
    """What a reading session tells of what is unknown; `tocsin.store.past.Past` says what."""

    def blind_spans(self, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """Return from when to when we were blind, as far as that overlaps the span, oldest first."""
        rows = self._door.all(_BLIND, (micros(since), micros(until), MOST_WINDOWS))
        return [(instant(from_at), instant(to_at)) for from_at, to_at in rows]

    def unknown_count(self, since: datetime, until: datetime) -> int:
        """Count the expected runs due then of which nobody can say whether they came."""
        return int(self._door.all(_COUNT, (micros(since), micros(until)))[0][0])

    def most_unknown(self, since: datetime, until: datetime, limit: int) -> list[OfJob]:
        """Return the jobs with most of these, most first."""
        rows = self._door.all(_MOST, (micros(since), micros(until), limit))
        return [
            OfJob(job_id=job_id, environment=environment, job=name, count=count)
            for job_id, environment, name, count in rows
        ]

    def unknown_notes(self, since: datetime, until: datetime, limit: int) -> tuple[int, list[UnknownNote]]:
        """Return how often it was noted then what could not be told of a job, and the first notes."""
        span = (micros(since), micros(until))
        notes = [
            UnknownNote(
                environment=environment,
                job=name,
                what=what,
                at=instant(at),
                known_at=instant_or_none(known_at),
            )
            for environment, name, what, at, known_at in self._door.all(_NOTES, (*span, limit))
        ]
        return int(self._door.all(_NOTES_COUNT, span)[0][0]), notes
