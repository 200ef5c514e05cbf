"""What the API answers with about the server itself."""

from datetime import datetime

from tocsin.web.api.shape import Shape


class HourShape(Shape):
    """What was counted in one hour."""

    starts_at: datetime
    alerts: int
    sent: int
    failed: int
    suppressed: int
    errors: int
    check_ins: int


class LastErrorShape(Shape):
    """The last error of the server itself."""

    where: str
    text: str
    at: datetime


class ChannelShape(Shape):
    """How deliveries through one target went."""

    status: str
    success: int
    failure: int


class TroubleShape(Shape):
    """A promise of Tocsin's own that its audit found broken."""

    check: str
    """Which promise, such as `unheard`; the how-to on watching Tocsin lists them."""
    summary: str
    since: datetime
    count: int
    examples: list[str]
    """The first of what it was found by: jobs, alerts, targets."""
    found_by: str
    """The server that has found it."""


class AuditShape(Shape):
    """What the watchdog knows, and its sign of life to an outside service."""

    status: str
    """`clean`, `troubled`, or `waiting` before the first audit."""
    audited_at: datetime | None
    troubles: list[TroubleShape]
    heartbeat: bool
    """Whether an outside service is configured."""
    heartbeat_at: datetime | None
    """When that last took a sign of life."""
    heartbeat_fault: str
    """Why it did not take the last one; empty where it did."""


class HealthShape(Shape):
    """How Tocsin itself is."""

    status: str
    """`healthy`, `degraded` or `unhealthy`."""
    problems: list[str]
    """What is wrong, in sentences."""
    success_rate_percent: float
    """Delivery tries of this hour and the one before that succeeded."""
    alerts_processed: int
    alerts_delivered: int
    suppression_rate_percent: float
    avg_processing_time_ms: float
    total_errors: int
    last_error: LastErrorShape | None
    channel_health: dict[str, ChannelShape]
    started_at: datetime | None
    last_commit_at: datetime | None
    last_tick_at: datetime | None
    overdue_seconds: float
    queue_depth: int
    jobs: int | None
    open_alerts: int | None
    notifications_pending: int | None
    notifications_dead: int | None
    rules_set_aside: list[str]
    audit: AuditShape
    hourly: list[HourShape]
    """The last 48 hours."""
