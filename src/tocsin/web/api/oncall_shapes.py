"""What the API answers about who is on call, and how it is made of what is known."""

from datetime import datetime
from typing import Final

from tocsin.oncall.handover import HandOver
from tocsin.oncall.override import Override
from tocsin.oncall.responder import Responder
from tocsin.oncall.schedule import Gap, OnCall, OnCallSchedule, Shift
from tocsin.web.api.shape import Shape
from tocsin.web.api.shapes import DoneShape

_UNKNOWN: Final = Responder(name="")


class OnCallShape(Shape):
    """Who is on call in an on-call schedule at an instant, why, and until when."""

    schedule: str
    description: str
    timezone: str
    at: datetime
    responder: str | None
    """Null while nobody is on call."""
    because: str
    """`override`, `layer` or `nobody`."""
    source: str
    """The layer's name or the override's id."""
    until_at: datetime | None
    """When somebody else is on call, or nobody; null where that is not within 366 days."""
    receivers: list[str]
    """Receivers that reach this person."""
    contacts: dict[str, str]
    """The person's own addresses by channel."""


class ShiftShape(Shape):
    """A span in which one person is on call without a break; cut at the ends of what was asked for."""

    schedule: str
    responder: str
    starts_at: datetime
    ends_at: datetime
    because: str
    source: str


class GapShape(Shape):
    """A span in which nobody is on call."""

    schedule: str
    starts_at: datetime
    ends_at: datetime


class OverrideShape(Shape):
    """Who is on call instead, for which span."""

    id: str
    schedule: str
    responder: str
    state: str
    """`active`, `pending` or `ended`."""
    starts_at: datetime
    ends_at: datetime
    created_by: str
    created_at: datetime
    comment: str
    swap: str
    """The id that both overrides of a swap share."""
    removed_by: str


class HandOverShape(Shape):
    """Who comes and who goes, and what is open, also as a message."""

    schedule: str
    at: datetime
    goes: str | None
    comes: str | None
    until_at: datetime | None
    open_alerts: int
    text: str


class ImportShape(DoneShape):
    """What became of a calendar."""

    imported: int
    left_out: int
    """Events that are over or cancelled."""
    ended: int
    """Overrides of earlier imports that ended now, because their event is cancelled or over."""
    not_named: list[OverrideShape]
    """Overrides of earlier imports that go on though the calendar does not name their event any more."""


def on_call_shape(
    schedule: OnCallSchedule, held: OnCall, at: datetime, responder: Responder | None
) -> OnCallShape:
    """Return who is on call as the API tells it."""
    known = responder or _UNKNOWN
    return OnCallShape(
        schedule=schedule.name,
        description=schedule.description,
        timezone=schedule.timezone,
        at=at,
        responder=held.responder,
        because=held.because.value,
        source=held.source,
        until_at=held.until_at,
        receivers=list(known.receivers),
        contacts=dict(known.contacts),
    )


def shift_shape(schedule: str, shift: Shift) -> ShiftShape:
    """Return a shift as the API tells it."""
    return ShiftShape(
        schedule=schedule,
        responder=shift.responder,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        because=shift.because.value,
        source=shift.source,
    )


def gap_shape(schedule: str, gap: Gap) -> GapShape:
    """Return a gap as the API tells it."""
    return GapShape(schedule=schedule, starts_at=gap.starts_at, ends_at=gap.ends_at)


def override_shape(override: Override, now: datetime) -> OverrideShape:
    """Return an override as the API tells it."""
    ended = override.ends_at <= now
    state = "ended" if ended else "active" if override.is_active(now) else "pending"
    return OverrideShape(
        id=override.id,
        schedule=override.schedule,
        responder=override.responder,
        state=state,
        starts_at=override.starts_at,
        ends_at=override.ends_at,
        created_by=override.created_by,
        created_at=override.created_at,
        comment=override.comment,
        swap=override.swap,
        removed_by=override.removed_by,
    )


def hand_over_shape(handing: HandOver) -> HandOverShape:
    """Return a hand-over as the API tells it."""
    return HandOverShape(
        schedule=handing.schedule,
        at=handing.at,
        goes=handing.goes,
        comes=handing.comes,
        until_at=handing.until_at,
        open_alerts=len(handing.troubles) + handing.more,
        text=handing.text,
    )
