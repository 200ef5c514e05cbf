"""What the watchdog knows, as the API and the metrics tell it."""

from collections.abc import Iterator

from tocsin.engine.engine import EngineCondition
from tocsin.engine.troubles import Trouble
from tocsin.telemetry.metrics import Gauge
from tocsin.web.api.health_shapes import AuditShape, TroubleShape


def audit_of(condition: EngineCondition) -> AuditShape:
    """Return what the watchdog knows, here and elsewhere."""
    standing = condition.audit
    found = [_shape(trouble, "this server") for trouble in standing.troubles]
    found += [_shape(trouble, report.host) for report in standing.elsewhere for trouble in report.troubles]
    status = "waiting" if standing.audited_at is None else "troubled" if found else "clean"
    return AuditShape(
        status=status,
        audited_at=standing.audited_at,
        troubles=found,
        heartbeat=standing.is_beating,
        heartbeat_at=standing.beat_at,
        heartbeat_fault=standing.beat_fault,
    )


def sentences_of(condition: EngineCondition) -> list[str]:
    """Return what the audit has found, in sentences, each trouble once."""
    standing = condition.audit
    everywhere = (*standing.troubles, *(t for report in standing.elsewhere for t in report.troubles))
    sentences = (f"The audit has found: {trouble.sentence}." for trouble in everywhere)
    return list(dict.fromkeys(sentences))


def gauges_of(condition: EngineCondition, now_seconds: float) -> Iterator[Gauge]:
    """Return the figures of the watchdog."""
    standing = condition.audit
    troubles = sum(len(report.troubles) for report in standing.elsewhere) + len(standing.troubles)
    yield Gauge(name="tocsin_audit_troubles", help="Promises of its own found broken", value=troubles)
    yield Gauge(
        name="tocsin_audit_age_seconds", help="Since the last audit", value=condition.since_audit_seconds
    )
    if standing.beat_at is not None:
        age_seconds = max(now_seconds - standing.beat_at.timestamp(), 0.0)
        yield Gauge(
            name="tocsin_heartbeat_age_seconds", help="Since the last sign of life", value=age_seconds
        )


def _shape(trouble: Trouble, found_by: str) -> TroubleShape:
    return TroubleShape(
        check=trouble.check.value,
        summary=trouble.sentence,
        since=trouble.since_at,
        count=trouble.count,
        examples=list(trouble.examples),
        found_by=found_by,
    )
