"""The last runs of a job as marks: what each was, how long it took, and what it says when pointed at."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus
from tocsin.jobs.run import Run, RunStatus
from tocsin.rules.wording import clock_time, span


class MarkKind(Enum):
    """What a mark stands for; the values are the words that people read."""

    SUCCESS = "succeeded"
    LATE = "succeeded late"
    FAILED = "failed"
    TIMEOUT = "timed out"
    RUNNING = "running"
    PENDING = "waiting"
    SKIPPED = "skipped"
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One run, or one expected run that never came. `share` is its duration as a part of the longest one."""

    kind: MarkKind
    at: datetime
    share: float
    title: str
    run: str = ""


_KINDS: Final = {
    RunStatus.PENDING: MarkKind.PENDING,
    RunStatus.RUNNING: MarkKind.RUNNING,
    RunStatus.SUCCESS: MarkKind.SUCCESS,
    RunStatus.FAILED: MarkKind.FAILED,
    RunStatus.TIMEOUT: MarkKind.TIMEOUT,
    RunStatus.SKIPPED: MarkKind.SKIPPED,
}
_NEVER_RAN: Final = {
    OccurrenceStatus.MISSED: MarkKind.MISSED,
    OccurrenceStatus.UNKNOWN: MarkKind.UNKNOWN,
}


def marks_of(
    runs: Iterable[Run], occurrences: Iterable[Occurrence], *, now: datetime, timezone: str, limit: int
) -> tuple[Mark, ...]:
    """Return the newest marks, oldest first: runs, and between them the expected runs that never came."""
    found: list[tuple[datetime, timedelta | None, Run | Occurrence]] = [
        (_seen_at(run), _lasted(run, now), run) for run in runs
    ]
    found += [(one.nominal_at, None, one) for one in occurrences if not one.run and one.status in _NEVER_RAN]
    newest = sorted(found, key=lambda item: item[0])[-limit:]
    longest = max((lasted for _, lasted, _ in newest if lasted), default=timedelta(0))
    return tuple(_mark(at, lasted, one, longest, timezone) for at, lasted, one in newest)


def kind_of(run: Run) -> MarkKind:
    """Return what a run is shown as; a good one that ended after its deadline is late."""
    missed = run.deadline_at is not None and run.ended_at is not None and run.ended_at > run.deadline_at
    return MarkKind.LATE if missed and run.status is RunStatus.SUCCESS else _KINDS[run.status]


def newest_first(runs: Iterable[Run]) -> list[Run]:
    """Return runs in the order in which people remember them: by when they really ran."""
    return sorted(runs, key=_seen_at, reverse=True)


def in_words(marks: Sequence[Mark]) -> str:
    """Return what a row of marks shows, for whoever does not see it."""
    if not marks:
        return "No run yet"
    counts = Counter(mark.kind for mark in marks)
    parts = [f"{counts[kind]} {kind.value}" for kind in MarkKind if counts[kind]]
    runs = "1 run" if len(marks) == 1 else f"Last {len(marks)} runs"
    return f"{runs}: {', '.join(parts)}. Newest: {marks[-1].title}"


def _mark(
    at: datetime, lasted: timedelta | None, one: Run | Occurrence, longest: timedelta, timezone: str
) -> Mark:
    if isinstance(one, Occurrence):
        kind = _NEVER_RAN[one.status]
        return Mark(kind=kind, at=at, share=0.0, title=f"{kind.value}, was due {clock_time(at, timezone)}")
    kind = kind_of(one)
    began = clock_time(one.started_at or at, timezone)
    title = f"{kind.value}, {began}" if lasted is None else f"{kind.value}, {began}, {span(lasted)}"
    return Mark(kind=kind, at=at, share=_share(lasted, longest), title=title, run=one.key)


def _lasted(run: Run, now: datetime) -> timedelta | None:
    if run.status is RunStatus.RUNNING and run.started_at is not None:
        return max(now - run.started_at, timedelta(0))
    return run.execution


def _seen_at(run: Run) -> datetime:
    """Where a run stands in the row: by when it really ran, which is what people remember."""
    return run.started_at or run.ended_at or run.last_sign_at


def _share(lasted: timedelta | None, longest: timedelta) -> float:
    return lasted / longest if lasted is not None and longest else 0.0
