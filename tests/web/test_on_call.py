"""Who is on call, over the API."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.web.served import Heard, Served, fresh, serving
from tocsin.clock import now
from tocsin.config.loading import load_text
from tocsin.dialects.ical.events import read_calendar
from tocsin.engine.configuration import Configuration

FILE = b"""\
responders:
  ada: {contacts: {email: ada@example.com}, description: Ada}
  bob: {contacts: {email: bob@example.com}}
  cyd: {}
oncall:
  payments:
    timezone: Europe/Berlin
    layers: [{name: days, participants: [ada, bob], rotation: daily, starts: 2026-01-05 09:00}]
  copied: {layers: {participants: cyd, starts: 2026-01-05}}
  full: {layers: {participants: cyd, starts: 2026-01-05}}
  office:
    timezone: Europe/Berlin
    layers:
      participants: cyd
      starts: 2026-01-05
      restrictions: {weekdays: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00"}
"""
ROOT = "/api/v1/oncall"
PAYMENTS = f"{ROOT}/schedules/payments"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
EVENT = """\
BEGIN:VCALENDAR
BEGIN:VEVENT
UID:{uid}
DTSTART:{at:%Y%m%dT%H%M%SZ}
DURATION:PT2H
{more}
END:VEVENT
END:VCALENDAR
"""


def with_people(configuration: Configuration) -> Configuration:
    loaded = load_text(FILE, {}, source="a file", folder=Path()).configuration
    return replace(configuration, responders=loaded.responders, on_call_schedules=loaded.on_call_schedules)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with people on call; each test uses weeks of its own."""
    with serving(tmp_path_factory.mktemp("people"), change=with_people) as running:
        yield running


def test_who_is_on_call_is_told_for_a_time_in_the_zone_of_the_on_call_schedule(served: Served) -> None:
    before = served.get(f"{PAYMENTS}?at=2031-03-30%2008:59")
    after = served.get(f"{PAYMENTS}?at=2031-03-30%2009:00")

    assert {before["responder"], after["responder"]} == {"ada", "bob"}
    assert (after["because"], after["source"]) == ("layer", "days")
    assert before["until_at"] == after["at"] == "2031-03-30T07:00:00Z"
    assert after["until_at"] == "2031-03-31T07:00:00Z"
    assert after["contacts"] == {"email": f"{after['responder']}@example.com"}


def test_all_on_call_schedules_are_listed_also_where_nobody_is_on_call(served: Served) -> None:
    items = served.get(f"{ROOT}/schedules?at=2026-11-29T12:00:00%2B01:00")["items"]

    known = {item["schedule"]: item for item in items}
    assert list(known) == ["copied", "full", "office", "payments"]
    assert known["payments"]["responder"] in ("ada", "bob")
    assert (known["office"]["responder"], known["office"]["because"]) == (None, "nobody")
    assert known["office"]["until_at"] == "2026-11-30T08:00:00Z"


def test_shifts_and_gaps_are_listed(served: Served) -> None:
    shifts = served.get(f"{PAYMENTS}/shifts?at=2026-11-23%2009:00&days=2")["items"]
    gaps = served.get(f"{ROOT}/schedules/office/gaps?at=2026-11-27%2012:00&days=3")["items"]

    assert [shift["starts_at"] for shift in shifts] == ["2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z"]
    assert [(gap["starts_at"], gap["ends_at"]) for gap in gaps] == [
        ("2026-11-27T16:00:00Z", "2026-11-30T08:00:00Z")
    ]


def test_an_override_holds_is_listed_and_can_be_removed(served: Served) -> None:
    starts, ends = now() + 10 * DAY, now() + 11 * DAY
    body = {
        "responder": "cyd",
        "starts_at": starts.isoformat(),
        "ends_at": ends.isoformat(),
        "comment": "dentist",
    }

    made = served.ask("POST", f"{PAYMENTS}/overrides", body)
    at = (starts + HOUR).isoformat().replace("+", "%2B")
    held = served.get(f"{PAYMENTS}?at={at}")

    assert made.status == 201
    assert (held["responder"], held["because"], held["source"]) == ("cyd", "override", made.json["id"])
    listed = served.get(f"{ROOT}/overrides?schedule=payments")["items"]
    assert [(one["state"], one["comment"]) for one in listed if one["id"] == made.json["id"]] == [
        ("pending", "dentist")
    ]
    assert served.ask("DELETE", f"{ROOT}/overrides/{made.json['id']}").status == 200
    assert served.get(f"{PAYMENTS}?at={at}")["responder"] != "cyd"
    assert served.ask("DELETE", f"{ROOT}/overrides/{made.json['id']}").status == 404


def test_times_of_overrides_may_be_those_of_the_wall(served: Served) -> None:
    day = (now() + 20 * DAY).date()

    made = served.ask(
        "POST",
        f"{ROOT}/schedules/office/overrides",
        {"responder": "bob", "starts_at": f"{day} 18:00", "ends_at": f"{day} 20:00"},
    )

    held = served.get(f"{ROOT}/schedules/office?at={day}%2018:30")
    assert (made.status, held["responder"]) == (201, "bob")


def test_two_people_swap_their_shifts_and_undo_it(served: Served) -> None:
    one, other = (served.get(f"{PAYMENTS}?at={(now() + n * DAY).date()}%2012:00") for n in (30, 31))
    assert one["responder"] != other["responder"]
    body = {"one_at": one["at"], "other_at": other["at"]}

    made = served.ask("POST", f"{PAYMENTS}/swaps", body)

    assert made.status == 201
    assert made.json["message"].startswith("swapped: ")
    after = [served.get(f"{PAYMENTS}?at={(now() + n * DAY).date()}%2012:00")["responder"] for n in (30, 31)]
    assert after == [other["responder"], one["responder"]]
    assert served.ask("POST", f"{PAYMENTS}/swaps", {"one_at": one["at"], "other_at": one["at"]}).status == 422
    assert served.ask("DELETE", f"{ROOT}/overrides/{made.json['id']}").status == 200
    assert served.get(f"{PAYMENTS}?at={(now() + 30 * DAY).date()}%2012:00")["responder"] == one["responder"]


@pytest.mark.parametrize(
    ("request_line", "body", "status", "words"),
    [
        (("GET", f"{ROOT}/schedules/none"), None, 404, "no on-call schedule 'none'"),
        (("GET", f"{ROOT}/schedules/none.ics"), None, 404, "no on-call schedule 'none'"),
        (("GET", f"{ROOT}/responders/none.ics"), None, 404, "no responder 'none'"),
        (("GET", f"{PAYMENTS}?at=tomorrow"), None, 422, "at: must be a time"),
        (("GET", f"{PAYMENTS}?at=2026-02-30%2009:00"), None, 422, "at: must be a time"),
        (("GET", f"{PAYMENTS}?at=9999-01-01"), None, 422, "must lie in the years"),
        (("GET", f"{PAYMENTS}?at=1970-01-01T00:00:00Z"), None, 422, "must lie in the years"),
        (("GET", f"{PAYMENTS}/shifts?days=400"), None, 422, "days"),
        (
            ("POST", f"{PAYMENTS}/overrides"),
            {"responder": "eve", "ends_at": "2027-01-01"},
            422,
            "no responder 'eve'",
        ),
        (("POST", f"{PAYMENTS}/overrides"), {"responder": "ada", "ends_at": "2020-01-01"}, 422, "after now"),
        (
            ("POST", f"{PAYMENTS}/overrides"),
            {"responder": "ada", "ends_at": "2099-01-01"},
            422,
            "at most 366 days",
        ),
        (("POST", f"{PAYMENTS}/overrides"), {"responder": "ada"}, 422, "ends_at"),
        (
            ("POST", f"{ROOT}/schedules/x/overrides"),
            {"responder": "ada", "ends_at": "2027-01-01"},
            404,
            "no on-call",
        ),
        (
            ("POST", f"{PAYMENTS}/swaps"),
            {"one_at": "2020-01-01", "other_at": "2026-12-01"},
            422,
            "lies in the past",
        ),
        (
            ("POST", f"{PAYMENTS}/swaps"),
            {"one_at": "2099-01-01", "other_at": "2026-12-01"},
            422,
            "366 days ahead",
        ),
        (("POST", f"{PAYMENTS}/import"), {"calendar": "hello"}, 422, "cannot be read"),
        (("POST", f"{PAYMENTS}/import"), {"calendar": ""}, 422, "calendar"),
        (("DELETE", f"{ROOT}/overrides/none"), None, 404, "no override 'none'"),
    ],
)
def test_what_cannot_be_done_says_why(
    served: Served, request_line: tuple[str, str], body: object, status: int, words: str
) -> None:
    answer = served.ask(*request_line, body)

    assert answer.status == status, answer.text
    assert words in answer.text


def test_the_hand_over_tells_who_comes_who_goes_and_what_is_open(served: Served) -> None:
    job = fresh()
    served.report({"job": job, "kind": "fail"})

    handing = served.get(f"{PAYMENTS}/hand-over?at=2026-11-25%2009:00")

    assert {handing["comes"], handing["goes"]} == {"ada", "bob"}
    assert (
        f"{handing['comes']} takes over from {handing['goes']} on Wed 25 Nov 09:00 (Europe/Berlin)"
        in handing["text"]
    )
    assert job in handing["text"]
    assert handing["open_alerts"] >= 1
    assert served.get(f"{PAYMENTS}/hand-over")["until_at"] is not None


def test_a_calendar_of_a_schedule_and_of_a_person_can_be_subscribed_to(served: Served) -> None:
    whole = served.ask("GET", f"{PAYMENTS}.ics")
    own = served.ask("GET", f"{ROOT}/responders/ada.ics")

    assert whole.status == own.status == 200
    assert whole.headers["content-type"] == "text/calendar; charset=utf-8"
    events = read_calendar(whole.text, "UTC")
    assert len(events) > 150
    assert {event.responder for event in events} >= {"ada", "bob"}
    assert all(a.ends_at == b.starts_at for a, b in pairwise(events))
    mine = read_calendar(own.text, "UTC")
    assert {event.responder for event in mine} == {"ada"}
    of_payments = {event.uid for event in mine if event.summary.endswith(": payments")}
    assert of_payments == {event.uid for event in events if event.responder == "ada"}
    assert mine[0].attendees == ("ada@example.com",)


@pytest.mark.parametrize(
    "more", ["SUMMARY:Cyd", "ATTENDEE;CN=x:mailto:BOB@example.com", "X-TOCSIN-RESPONDER:bob"]
)
def test_a_calendar_becomes_overrides_and_the_same_one_again_changes_nothing(
    served: Served, more: str
) -> None:
    at, uid = (now() + 60 * DAY).replace(microsecond=0), fresh()
    responder = "cyd" if "Cyd" in more else "bob"
    calendar = {"calendar": EVENT.format(uid=uid, at=at, more=more), "comment": "imported"}

    answers = [served.ask("POST", f"{PAYMENTS}/import", calendar) for _ in range(2)]

    assert [(one.status, one.json["imported"], one.json["left_out"]) for one in answers] == [(201, 1, 0)] * 2
    assert answers[0].json["id"] == answers[1].json["id"]
    moved = served.ask(
        "POST", f"{PAYMENTS}/import", {"calendar": EVENT.format(uid=uid, at=at + DAY, more=more)}
    )
    held = served.get(f"{PAYMENTS}?at={(at + DAY + HOUR).isoformat().replace('+', '%2B')}")
    assert moved.json["id"] == answers[0].json["id"] == held["source"]
    assert held["responder"] == responder
    assert served.ask("DELETE", f"{ROOT}/overrides/{held['source']}").status == 200


def test_what_an_event_made_ends_when_it_is_cancelled_and_is_listed_when_it_is_missing(
    served: Served,
) -> None:
    at = (now() + 40 * DAY).replace(microsecond=0)
    one, other = fresh("event"), fresh("event")

    def imported(*events: str) -> Heard:
        calendar = "".join(
            event.partition("BEGIN:VCALENDAR\n")[2].partition("END:VCALENDAR")[0] for event in events
        )
        body = {"calendar": f"BEGIN:VCALENDAR\n{calendar}END:VCALENDAR\n"}
        return served.ask("POST", f"{ROOT}/schedules/office/import", body)

    first = imported(
        EVENT.format(uid=one, at=at, more="SUMMARY:bob"),
        EVENT.format(uid=other, at=at + DAY, more="SUMMARY:ada"),
    )
    assert (first.status, first.json["imported"], first.json["ended"]) == (201, 2, 0)

    cancelled = imported(EVENT.format(uid=one, at=at, more="SUMMARY:bob\nSTATUS:CANCELLED"))

    assert (cancelled.status, cancelled.json["imported"], cancelled.json["ended"]) == (201, 0, 1)
    (missing,) = cancelled.json["not_named"]
    assert missing["responder"] == "ada"
    held, later = (
        served.get(f"{ROOT}/schedules/office?at={(when + HOUR).isoformat().replace('+', '%2B')}")
        for when in (at, at + DAY)
    )
    assert held["because"] != "override"
    assert (later["because"], later["source"]) == ("override", missing["id"])
    assert imported(EVENT.format(uid=one, at=at, more="SUMMARY:bob\nSTATUS:CANCELLED")).status == 422


def test_a_calendar_with_a_stranger_or_with_the_past_alone_is_not_taken(served: Served) -> None:
    ahead, behind = now() + DAY, now() - DAY

    stranger = served.ask(
        "POST", f"{PAYMENTS}/import", {"calendar": EVENT.format(uid=1, at=ahead, more="SUMMARY:Eve")}
    )
    past = served.ask(
        "POST", f"{PAYMENTS}/import", {"calendar": EVENT.format(uid=1, at=behind, more="SUMMARY:ada")}
    )

    assert (stranger.status, past.status) == (422, 422)
    assert "event 1 'Eve': names no responder" in stranger.text
    assert "1 event, all of it over or cancelled" in past.text


def test_what_was_exported_means_the_same_where_it_is_imported(served: Served) -> None:
    exported = served.ask("GET", f"{PAYMENTS}.ics").text

    imported = served.ask("POST", f"{ROOT}/schedules/copied/import", {"calendar": exported})

    assert imported.status == 201, imported.text
    assert imported.json["left_out"] >= 28
    for days in range(1, 20):
        at = (now() + days * DAY).isoformat().replace("+", "%2B")
        held, original = (served.get(f"{ROOT}/schedules/{name}?at={at}") for name in ("copied", "payments"))
        assert (held["responder"], held["because"]) == (original["responder"], "override")


def test_an_on_call_schedule_takes_a_thousand_overrides_and_no_more(served: Served) -> None:
    start = (now() + DAY).replace(microsecond=0)
    form = "BEGIN:VEVENT\nUID:{n}\nSUMMARY:ada\nDTSTART:{at:%Y%m%dT%H%M%SZ}\nDURATION:PT1H\nEND:VEVENT\n"
    events = "".join(form.format(n=n, at=start + n * HOUR) for n in range(1_000))
    calendar = {"calendar": f"BEGIN:VCALENDAR\n{events}END:VCALENDAR"}
    many, again = (served.ask("POST", f"{ROOT}/schedules/full/import", calendar) for _ in range(2))

    one_more = served.ask(
        "POST", f"{ROOT}/schedules/full/overrides", {"responder": "ada", "ends_at": start.isoformat()}
    )

    assert (many.status, again.status) == (201, 201), many.text + again.text
    assert (one_more.status, "has 1000 overrides" in one_more.text) == (409, True)
    assert (
        served.get(f"{ROOT}/schedules/full?at={start.isoformat().replace('+', '%2B')}")["responder"] == "ada"
    )


def test_a_calendar_that_is_imported_again_does_not_win_over_what_was_decided_since(served: Served) -> None:
    at, uid = (now() + 90 * DAY).replace(microsecond=0), fresh()
    calendar = {"calendar": EVENT.format(uid=uid, at=at, more="SUMMARY:ada")}
    by_hand = {"responder": "cyd", "starts_at": at.isoformat(), "ends_at": (at + HOUR).isoformat()}

    served.ask("POST", f"{PAYMENTS}/import", calendar)
    served.ask("POST", f"{PAYMENTS}/overrides", by_hand)
    assert served.ask("POST", f"{PAYMENTS}/import", calendar).status == 201

    held = served.get(f"{PAYMENTS}?at={at.isoformat().replace('+', '%2B')}")
    assert (held["responder"], held["until_at"]) == ("cyd", f"{at + HOUR:%Y-%m-%dT%H:%M:%SZ}")


def test_a_calendar_that_is_too_large_is_not_even_read(served: Served) -> None:
    answer = served.ask("POST", f"{PAYMENTS}/import", {"calendar": "x" * 300_000})

    assert answer.status == 413
