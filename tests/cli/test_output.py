"""Tables, times and texts."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.cli.zones import in_zone
from tocsin.cli import output
from tocsin.cli.output import Column, length, moment, print_facts, print_table, width_of

COLUMNS = (
    Column("NAME", lambda item: item["name"], gives=True),
    Column("STATE", lambda item: item["state"]),
    Column("NOTE", lambda item: item.get("note"), gives=True),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def terminal(**environment: str) -> Iterator[Terminal]:
    """Print to a terminal of 40 columns that shows colours."""
    screen = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NO_COLOR", raising=False)
        for name, value in {"COLUMNS": "40", "TERM": "xterm", **environment}.items():
            patch.setenv(name, value)
        patch.setattr("sys.stdout", screen)
        yield screen


def test_columns_are_aligned_also_under_wide_letters(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(
        COLUMNS, [{"name": "日本", "state": "fine"}, {"name": "abcdef", "state": "failed", "note": "x"}]
    )
    assert capsys.readouterr().out.splitlines() == [
        "NAME    STATE   NOTE",
        "日本    fine    –",
        "abcdef  failed  x",
    ]


def test_in_a_pipe_nothing_is_cut_and_nothing_is_coloured(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, [{"name": "n" * 300, "state": "failed", "note": "m" * 300}])
    out = capsys.readouterr().out
    assert "n" * 300 in out
    assert "m" * 300 in out
    assert "\x1b" not in out


def test_a_narrow_terminal_cuts_only_the_columns_that_give() -> None:
    item = {"name": "n" * 50, "state": "fine-state", "note": "日" * 30}
    with terminal() as screen:
        print_table(COLUMNS, [item], below=lambda _: "b" * 90)
    lines = screen.getvalue().splitlines()
    assert max(width_of(line) for line in lines) <= 40
    assert "fine-state" in lines[1]
    assert lines[1].count("…") == 2
    assert lines[2] == "  " + "b" * 37 + "…"


def test_states_are_coloured_on_a_terminal_unless_it_says_no() -> None:
    for environment, colour in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        with terminal(**environment) as screen:
            print_table(COLUMNS, [{"name": "a", "state": "failed"}])
        assert ("\x1b[31mfailed\x1b[0m" in screen.getvalue()) is colour
        assert ("\x1b" in screen.getvalue()) is colour


def test_what_strangers_wrote_moves_no_cursor_and_breaks_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    wicked = "a\x1b[2Jb\nc\x07\u202ed"
    print_table(COLUMNS, [{"name": wicked, "state": wicked, "note": wicked}])
    print_facts([("name", wicked)])
    output.print_lines(f"{wicked}\r\nnext")
    out = capsys.readouterr().out
    assert not any(letter in out for letter in ("\x1b", "\x07", "\u202e", "\r"))
    assert "ab cd  ab cd  ab cd" in out
    assert "  ab\n  cd\n  next\n" in out


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (3.21, "3.2s"),
        (59.94, "59.9s"),
        (60, "1m 00s"),
        (245, "4m 05s"),
        (3600, "1h 00m"),
        (7500, "2h 05m"),
        (360000, "100h 00m"),
        (None, "–"),
        ("x", "–"),
        (True, "–"),
    ],
)
def test_lengths_are_said_as_people_say_them(seconds: object, text: str) -> None:
    assert length(seconds) == text


@pytest.mark.parametrize(
    ("value", "zone", "text"),
    [
        ("2026-01-09T22:10:00Z", "Europe/Berlin", "9 Jan 2026 23:10 CET"),
        ("2026-07-09T22:10:00+00:00", "Europe/Berlin", "10 Jul 2026 00:10 CEST"),
        ("2026-07-09T22:10:00Z", "UTC", "9 Jul 2026 22:10 UTC"),
        (None, "UTC", "–"),
        ("yesterday", "UTC", "–"),
        ("2026-07-09T22:10:00", "UTC", "–"),
    ],
)
def test_instants_are_shown_as_the_clocks_here_show_them(
    monkeypatch: pytest.MonkeyPatch, value: object, zone: str, text: str
) -> None:
    monkeypatch.setattr(output, "now", lambda: datetime(2030, 1, 1, tzinfo=UTC))
    with in_zone(zone):
        assert moment(value) == text


def test_the_year_is_left_out_while_it_is_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "now", lambda: datetime(2026, 3, 1, tzinfo=UTC))
    with in_zone("UTC"):
        assert moment("2026-07-09T22:10:00Z") == "9 Jul 22:10 UTC"
