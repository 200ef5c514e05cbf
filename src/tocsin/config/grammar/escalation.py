"""Escalation policies: who is told next while nobody has taken it in hand."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from tocsin.config.grammar.base import MAX_MINUTES, LongMinutes, Minutes, Name, OneOrMore, Part
from tocsin.config.grammar.jobs import Zone
from tocsin.config.grammar.oncall import MAX_RESTRICTIONS, Restriction
from tocsin.config.problems import closest, refuse, shown

MAX_POLICIES = 200
MAX_LEVELS = 20
MAX_TARGETS = 50
NO_POLICY = "none"
CHANNEL_KINDS = ("slack", "pagerduty", "teams", "email", "webhook", "sms", "phone", "apprise", "console")

Minute = Annotated[float, Field(ge=1, le=MAX_MINUTES, allow_inf_nan=False)]


def _kind(name: str) -> str:
    if name not in CHANNEL_KINDS:
        near = closest(name, CHANNEL_KINDS)
        raise refuse(f"must be one of {', '.join(CHANNEL_KINDS)}, not {shown(name)}", near)
    return name


def _not_none(name: str) -> str:
    if name == NO_POLICY:
        raise refuse(f"must be another word: {NO_POLICY!r} at a route says that nothing is escalated")
    return name


class Level(Part):
    """One height of a policy: who is told there, how, and for how long."""

    level: Annotated[int, Field(ge=1, le=MAX_LEVELS)] | None = None
    """Its number, for the reader: levels stand in order, the first is 1."""

    name: Name
    """What people call it: engineering manager."""

    targets: Annotated[list[Name], OneOrMore(), Field(min_length=1, max_length=MAX_TARGETS)]
    """Who is told: on-call schedules, responders or receivers by name, looked up in this order."""

    timeout_minutes: Minute
    """Minutes without an acknowledgement after which the next level is told."""

    notification_channels: (
        Annotated[
            list[Annotated[str, AfterValidator(_kind)]], OneOrMore(), Field(max_length=len(CHANNEL_KINDS))
        ]
        | None
    ) = None
    """Kinds of channel that are used, of those that a target has: slack, sms; all if left out."""

    working_hours: Annotated[list[Restriction], OneOrMore(), Field(max_length=MAX_RESTRICTIONS)] | None = None
    """Windows outside of which the level is passed over; left out: it may always be told."""

    minutes_before_deadline: Minutes | None = None
    """Told so long before the job's deadline, if it has not finished by then, whatever is below."""


class EscalationPolicy(Part):
    """Levels that are told one after the other until somebody has taken it in hand."""

    policy_id: Annotated[Name, AfterValidator(_not_none)]
    """What routes call it; `standard` and `business-hours` take the place of the ready ones."""

    name: Name | None = None
    """What messages call it; its id if left out."""

    timezone: Zone | None = None
    """IANA time zone of its working hours; that of `defaults` if left out."""

    levels: Annotated[list[Level], Field(min_length=1, max_length=MAX_LEVELS)]
    """Levels, the first to be told first."""

    repeat_after_minutes: Annotated[LongMinutes, Field(ge=1)] | None = None
    """Minutes after the last level's time-out before the first is told again; left out: it ends there."""

    @field_validator("levels")
    @classmethod
    def _in_order(cls, levels: list[Level], _: ValidationInfo) -> list[Level]:
        for number, level in enumerate(levels, start=1):
            if level.level not in (None, number):
                raise refuse(f"stand in order: number {number} says 'level: {level.level}'")
        return levels


EscalationPolicies = Annotated[list[EscalationPolicy], Field(max_length=MAX_POLICIES)]
