from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.dialects.ical.events import MAX_EVENTS, MAX_LETTERS, CalendarEvent, read_calendar, write_calendar
from tocsin.errors import InvalidCalendar, InvalidSchedule

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = "Europe/Berlin"
CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n"

texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=150).map(str.strip)
instants = st.integers(0, 3_000_000_000).map(lambda s: NOON - 9_000 * 24 * HOUR + timedelta(seconds=s))


def event(*lines: str) -> str:
    """Return a calendar with one event of these lines."""
    inner = "".join(f"{line}\r\n" for line in ("BEGIN:VEVENT", *lines, "END:VEVENT"))
    return CALENDAR.format(inner)


def read_one(*lines: str) -> CalendarEvent:
    (found,) = read_calendar(event(*lines), BERLIN)
    return found


@settings(derandomize=True, database=None, deadline=None, max_examples=100)
@given(st.lists(st.tuples(texts, texts, instants), max_size=4))
def test_what_is_written_is_read_again_whatever_it_holds(given: list[tuple[str, str, datetime]]) -> None:
    events = tuple(
        CalendarEvent(
            uid=f"{number}@tocsin",
            summary=summary,
            starts_at=at,
            ends_at=at + HOUR,
            attendees=("ada@example.com", "bob@example.com"),
            responder=responder,
        )
        for number, (summary, responder, at) in enumerate(given)
    )

    assert read_calendar(write_calendar("mine", events, NOON), BERLIN) == events


def test_lines_are_folded_at_75_octets_and_text_is_escaped() -> None:
    summary = "payments, on call; " + "ä" * 100 + "\\"
    one = CalendarEvent(
        uid="1", summary=summary, description="a\nb", starts_at=NOON, ends_at=NOON + HOUR, responder="ada"
    )

    text = write_calendar("mine", [one], NOON)

    lines = text.split("\r\n")
    assert max(len(line.encode()) for line in lines) <= 75
    assert lines[-1] == ""
    assert "\n" not in text.replace("\r\n", "")
    unfolded = text.replace("\r\n ", "")
    assert "SUMMARY:payments\\, on call\\; ä" in unfolded
    assert "DESCRIPTION:a\\nb\r\n" in unfolded
    assert "DTSTART:20261123T120000Z\r\n" in unfolded
    for needed in ("BEGIN:VCALENDAR", "PRODID:", "VERSION:2.0", "UID:1", "DTSTAMP:20261123T120000Z"):
        assert f"\r\n{needed}" in f"\r\n{unfolded}"


@pytest.mark.parametrize(
    ("start", "end", "starts_at", "ends_at"),
    [
        ("DTSTART:20261123T120000Z", "DTEND:20261123T130000Z", NOON, NOON + HOUR),
        ("DTSTART:20261123T130000", "DTEND:20261123T140000", NOON, NOON + HOUR),
        ("DTSTART;TZID=America/New_York:20261123T070000", "DURATION:PT1H", NOON, NOON + HOUR),
        ("DTSTART;TZID=W. Europe Standard Time:20261123T130000", "DURATION:PT60M", NOON, NOON + HOUR),
        ("DTSTART;TZID=/maker.example/Europe/Berlin:20261123T130000", "DURATION:PT1H", NOON, NOON + HOUR),
        ("DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261124", NOON - 13 * HOUR, NOON + 11 * HOUR),
        ("DTSTART;VALUE=DATE:20261123", "SUMMARY:x", NOON - 13 * HOUR, NOON + 11 * HOUR),
        ("dtstart:20261123T120000Z", "dtend:20261123T13\r\n 0000Z", NOON, NOON + HOUR),
    ],
)
def test_times_are_read_in_the_zone_that_they_are_meant_in(
    start: str, end: str, starts_at: datetime, ends_at: datetime
) -> None:
    found = read_one("UID:1", start, end)

    assert (found.starts_at, found.ends_at) == (starts_at, ends_at)


def test_an_alarm_within_an_event_says_nothing_of_the_event() -> None:
    alarm = ("BEGIN:VALARM", "UID:2", "SUMMARY:wake up", "DURATION:PT5M", "END:VALARM")

    found = read_one(
        *alarm, "UID:1", "SUMMARY:ada", "DTSTART:20261123T120000Z", "DURATION:PT1H", "STATUS:CANCELLED"
    )

    assert (found.uid, found.summary, found.is_cancelled) == ("1", "ada", True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no calendar"),
        ("hello", "cannot be read"),
        ("X:1", "no calendar"),
        ("BEGIN:VEVENT\r\nEND:VEVENT\r\n", "no calendar"),
        ("BEGIN:VCALENDAR\r\n", "no calendar: it begins with"),
        ("END:VCALENDAR\r\n", "no calendar"),
        ("BEGIN:VCALENDAR\r\n" * 20, "nested too deeply"),
        (event("SUMMARY:x"), "event 1 'x': has no start"),
        (event("DTSTART:20261123T120000Z"), "has no end"),
        (event("DTSTART:20261123T120000Z", "DTEND:20261123T120000Z"), "does not end after it starts"),
        (event("DTSTART:20261323T120000Z"), "not a date or time"),
        (event("DTSTART:tomorrow"), "not a date or time"),
        (event("DTSTART:99991231T120000Z"), "outside the years"),
        (event("DTSTART:20261123T120000Z", "DURATION:P1Y"), "not a duration"),
        (event("DTSTART:20261123T120000Z", "DURATION:-PT1H"), "not a duration"),
        (event("DTSTART:20261123T120000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"), "recurs"),
        (event("DTSTART;TZID=Mars/Base:20261123T120000", "DURATION:PT1H"), "not an IANA time zone"),
        ("x" * (MAX_LETTERS + 1), "more than 250000 characters"),
        (
            CALENDAR.format("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261123\nEND:VEVENT\n" * (MAX_EVENTS + 1)),
            "more than 1000 events",
        ),
    ],
)
def test_what_is_no_calendar_or_means_nothing_is_refused_with_its_reason(text: str, words: str) -> None:
    with pytest.raises(InvalidCalendar, match=words.replace("(", r"\(")):
        read_calendar(text, BERLIN)


HOSTILE = {
    "a zone that repeats every second": CALENDAR.format(
        "BEGIN:VTIMEZONE\r\nTZID:Evil\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "RRULE:FREQ=SECONDLY\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0001\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    ),
    "backslashes": "BEGIN:VCALENDAR\r\nX:" + "\\" * 240_000,
    "semicolons": "BEGIN:VCALENDAR\r\nX" + ";" * 240_000,
    "quotes": "BEGIN:VCALENDAR\r\nX;A=" + '"' * 240_000 + ":1",
    "equals": "BEGIN:VCALENDAR\r\nX;" + "A=B;" * 60_000 + ":1",
    "commas": "BEGIN:VCALENDAR\r\nX;A=" + "," * 240_000 + ":1",
    "folds": "BEGIN:VCALENDAR\r\nX:" + "\r\n " * 80_000,
    "empty lines": "BEGIN:VCALENDAR" + "\r\n" * 120_000,
    "a long name": "BEGIN:VCALENDAR\r\n" + "A" * 240_000 + ":1",
    "percent": "BEGIN:VCALENDAR\r\nX:" + "%2C" * 80_000,
    "carets": "BEGIN:VCALENDAR\r\nX;A=" + "^n" * 120_000 + ":1",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_calendar_costs_no_more_than_its_length(text: str) -> None:
    assert len(text) <= MAX_LETTERS
    try:
        assert read_calendar(text, BERLIN) == ()
    except InvalidCalendar as error:
        assert len(str(error)) < 300  # noqa: PT017 -- both ends are fine, a long one is not


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.data())
def test_no_text_at_all_raises_anything_else(data: st.DataObject) -> None:
    pieces = (
        "BEGIN:VEVENT",
        "END:VEVENT",
        "DTSTART",
        "DTEND",
        ";TZID=",
        ":",
        "2026",
        "T12",
        "\r\n",
        " ",
        "\\",
        '"',
        "Z",
    )
    inner = "".join(data.draw(st.lists(st.sampled_from(pieces) | st.text(max_size=5), max_size=40)))
    try:
        read_calendar(CALENDAR.format("{}").replace("{}", inner), BERLIN)
    except (InvalidCalendar, InvalidSchedule) as error:
        assert str(error)  # noqa: PT017 -- both ends are fine
