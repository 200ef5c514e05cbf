"""Who is on call: asked for any instant, changed by overrides and swaps, written and read as calendars."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from tocsin.alerts.alert import AlertState
from tocsin.dialects.ical.duties import Duty, duties_calendar, read_covers
from tocsin.dialects.ical.events import MAX_LETTERS
from tocsin.engine.commands import AddOverrides, RemoveOverride
from tocsin.engine.handing_over import in_force, troubles_of
from tocsin.engine.overriding import IMPORTED, override_id
from tocsin.errors import InvalidCalendar
from tocsin.oncall.handover import hand_over
from tocsin.oncall.override import Cover, Override
from tocsin.oncall.responder import Responder
from tocsin.oncall.schedule import OnCallSchedule, gaps, next_change, on_call, shifts
from tocsin.oncall.swap import SwapRefused, swapped
from tocsin.rules.wording import plural
from tocsin.web.api.inputs import Who, carry_out, invalid, not_found
from tocsin.web.api.oncall_shapes import (
    GapShape,
    HandOverShape,
    ImportShape,
    OnCallShape,
    OverrideShape,
    ShiftShape,
    gap_shape,
    hand_over_shape,
    on_call_shape,
    override_shape,
    shift_shape,
)
from tocsin.web.api.shape import Page
from tocsin.web.api.shapes import DoneShape
from tocsin.web.faults import Fault, ProblemError
from tocsin.web.names import kept_text
from tocsin.web.wall import read_wall_or_instant
from tocsin.web.wiring import Wired, Wiring

MAX_COMMENT: Final = 1_000
MAX_DAYS: Final = 366
MOST_SHIFTS: Final = 1_000
MOST_OPEN: Final = 1_000
SHOWN_ENDED: Final = timedelta(days=7)
WRITTEN_BEFORE: Final = timedelta(weeks=4)
WRITTEN_AFTER: Final = timedelta(weeks=26)
CALENDAR: Final = "text/calendar; charset=utf-8"

_CALENDAR_ANSWER: Final[dict[int | str, dict[str, object]]] = {
    200: {"content": {"text/calendar": {"schema": {"type": "string"}}}, "description": "An iCalendar file."}
}
_WRITTEN_AT: Final = "2026-11-23 09:00 in the zone of the on-call schedule, or an instant with a zone."

At = Annotated[str | None, Query(max_length=50, description=f"Now, if left out; {_WRITTEN_AT}")]
Days = Annotated[int, Query(ge=1, le=MAX_DAYS, description="How many days are looked at.")]
Moment = Annotated[str, Field(min_length=1, max_length=50, description=_WRITTEN_AT)]

router = APIRouter(prefix="/api/v1/oncall", tags=["on-call"])


class NewOverride(BaseModel):
    """Who is on call instead; from now on, if `starts_at` is left out."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    responder: Annotated[str, Field(min_length=1, max_length=200)]
    starts_at: Moment | None = None
    ends_at: Moment
    comment: Annotated[str, Field(max_length=MAX_COMMENT)] = ""


class NewSwap(BaseModel):
    """Two instants, each in one of the two shifts that change hands."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    one_at: Moment
    other_at: Moment
    comment: Annotated[str, Field(max_length=MAX_COMMENT)] = ""


class NewCalendar(BaseModel):
    """Single events, each an override."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    calendar: Annotated[str, Field(min_length=1, max_length=MAX_LETTERS)]
    """An iCalendar file (RFC 5545); whom an event means is told by attendee or summary."""
    comment: Annotated[str, Field(max_length=MAX_COMMENT)] = ""


@router.get("/schedules")
def list_who_is_on_call(wired: Wired, _: Who, at: At = None) -> Page[OnCallShape]:
    """List who is on call in each on-call schedule, now or at another instant."""
    overrides = _overrides(wired)
    configuration = wired.engine.configuration
    found = [
        _who(schedule, overrides, _instant(wired, schedule, at, "at"), configuration.responders)
        for _, schedule in sorted(configuration.on_call_schedules.items())
    ]
    return Page(items=found)


@router.get("/schedules/{name}.ics", response_class=Response, responses=_CALENDAR_ANSWER)
def write_schedule(wired: Wired, _: Who, name: str) -> Response:
    """Write the shifts of an on-call schedule as a calendar: the last four weeks and the next 26."""
    schedule = schedule_named(wired, name)
    return calendar_of(wired, f"On call: {name}", (schedule,), None, wired.engine.configuration.responders)


@router.get("/schedules/{name}")
def show_who_is_on_call(wired: Wired, _: Who, name: str, at: At = None) -> OnCallShape:
    """Tell who is on call in an on-call schedule, why, and until when."""
    schedule = schedule_named(wired, name)
    instant = _instant(wired, schedule, at, "at")
    return _who(schedule, _overrides(wired), instant, wired.engine.configuration.responders)


@router.get("/schedules/{name}/shifts")
def list_shifts(wired: Wired, _: Who, name: str, at: At = None, days: Days = 14) -> Page[ShiftShape]:
    """List the shifts from an instant on; at most the first 1 000."""
    schedule = schedule_named(wired, name)
    from_at = _instant(wired, schedule, at, "at")
    found = shifts(schedule, _overrides(wired), from_at, from_at + timedelta(days=days), most=MOST_SHIFTS)
    return Page(items=[shift_shape(name, shift) for shift in found])


@router.get("/schedules/{name}/gaps")
def list_gaps(wired: Wired, _: Who, name: str, at: At = None, days: Days = 28) -> Page[GapShape]:
    """List when nobody is on call, from an instant on; at most the first 1 000 spans."""
    schedule = schedule_named(wired, name)
    from_at = _instant(wired, schedule, at, "at")
    found = gaps(schedule, _overrides(wired), from_at, from_at + timedelta(days=days), most=MOST_SHIFTS)
    return Page(items=[gap_shape(name, gap) for gap in found])


@router.get("/schedules/{name}/hand-over")
def show_hand_over(wired: Wired, _: Who, name: str, at: At = None) -> HandOverShape:
    """Tell who comes, who goes, what is open and what is silenced, at an instant or at the next hand-over."""
    schedule, overrides = schedule_named(wired, name), _overrides(wired)
    now = wired.clock.now()
    instant = _instant(wired, schedule, at, "at") if at else next_change(schedule, overrides, now) or now
    with wired.store.reading() as reading:
        alerts = reading.alerts(states=(AlertState.FIRING, AlertState.ACKNOWLEDGED), limit=MOST_OPEN)
        silences = [one for one in reading.silences(ended_since=now) if one.is_active(now)]
    said = hand_over(schedule, overrides, instant, troubles_of(alerts), in_force(silences))
    return hand_over_shape(said)


@router.get("/overrides")
def list_overrides(wired: Wired, _: Who, schedule: str | None = None) -> Page[OverrideShape]:
    """List the overrides that have not ended, and those that ended in the last seven days."""
    now = wired.clock.now()
    with wired.store.reading() as reading:
        found = reading.overrides(ended_since=now - SHOWN_ENDED)
    wanted = (one for one in found if schedule is None or one.schedule == schedule)
    return Page(items=[override_shape(one, now) for one in sorted(wanted, key=lambda one: one.starts_at)])


@router.post("/schedules/{name}/overrides", status_code=201)
def add_override(wired: Wired, who: Who, name: str, body: NewOverride) -> DoneShape:
    """Have somebody else be on call for a span, whatever the rotations say."""
    schedule = schedule_named(wired, name)
    ends_at = _instant(wired, schedule, body.ends_at, "ends_at")
    cover = Cover(
        responder=body.responder,
        starts_at=_instant(wired, schedule, body.starts_at, "starts_at"),
        ends_at=ends_at,
    )
    return _add(wired, who, name, (cover,), body.comment)


@router.post("/schedules/{name}/swaps", status_code=201)
def add_swap(wired: Wired, who: Who, name: str, body: NewSwap) -> DoneShape:
    """Have two people take each other's shift."""
    schedule = schedule_named(wired, name)
    one_at = _instant(wired, schedule, body.one_at, "one_at")
    other_at = _instant(wired, schedule, body.other_at, "other_at")
    covers = swapped(schedule, _overrides(wired), wired.clock.now(), one_at, other_at)
    if isinstance(covers, SwapRefused):
        raise invalid("one_at" if covers.at == one_at else "other_at", covers.sentence)
    return _add(wired, who, name, covers, body.comment, is_swap=True)


@router.post("/schedules/{name}/import", status_code=201)
def import_calendar(wired: Wired, who: Who, name: str, body: NewCalendar) -> ImportShape:
    """Keep the events of a calendar as overrides, all of them or none; the same one again changes nothing.

    What an earlier import made of an event that is cancelled by now ends. What it made of events that the
    calendar does not name any more goes on, because they may be of another calendar, and is listed.
    """
    schedule, responders = schedule_named(wired, name), wired.engine.configuration.responders
    try:
        found = read_covers(body.calendar, schedule.timezone, responders, wired.clock.now())
    except InvalidCalendar as error:
        raise invalid("calendar", str(error)) from None
    if found.faults:
        raise invalid("calendar", "; ".join(found.faults[:10]))
    kept = _imported(wired, name)
    over = {override_id(name, uid) for uid in found.over}
    if not found.covers and not over & kept.keys():
        message = f"nothing to import: {plural(found.left_out, 'event')}, all of it over or cancelled"
        raise invalid("calendar", message)
    done = _add(wired, who, name, found.covers, body.comment, over=found.over)
    named = over | {override_id(name, cover.uid) for cover in found.covers}
    return ImportShape(
        message=done.message,
        id=done.id,
        imported=len(found.covers),
        left_out=found.left_out,
        ended=len(over & kept.keys()),
        not_named=[override_shape(one, wired.clock.now()) for one in kept.values() if one.id not in named],
    )


def _imported(wired: Wiring, schedule: str) -> dict[str, Override]:
    """Return what earlier imports into an on-call schedule have made and has not ended."""
    now = wired.clock.now()
    every = (one for one in _overrides(wired) if one.schedule == schedule and one.ends_at > now)
    return {one.id: one for one in every if one.id.startswith(IMPORTED)}


@router.delete("/overrides/{override_id}")
def remove_override(wired: Wired, who: Who, override_id: str) -> DoneShape:
    """End an override now, or both of a swap by the swap's id."""
    return carry_out(wired, RemoveOverride(override_id=override_id, who=who))


@router.get("/responders/{name}.ics", response_class=Response, responses=_CALENDAR_ANSWER)
def write_responder(wired: Wired, _: Who, name: str) -> Response:
    """Write the shifts of a responder in all on-call schedules as a calendar."""
    configuration = wired.engine.configuration
    if name not in configuration.responders:
        raise ProblemError(not_found(f"There is no responder {name!r}.", "name"))
    schedules = tuple(schedule for _, schedule in sorted(configuration.on_call_schedules.items()))
    return calendar_of(wired, f"On call: {name}", schedules, name, configuration.responders)


def schedule_named(wired: Wiring, name: str) -> OnCallSchedule:
    """Return an on-call schedule, or end the request with 404."""
    schedule = wired.engine.configuration.on_call_schedules.get(name)
    if schedule is None:
        raise ProblemError(not_found(f"There is no on-call schedule {name!r}.", "name"))
    return schedule


def _overrides(wired: Wiring) -> tuple[Override, ...]:
    """Return those of the last year, too: who was on call last week is told as it was."""
    with wired.store.reading() as reading:
        return tuple(reading.overrides(ended_since=wired.clock.now() - timedelta(days=MAX_DAYS)))


def _instant(wired: Wiring, schedule: OnCallSchedule, text: str | None, field: str) -> datetime:
    if text is None:
        return wired.clock.now()
    found = read_wall_or_instant(text, schedule.timezone, field)
    if isinstance(found, Fault):
        raise invalid(field, found.message)
    return found


def _who(
    schedule: OnCallSchedule,
    overrides: tuple[Override, ...],
    at: datetime,
    responders: Mapping[str, Responder],
) -> OnCallShape:
    held = on_call(schedule, overrides, at)
    return on_call_shape(schedule, held, at, responders.get(held.responder or ""))


def _add(
    wired: Wiring,
    who: str,
    name: str,
    covers: tuple[Cover, ...],
    comment: str,
    *,
    is_swap: bool = False,
    over: tuple[str, ...] = (),
) -> DoneShape:
    command = AddOverrides(
        schedule=name,
        covers=covers,
        who=who,
        comment=kept_text(comment, MAX_COMMENT),
        is_swap=is_swap,
        over=over,
    )
    return carry_out(wired, command)


def calendar_of(
    wired: Wiring,
    title: str,
    schedules: tuple[OnCallSchedule, ...],
    responder: str | None,
    addresses: Mapping[str, Responder],
) -> Response:
    """Return the shifts of everybody or of one person as a calendar, with the addresses of those given.

    It begins at the midnight of a Monday, so that what is cut there keeps its identity for a week.
    """
    now, overrides = wired.clock.now(), _overrides(wired)
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
    duties = [
        Duty(schedule=schedule.name, shift=shift)
        for schedule in schedules
        for shift in shifts(schedule, overrides, monday - WRITTEN_BEFORE, monday + WRITTEN_AFTER)
        if responder in (None, shift.responder)
    ]
    text = duties_calendar(title, duties, addresses, now)
    return Response(text, media_type=CALENDAR)
