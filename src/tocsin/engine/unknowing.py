"""The part of a review that says what nobody could know, because we were blind."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.store.past import OfJob, Past, UnknownNote

MOST_JOBS = 10
MOST_NOTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKnown:
    """What could not be known of a span: how often and how long we were blind in it, and what that hid.

    `occurrences` are the expected runs due in it of which nobody can say whether they came, `jobs` those with
    most of them. `noted` is how often something was noted as unknown of a job, an expected run or one on its
    way, and `notes` the first of these.
    """

    windows: int
    blind_for: timedelta
    occurrences: int
    jobs: tuple[OfJob, ...]
    noted: int
    notes: tuple[UnknownNote, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to tell of it."""
        return not (self.windows or self.occurrences or self.noted)


def not_known(past: Past, since: datetime, until: datetime) -> NotKnown:
    """Return what could not be known of a span, from one reading session."""
    spans = past.blind_spans(since, until)
    noted, notes = past.unknown_notes(since, until, MOST_NOTES)
    return NotKnown(
        windows=len(spans),
        blind_for=_covered(spans, since, until),
        occurrences=past.unknown_count(since, until),
        jobs=tuple(past.most_unknown(since, until, MOST_JOBS)),
        noted=noted,
        notes=tuple(notes),
    )


def _covered(spans: Iterable[tuple[datetime, datetime]], since: datetime, until: datetime) -> timedelta:
    """Return how much of the time is covered; what several servers missed at once counts once."""
    total, seen_to = timedelta(0), since
    for from_at, to_at in spans:
        begin, end = max(from_at, seen_to), min(to_at, until)
        if end > begin:
            total += end - begin
            seen_to = end
    return total
