"""What a pipeline keeps: runs with checkpoints, dead letters, what was learned, the history of batches."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from tocsin.batch.outcome import Category

MAX_REASON: Final = 2_000
MAX_IDS: Final = 1_000
"""So many dead letters can be named by their ids at once."""


class RunStatus(StrEnum):
    """How a run stands.

    SUSPENDED: it ended by itself because the sink was away. CANCELLED: somebody stopped it. A run that was
    killed is PROCESSING for ever, or until it is taken up again.
    """

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class BatchStatus(StrEnum):
    """How a batch stands in the history."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    RETRYING = "retrying"
    CANCELLED = "cancelled"


OPEN: Final = frozenset({BatchStatus.PENDING, BatchStatus.PROCESSING})
"""The statuses of a batch that has no end yet."""


class Settled(StrEnum):
    """What became of a dead letter in the end."""

    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far a run has come, as of `at`.

    Every record whose ordinal is below `low_water` is settled (delivered, skipped or a dead letter), and of
    those above it the ones in `ranges`, each from the first to before the second number, in their order.
    `live` is how the run does, as `watching` writes and reads it; empty where nobody has said.
    """

    at: datetime
    low_water: int = 0
    ranges: tuple[tuple[int, int], ...] = ()
    read: int = 0
    delivered: int = 0
    skipped: int = 0
    dead: int = 0
    live: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that could not be delivered, and why.

    `payload` is JSON: what the sink would get where `is_encoded`, otherwise the record of the source.
    `redact` are the fields, by dotted path, that are hidden wherever people see it; where they are not even
    kept, or the record was none that JSON can say, `is_redacted` is true, and it cannot be sent again. `key`
    is that of its record, where the pipeline keeps an order. `id` and what became of it the store fills in.
    """

    pipeline: str
    run_id: str
    ordinal: int
    record_id: str
    payload: bytes
    reason: str
    category: Category
    first_at: datetime
    last_at: datetime
    attempts: int = 1
    is_encoded: bool = True
    is_redacted: bool = False
    redact: tuple[str, ...] = ()
    key: str = ""
    id: int = 0
    settled_at: datetime | None = None
    settled: Settled | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQuery:
    """Which dead letters: all that is given must hold; `reason` is a part of theirs, in any case."""

    pipeline: str = ""
    run_id: str = ""
    reason: str = ""
    category: Category | None = None
    since: datetime | None = None
    ids: tuple[int, ...] = ()
    also_settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run of a pipeline; `namespace` is what the ids of records without one of their own are made in.

    `total`: records of the source, where known. `allowed_rps`: requests a second that the sink allows, where
    it says. `report`: JSON, once it has ended. `host` and `pid` are where it runs; the store fills them in.
    """

    id: str
    pipeline: str
    source: str
    started_at: datetime
    checkpoint: Checkpoint
    fingerprint: str = ""
    namespace: str = ""
    ended_at: datetime | None = None
    status: RunStatus = RunStatus.PROCESSING
    reason: str = ""
    report: bytes = b""
    total: int | None = None
    allowed_rps: float | None = None
    error_threshold_percent: float = 5.0
    host: str = ""
    pid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One batch of the history; `processed_records` are those that the sink has, `job_id` is the pipeline.

    `completed_at` of a batch that has no end yet is when that was so. `cpu_seconds`: of the whole process
    since the batch before it had its end; `memory_bytes`: resident then. `worker`: which of the requests in
    flight has carried it.
    """

    job_id: str
    run_id: str
    batch_id: str
    operation_type: str
    status: BatchStatus
    total_records: int
    processed_records: int
    failed_records: int
    processing_time_seconds: float
    started_at: datetime
    completed_at: datetime
    worker: int = 0
    retries: int = 0
    bytes: int = 0
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def throughput_rps(self) -> float:
        """Return the delivered records per second of its sending."""
        return _per(self.processed_records, self.processing_time_seconds)

    @property
    def error_rate_percent(self) -> float:
        """Return the share of failed records."""
        return 100.0 * _per(self.failed_records, self.total_records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Several batches summed up; `seconds` is the time of all their requests, which overlap."""

    batches: int = 0
    total_records: int = 0
    processed_records: int = 0
    failed_records: int = 0
    retries: int = 0
    bytes: int = 0
    seconds: float = 0.0
    slowest_seconds: float = 0.0

    @property
    def mean_seconds(self) -> float:
        """Return what a batch took on average."""
        return _per(self.seconds, self.batches)

    @property
    def throughput_rps(self) -> float:
        """Return the delivered records per second of sending, of one request at a time."""
        return _per(self.processed_records, self.seconds)

    @property
    def error_rate_percent(self) -> float:
        """Return the share of failed records among those that have an end; the others are tried again."""
        return 100.0 * _per(self.failed_records, self.processed_records + self.failed_records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """How batches of one operation have gone; 95 % of them took at most `p95_seconds`."""

    operation_type: str
    totals: Totals
    p95_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How the batches have gone that were completed in one hour, or one day, in UTC."""

    starts_at: datetime
    totals: Totals


class RunState(Protocol):
    """What a run itself needs: where it writes down what has become of its records, and what it learns."""

    def save_checkpoint(
        self,
        run_id: str,
        checkpoint: Checkpoint,
        letters: Sequence[DeadLetter] = (),
        batches: Sequence[BatchRow] = (),
        settled: Sequence[int] = (),
    ) -> None:
        """Keep all of it or nothing; `settled` are the ids of dead letters that were replayed by now.

        Raises RunTaken when another process has taken the run up, DeadLettersFull when there are too many.
        """

    def learned(self, scope: str) -> bytes | None:
        """Return what was learned of a sink."""

    def keep_learned(self, scope: str, value: bytes, at: datetime) -> None:
        """Keep what was learned of a sink, in the place of what was known."""


class State(RunState, Protocol):
    """Where pipelines keep what must outlive them; several processes may use one place at once.

    Synchronous, one call at a time, from any thread. Raises StoreUnavailable where waiting, or more room on
    the disk, may help, and StoreBroken where they will not.
    """

    @property
    def where(self) -> str:
        """Return its path or address for people, without a password."""

    def begin(self, run: RunRow) -> Checkpoint:
        """Keep a new run, or take up one that is known; return its checkpoint, which stays as it was.

        Raises RunTaken while another process is at work on it.
        """

    def finish(
        self, run_id: str, *, status: RunStatus, at: datetime, reason: str = "", report: bytes = b""
    ) -> None:
        """Say how a run has ended; raises RunTaken as `save_checkpoint` does."""

    def replaying(self, pipeline: str, source: str) -> AbstractContextManager[None]:
        """Have the dead letters of a pipeline for oneself; `source` is their name as the source of a run.

        Raises RunTaken while anybody else replays them.
        """

    def held_keys(self, run_id: str) -> dict[str, int]:
        """Return the keys of a run of which a dead letter is still open, with the ordinal of the first.

        A letter that was replayed and has failed again is still open.
        """

    def last_unfinished(self, pipeline: str, source: str = "") -> RunRow | None:
        """Return the newest run that has not completed, and after which none of its source has.

        Of any source, unless one is named. The newest is the one that was begun last, whatever clocks said.
        """

    def run(self, run_id: str) -> RunRow | None:
        """Return a run."""

    def is_at_work(self, run_id: str) -> bool:
        """Whether a process is at work on a run, on whatever machine; false where it was killed."""

    def runs(self, pipeline: str = "", *, limit: int = 100, at_work: bool = False) -> list[RunRow]:
        """Return the newest runs first, or only those that have not ended."""

    def dead_letters(self, query: DeadLetterQuery) -> Iterator[DeadLetter]:
        """Return dead letters, the oldest first, as they are kept: redact them before people see them."""

    def count_dead_letters(self, query: DeadLetterQuery) -> int:
        """Return how many there are."""

    def settle_dead_letters(self, ids: Sequence[int], how: Settled, at: datetime) -> int:
        """Say what became of dead letters, and return of how many this was not known yet."""

    def batches(
        self, *, pipeline: str = "", run_id: str = "", since: datetime | None = None
    ) -> Iterator[BatchRow]:
        """Return batches of the history in the order in which they were completed."""

    def totals(self, *, run_id: str = "", since: datetime | None = None) -> Totals:
        """Return the batches of a run, or of all, summed up."""

    def performance(self, *, pipeline: str = "", since: datetime | None = None) -> tuple[Performance, ...]:
        """Return how each operation has gone."""

    def trends(self, *, every: timedelta, since: datetime, pipeline: str = "") -> tuple[Trend, ...]:
        """Return how it has gone in each hour or day that has batches, the first first."""

    def close(self) -> None:
        """Let go of everything; never raises."""


def _per(much: float, of: float) -> float:
    return much / of if of > 0 else 0.0
