from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notify.messages import a_hostile_message, a_message
from tocsin.notify.letter import letter
from tocsin.notify.message import Link, Message, MessageKind


class Reader(HTMLParser):
    """Reads a page as a mail programme does."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "action"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(message: Message) -> Reader:
    return Reader(letter(message).html)


def test_both_forms_say_what_since_when_and_what_to_do() -> None:
    written = letter(a_message())
    for said in (written.text, read(a_message()).text):
        for fact in (
            "CRITICAL",
            "daily_etl",
            "missed its deadline 06:00",
            "The run of 30 March was due at 06:00 and is still working.",
            "2026-03-30 06:00:00 CEST (Europe/Berlin), for 1 h 30 min",
            "The source was late.",
            "Look at the slow query.",
            "06:00 CEST",
            "43 %",
            "team data",
            "reading\nstill reading",
            "alert-7f3",
        ):
            assert fact in said
    assert "https://wiki.example.com/etl?a=1&b=2" in written.text
    assert "https://wiki.example.com/etl?a=1&b=2" in read(a_message()).addresses


def test_an_empty_message_has_no_empty_headings() -> None:
    page = read(
        a_message(
            text="", likely_cause="", next_step="", links=(), log_tail="", evidence=(), labels=(), owner=""
        )
    )

    for heading in ("Likely cause", "Do now", "End of the log", "Owner", "Labels"):
        assert heading not in page.text


def test_a_possible_repeat_is_said() -> None:
    assert "may have seen it before" in read(a_message(may_repeat=True)).text
    assert "may have seen it before" in letter(a_message(may_repeat=True)).text
    assert "may have seen it before" not in letter(a_message()).text


def test_the_end_is_green_and_says_once_how_long_it_took() -> None:
    message = a_message(kind=MessageKind.RESOLVED, text="daily_etl is well again after 1 h 30 min.")

    assert letter(message).subject == "[RESOLVED] daily_etl missed its deadline 06:00"
    assert "background:#2eb886" in letter(message).html
    assert letter(message).text.count("1 h 30 min") == 1


@pytest.mark.parametrize(
    ("severity", "colours"),
    [
        ("info", "background:#36a64f; color:#1f2328"),
        ("warning", "background:#ffcc00; color:#1f2328"),
        ("critical", "background:#ff0000; color:#ffffff"),
        ("page", "background:#8b0000; color:#ffffff"),
    ],
)
def test_letters_on_a_coloured_ground_can_be_read(severity: str, colours: str) -> None:
    assert colours in letter(a_message(severity=severity)).html


def test_nothing_that_a_hostile_message_says_becomes_markup() -> None:
    plain, hostile = read(a_message(log_tail="x")), read(a_hostile_message())

    assert set(hostile.tags) <= set(plain.tags)
    assert "script" not in hostile.tags
    assert hostile.addresses == ["https://ok.example/a|b"]
    assert "<script>alert(1)</script>" in hostile.text


@given(st.text(max_size=200))
def test_no_text_changes_the_structure_of_the_page(text: str) -> None:
    page = read(
        a_message(job=f"x{text}", next_step=f"x{text}", links=(Link(name=f"x{text}", url="https://a.b/"),))
    )

    assert (
        page.tags == read(a_message(job="x", next_step="x", links=(Link(name="x", url="https://a.b/"),))).tags
    )


def test_the_page_loads_nothing_from_anywhere() -> None:
    html = letter(a_message(links=())).html

    assert "http" not in html.replace("http-equiv", "")
    assert "url(" not in html
