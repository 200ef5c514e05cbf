"""On-call schedules as calendars: shifts written as events, events read as overrides."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tocsin.dialects.ical.events import CalendarEvent, read_calendar, write_calendar
from tocsin.oncall.override import Cover
from tocsin.oncall.responder import Responder
from tocsin.oncall.schedule import Because, Shift

MAX_WRITTEN: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A shift in an on-call schedule."""

    schedule: str
    shift: Shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a calendar means: covers, events left out because they are over or cancelled, and faults.

    With any fault nothing should be kept. `over` are the identities of the events left out: what an earlier
    import made of them holds no more.
    """

    covers: tuple[Cover, ...]
    over: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def left_out(self) -> int:
        """How many events are over or cancelled."""
        return len(self.over)


def duties_calendar(
    name: str, duties: Iterable[Duty], responders: Mapping[str, Responder], made_at: datetime
) -> str:
    """Return a calendar of the first 2 000 shifts; an event keeps its identity while it begins alike."""
    events = [_event(duty, responders) for duty, _ in zip(duties, range(MAX_WRITTEN), strict=False)]
    return write_calendar(name, events, made_at)


def _event(duty: Duty, responders: Mapping[str, Responder]) -> CalendarEvent:
    shift = duty.shift
    responder = responders.get(shift.responder)
    identity = f"{duty.schedule}\n{shift.responder}\n{shift.starts_at.isoformat()}"
    why = "by override" if shift.because is Because.OVERRIDE else f"by {shift.source}"
    return CalendarEvent(
        uid=f"{hashlib.blake2b(identity.encode(), digest_size=12).hexdigest()}@tocsin",
        summary=f"{shift.responder} on call: {duty.schedule}",
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        description=f"On call in {duty.schedule} {why}.",
        attendees=(responder.contact("email"),) if responder and responder.contact("email") else (),
        responder=shift.responder,
    )


def read_covers(text: str, timezone: str, responders: Mapping[str, Responder], now: datetime) -> Imported:
    """Return who covers which spans by a calendar; raises InvalidCalendar for one that cannot be read.

    Whom an event means is told by what we wrote of it ourselves, else by the first attendee whose address is
    a responder's, else by its summary, which is then a responder's name.
    """
    covers: list[Cover] = []
    faults, over, seen = list[str](), list[str](), set[str]()
    names = _names(responders)
    for number, event in enumerate(read_calendar(text, timezone), start=1):
        uid = event.uid
        if not uid or uid in seen:
            uid = f"{uid or event.summary}/{event.starts_at.isoformat()}"
        seen.add(uid)
        if event.is_cancelled or event.ends_at <= now:
            over.append(uid)
            continue
        called = (event.responder, *event.attendees, event.summary)
        responder = next((names[one.lower()] for one in called if one.lower() in names), None)
        if responder is None:
            faults.append(f"event {number} {event.summary[:60]!r}: names no responder by attendee or summary")
            continue
        covers.append(Cover(responder=responder, starts_at=event.starts_at, ends_at=event.ends_at, uid=uid))
    return Imported(covers=tuple(covers), over=tuple(over), faults=tuple(faults))


def _names(responders: Mapping[str, Responder]) -> dict[str, str]:
    """Return the responders by what they are called in calendars: address and name, in small letters."""
    by_email = {
        one.contact("email").lower(): name for name, one in responders.items() if one.contact("email")
    }
    return {**by_email, **{name.lower(): name for name in responders}}
