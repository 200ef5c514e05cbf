"""Drills: marked tests that begin when their hour comes."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tocsin.config.grammar.base import MAX_TEXT, Name, Part, Span, read_span
from tocsin.config.grammar.jobs import Zone
from tocsin.config.problems import refuse
from tocsin.engine.drilling import LONGEST_ACKNOWLEDGEMENT, LONGEST_DELIVERY

MAX_DRILLS = 200


def _soon(text: str) -> str:
    if read_span(text) > LONGEST_DELIVERY:
        raise refuse("must be at most 1h: a message that takes longer has not arrived in time")
    return text


def _within_a_day(text: str) -> str:
    if read_span(text) > LONGEST_ACKNOWLEDGEMENT:
        raise refuse("must be at most 24h")
    return text


class Drill(Part):
    """One drill: what it tries, and when. It names one of `receiver`, `policy` and `job`."""

    name: Name
    """What people call it; the alert of a drill that was not proved bears it."""

    receiver: Name | None = None
    """Receiver that is told."""

    policy: Name | None = None
    """Escalation policy of which every level is told, at once."""

    job: Name | None = None
    """Job; told is who would be told now that it has failed."""

    environment: Name | None = None
    """Environment of the job; that of `defaults`, else `production`, if left out."""

    schedule: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    """When it begins, written as the schedule of a job: cron, OnCalendar, `monday`."""

    timezone: Zone | None = None
    """IANA time zone of the schedule; that of `defaults` if left out."""

    severity: Literal["info", "warning", "critical", "page"] = "critical"
    """How severe an alert it stands for; critical if left out."""

    deliver_within: Annotated[Span, AfterValidator(_soon)] = "2m"
    """How long it may take until every channel has taken it, at most 1h; 2m if left out."""

    acknowledge_within: Annotated[Span, AfterValidator(_within_a_day)] | None = None
    """How long each level has to acknowledge it, at most 24h; left out: nobody has to."""


Drills = Annotated[list[Drill], Field(max_length=MAX_DRILLS)]
