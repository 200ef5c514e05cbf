"""A run: one execution of a job, with its attempts, its phases and its end."""

from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct

from tocsin.jobs.checkin import Detail, Progress
from tocsin.jobs.numbers import Numbers


class RunStatus(Enum):
    """What a run is, in the words that go over the wire.

    `is_open`: it may still go on. `is_running`: it is at work. `is_good`: it has done its work. `is_bad`: it
    ended without having done it. `is_left_out`: neither.
    """

    is_open: bool
    is_running: bool
    is_good: bool
    is_bad: bool
    is_left_out: bool

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    SKIPPED = "skipped"

    def __init__(self, word: str) -> None:
        # Attributes of the members, because every check-in asks for them several times and a member costs
        # fifteen times as much to find by way of its class, before Python 3.12.
        self.is_open = word in ("pending", "running")
        self.is_running = word == "running"
        self.is_good = word == "success"
        self.is_left_out = word == "skipped"
        self.is_bad = word in ("failed", "timeout")


class Violation(Enum):
    """A promise that was broken, in the words of the metrics."""

    DURATION_EXCEEDED = "duration_exceeded"
    DEADLINE_MISSED = "deadline_missed"
    FAILURE_RATE_EXCEEDED = "failure_rate_exceeded"
    INSUFFICIENT_RECORDS = "insufficient_records"


class Meaning(Enum):
    """What a person says of a run, in the words of the wire.

    EXCLUDED: it tells nothing, and nothing is learned from it. EXPECTED: it was to be as it was, however
    unusual, and so may others be. NEW_NORMAL: from it on, runs are as they are to be.
    """

    EXCLUDED = "excluded"
    EXPECTED = "expected"
    NEW_NORMAL = "new_normal"


class Remark(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a person has said of a run, who, when and why."""

    meaning: Meaning
    at: datetime
    who: str
    note: str = ""


class Phase(Enum):
    """The part of its life that a run is in; `is_retrying`: an attempt failed, and another is announced."""

    is_retrying: bool

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    DEAD_LETTER = "dead_letter"

    def __init__(self, word: str) -> None:
        self.is_retrying = word == "retrying"


class Attempt(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One try of a run that had more than one: how it ended, and when."""

    number: int
    ended_at: datetime
    good: bool = False
    exit_code: int | None = None
    error: str = ""


class Reading(Struct, frozen=True, array_like=True, gc=False):
    """How much of its work a run had reported as done at an instant."""

    at: datetime
    done: float


class Run(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One execution of a job.

    `occurrence_at` is the nominal instant of the expected run it stands for, given by the job or
    found from its start. `seen_through` and `seen_beyond` are the check-in numbers already counted:
    every one up to the first, and those stretches above it; where there are too many to remember them,
    some up to `unsure_through` have not come. `longest_silence_seconds` is the longest wait between
    two signs of life, `heartbeat_every_seconds` the mean wait for a heartbeat. `overtaken_at` is
    when a good run of the same partition and the same or a later occurrence ended while this was open.
    `readings` are one or two reports of what was done, the older five to ten minutes old if it is as old.
    `violations` are the promises that it has broken, as far as they were counted. `remark` is what a person
    has said of it.
    """

    key: str
    last_sign_at: datetime
    status: RunStatus = RunStatus.PENDING
    phase: Phase = Phase.SCHEDULED
    occurrence_at: datetime | None = None
    deadline_at: datetime | None = None
    partition: str = ""
    backfill: bool = False
    scheduled_at: datetime | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempt: int = 1
    max_attempts: int = 1
    attempts: tuple[Attempt, ...] = ()
    progress: Progress | None = None
    progress_at: datetime | None = None
    heartbeats: int = 0
    heartbeat_every_seconds: float = 0.0
    longest_silence_seconds: float = 0.0
    records_ok: int | None = None
    records_failed: int | None = None
    detail: Detail | None = None
    seen_through: int = 0
    seen_beyond: Numbers = ()
    unsure_through: int = 0
    closed_by_us: bool = False
    overtaken_at: datetime | None = None
    readings: tuple[Reading, ...] = ()
    violations: tuple[Violation, ...] = ()
    remark: Remark | None = None

    @property
    def done(self) -> float | None:
        """How much of its work it has reported as done: its progress, or else its records."""
        if self.progress is not None:
            return self.progress.done
        return None if self.records_ok is None else float(self.records_ok + (self.records_failed or 0))

    @property
    def order_at(self) -> datetime:
        """The instant by which runs follow each other: of the expected run, else of the start."""
        return self.occurrence_at or self.started_at or self.ended_at or self.last_sign_at

    @property
    def bad_at(self) -> datetime:
        """When it was last known to be in trouble: its end, or the last sign of one that we gave up."""
        return self.last_sign_at if self.closed_by_us or self.ended_at is None else self.ended_at

    @property
    def is_excluded(self) -> bool:
        """Whether a person has said that it tells nothing."""
        return self.remark is not None and self.remark.meaning is Meaning.EXCLUDED

    @property
    def is_retried(self) -> bool:
        """Whether it had an attempt before its newest, so that its duration is not that of one execution."""
        return self.attempt > 1 or bool(self.attempts)

    @property
    def queue_wait(self) -> timedelta | None:
        """Start − queued."""
        return _span(self.queued_at, self.started_at)

    @property
    def execution(self) -> timedelta | None:
        """End − start: the duration of the run."""
        return _span(self.started_at, self.ended_at)

    @property
    def total(self) -> timedelta | None:
        """End − scheduled."""
        return _span(self.scheduled_at, self.ended_at)


def _span(begin: datetime | None, end: datetime | None) -> timedelta | None:
    if begin is None or end is None:
        return None
    return max(end - begin, timedelta(0))
