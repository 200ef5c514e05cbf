"""How far the escalation of an alert, or of a group of them, has come, as the API tells it."""

from datetime import datetime

from tocsin.alerts.alert import Alert
from tocsin.oncall.escalation import Climb
from tocsin.web.api.around import (
    AlikeShape,
    AtRiskShape,
    LikelyCauseShape,
    alike_shape,
    at_risk_shape,
    likely_cause_shape,
)
from tocsin.web.api.shape import Shape
from tocsin.web.api.shapes import WholeAlertShape


class LevelShape(Shape):
    """One level of the policy that the escalation began with."""

    level: int
    """From 1."""
    name: str
    targets: list[str]
    """On-call schedules, responders or receivers."""
    notification_channels: list[str]
    """Kinds of channel; empty: all."""
    timeout_minutes: float
    minutes_before_deadline: float | None
    passed_over: str
    """Why it was not told when its turn came; empty where it was, or has its turn to come."""


class ClimbShape(Shape):
    """How far an escalation has come."""

    policy: str
    status: str
    """`pending`, `escalated`, `acknowledged`, `suppressed` or `resolved`."""
    who: str
    """Who has taken, silenced or ended it."""
    changed_at: datetime
    """Since when it has this status."""
    started_at: datetime
    level: int
    """The level that was told last; 0 while nobody was."""
    entered_at: datetime
    """When it was told."""
    next_at: datetime | None
    """When it can go on by itself."""
    loops: int
    """How often it was begun anew."""
    levels: list[LevelShape]


class AlertWithClimb(WholeAlertShape):
    """An alert with all that happened to it, its escalation, and what surrounds it."""

    escalation: ClimbShape | None
    """Null where no route of it names a policy, and where only its group is escalated."""
    escalated_with: str
    """The group that is escalated for it, by its id; empty: none."""
    alike: AlikeShape | None
    """The other jobs that had failed of the same error when it became news."""
    at_risk: AtRiskShape | None
    """Null where no job needs its own."""
    likely_cause: LikelyCauseShape | None
    """Null where none of the jobs that its own needs is in trouble."""


def with_climb(whole: WholeAlertShape, alert: Alert) -> AlertWithClimb:
    """Return what is told of an alert, with its escalation and what surrounds it."""
    return AlertWithClimb(
        **dict(whole),
        escalation=climb_shape(alert.climb),
        escalated_with=alert.climbs_in,
        alike=alike_shape(alert.alike),
        at_risk=at_risk_shape(alert.at_risk),
        likely_cause=likely_cause_shape(alert),
    )


def climb_shape(climb: Climb | None) -> ClimbShape | None:
    """Return how far has been climbed, as the API tells it."""
    if climb is None:
        return None
    passed = {one.level: one.why.value for one in climb.passed}
    return ClimbShape(
        policy=climb.policy.name,
        status=climb.status.value,
        who=climb.who,
        changed_at=climb.changed_at,
        started_at=climb.started_at,
        level=climb.level,
        entered_at=climb.entered_at,
        next_at=climb.next_at,
        loops=climb.loops,
        levels=[
            LevelShape(
                level=number,
                name=level.name,
                targets=list(level.targets),
                notification_channels=list(level.notification_channels),
                timeout_minutes=level.timeout_minutes,
                minutes_before_deadline=level.minutes_before_deadline,
                passed_over=passed.get(number, ""),
            )
            for number, level in enumerate(climb.policy.levels, start=1)
        ],
    )
