"""The review of a month in the terminal and in a file."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tocsin.cli.exits import Exit

API = "/api/v1"
TEXT = "Tocsin: review of October 2026\n"
PAGE = "<!doctype html>ü"


@pytest.fixture(autouse=True)
def answers(replies: Replies) -> None:
    """A server that has reviewed a month."""
    replies.set("GET", f"{API}/report.txt", TEXT.encode())
    replies.set("GET", f"{API}/report.html", PAGE.encode())
    replies.set("GET", f"{API}/report", {"span": "October 2026"})


def test_the_last_month_is_reviewed_as_text(tocsin: Tocsin, replies: Replies) -> None:
    assert tocsin("report") == (0, TEXT, "")
    assert replies.asked[-1].path == f"{API}/report.txt"


@pytest.mark.parametrize(
    ("words", "query"),
    [
        (("--month", "2026-10"), "month=2026-10"),
        (("--from", "2026-10-01", "--to", "2026-10-07"), "from=2026-10-01&to=2026-10-07"),
        (("--month", "2026-10", "--timezone", "Europe/Berlin"), "month=2026-10&timezone=Europe%2FBerlin"),
    ],
)
def test_the_span_is_asked_for(tocsin: Tocsin, replies: Replies, words: tuple[str, ...], query: str) -> None:
    assert tocsin("report", *words).code == 0
    assert replies.asked[-1].path == f"{API}/report.txt?{query}"


def test_it_is_printed_as_html_and_as_json(tocsin: Tocsin) -> None:
    assert tocsin("report", "--format", "html").out == PAGE
    assert json.loads(tocsin("report", "--json").out) == {"span": "October 2026"}


def test_it_is_written_to_a_file(tocsin: Tocsin, tmp_path: Path) -> None:
    said = tocsin("report", "--format", "html", "-o", "october.html")

    assert said == (0, "", "october.html written\n")
    assert (tmp_path / "october.html").read_text(encoding="utf-8") == PAGE
    assert tocsin("report", "--json", "-o", "october.json").code == 0
    assert json.loads((tmp_path / "october.json").read_text()) == {"span": "October 2026"}


def test_a_file_that_cannot_be_written_is_told(tocsin: Tocsin) -> None:
    said = tocsin("report", "-o", "nowhere/october.txt")

    assert (said.code, said.err) == (
        Exit.FAILED,
        "tocsin: nowhere/october.txt cannot be written: No such file or directory\n",
    )


def test_what_the_server_refuses_is_told_in_its_words(tocsin: Tocsin, replies: Replies) -> None:
    replies.refuse("GET", f"{API}/report.txt", 422, "month: it has not begun: in UTC it is 2026-11-22")

    said = tocsin("report", "--month", "2999-01")

    assert (said.code, "it has not begun" in said.err) == (Exit.REFUSED, True)


def test_a_form_that_does_not_exist_is_a_mistake(tocsin: Tocsin) -> None:
    assert tocsin("report", "--format", "pdf").code == Exit.USAGE
