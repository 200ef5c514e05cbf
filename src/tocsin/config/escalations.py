"""Escalation policies of the file: checked against whom they name, built, and looked at for empty levels."""

from collections.abc import Iterator, Mapping
from typing import Final

from tocsin.config.as_written import items, named, nothing_called, twice, words
from tocsin.config.grammar import escalation as grammar
from tocsin.config.grammar.escalation import NO_POLICY
from tocsin.config.grammar.file import File
from tocsin.config.on_call import build_restriction
from tocsin.config.problems import Fault, Place
from tocsin.jobs.schedule import check_timezone
from tocsin.oncall.escalation import Level, Policy

STANDARD: Final = Policy(
    policy_id="standard",
    name="standard",
    levels=(
        Level(
            name="on-call",
            targets=("on-call",),
            timeout_minutes=15,
            notification_channels=("slack", "pagerduty"),
        ),
        Level(
            name="engineering manager",
            targets=("engineering-manager",),
            timeout_minutes=15,
            notification_channels=("slack", "pagerduty", "sms"),
        ),
        Level(name="VP", targets=("vp",), timeout_minutes=30, notification_channels=("pagerduty", "phone")),
    ),
)
BUSINESS_HOURS: Final = Policy(
    policy_id="business-hours",
    name="business-hours",
    levels=(
        Level(
            name="team lead",
            targets=("team-lead",),
            timeout_minutes=30,
            notification_channels=("slack", "email"),
        ),
        Level(
            name="department manager",
            targets=("department-manager",),
            timeout_minutes=60,
            notification_channels=("slack", "email"),
        ),
    ),
)
READY: Final = {policy.policy_id: policy for policy in (STANDARD, BUSINESS_HOURS)}

_KINDS_OF_TARGETS: Final = "on-call schedule, responder or receiver"


def escalation_faults(data: Mapping[str, object], known_receivers: list[str]) -> Iterator[Fault]:
    """Return the policies and targets in the file, as it was written, that do not exist or exist twice."""
    known = [*known_receivers, *_keys(data.get("responders")), *_keys(data.get("oncall"))]
    policies, place = data.get("escalation_policies"), ("escalation_policies",)
    own = list(named(policies, place, "policy_id"))
    yield from twice(own, "escalation policy")
    for at_policy, policy in items(policies, place):
        for at, level in items(policy.get("levels"), (*at_policy, "levels")):
            for where, target in words(level.get("targets"), (*at, "targets")):
                if target not in known:
                    yield nothing_called(target, _KINDS_OF_TARGETS, where, known)
    route = data.get("route")
    if isinstance(route, dict):
        yield from _named_by_routes(route, ("route",), [policy_id for _, policy_id in own], known)


def _named_by_routes(
    route: Mapping[str, object], place: Place, own: list[str], known: list[str]
) -> Iterator[Fault]:
    policy_id = route.get("escalation")
    where = (*place, "escalation")
    if isinstance(policy_id, str) and policy_id not in (*own, *READY, NO_POLICY):
        yield nothing_called(policy_id, "escalation policy", where, [*own, *READY])
    elif isinstance(policy_id, str) and policy_id not in own and policy_id in READY:
        wanted = (target for level in READY[policy_id].levels for target in level.targets)
        missing = [target for target in wanted if target not in known]
        if missing:
            message = (
                f"the ready policy {policy_id!r} tells {', '.join(map(repr, missing))}: "
                f"there must be an {_KINDS_OF_TARGETS} of that name"
            )
            yield Fault(place=where, message=message)
    for at, child in items(route.get("routes"), (*place, "routes")):
        yield from _named_by_routes(child, at, own, known)


def build_escalations(file: File) -> dict[str, Policy]:
    """Return the escalation policies by their ids: the ready ones, and those of the file."""
    general = file.defaults.timezone or "UTC"
    return {**READY, **{one.policy_id: _policy(one, general) for one in file.escalation_policies or ()}}


def escalation_named(named: str | None) -> str | None:
    """Return what a route says of escalation: None inherits, empty is none."""
    return "" if named == NO_POLICY else named


def _policy(one: grammar.EscalationPolicy, general: str) -> Policy:
    timezone = check_timezone(one.timezone or general)
    return Policy(
        policy_id=one.policy_id,
        name=one.name or one.policy_id,
        levels=tuple(_level(level, timezone) for level in one.levels),
        repeat_after_minutes=one.repeat_after_minutes,
    )


def _level(one: grammar.Level, timezone: str) -> Level:
    return Level(
        name=one.name,
        targets=tuple(one.targets),
        timeout_minutes=one.timeout_minutes,
        notification_channels=tuple(one.notification_channels or ()),
        working_hours=tuple(build_restriction(hours) for hours in one.working_hours or ()),
        timezone=timezone,
        minutes_before_deadline=one.minutes_before_deadline,
    )


def named_in_escalations(file: File) -> frozenset[str]:
    """Return every name that a policy in use tells, be it of a receiver or of people."""
    return frozenset(
        target for policy in _in_use(file).values() for level in policy.levels for target in level.targets
    )


def escalation_warnings(file: File) -> Iterator[Fault]:
    """Return the policies that no route names, and the levels of those in use that reach nobody."""
    own = {one.policy_id: number for number, one in enumerate(file.escalation_policies or ())}
    in_use = _in_use(file)
    for policy_id, number in own.items():
        if policy_id not in in_use:
            message = f"no route names the escalation policy {policy_id!r}"
            yield Fault(place=("escalation_policies", number, "policy_id"), message=message)
    kinds = kinds_by_name(file)
    for policy_id, policy in in_use.items():
        for index, level in enumerate(policy.levels):
            reached = {kind for target in level.targets for kind in kinds.get(target, ())}
            wanted = level.notification_channels
            if reached.intersection(wanted) or (reached and not wanted):
                continue
            through = f" through {', '.join(wanted)}" if wanted else ""
            message = (
                f"level {index + 1} of {policy_id!r}, {level.name}, reaches nobody{through}: "
                "it will be passed over"
            )
            place: Place = (
                ("escalation_policies", own[policy_id], "levels", index) if policy_id in own else ("route",)
            )
            yield Fault(place=place, message=message)


def _in_use(file: File) -> dict[str, Policy]:
    policies, waiting, found = build_escalations(file), [], dict[str, Policy]()
    if file.route is not None:
        waiting = [(file.route.escalation, file.route.routes)]
    while waiting:
        named, routes = waiting.pop()
        if named in policies:
            found[named] = policies[named]
        waiting += [(child.escalation, child.routes) for child in routes or ()]
    return found


def kinds_by_name(file: File) -> dict[str, set[str]]:
    """Return the kinds of channel behind each name that a level may tell; a schedule has everybody's."""
    kinds = {one.name: {means.channel.kind for means in one.means} for one in file.receivers or ()}
    people = {
        name: {kind for receiver in person.receivers or () for kind in kinds.get(receiver, ())}
        for name, person in (file.responders or {}).items()
    }
    schedules = {
        name: {kind for layer in one.layers for who in layer.participants for kind in people.get(who, ())}
        for name, one in (file.oncall or {}).items()
    }
    return {**kinds, **people, **schedules}


def _keys(value: object) -> list[str]:
    return [str(key) for key in value] if isinstance(value, dict) else []
