"""What is known of a job at an instant: bounded, so that judging costs the same at any age."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run, RunStatus

MAX_OPEN_RUNS = 100
MAX_RECENT = 20
MAX_FAILURES = 50
MAX_OCCURRENCES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An ended run, or an occurrence that never ran (`status` is None), in the few facts that rules ask for.

    `at` is when it ended or was given up; `order_at` places it among the others.
    """

    at: datetime
    order_at: datetime
    status: RunStatus | None
    run: str = ""
    partition: str = ""
    backfill: bool = False
    seconds: float | None = None
    records: int | None = None
    silence_seconds: float = 0.0
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """The facts that rules judge.

    `open_runs` every run that has not ended, oldest first; `failures` bad runs that no good run of
    the same partition and the same or a later occurrence has made up for, oldest first, and
    `failures_dropped` how many more there were; `occurrences` expected runs that are not settled and
    the next one to come, oldest first; `settled` the latest that a good run has made good; `expect_after`
    the instant before which nothing was promised yet; `recent` the last outcomes, oldest first; `last` the run that ended last; `forgiven`, for each condition that a
    person has declared over, up to which instant nothing counts any more.
    """

    open_runs: tuple[Run, ...] = ()
    failures: tuple[Run, ...] = ()
    failures_dropped: int = 0
    occurrences: tuple[Occurrence, ...] = ()
    occurrences_dropped: int = 0
    recent: tuple[Outcome, ...] = ()
    settled: Occurrence | None = None
    expect_after: datetime | None = None
    forgiven: tuple[tuple[str, datetime], ...] = ()
    last: Run | None = None
    last_success_at: datetime | None = None
    last_started_at: datetime | None = None
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindWindow:
    """A span in which we could hear nobody; what fell into it is not judged before `hold_until`.

    Jobs that were cut off get from `to_at` to `hold_until` to deliver what they had put aside.
    """

    id: int
    from_at: datetime
    to_at: datetime
    hold_until: datetime

    def covers(self, instant: datetime) -> bool:
        """Whether what was due then could not be known."""
        return self.from_at <= instant < self.hold_until
