"""`tocsin oncall` and a real server with people on call."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin, real_server_in
from tests.cli.replies import Replies
from tocsin.cli.exits import Exit
from tocsin.clock import now

CONFIGURATION = """\
responders: {ada: {contacts: {email: ada@example.com}}, bob: {}}
oncall:
  payments:
    timezone: Europe/Berlin
    layers: {participants: [ada, bob], rotation: daily, starts: 2026-01-05 09:00}
  office:
    timezone: Europe/Berlin
    layers:
      participants: ada
      starts: 2026-01-05
      restrictions: {weekdays: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00"}
"""
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server with people on call."""
    folder = tmp_path_factory.mktemp("people")
    (folder / "tocsin.yaml").write_text(CONFIGURATION)
    with real_server_in(folder) as url:
        yield url


@pytest.fixture(autouse=True)
def server(people: str, tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TOCSIN_URL", people)
    return people


def test_who_is_on_call_is_told_and_nobody_is_told_by_the_exit_code(tocsin: Tocsin) -> None:
    sunday = tocsin("oncall", "who", "--at", "2026-11-29 12:00")
    one = tocsin("oncall", "who", "payments", "--at", "2026-11-29 12:00")

    assert sunday.code == Exit.FAILED
    assert [line.split()[:2] for line in sunday.out.splitlines()[1:]] == [
        ["office", "nobody"],
        ["payments", one.out.splitlines()[1].split()[1]],
    ]
    assert (one.code, "30 Nov 09:00 CET" in one.out, "  layer 1" in one.out) == (0, True, True)
    assert json.loads(tocsin("oncall", "who", "payments", "--json").out)["schedule"] == "payments"


def test_the_coming_shifts_the_gaps_and_the_hand_over_are_told(tocsin: Tocsin) -> None:
    shifts = tocsin("oncall", "next", "payments", "--days", "3").out.splitlines()
    gaps = tocsin("oncall", "gaps", "--days", "7")
    none = tocsin("oncall", "gaps", "payments")

    assert len(shifts) in (4, 5)
    assert {line.split()[-3] for line in shifts[1:]} == {"ada", "bob"}
    assert (gaps.code, none.code) == (Exit.FAILED, 0)
    assert all(line.startswith("office") for line in gaps.out.splitlines()[1:])
    assert "no gap within 28 days" in none.err
    said = tocsin("oncall", "handover", "payments").out
    assert "takes over from" in said
    assert "No alert is open." in said


def test_an_override_is_added_listed_and_removed(tocsin: Tocsin) -> None:
    day = (now() + 10 * DAY).date()
    added = tocsin(
        "oncall",
        "override",
        "add",
        "office",
        "bob",
        "--from",
        f"{day} 18:00",
        "--to",
        f"{day} 20:00",
        "--comment",
        "late",
    )
    assert added.code == 0, added.err
    override_id = added.err.split()[-1]

    listed = tocsin("oncall", "override", "list", "office").out
    held = tocsin("oncall", "who", "office", "--at", f"{day} 19:00")

    assert (override_id in listed, "late" in listed) == (True, True)
    assert ("bob" in held.out, f"override {override_id}" in held.out) == (True, True)
    assert tocsin("oncall", "override", "remove", override_id).code == 0
    assert tocsin("oncall", "override", "remove", override_id).code == Exit.REFUSED
    assert "ended" in tocsin("oncall", "override").out


def test_two_people_swap_and_undo_it(tocsin: Tocsin) -> None:
    one, other = (f"{(now() + n * DAY).date()} 12:00" for n in (20, 21))
    before = tocsin("oncall", "override", "list", "payments").out.count("pending")

    swapped = tocsin("oncall", "swap", "payments", one, other)

    assert swapped.code == 0, swapped.err
    assert tocsin("oncall", "override", "list", "payments").out.count("pending") == before + 2
    assert tocsin("oncall", "override", "remove", swapped.err.split()[-1]).code == 0
    assert tocsin("oncall", "swap", "payments", one, one).code == Exit.REFUSED


def test_a_calendar_is_written_and_one_is_taken_in(tocsin: Tocsin, tmp_path: Path) -> None:
    calendar = tmp_path / "payments.ics"
    at = now() + 40 * DAY
    mine = tmp_path / "mine.ics"
    mine.write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:Bob\n"
        f"DTSTART:{at:%Y%m%dT120000Z}\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n"
    )

    assert tocsin("oncall", "export", "payments", "-o", str(calendar)).code == 0
    assert calendar.read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")
    assert "SUMMARY:ada on call: office" in tocsin("oncall", "export", "--responder", "ada").out
    assert tocsin("oncall", "export").code == Exit.USAGE
    imported = tocsin("oncall", "import", "payments", str(mine))
    assert (imported.code, imported.out.startswith("bob is on call in 'payments'")) == (0, True), imported.err
    mine.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in tocsin("oncall", "import", "payments", str(mine)).err
    mine.write_text("x" * 250_000)
    assert "larger than" in tocsin("oncall", "import", "payments", str(mine)).err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("who", "nothing"), "no on-call schedule 'nothing'"),
        (("who", "--at", "soon"), "must be a time in the zone"),
        (("override", "add", "payments", "eve", "--to", "2090-01-01"), "no responder 'eve'"),
        (("export", "nothing"), "no on-call schedule 'nothing'"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(tocsin: Tocsin, words: tuple[str, ...], complaint: str) -> None:
    said = tocsin("oncall", *words)

    assert said.code == Exit.REFUSED
    assert complaint in said.err


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("payments",), "/api/v1/oncall/schedules/payments/link"),
        (("--responder", "ada l"), "/api/v1/oncall/responders/ada%20l/link"),
    ],
)
def test_a_link_is_printed_with_how_it_is_revoked(
    tocsin: Tocsin, replies: Replies, words: tuple[str, ...], asked: str
) -> None:
    made = {
        "message": "made",
        "id": "t1",
        "path": "/calendars/x.ics",
        "url": "https://t.example/calendars/x.ics",
    }
    replies.set("POST", asked, made, 201)

    said = tocsin("oncall", "link", *words)

    assert (said.code, said.out) == (Exit.OK, "https://t.example/calendars/x.ics\n")
    assert said.err == "this is shown once; revoke it with: tocsin token revoke t1\n"


def test_a_link_of_a_server_that_does_not_know_its_name_is_told_as_this_place_reaches_it(
    tocsin: Tocsin, replies: Replies
) -> None:
    made = {"message": "made", "id": "t1", "path": "/calendars/x.ics", "url": ""}
    replies.set("POST", "/api/v1/oncall/schedules/payments/link", made, 201)

    assert tocsin("oncall", "link", "payments").out == f"{replies.url}/calendars/x.ics\n"


@pytest.mark.parametrize("words", [(), ("payments", "--responder", "ada")])
def test_a_link_is_to_one_calendar(tocsin: Tocsin, replies: Replies, words: tuple[str, ...]) -> None:
    assert tocsin("oncall", "link", *words).code == Exit.USAGE
    assert replies.asked == []
