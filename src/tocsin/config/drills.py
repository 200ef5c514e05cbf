"""Drills of the file: checked against whom they name, and built."""

from collections.abc import Iterator, Mapping
from typing import Final

from tocsin.alerts.drill import Aim, DrillPlan
from tocsin.config.as_written import items, named, nothing_called, twice
from tocsin.config.escalations import READY
from tocsin.config.grammar.base import read_span
from tocsin.config.grammar.drills import Drill
from tocsin.config.grammar.file import File
from tocsin.config.problems import Fault, Place
from tocsin.errors import InvalidSchedule
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT
from tocsin.jobs.schedule import check_timezone, read_schedule
from tocsin.rules.finding import Severity

AIMS: Final = tuple(aim.value for aim in Aim)


def drill_faults(data: Mapping[str, object], known_receivers: list[str]) -> Iterator[Fault]:
    """Return what is wrong with the drills in the file, as it was written."""
    yield from twice(named(data.get("drills"), ("drills",)), "drill")
    for place, drill in items(data.get("drills"), ("drills",)):
        yield from _aim_faults(place, drill)
        yield from _unknown(place, drill, "receiver", known_receivers)
        yield from _unknown(place, drill, "policy", _policies(data))
        yield from _schedule_faults(place, drill, data)


def _aim_faults(place: Place, drill: Mapping[str, object]) -> Iterator[Fault]:
    given = [aim for aim in AIMS if drill.get(aim) is not None]
    if len(given) != 1:
        said = f"names {' and '.join(given)}" if given else "names nothing that it tries"
        yield Fault(place=place, message=f"{said}; give one of receiver, policy and job")
    elif drill.get("environment") is not None and given != [Aim.JOB.value]:
        yield Fault(place=(*place, "environment"), message="is for a drill of a job; leave it out here")


def _unknown(place: Place, drill: Mapping[str, object], key: str, known: list[str]) -> Iterator[Fault]:
    name = drill.get(key)
    if isinstance(name, str) and name not in known:
        what = "escalation policy" if key == "policy" else key
        yield nothing_called(name, what, (*place, key), known)


def _schedule_faults(
    place: Place, drill: Mapping[str, object], data: Mapping[str, object]
) -> Iterator[Fault]:
    """Read the schedule in its own zone, for whether it ever comes may hang on that."""
    text, zone = drill.get("schedule"), drill.get("timezone") or _general_zone(data) or "UTC"
    if not isinstance(text, str) or not text or not isinstance(zone, str):
        return
    try:
        read_schedule(text, check_timezone(zone))
    except InvalidSchedule as error:
        if drill.get("timezone") is None or _is_zone(zone):
            yield Fault(place=(*place, "schedule"), message=str(error))


def _is_zone(zone: str) -> bool:
    try:
        check_timezone(zone)
    except InvalidSchedule:
        return False
    return True


def _general_zone(data: Mapping[str, object]) -> object:
    defaults = data.get("defaults")
    zone = defaults.get("timezone") if isinstance(defaults, dict) else None
    return zone if isinstance(zone, str) and _is_zone(zone) else None


def _policies(data: Mapping[str, object]) -> list[str]:
    return [*(own for _, own in named(data.get("escalation_policies"), (), "policy_id")), *READY]


def build_drills(file: File) -> tuple[DrillPlan, ...]:
    """Return the drills of the file."""
    return tuple(_plan(written, file) for written in file.drills or ())


def _plan(written: Drill, file: File) -> DrillPlan:
    aim, target = next((aim, name) for aim in Aim if (name := getattr(written, aim.value)) is not None)
    environment = written.environment or file.defaults.environment or DEFAULT_ENVIRONMENT
    zone = check_timezone(written.timezone or file.defaults.timezone or "UTC")
    acknowledge = written.acknowledge_within
    return DrillPlan(
        name=written.name,
        aim=aim,
        target=target,
        schedule=read_schedule(written.schedule, zone),
        environment=environment if aim is Aim.JOB else "",
        severity=Severity[written.severity.upper()],
        deliver_within=read_span(written.deliver_within),
        acknowledge_within=None if acknowledge is None else read_span(acknowledge),
    )
