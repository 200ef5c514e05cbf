"""Who can be called upon, and when: responders and on-call schedules."""

import re
from datetime import date, time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tocsin.config.grammar.base import Name, OneOrMore, Part, Text, read_by
from tocsin.config.grammar.jobs import WallTime, Zone
from tocsin.config.grammar.routing import ReceiverName
from tocsin.config.problems import closest, refuse, shown
from tocsin.jobs.sla import read_wall_time
from tocsin.oncall.rotation import DAILY_HOURS, WEEKLY_HOURS

MAX_RESPONDERS = 1_000
MAX_ON_CALL_SCHEDULES = 200
MAX_LAYERS = 10
MAX_PARTICIPANTS = 100
MAX_RESTRICTIONS = 50
MAX_CONTACTS = 20
MAX_TURN_HOURS = 366 * DAILY_HOURS
FIRST_YEAR, LAST_YEAR = 2000, 2100
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORTEST_DAY = 3

_TURN = re.compile(r"([0-9]{1,5}) ?([hdw])")
_START = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{1,2}:[0-9]{2}))?")
_HOURS = {"h": 1, "d": DAILY_HOURS, "w": WEEKLY_HOURS}
_CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,49}")
_PHONE = re.compile(r"\+[0-9][0-9 ]{5,24}")


def read_turn(text: str) -> int:
    """Return how many hours a turn lasts: "daily", "weekly", "12h", "3d", "2w"; raises ValueError."""
    if text in ("daily", "weekly"):
        return DAILY_HOURS if text == "daily" else WEEKLY_HOURS
    found = _TURN.fullmatch(text.strip())
    hours = int(found[1]) * _HOURS[found[2]] if found else 0
    if not 1 <= hours <= MAX_TURN_HOURS:
        raise ValueError(
            f"must be daily, weekly, or hours, days or weeks such as 12h, 3d or 2w, not {shown(text)}"
        )
    return hours


def read_start(text: str) -> tuple[date, time]:
    """Return the day and the time of day of "2026-11-23 09:00" or "2026-11-23"; raises ValueError."""
    found = _START.fullmatch(text.strip())
    day = _day(found[1]) if found else None
    if found is None or day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(
            f"must be a day and a time of day such as 2026-11-23 09:00, from {FIRST_YEAR} to {LAST_YEAR}, "
            f"not {shown(text)}"
        )
    return day, read_wall_time(found[2] or "00:00")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_weekday(text: str) -> int:
    """Return the number of a weekday, Monday is 0, from "monday" or "mon"; raises ValueError."""
    word = text.strip().lower()
    named = [n for n, day in enumerate(WEEKDAYS) if len(word) >= SHORTEST_DAY and day.startswith(word)]
    if len(named) != 1:
        raise refuse(f"must be a weekday such as mon or monday, not {shown(text)}", closest(word, WEEKDAYS))
    return named[0]


def _for_an_address(name: str) -> str:
    if "/" in name or name in (".", "..") or name.endswith(".ics"):
        raise refuse(
            "must not hold '/', nor be '.' or '..', nor end in '.ics': it becomes part of an address"
        )
    return name


def _channel_word(name: str) -> str:
    if _CHANNEL.fullmatch(name) is None:
        raise refuse("must be the name of a channel in small letters: email, phone, slack")
    return name


def _contacts(contacts: dict[str, str]) -> dict[str, str]:
    if "@" not in contacts.get("email", "@"):
        raise refuse(f"email must be an address such as ada@example.com, not {shown(contacts['email'])}")
    phone = contacts.get("phone")
    if phone is not None and _PHONE.fullmatch(phone) is None:
        raise refuse(f'phone must be a number such as "+49 30 1234567", not {shown(phone)}')
    return contacts


PlainName = Annotated[Name, AfterValidator(_for_an_address)]
Weekday = Annotated[str, AfterValidator(lambda text: WEEKDAYS[read_weekday(text)])]


class Responder(Part):
    """A person who can be called upon."""

    description: Text | None = None
    """Who that is: full name, team."""

    receivers: Annotated[list[ReceiverName], OneOrMore(), Field(max_length=MAX_CONTACTS)] | None = None
    """Receiver or receivers that reach this person alone, in the order in which they are tried."""

    contacts: (
        Annotated[
            dict[Annotated[str, AfterValidator(_channel_word)], Name],
            AfterValidator(_contacts),
            Field(max_length=MAX_CONTACTS),
        ]
        | None
    ) = None
    """The person's own addresses by channel: `{email: ada@example.com, slack: U02AB3CD}`."""


class Restriction(Part):
    """A window within which a layer counts."""

    weekdays: Annotated[list[Weekday], OneOrMore(), Field(min_length=1, max_length=7)] | None = None
    """Weekday or weekdays on which the window opens: mon, tuesday; every day if left out."""

    starts: WallTime = Field(default="00:00", alias="from")
    """Time of day at which it opens; 00:00 if left out."""

    ends: WallTime = Field(default="00:00", alias="to")
    """Time of day at which it closes, on the next day unless later than `from`; 00:00 if left out."""


class Layer(Part):
    """Participants who take turns."""

    name: Name | None = None
    """What people call it; "layer 1" and so on if left out."""

    participants: Annotated[list[Name], OneOrMore(), Field(min_length=1, max_length=MAX_PARTICIPANTS)]
    """Responders in the order of their turns."""

    rotation: Annotated[str, read_by(read_turn)] = "weekly"
    """How long a turn lasts: daily, weekly, or hours, days, weeks: 12h, 3d, 2w; weekly if left out."""

    starts: Annotated[str, read_by(read_start)]
    """When the first turn begins: `2026-11-23 09:00`. Turns change by the clock on the wall."""

    timezone: Zone | None = None
    """IANA time zone of its times; that of the on-call schedule if left out."""

    restrictions: Annotated[list[Restriction], OneOrMore(), Field(max_length=MAX_RESTRICTIONS)] | None = None
    """Windows outside of which the layer has nobody; left out: it always counts."""


class OnCallSchedule(Part):
    """Who is on call: layers, of which the uppermost that has somebody wins."""

    description: Text | None = None
    """What it is for."""

    timezone: Zone | None = None
    """IANA time zone that people read it in; that of `defaults` if left out."""

    hand_over_to: Literal["nobody", "comes", "both"] = "nobody"
    """Who is told at each hand-over what is open: who comes on call, or both; nobody if left out."""

    layers: Annotated[list[Layer], OneOrMore(), Field(min_length=1, max_length=MAX_LAYERS)]
    """Layers, the uppermost first."""


Responders = Annotated[dict[PlainName, Responder], Field(max_length=MAX_RESPONDERS)]
OnCallSchedules = Annotated[dict[PlainName, OnCallSchedule], Field(max_length=MAX_ON_CALL_SCHEDULES)]
