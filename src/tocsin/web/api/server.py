"""The server itself: alive, ready, healthy, what it has counted, and a copy of what it keeps."""

import tempfile
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.background import BackgroundTask

from tocsin.engine.commands import SendTest
from tocsin.engine.engine import EngineCondition
from tocsin.errors import StoreError, StoreUnavailable
from tocsin.store.rows import Counts, SetAside
from tocsin.telemetry.health import Health, HealthStatus, Hour
from tocsin.telemetry.metrics import Gauge
from tocsin.telemetry.sent import rendered
from tocsin.web.api.auditing import audit_of, gauges_of, sentences_of
from tocsin.web.api.health_shapes import ChannelShape, HealthShape, HourShape, LastErrorShape
from tocsin.web.api.inputs import Perhaps, Who, carry_out
from tocsin.web.api.sent import sent_of
from tocsin.web.api.shapes import DoneShape
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.readiness import unready
from tocsin.web.wiring import Wired, Wiring

SLOW_SECONDS: Final = 10.0
CLOCKS_APART_SECONDS: Final = 5.0

router = APIRouter(tags=["server"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
def is_alive() -> dict[str, str]:
    """Answer whenever the process lives; a supervisor restarts what does not."""
    return {"status": "alive"}


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", responses={503: {"description": "Not ready, and why."}})
def is_ready(wired: Wired, who: Perhaps) -> JSONResponse:
    """Answer 200 while check-ins are taken, judged in time and told of, else 503 with what does not work.

    Why it does not work is told with a user token alone.
    """
    found = unready(wired.engine.condition())
    problems = [f"{one.what}." if who is None else one.sentence for one in found]
    body = {"status": "not ready" if problems else "ready", "problems": problems}
    return JSONResponse(body, status_code=503 if problems else 200)


@router.get("/api/v1/health")
def get_health(wired: Wired, _: Who) -> HealthShape:
    """Return how Tocsin itself is: `healthy`, `degraded` or `unhealthy`, why, and the last 48 hours."""
    return health_of(wired)


def health_of(wired: Wiring) -> HealthShape:
    """Return the health of everything behind the web server."""
    now = wired.clock.now()
    health, condition = wired.metrics.health(now), wired.engine.condition()
    counts, aside = _counted(wired)
    status, problems = _judged(health, condition, counts, aside)
    return HealthShape(
        status=status.word,
        problems=[*problems, *wired.refusals.problems()],
        success_rate_percent=health.success_rate_percent,
        alerts_processed=health.alerts_processed,
        alerts_delivered=health.alerts_delivered,
        suppression_rate_percent=health.suppression_rate_percent,
        avg_processing_time_ms=health.avg_processing_time_ms,
        total_errors=health.total_errors,
        last_error=_last_error(health),
        channel_health={
            one.target: ChannelShape(status=one.status.word, success=one.success, failure=one.failure)
            for one in health.channels
        },
        started_at=condition.started_at,
        last_commit_at=condition.last_commit_at,
        last_tick_at=condition.last_tick_at,
        overdue_seconds=condition.overdue_seconds,
        queue_depth=condition.queue_depth,
        jobs=None if counts is None else counts.jobs,
        open_alerts=None if counts is None else counts.open_alerts,
        notifications_pending=None if counts is None else counts.pending,
        notifications_dead=None if counts is None else counts.dead,
        rules_set_aside=sorted({item.rule for item in aside}),
        audit=audit_of(condition),
        hourly=[_hour(hour) for hour in health.hours],
    )


def _counted(wired: Wiring) -> tuple[Counts | None, list[SetAside]]:
    try:
        with wired.store.reading() as reading:
            return reading.counts(), reading.set_aside(wired.clock.now())
    except StoreError:
        return None, []


def _judged(
    health: Health, condition: EngineCondition, counts: Counts | None, aside: list[SetAside]
) -> tuple[HealthStatus, list[str]]:
    status, problems = health.status, [one.sentence for one in unready(condition)]
    if counts is None:
        problems.append("The store cannot be read.")
    problems += sentences_of(condition)
    if problems:
        status = HealthStatus.UNHEALTHY
    if condition.overdue_seconds > SLOW_SECONDS:
        status = max(status, HealthStatus.DEGRADED)
    if condition.clocks_apart_seconds > CLOCKS_APART_SECONDS:
        status = max(status, HealthStatus.DEGRADED)
        apart = f"{condition.clocks_apart_seconds:.0f} seconds"
        problems.append(f"The clock of another server is {apart} off ours: set both by NTP.")
    if condition.is_outdated:
        status = max(status, HealthStatus.DEGRADED)
        problems.append(
            "Another server on this store judges by another configuration, taken up after this one's: "
            "give all of them the same file and let them reload it."
        )
    if counts is not None and counts.dead:
        status = max(status, HealthStatus.DEGRADED)
        problems.append(f"{counts.dead} notifications were given up and reached nobody.")
    if aside:
        status = max(status, HealthStatus.DEGRADED)
        problems.append(
            f"Set aside because it raised: {', '.join(sorted({item.rule for item in aside})[:10])}."
        )
    if health.recent_errors:
        problems.append(f"{health.recent_errors} errors in the last five minutes.")
    problems += [f"Deliveries to {one.target} fail." for one in health.channels if one.status]
    return status, problems


def _last_error(health: Health) -> LastErrorShape | None:
    last = health.last_error
    return None if last is None else LastErrorShape(where=last.where, text=last.text, at=last.at)


def _hour(hour: Hour) -> HourShape:
    return HourShape(
        starts_at=hour.starts_at,
        alerts=hour.alerts,
        sent=hour.sent,
        failed=hour.failed,
        suppressed=hour.suppressed,
        errors=hour.errors,
        check_ins=hour.check_ins,
    )


@router.get("/metrics", response_class=Response)
def get_metrics(wired: Wired, _: Who) -> Response:
    """Return what the server has counted, and what jobs sent last, for Prometheus."""
    counts, aside = _counted(wired)
    sent, more = sent_of(wired)
    condition = wired.engine.condition()
    gauges = (
        Gauge(name="tocsin_queue_depth", help="Check-ins that wait", value=condition.queue_depth),
        Gauge(name="tocsin_overdue_seconds", help="How late judging is", value=condition.overdue_seconds),
        Gauge(name="tocsin_store_up", help="1 while it can be written", value=not condition.store_fault),
        Gauge(
            name="tocsin_rules_set_aside_now",
            help="Rules and chores set aside",
            value=len({one.rule for one in aside}),
        ),
        *gauges_of(condition, wired.clock.now().timestamp()),
        *more,
    )
    return Response(
        wired.metrics.render(counts, gauges) + rendered(sent),
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )


@router.post("/api/v1/receivers/{name}/test", tags=["receivers"])
def test_receiver(wired: Wired, who: Who, name: str) -> DoneShape:
    """Send a marked test through the real path to one receiver."""
    return carry_out(wired, SendTest(receiver=name, who=who))


@router.get("/api/v1/backup", response_class=FileResponse)
def get_backup(wired: Wired, _: Who) -> FileResponse:
    """Return a consistent copy of the embedded store, made while the server works (501 for PostgreSQL)."""
    folder = tempfile.TemporaryDirectory(prefix="tocsin-backup-")
    path = Path(folder.name) / "tocsin.db"
    try:
        wired.store.backup(str(path))
    except StoreError as error:
        folder.cleanup()
        if isinstance(error, StoreUnavailable):
            raise
        raise ProblemError(Problem(status=501, code="unsupported", message=str(error))) from None
    return FileResponse(
        path,
        media_type="application/vnd.sqlite3",
        filename="tocsin.db",
        background=BackgroundTask(folder.cleanup),
    )
