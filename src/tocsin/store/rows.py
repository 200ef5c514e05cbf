"""What the stores keep, as values: one job's watch, what is owed to whom, tries, credentials, counts."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from msgspec import Struct

from tocsin.alerts.alert import Alert
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import Job
from tocsin.jobs.state import JobState
from tocsin.quality.learned import NOTHING_LEARNED, Learned


class Watch(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """All that is kept of one job between two looks at it.

    `due_at` is the first instant at which an opinion about it could change by itself. `judged_under`
    is the version of the configuration it was last judged under. `alerting` says whether any alert of
    it is open or still remembered for deduplication, so that the others cost no look at the alerts.
    `unreadable` says why what is kept of it cannot be read, by damage or because a newer Tocsin wrote
    it: `state` is then empty, nothing can be judged by it, and saving leaves the kept one as it is.
    `learned` is what its past runs have taught.
    """

    job: Job
    state: JobState = JobState()
    learned: Learned = NOTHING_LEARNED
    due_at: datetime | None = None
    judged_under: int = 0
    alerting: bool = False
    unreadable: str = ""


class NotificationState(Enum):
    """Where a notification is between the decision to tell and the receiver."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing owed to one target: a row of the outbox.

    `key` is its identity for ever, also at the receiver; `seq` orders what one target is told of one
    alert. `message` is the JSON text that the channel will dress. `kind` is the message's kind.
    `lease` is the fencing token of whoever is sending it now. `unknown` says that an earlier try may
    have arrived though its answer was lost. `fallback_of` names the notification it stands in for.
    `reference` is what the target calls what it was last told of this alert, known once it is claimed.
    """

    key: str
    alert_id: str
    target: str
    kind: str
    seq: int
    message: str
    created_at: datetime
    due_at: datetime
    severity: int = 1
    state: NotificationState = NotificationState.PENDING
    attempts: int = 0
    unknown: bool = False
    fallback_of: str = ""
    fallback_key: str = ""
    lease: int = 0
    lease_until: datetime | None = None
    finished_at: datetime | None = None
    last_error: str = ""
    reference: str = ""


class DeliveryOutcome(Enum):
    """How one try ended."""

    SENT = "sent"
    RETRY = "retry"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try to hand a notification to a channel, with the state it leaves the notification in.

    It counts only while `lease` is still the notification's own. `reference` is what the receiver calls the
    message, if it said so. `claimed_at` is when the notification was taken for it, None if it was taken
    before that was kept.
    """

    key: str
    lease: int
    attempt: int
    started_at: datetime
    ended_at: datetime
    outcome: DeliveryOutcome
    detail: str
    next_state: NotificationState
    next_due_at: datetime
    unknown: bool = False
    reference: str = ""
    claimed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A credential as it is kept: only the hash of its secret.

    `kind` is "ingest" (may only report check-ins) or "user" (a named person).
    """

    id: str
    kind: str
    name: str
    digest: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A rule that raised for a job and is not asked again before `until_at`."""

    rule: str
    job_id: int
    at: datetime
    until_at: datetime
    error: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One check-in of a job as it was kept, newest reading first on a page."""

    id: int
    job_id: int
    check_in: CheckIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many there are of what, for health and metrics."""

    jobs: int
    open_alerts: int
    pending: int
    dead: int
    oldest_pending_at: datetime | None
    unknown_jobs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """A row that should have moved since `at`; `id` is another one once it has, `name` is for people."""

    id: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringAlert:
    """A firing alert as an audit sees it, at its `place` in the order of all.

    `is_reached`: something is owed about it, or was told, to somebody. `job_due_at` is when its job is
    looked at next. `alert` is None where there is nothing more to know.
    """

    place: tuple[int, int, str]
    is_reached: bool
    job_due_at: datetime | None
    alert: Alert | None
