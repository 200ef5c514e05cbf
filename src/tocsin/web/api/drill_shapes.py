"""What the API answers about drills, and how it is made of what is known."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from tocsin.alerts.alert import Alert
from tocsin.alerts.drill import Drill, DrillLevel, Standing
from tocsin.store.rows import Delivery, Notification
from tocsin.web.api.shape import Shape

TOLD: Final = "told"


class HopsShape(Shape):
    """The way of the message to one target; an instant is null while it has not come."""

    target: str
    state: str
    """`pending`, `sending`, `sent`, `dead`, `unknown` or `cancelled`."""
    attempts: int
    reason: str
    """Why the last try has failed; empty if it has not."""
    accepted_at: datetime
    """When it was decided and durable."""
    claimed_at: datetime | None
    """When the last try took it."""
    sent_at: datetime | None
    """When the last try turned to the channel."""
    answered_at: datetime | None
    """When the channel's answer, or its failure, was there."""


class DrillLevelShape(Shape):
    """One level of a drill."""

    level: int
    """Its number in the policy; 0 for what routes or a receiver tell."""
    name: str
    state: str
    """`told`; else `hole`, `passed_over` or `told_below`, which `reason` explains."""
    reason: str
    alert: str
    """The alert that stands for it, to be acknowledged like any other; empty where nobody is told."""
    acknowledged_at: datetime | None
    acknowledged_by: str
    targets: list[HopsShape]


class DrillShape(Shape):
    """A drill, and what it has proved."""

    id: str
    name: str
    """Its name in the configuration; empty if a person has begun it."""
    tries: str
    """`receiver`, `policy` or `job`."""
    target: str
    environment: str
    severity: str
    state: str
    """`running`, `proved` or `failed`."""
    started_by: str
    started_at: datetime
    deliver_by: datetime
    acknowledge_by: datetime | None
    over_at: datetime | None
    faults: list[str]
    """What was not proved, in words; empty while it is running."""


class WholeDrillShape(DrillShape):
    """A drill with the hops of each message."""

    levels: list[DrillLevelShape]


def drill_shape(drill: Drill) -> DrillShape:
    """Return a drill as the API tells it in a list."""
    return DrillShape(
        id=drill.id,
        name=drill.plan,
        tries=drill.aim.value,
        target=drill.target,
        environment=drill.environment,
        severity=drill.severity.word,
        state=_standing(drill).value,
        started_by=drill.started_by,
        started_at=drill.started_at,
        deliver_by=drill.deliver_by,
        acknowledge_by=drill.acknowledge_by,
        over_at=drill.over_at,
        faults=list(drill.faults),
    )


def whole_drill_shape(
    drill: Drill,
    alerts: Mapping[str, Alert],
    owed: Mapping[str, list[Notification]],
    deliveries: Iterable[Delivery],
) -> WholeDrillShape:
    """Return a drill with all that is known of it; alerts and what is owed are by the ids of the alerts."""
    last = {one.key: one for one in deliveries}
    levels = [_level_shape(level, alerts, owed, last) for level in drill.levels]
    return WholeDrillShape(**drill_shape(drill).model_dump(), levels=levels)


def _standing(drill: Drill) -> Standing:
    if drill.over_at is None:
        return Standing.RUNNING
    return Standing.FAILED if drill.faults else Standing.PROVED


def _level_shape(
    level: DrillLevel,
    alerts: Mapping[str, Alert],
    owed: Mapping[str, list[Notification]],
    last: Mapping[str, Delivery],
) -> DrillLevelShape:
    alert = alerts.get(level.alert_id)
    return DrillLevelShape(
        level=level.number,
        name=level.name,
        state=TOLD if level.silent is None else level.silent.value,
        reason=level.why_silent,
        alert=level.alert_id,
        acknowledged_at=None if alert is None else alert.acknowledged_at,
        acknowledged_by="" if alert is None else alert.acknowledged_by,
        targets=[_hops_shape(one, last.get(one.key)) for one in owed.get(level.alert_id, ())],
    )


def _hops_shape(owed: Notification, tried: Delivery | None) -> HopsShape:
    return HopsShape(
        target=owed.target,
        state=owed.state.value,
        attempts=owed.attempts,
        reason=owed.last_error,
        accepted_at=owed.created_at,
        claimed_at=None if tried is None else tried.claimed_at,
        sent_at=None if tried is None else tried.started_at,
        answered_at=None if tried is None else tried.ended_at,
    )
