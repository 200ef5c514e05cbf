"""The words and colours that every channel shares, so that an alert reads the same wherever it is heard."""

from datetime import datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tocsin.notify.message import Message, MessageKind

COLOURS: Final = {"info": "#36a64f", "warning": "#ffcc00", "critical": "#ff0000", "page": "#8b0000"}
RESOLVED_COLOUR: Final = "#2eb886"
NEUTRAL_COLOUR: Final = "#6b7280"

REPEAT_NOTE: Final = "(may repeat)"
DRILL_NOTE: Final = "DRILL"

_WITHOUT_SEVERITY: Final = {
    MessageKind.ACKNOWLEDGED: "ACKNOWLEDGED",
    MessageKind.RESOLVED: "RESOLVED",
    MessageKind.SUMMARY: "SUMMARY",
    MessageKind.TEST: "TEST",
}
_BEFORE_SEVERITY: Final = {
    MessageKind.LOUDER: "NOW ",
    MessageKind.REPEAT: "STILL ",
    MessageKind.ESCALATED: "ESCALATED ",
}


def state(message: Message) -> str:
    """Return how things stand, in capitals: `CRITICAL`, `NOW PAGE`, `ESCALATED PAGE`, `RESOLVED`.

    What is no more than a drill says so first: `DRILL CRITICAL`.
    """
    plain = _WITHOUT_SEVERITY.get(message.kind)
    said = plain or _BEFORE_SEVERITY.get(message.kind, "") + message.severity.upper()
    return f"{DRILL_NOTE} {said}" if message.is_drill else said


def subject(message: Message) -> str:
    """Return what it is about: the job, and its environment unless that is production."""
    if message.environment in {"", "production"}:
        return message.job
    return f"{message.job} [{message.environment}]"


def title(message: Message) -> str:
    """Return what is wrong, without the job's name, also if whoever wrote it put that in front."""
    first, _, rest = message.title.partition(" ")
    return rest if rest and first.rstrip(":") == message.job else message.title


def headline(message: Message) -> str:
    """Return the message in one line, as a subject or a preview shows it."""
    parts = (
        f"{state(message)}:",
        subject(message),
        title(message),
        REPEAT_NOTE if message.may_repeat else "",
    )
    return " ".join(part for part in parts if part)


def colour(message: Message) -> str:
    """Return the colour of what is said: by severity, green once it is over, grey for a drill."""
    if message.kind is MessageKind.RESOLVED:
        return RESOLVED_COLOUR
    if message.is_drill:
        return NEUTRAL_COLOUR
    return COLOURS.get(message.severity, NEUTRAL_COLOUR)


def moment(at: datetime, zone: str) -> str:
    """Return an instant as the people of a zone write it: `2026-03-29 06:00:00 CEST (Europe/Berlin)`."""
    local = at.astimezone(_zone(zone))
    name = str(local.tzinfo)
    return f"{local:%Y-%m-%d %H:%M:%S %Z}" + (f" ({name})" if "/" in name else "")


def time_of_day(at: datetime, zone: str) -> str:
    """Return an instant as the clock on the wall shows it: `06:00:00`."""
    return f"{at.astimezone(_zone(zone)):%H:%M:%S}"


def span(duration: timedelta) -> str:
    """Return a duration in its two largest units: `45 s`, `12 min 5 s`, `1 h 30 min`, `3 d 4 h`."""
    seconds = max(round(duration.total_seconds()), 0)
    for size, unit, part_size, part_unit in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= size:
            part = seconds % size // part_size
            return f"{seconds // size} {unit}" + (f" {part} {part_unit}" if part else "")
    return f"{seconds} s"


def since(message: Message) -> str:
    """Return since when, and how long that is: `2026-03-29 06:00:00 CEST (Europe/Berlin), for 1 h 30 min`."""
    lasting = f", for {open_for(message)}" if message.at - message.opened_at >= timedelta(seconds=1) else ""
    return moment(message.opened_at, message.timezone) + lasting


def lasting(message: Message) -> tuple[tuple[str, str], ...]:
    """Return the facts about its time that are not told already, as names and values.

    The text of an end says how long it took.
    """
    if message.kind is MessageKind.RESOLVED:
        return ()
    told = any(name.lower() == "since" for name, _ in message.evidence)
    return () if told else (("since", since(message)),)


def body(message: Message) -> str:
    """Return the sentences of a message, or nothing if they only repeat its headline."""
    repeated = {title(message), f"{message.job} {title(message)}"}
    return "" if message.text.rstrip(".") in repeated else message.text


def open_for(message: Message) -> str:
    """Return how long the alert has been open, or was."""
    return span(message.at - message.opened_at)


def named(name: str) -> str:
    """Return the name of a fact as it begins a line: with a capital."""
    return name[:1].upper() + name[1:]


def _zone(name: str) -> tzinfo:
    """Return the zone, or UTC if this machine does not know it: no alert is lost over its clock."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
