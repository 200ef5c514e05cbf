"""What surrounds an alert, as the API tells it: what mutes it, and whom it puts at risk."""

from datetime import datetime

from tocsin.alerts.alert import AtRisk
from tocsin.alerts.inhibition import Inhibited
from tocsin.web.api.shapes import InhibitedShape, Shape


class DependentShape(Shape):
    """A job that needs the one that an alert is about, itself or by way of others."""

    job: str
    deadline_at: datetime | None


class AtRiskShape(Shape):
    """The jobs that need the one that an alert is about."""

    at: datetime
    """When they were looked up."""
    count: int
    is_whole: bool
    """False where there are more than `count`."""
    jobs: list[DependentShape]
    """The first of them, the one with the next deadline first."""


def inhibited_shape(inhibited: Inhibited | None) -> InhibitedShape | None:
    """Return what mutes an alert."""
    if inhibited is None:
        return None
    by = inhibited.by
    return InhibitedShape(
        alert_id=by.alert_id if by else "",
        job=by.job if by else "",
        rule=by.rule if by else "",
        since_at=inhibited.since_at,
        until_at=inhibited.until_at,
    )


def at_risk_shape(at_risk: AtRisk | None) -> AtRiskShape | None:
    """Return whom an alert puts at risk."""
    if at_risk is None:
        return None
    return AtRiskShape(
        at=at_risk.at,
        count=at_risk.count,
        is_whole=at_risk.is_whole,
        jobs=[DependentShape(job=one.job, deadline_at=one.deadline_at) for one in at_risk.named],
    )
