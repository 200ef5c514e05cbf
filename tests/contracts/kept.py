"""Stores to open, and plain values to keep in them."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from msgspec import Struct, structs

from tocsin.alerts.alert import Alert, AlertState
from tocsin.jobs.checkin import CheckIn, CheckInKind
from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.state import JobState
from tocsin.rules.finding import Severity, Why
from tocsin.store.base import Store, Writing
from tocsin.store.postgres import PostgresStore
from tocsin.store.rows import Delivery, DeliveryOutcome, Notification, NotificationState, Watch
from tocsin.store.sqlite import SqliteStore

T = TypeVar("T")

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A kind of store and where it is kept; it can be opened again and again."""

    kind: str
    url: str

    def open(self) -> Store:
        """Open the store there."""
        return SqliteStore(self.url) if self.kind == "sqlite" else PostgresStore(self.url)


def changed(value: T, **changes: object) -> T:
    """Return a value with some fields changed, of either kind that values come in."""
    change: Callable[..., T] = structs.replace if isinstance(value, Struct) else dataclasses.replace
    return change(value, **changes)


@contextmanager
def committed(store: Store) -> Iterator[Writing]:
    """Give the writing session for one transaction."""
    writing = store.writing()
    writing.begin()
    try:
        yield writing
    except BaseException:
        writing.rollback()
        raise
    writing.commit()


def key(name: str = "etl", environment: str = "production") -> JobKey:
    return JobKey(environment, name)


def a_job(name: str = "etl", environment: str = "production") -> Job:
    return Job(name=name, environment=environment, registered_at=NOON)


def registered(writing: Writing, *names: str) -> list[Watch]:
    """Register jobs of these names and return their watches in the same order."""
    found = writing.register([a_job(name) for name in names])
    return [found[key(name)] for name in names]


def due(watch: Watch, at: datetime | None, **changes: object) -> Watch:
    return changed(watch, due_at=at, **changes)


def a_run(run: str = "run-1", at: datetime = NOON, status: RunStatus = RunStatus.RUNNING) -> Run:
    return Run(key=run, last_sign_at=at, status=status, started_at=at)


def ended(run: Run, at: datetime) -> Run:
    return changed(run, status=RunStatus.SUCCESS, ended_at=at)


def running(*runs: Run) -> JobState:
    return JobState(open_runs=runs)


def an_occurrence(at: datetime = NOON) -> Occurrence:
    return Occurrence(nominal_at=at, opens_at=at, start_by=at + MINUTE, deadline_at=None)


def a_check_in(seq: int = 1, received_at: datetime = NOON) -> CheckIn:
    return CheckIn(job="etl", kind=CheckInKind.HEARTBEAT, at=NOON, received_at=received_at, seq=seq)


def an_alert(
    alert_id: str = "alert-1",
    *,
    fingerprint: str = "print-1",
    job_id: int = 1,
    opened_at: datetime = NOON,
    severity: Severity = Severity.WARNING,
) -> Alert:
    return Alert(
        id=alert_id,
        fingerprint=fingerprint,
        job_id=job_id,
        job="etl",
        environment="production",
        condition="job_failure",
        rule="failed",
        severity=severity,
        why=Why.FAILED,
        step=1,
        opened_at=opened_at,
        since_at=opened_at,
        changed_at=opened_at,
        summary="etl has failed",
    )


def resolved(alert: Alert, at: datetime) -> Alert:
    return changed(alert, state=AlertState.RESOLVED, resolved_at=at, changed_at=at)


def acknowledged(alert: Alert) -> Alert:
    return changed(
        alert, state=AlertState.ACKNOWLEDGED, acknowledged_at=alert.opened_at, acknowledged_by="kim"
    )


def owed(
    note: str,
    *,
    alert_id: str = "alert-1",
    target: str = "on-call/slack",
    seq: int = 1,
    due_at: datetime = NOON,
    created_at: datetime = NOON,
    severity: int = 2,
    kind: str = "firing",
    fallback_of: str = "",
) -> Notification:
    return Notification(
        key=note,
        alert_id=alert_id,
        target=target,
        kind=kind,
        seq=seq,
        message="{}",
        created_at=created_at,
        due_at=due_at,
        severity=severity,
        fallback_of=fallback_of,
    )


def tried(
    claimed: Notification,
    state: NotificationState = NotificationState.SENT,
    *,
    at: datetime = NOON,
    next_due_at: datetime | None = None,
    unknown: bool = False,
) -> Delivery:
    """Return the try of a claimed notification that leaves it in this state."""
    outcome = DeliveryOutcome.SENT if state is NotificationState.SENT else DeliveryOutcome.RETRY
    return Delivery(
        key=claimed.key,
        lease=claimed.lease,
        attempt=claimed.attempts + 1,
        started_at=at,
        ended_at=at,
        outcome=outcome,
        detail="200 OK" if outcome is DeliveryOutcome.SENT else "503",
        next_state=state,
        next_due_at=next_due_at or at,
        unknown=unknown,
    )


def claimed(writing: Writing, now: datetime, *, limit: int = 100, busy: Iterable[str] = ()) -> list[str]:
    """Claim what is due and return the keys in the order given."""
    return [one.key for one in writing.claim(now, lease_for=LEASE, limit=limit, busy=busy)]
