"""iCalendar (RFC 5545): events written and read.

The library `icalendar` folds, escapes and takes lines apart. What the lines of a file mean is read here,
because it comes from strangers: no recurrence is unrolled and no time zone is taken from the file, both of
which can be made to run for hours.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from icalendar import Calendar, Event, vCalAddress
from icalendar.parser import Contentline, Contentlines
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tocsin.errors import InvalidCalendar, InvalidSchedule
from tocsin.jobs.walltime import MIDNIGHT, ONE_DAY, check_timezone, instant_of

MAX_LETTERS: Final = 250_000
MAX_EVENTS: Final = 1_000
MAX_VALUE: Final = 2_000

_MAX_DEPTH: Final = 10
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_WHEN: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?", re.ASCII)
_LENGTH: Final = re.compile(
    r"\+?P(?:([0-9]{1,3})W|(?:([0-9]{1,3})D)?(?:T(?:([0-9]{1,4})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,6})S)?)?)",
    re.ASCII,
)
_WANTED: Final = frozenset(
    (
        "UID",
        "SUMMARY",
        "DTSTART",
        "DTEND",
        "DURATION",
        "ATTENDEE",
        "STATUS",
        "RECURRENCE-ID",
        "X-TOCSIN-RESPONDER",
    )
)
_RECURRING: Final = frozenset(("RRULE", "RDATE"))
_KEPT: Final = _WANTED | _RECURRING
_MAIL: Final = "mailto:"
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """An event: from when to when, what it is called, and who takes part.

    `uid` is its identity in the calendar it belongs to. `responder` is what we wrote of it ourselves.
    """

    uid: str
    summary: str
    starts_at: datetime
    ends_at: datetime
    description: str = ""
    attendees: tuple[str, ...] = ()
    responder: str = ""
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """The value of a line, with its zone."""

    text: str = ""
    timezone: str = ""


_Values = dict[str, _Value]
_NOTHING: Final = _Value()


def write_calendar(name: str, events: Iterable[CalendarEvent], made_at: datetime) -> str:
    """Return a calendar of these events, its instants in UTC."""
    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//on-call//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    for event in events:
        calendar.add_component(_written(event, made_at))
    text: bytes = calendar.to_ical()
    return text.decode()


def _written(event: CalendarEvent, made_at: datetime) -> Event:
    written = Event()
    written.add("uid", event.uid)
    written.add("dtstamp", made_at)
    written.add("dtstart", event.starts_at)
    written.add("dtend", event.ends_at)
    written.add("summary", event.summary)
    if event.description:
        written.add("description", event.description)
    if event.responder:
        written.add("x-tocsin-responder", event.responder)
    for attendee in event.attendees:
        written.add("attendee", vCalAddress(f"mailto:{attendee}"))
    return written


def read_calendar(text: str, timezone: str) -> tuple[CalendarEvent, ...]:
    """Return the events of a calendar in their order there; times without a zone are read in `timezone`.

    An event of whole days begins and ends at local midnight. Raises InvalidCalendar, with what is wrong with
    which event: no calendar, too large (250 000 characters, 1 000 events), recurring events, no end.
    """
    if len(text) > MAX_LETTERS:
        raise InvalidCalendar(f"the calendar has more than {MAX_LETTERS} characters")
    found = []
    for number, values in enumerate(_events(text.removeprefix(_BOM)), start=1):
        if number > MAX_EVENTS:
            raise InvalidCalendar(f"the calendar has more than {MAX_EVENTS} events")
        try:
            found.append(_event(values, timezone))
        except (InvalidCalendar, InvalidSchedule) as error:
            name = values.get("SUMMARY", values.get("UID", _NOTHING))
            raise InvalidCalendar(f"event {number} {name.text[:60]!r}: {error}") from None
    return tuple(found)


def _events(text: str) -> Iterator[_Values]:
    """Return the wanted values of each event; what stands in events, such as alarms, is passed over."""
    open_: list[tuple[str, _Values]] = []
    lines: list[Contentline] = Contentlines.from_ical(text)  # type: ignore[no-untyped-call]  # published so
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        name, value = _line(line, number)
        if not open_ and (name, value.text.upper()) != ("BEGIN", "VCALENDAR"):
            break
        if name == "BEGIN":
            open_.append((value.text.upper(), {}))
        elif name == "END":
            ended, values = open_.pop()
            if ended == "VEVENT":
                yield values
            if not open_:
                return
        elif open_[-1][0] == "VEVENT" and name in _KEPT:
            _keep(open_[-1][1], name, value)
        if len(open_) > _MAX_DEPTH:
            raise InvalidCalendar(f"line {number}: the parts of the calendar are nested too deeply")
    raise InvalidCalendar("this is no calendar: it begins with BEGIN:VCALENDAR and ends with END:VCALENDAR")


def _keep(values: _Values, name: str, value: _Value) -> None:
    """Keep the first value of a name; of attendees several, each in a line of its own."""
    known = values.setdefault(name, value)
    if known is not value and name == "ATTENDEE" and len(known.text) < MAX_VALUE:
        values[name] = _Value(text=f"{known.text}\n{value.text}")


def _line(line: Contentline, number: int) -> tuple[str, _Value]:
    try:
        name, parameters, value = line.parts()
        timezone = parameters.get("TZID", "")
    except ValueError:
        raise InvalidCalendar(f"line {number} cannot be read: {str(line)[:60]!r}") from None
    zone_name = timezone if isinstance(timezone, str) else ""
    return str(name).upper(), _Value(text=str(value)[:MAX_VALUE], timezone=zone_name)


def _event(values: _Values, timezone: str) -> CalendarEvent:
    if _RECURRING & values.keys():
        raise InvalidCalendar("recurs; who is on call again and again is a rotation of an on-call schedule")
    if "DTSTART" not in values:
        raise InvalidCalendar("has no start (DTSTART)")
    starts_at = _instant(values["DTSTART"], timezone)
    ends_at = _end(values, starts_at, timezone)
    if ends_at <= starts_at:
        raise InvalidCalendar("does not end after it starts")
    identity = (values.get(key, _NOTHING).text for key in ("UID", "RECURRENCE-ID"))
    attendees = values.get("ATTENDEE", _NOTHING).text.splitlines()
    return CalendarEvent(
        uid="/".join(part for part in identity if part),
        summary=values.get("SUMMARY", _NOTHING).text.strip(),
        starts_at=starts_at,
        ends_at=ends_at,
        attendees=tuple(one[len(_MAIL) :].strip() for one in attendees if one.lower().startswith(_MAIL)),
        responder=values.get("X-TOCSIN-RESPONDER", _NOTHING).text.strip(),
        is_cancelled=values.get("STATUS", _NOTHING).text.upper() == "CANCELLED",
    )


def _end(values: _Values, starts_at: datetime, timezone: str) -> datetime:
    if "DTEND" in values:
        return _instant(values["DTEND"], timezone)
    if "DURATION" in values:
        return starts_at + _length(values["DURATION"].text)
    start = values["DTSTART"]
    day, at, _ = _parts(start.text)
    if at is not None:
        raise InvalidCalendar("has no end (DTEND or DURATION)")
    return instant_of(day + ONE_DAY, MIDNIGHT, _zone(start, timezone))


def _instant(value: _Value, timezone: str) -> datetime:
    day, at, is_utc = _parts(value.text)
    return instant_of(day, at or MIDNIGHT, "UTC" if is_utc else _zone(value, timezone))


def _parts(text: str) -> tuple[date, time | None, bool]:
    """Return the day, the time of day unless it is a whole day, and whether that is UTC."""
    found = _WHEN.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)  # noqa: TRY301 -- told like a date that no calendar has
        day = date(int(found[1]), int(found[2]), int(found[3]))
        at = None if found[4] is None else time(int(found[4]), int(found[5]), min(int(found[6]), 59))
    except ValueError:
        raise InvalidCalendar(f"{text[:40]!r} is not a date or time of iCalendar") from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidCalendar(f"{text[:40]!r} lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return day, at, bool(found[7])


def _length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise InvalidCalendar(f"{text[:40]!r} is not a duration of iCalendar")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _zone(value: _Value, timezone: str) -> str:
    """Return the IANA zone that a TZID means: its name, one of Windows, or a name behind a maker's prefix."""
    if not value.timezone:
        return timezone
    name = WINDOWS_TO_OLSON.get(value.timezone, value.timezone)
    try:
        return check_timezone(name)
    except InvalidSchedule:
        behind = "/".join(name.rsplit("/", 2)[-2:])
        if behind == name:
            raise
        return check_timezone(behind)
