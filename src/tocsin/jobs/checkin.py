"""What a job says of itself: the check-in, version 1 of the public contract."""

from datetime import datetime
from enum import Enum

from msgspec import Struct

from tocsin.jobs.checks import Check
from tocsin.jobs.job import Definition
from tocsin.jobs.skew import Sent

DEFAULT_ENVIRONMENT = "production"


class CheckInKind(Enum):
    """What has happened, in the words that go over the wire; `ends_run`: the run is over by that."""

    ends_run: bool

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    START = "start"
    HEARTBEAT = "heartbeat"
    RETRYING = "retrying"
    SUCCESS = "success"
    FAIL = "fail"
    TIMEOUT = "timeout"
    SKIP = "skip"
    LOG = "log"

    def __init__(self, word: str) -> None:
        self.ends_run = word in ("success", "fail", "timeout", "skip")


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How far a run has come: records (or any unit) done, of a total where it is known."""

    done: float
    total: float | None = None


class Records(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How many records a run has brought through and how many it could not."""

    ok: int | None = None
    failed: int | None = None


class Detail(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a check-in may carry for the person who will look at it; none of it is judged by itself.

    `metadata` is the JSON text of an object, kept as it came; `not_numbers` names the metrics that came
    without a number, with what came instead. The metrics are judged by the job's checks; `notes` say of
    metrics, by their names, what a number cannot, such as the keys of rows that failed.
    """

    exit_code: int | None = None
    signal: int | None = None
    error_type: str = ""
    error_message: str = ""
    log_tail: str = ""
    cpu_seconds: float | None = None
    max_rss_bytes: int | None = None
    metrics: tuple[tuple[str, float], ...] = ()
    context: tuple[tuple[str, str], ...] = ()
    metadata: str = ""
    not_numbers: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


class CheckIn(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One message of a job, checked and with its instants in UTC.

    `at` is when it happened, already corrected for the skew between the job's clock and ours;
    `received_at` is when it reached us, and `sent` what its sending tells of that clock, where the job says
    when it sent it. (`run`, `seq`) is its identity where both are given. `checks` are those of the job's
    data from now on; None: as they were.
    """

    job: str
    kind: CheckInKind
    at: datetime
    received_at: datetime
    environment: str = DEFAULT_ENVIRONMENT
    run: str | None = None
    seq: int | None = None
    nominal_at: datetime | None = None
    partition: str = ""
    backfill: bool = False
    attempt: int | None = None
    max_attempts: int | None = None
    progress: Progress | None = None
    records: Records | None = None
    detail: Detail | None = None
    labels: tuple[tuple[str, str], ...] = ()
    definition: Definition | None = None
    sent: Sent | None = None
    checks: tuple[Check, ...] | None = None


class Answered(Enum):
    """What became of a check-in."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    LATE = "late"
    REJECTED = "rejected"


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the sender of a check-in is told: accepted, a duplicate, too late to change anything, or refused.

    `field` and `message` are set where it was refused.
    """

    status: Answered
    run: str | None = None
    field: str | None = None
    message: str | None = None
    new_job: bool = False
