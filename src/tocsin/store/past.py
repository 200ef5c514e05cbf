"""What was decided and owed in a span of time, and the sums over it, in a reading session of either store.

Everything is found and added up along the indexes on time: a body is read of what is shown alone, so that
a year of alerts costs about as much as the rows of its report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tocsin.alerts.alert import Alert, Entry
from tocsin.rules.finding import Severity
from tocsin.store.rows import Notification, NotificationState


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a list that goes backwards in time has come to: what stands in it is older than this."""

    at: datetime
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One line of an alert's history, with the alert as it is by now."""

    id: int
    entry: Entry
    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A notification without its message."""

    id: int
    notification: Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """How many alerts of one rule, condition and severity were opened.

    `taken` somebody has acknowledged; `by_hand` nobody has, but a person's word has ended them; `open` have
    not ended by now.
    """

    rule: str
    condition: str
    severity: Severity
    count: int
    taken: int
    by_hand: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfJob:
    """A count that belongs to a job, under the name that its newest alert bears."""

    job_id: int
    environment: str
    job: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """How long something took, by nearest rank; `severity` None: of all severities together."""

    severity: Severity | None
    count: int
    median_seconds: float
    p90_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often something was decided for a reason."""

    reason: str
    kept_back: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedCount:
    """How many notifications of a kind were owed to a target."""

    target: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillCounts:
    """The drills that were begun, `failed` of them not proved; notifications owed in drills, some `dead`."""

    begun: int = 0
    failed: int = 0
    owed: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNote:
    """What could not be told of a job because we were blind; `known_at` is when the job was heard again."""

    environment: str
    job: str
    what: str
    at: datetime
    known_at: datetime | None


class Past(Protocol):
    """What a reading session tells of the past; spans reach from `since` up to and without `until`.

    What counts leaves drills out, but for `drill_counts`.
    """

    def decisions(
        self,
        since: datetime,
        before: Place,
        *,
        job_id: int | None = None,
        kept_back: bool | None = None,
        acted: bool | None = None,
        name: str = "",
        limit: int,
    ) -> list[Decided]:
        """Return what was decided since then and before that place, newest first.

        `acted`: by what a person did, or not. A `name` leaves what was kept back and what they did.
        """
        ...

    def owed(
        self,
        since: datetime,
        before: Place,
        *,
        job_id: int | None = None,
        receivers: Sequence[str] = (),
        states: Sequence[NotificationState] = (),
        limit: int,
    ) -> list[Owed]:
        """Return what was owed since then and before that place, newest first; nothing given: to anybody."""
        ...

    def opened(self, since: datetime, until: datetime) -> list[Opened]:
        """Count the alerts that were opened."""
        ...

    def opened_in_quarters(self, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
        """Count them for each quarter of an hour that had any; the days of every zone begin with one."""
        ...

    def noisiest_jobs(self, since: datetime, until: datetime, limit: int) -> list[OfJob]:
        """Return the jobs of which most alerts were opened, most first."""
        ...

    def not_taken(self, since: datetime, until: datetime, limit: int) -> list[Alert]:
        """Return alerts opened then that no person dealt with, the worst and longest first."""
        ...

    def until_taken(self, since: datetime, until: datetime) -> list[Quantiles]:
        """Return how long it took from opening to the first acknowledgement, where there was one."""
        ...

    def until_over(self, since: datetime, until: datetime) -> list[Quantiles]:
        """Return how long it took from opening to the end, where it has come."""
        ...

    def tallies(self, since: datetime, until: datetime) -> list[Tally]:
        """Count the decisions by their reasons."""
        ...

    def most_kept_back(self, since: datetime, until: datetime, limit: int) -> list[OfJob]:
        """Return the jobs of which most was kept back, most first."""
        ...

    def owed_counts(self, since: datetime, until: datetime) -> list[OwedCount]:
        """Count the notifications that were owed."""
        ...

    def dead_count(self, since: datetime, until: datetime) -> int:
        """Count those of them that will never arrive."""
        ...

    def drill_counts(self, since: datetime, until: datetime) -> DrillCounts:
        """Count the drills that were begun, and what was owed in drills."""
        ...

    def blind_spans(self, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """Return from when to when we were blind, as far as that overlaps the span, oldest first."""
        ...

    def unknown_count(self, since: datetime, until: datetime) -> int:
        """Count the expected runs due then of which nobody can say whether they came."""
        ...

    def most_unknown(self, since: datetime, until: datetime, limit: int) -> list[OfJob]:
        """Return the jobs with most of these, most first."""
        ...

    def unknown_notes(self, since: datetime, until: datetime, limit: int) -> tuple[int, list[UnknownNote]]:
        """Return how often it was noted then what could not be told of a job, and the first notes."""
        ...

    def last_fired(self, until: datetime) -> list[tuple[str, datetime]]:
        """Return when each rule that has any alert opened its last one before then."""
        ...

    def note(self, name: str) -> str | None:
        """Return a small durable value by name."""
        ...
