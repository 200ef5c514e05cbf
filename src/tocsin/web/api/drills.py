"""Drills: marked tests on the way that alerts take, and what they have proved."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from tocsin.alerts.drill import DELIVER_WITHIN, Aim
from tocsin.engine.commands import StartDrill
from tocsin.engine.drilling import LONGEST_ACKNOWLEDGEMENT, LONGEST_DELIVERY
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT
from tocsin.notify.message import MessageKind
from tocsin.rules.finding import Severity
from tocsin.web.api.drill_shapes import DrillShape, WholeDrillShape, drill_shape, whole_drill_shape
from tocsin.web.api.inputs import Who, carry_out, invalid, not_found
from tocsin.web.api.shape import Page
from tocsin.web.api.shapes import DoneShape
from tocsin.web.faults import ProblemError
from tocsin.web.wiring import Wired

MOST_SHOWN: Final = 200
SHOWN: Final = 50

router = APIRouter(prefix="/api/v1/drills", tags=["drills"])

Name = Annotated[str, Field(min_length=1, max_length=200)]


class NewDrill(BaseModel):
    """What shall be tried: one of `receiver`, `policy` and `job`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    receiver: Name | None = None
    policy: Name | None = None
    """Every level of this escalation policy is told at once."""
    job: Name | None = None
    """Told is who would be told now that this job has failed."""
    environment: Name | None = None
    """Environment of the job; `production` if left out."""
    severity: Annotated[str, Field(pattern="^(info|warning|critical|page)$")] = "critical"
    """How severe an alert it stands for: `info`, `warning`, `critical` or `page`."""
    deliver_within_seconds: Annotated[float, Field(ge=1, le=LONGEST_DELIVERY.total_seconds())] = (
        DELIVER_WITHIN.total_seconds()
    )
    """How long it may take until every channel has taken it."""
    acknowledge_within_seconds: (
        Annotated[float, Field(ge=1, le=LONGEST_ACKNOWLEDGEMENT.total_seconds())] | None
    ) = None
    """How long each level has to acknowledge it; left out: nobody has to."""


@router.post("", status_code=201)
def start_drill(wired: Wired, who: Who, body: NewDrill) -> DoneShape:
    """Begin a drill; its id leads to what becomes of it. All that it opens is closed when it is over."""
    named = [(aim, name) for aim in Aim if (name := getattr(body, aim.value)) is not None]
    if len(named) != 1:
        raise invalid("receiver", "give one of receiver, policy and job")
    aim, target = named[0]
    if body.environment is not None and aim is not Aim.JOB:
        raise invalid("environment", "is for a drill of a job; leave it out here")
    within = body.acknowledge_within_seconds
    command = StartDrill(
        aim=aim,
        target=target,
        who=who,
        environment=body.environment or DEFAULT_ENVIRONMENT,
        severity=Severity[body.severity.upper()],
        deliver_within=timedelta(seconds=body.deliver_within_seconds),
        acknowledge_within=None if within is None else timedelta(seconds=within),
    )
    return carry_out(wired, command)


@router.get("")
def list_drills(
    wired: Wired, _: Who, limit: Annotated[int, Query(ge=1, le=MOST_SHOWN)] = SHOWN
) -> Page[DrillShape]:
    """List the newest drills, also those of the configuration."""
    with wired.store.reading() as reading:
        return Page(items=[drill_shape(drill) for drill in reading.drills(limit)])


@router.get("/{drill_id}")
def get_drill(wired: Wired, _: Who, drill_id: str) -> WholeDrillShape:
    """Return a drill with every hop of every message, level by level."""
    with wired.store.reading() as reading:
        drill = reading.drill(drill_id)
        if drill is None:
            raise ProblemError(not_found(f"There is no drill {drill_id[:200]!r}.", "drill_id"))
        ids = [level.alert_id for level in drill.levels if level.alert_id]
        alerts = {one: alert for one in ids if (alert := reading.alert(one)) is not None}
        first = MessageKind.FIRING.value
        owed = {one: [n for n in reading.notifications(one) if n.kind == first] for one in ids}
        deliveries = reading.deliveries([one.key for found in owed.values() for one in found])
    return whole_drill_shape(drill, alerts, owed, deliveries)
