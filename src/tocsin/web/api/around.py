"""What surrounds an alert, as the API tells it: what mutes it, what it follows from, whom it puts at risk."""

from datetime import datetime

from tocsin.alerts.alert import Alert, Alike, AtRisk
from tocsin.alerts.inhibition import Inhibited
from tocsin.engine.wording import words_of_cause
from tocsin.web.api.shape import Shape
from tocsin.web.api.shapes import InhibitedShape


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


class LikelyCauseShape(Shape):
    """A job that the one of an alert needs, and that is in trouble itself."""

    job: str
    trouble: str
    """`alert`: it has an open one; `failed`, `running` or `not_started`: its work was not there in time."""
    since_at: datetime
    seen_at: datetime
    """When this was found to be so."""
    alert_id: str
    """Empty where it has no open alert."""
    others: int
    """How many more of the jobs that are needed have open alerts of their own."""
    text: str
    """The same in words, as messages tell it."""


class AlikeShape(Shape):
    """The other jobs that had failed of the same error lately."""

    at: datetime
    """When they were looked up: open then, or over for less than an hour."""
    count: int
    is_whole: bool
    """False where there are more than `count`."""
    jobs: list[str]
    """The first of them."""


def alike_shape(alike: Alike | None) -> AlikeShape | None:
    """Return which jobs failed of the same."""
    if alike is None:
        return None
    return AlikeShape(at=alike.at, count=alike.count, is_whole=alike.is_whole, jobs=list(alike.named))


def likely_cause_shape(alert: Alert) -> LikelyCauseShape | None:
    """Return what an alert most likely follows from."""
    cause = alert.likely_cause
    if cause is None:
        return None
    return LikelyCauseShape(
        job=cause.job,
        trouble=cause.trouble.value,
        since_at=cause.since_at,
        seen_at=cause.seen_at,
        alert_id=cause.alert_id,
        others=cause.others,
        text=words_of_cause(alert),
    )


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
