"""Alerts and findings to work with."""

from datetime import UTC, datetime, time

from msgspec.structs import replace
from msgspec.structs import replace as changed

from tocsin.alerts.alert import Alert, AlertState, Told
from tocsin.jobs.job import Definition, Job
from tocsin.rules.finding import Finding, Severity, Why

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
JOB = Job(
    name="etl",
    environment="production",
    registered_at=NOON,
    definition=Definition(labels=(("team", "data"),), runbook="https://wiki.example.com/etl", owner="ann"),
    id=7,
)
FINDING = Finding(
    rule="job failed",
    condition="job_failure",
    severity=Severity.WARNING,
    why=Why.FAILED,
    since_at=NOON,
    summary="failed",
    run="a",
)


def at(text: str) -> datetime:
    return datetime.combine(NOON, time.fromisoformat(text), UTC)


def finding(**more: object) -> Finding:
    return changed(FINDING, **more)


def alert(**more: object) -> Alert:
    plain = Alert(
        id="1",
        fingerprint="f",
        job_id=7,
        job="etl",
        environment="production",
        condition="job_failure",
        rule="job failed",
        severity=Severity.WARNING,
        why=Why.FAILED,
        step=1,
        opened_at=NOON,
        since_at=NOON,
        changed_at=NOON,
        summary="failed",
        run="a",
    )
    return replace(plain, **more)


def told(*clock: str, severity: Severity | None = Severity.WARNING, step: int = 1, run: str = "") -> Told:
    """Return what was told at these instants, the last of them about this severity and step."""
    instants = tuple(at(one) for one in clock)
    return Told(
        at=instants,
        targets=("team",),
        severity=severity,
        step=step,
        last_at=instants[-1] if instants else None,
        count=len(instants),
        run=run,
    )


FIRING, ACKNOWLEDGED, RESOLVED = AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.RESOLVED
