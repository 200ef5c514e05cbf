import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.notify import inert

# Any text at all, and more often than chance would have it the beginnings of what is harmful.
anything = st.lists(
    st.one_of(
        st.text(st.characters(), max_size=5),
        st.sampled_from(
            ["\x1b[", "\x1b]0;", "\x07", "\x1b\\", "\x9b31m", "\r", "\n", "\u202e", "\ud800", "m"]
        ),
    ),
    max_size=30,
).map("".join)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;new title\x07after", "after"),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("\x1bPsecret\x1b\\after", "after"),
        ("\x1b]52;c;never ended", "52;c;never ended"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("left\u202eright", "leftright"),
        ("half a pair \ud800", "half a pair \ufffd"),
        ("tab\tand\nline", "tab and line"),
        ("  spaces  ", "spaces"),
        ("Zoë 😀 été", "Zoë 😀 été"),
    ],
)
def test_what_a_terminal_would_obey_is_gone_and_what_people_wrote_stays(text: str, said: str) -> None:
    assert inert.line(text, 100) == said


@given(anything, st.integers(2, 50))
def test_a_line_is_one_line_without_control_characters_within_its_limit(text: str, limit: int) -> None:
    line = inert.line(text, limit)

    assert len(line) <= limit
    assert not [c for c in line if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    assert inert.line(line, limit) == line


@given(anything, st.integers(3, 50))
def test_lines_keep_only_line_ends_and_tabs(text: str, limit: int) -> None:
    for kept in (inert.lines(text, limit), inert.last_lines(text, limit)):
        assert len(kept) <= limit
        assert not [c for c in kept if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"]
    assert inert.lines(inert.lines(text, limit), limit) == inert.lines(text, limit)
    assert inert.last_lines(inert.last_lines(text, limit), limit) == inert.last_lines(text, limit)


def test_a_progress_bar_becomes_lines() -> None:
    assert inert.lines("10 %\r20 %\r\ndone", 100) == "10 %\n20 %\ndone"


def test_the_end_of_a_log_is_kept_from_the_start_of_a_line() -> None:
    log = "\n".join(f"line {number}" for number in range(1000))

    assert inert.last_lines(log, 30) == "…\nline 997\nline 998\nline 999"
    assert inert.last_lines("x" * 100, 10) == "…\n" + "x" * 8


def test_a_log_of_megabytes_costs_no_more_than_its_end() -> None:
    assert inert.last_lines("\x9d" * 5_000_000 + "\nthe end", 100) == "the end"
    assert inert.line("\x1b]" * 5_000_000, 100) == ""
