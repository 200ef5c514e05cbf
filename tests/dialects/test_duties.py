"""Calendars as others write them, read as overrides."""

from datetime import UTC, datetime

from tocsin.dialects.ical.duties import Duty, duties_calendar, read_covers
from tocsin.oncall.override import Cover
from tocsin.oncall.responder import Responder
from tocsin.oncall.schedule import Because, Shift

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PEOPLE = {
    "ada": Responder(name="ada", contacts=(("email", "Ada@example.com"),)),
    "bob": Responder(name="bob", contacts=(("email", "bob@example.com"),)),
    "cyd": Responder(name="cyd"),
}
# As Google Calendar writes it: a zone of its own, folded lines, an alarm.
WITH_A_ZONE = """\
BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
X-WR-CALNAME:Duty
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=Europe/Berlin:20261224T180000
DTEND;TZID=Europe/Berlin:20261225T090000
DTSTAMP:20261120T101010Z
ORGANIZER;CN=Duty:mailto:duty@example.com
UID:1abc@google.com
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN="Boss, T
 he";X-NUM-GUESTS=0:mailto:boss@example.com
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;CN=ada;X-NUM-GUESTS=0:mailto:a
 da@example.com
SUMMARY:Duty\\, night
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-P0DT0H30M0S
END:VALARM
END:VEVENT
END:VCALENDAR
"""
# As Outlook writes it: a zone by its Windows name, whole days, several under one UID.
OF_WINDOWS = """\
BEGIN:VCALENDAR
METHOD:PUBLISH
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VEVENT
UID:040000008200E00074C5B7101A82E008
SUMMARY;LANGUAGE=en-us:Cyd
DTSTART;TZID="W. Europe Standard Time":20261224T180000
DTEND;TZID="W. Europe Standard Time":20261225T090000
CLASS:PUBLIC
END:VEVENT
BEGIN:VEVENT
UID:040000008200E00074C5B7101A82E008
SUMMARY;LANGUAGE=en-us:bob
DTSTART;VALUE=DATE:20261225
DTEND;VALUE=DATE:20261226
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:bob
STATUS:CANCELLED
DTSTART;VALUE=DATE:20261225
END:VEVENT
END:VCALENDAR
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_event_with_a_zone_an_alarm_and_several_attendees_is_read() -> None:
    found = read_covers(WITH_A_ZONE.replace("\n", "\r\n"), "UTC", PEOPLE, NOW)

    assert found.faults == ()
    assert found.covers == (
        Cover(
            responder="ada",
            starts_at=at("2026-12-24T17:00"),
            ends_at=at("2026-12-25T08:00"),
            uid="1abc@google.com",
        ),
    )


def test_events_of_windows_are_read_and_those_under_one_uid_are_kept_apart() -> None:
    found = read_covers(OF_WINDOWS, BERLIN, PEOPLE, NOW)

    assert [(c.responder, c.starts_at, c.ends_at) for c in found.covers] == [
        ("cyd", at("2026-12-24T17:00"), at("2026-12-25T08:00")),
        ("bob", at("2026-12-24T23:00"), at("2026-12-25T23:00")),
    ]
    assert len({cover.uid for cover in found.covers}) == 2
    assert found.left_out == 1


def test_what_names_nobody_is_a_fault_and_what_is_over_is_left_out() -> None:
    later = datetime(2026, 12, 25, 8, tzinfo=UTC)

    nobody = read_covers(WITH_A_ZONE, BERLIN, {"cyd": PEOPLE["cyd"]}, NOW)
    over = read_covers(WITH_A_ZONE, BERLIN, PEOPLE, later)

    assert nobody.faults == ("event 1 'Duty, night': names no responder by attendee or summary",)
    assert (over.covers, over.left_out, over.faults) == ((), 1, ())


def test_a_shift_is_written_under_one_identity_whatever_its_end() -> None:
    texts = []
    for ends in ("2026-12-25T08:00", "2026-12-31T08:00"):
        shift = Shift(
            responder="ada",
            starts_at=at("2026-12-24T17:00"),
            ends_at=at(ends),
            because=Because.OVERRIDE,
            source="o1",
        )
        texts.append(duties_calendar("mine", [Duty(schedule="payments", shift=shift)], PEOPLE, NOW))

    (one,), (other,) = ([line for line in text.splitlines() if line.startswith("UID:")] for text in texts)
    assert one == other
    assert "SUMMARY:ada on call: payments" in texts[0]
    assert "DESCRIPTION:On call in payments by override." in texts[0]
    assert "ATTENDEE:mailto:Ada@example.com" in texts[0]
