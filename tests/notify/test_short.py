"""What fits into a text message, counted as the network counts it, and what a voice reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notify.messages import HOSTILE, a_hostile_message, a_message
from tocsin.notify.message import Link, MessageKind
from tocsin.notify.short import (
    SEGMENTS_LIMIT,
    SPOKEN_LIMIT,
    Alphabet,
    Size,
    plain,
    size_of,
    spoken,
    text_message,
)

PAGE = Link(name="alert", url="https://tocsin.example.com/alerts/0123456789abcdef")


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "segments"),
    [
        ("a" * 160, Alphabet.GSM, 160, 1),
        ("a" * 161, Alphabet.GSM, 161, 2),
        ("a" * 306, Alphabet.GSM, 306, 2),
        ("a" * 307, Alphabet.GSM, 307, 3),
        ("[" * 80, Alphabet.GSM, 160, 1),
        ("€" * 81, Alphabet.GSM, 162, 2),
        ("ä" * 160, Alphabet.GSM, 160, 1),
        ("ł" * 70, Alphabet.UCS2, 70, 1),
        ("ł" * 71, Alphabet.UCS2, 71, 2),
        ("字" * 134, Alphabet.UCS2, 134, 2),
        ("🚀" * 36, Alphabet.UCS2, 72, 2),
    ],
)
def test_a_text_is_counted_as_the_network_counts_it(
    text: str, alphabet: Alphabet, units: int, segments: int
) -> None:
    assert size_of(text) == Size(alphabet=alphabet, units=units, segments=segments)


def test_an_ordinary_alert_is_one_text_with_everything_that_matters() -> None:
    text = text_message(a_message(links=(PAGE,)), "Reply 1 k7pq to ack")

    assert text == (
        "CRITICAL: daily_etl missed its deadline 06:00\n"
        "The source was late\n"
        "Since 06:00.\n"
        "https://tocsin.example.com/alerts/0123456789abcdef\n"
        "Reply 1 k7pq to ack"
    )
    assert size_of(text).segments == 1


def test_of_many_alerts_the_link_is_that_of_their_group() -> None:
    group = Link(name="group", url="https://tocsin.example.com/groups/g1")

    assert group.url in text_message(a_message(kind=MessageKind.SUMMARY, links=(group,)))


def test_a_link_that_would_make_it_longer_by_a_part_is_left_out() -> None:
    text = text_message(a_message(title="x" * 90, links=(PAGE,)), "Reply 1 k7pq to ack")

    assert "https://" not in text
    assert size_of(text).segments == 1


def test_a_long_title_is_cut_and_the_hint_is_not() -> None:
    text = text_message(a_message(title="very long " * 60), "Reply 1 k7pq to ack")

    assert text.endswith("\nReply 1 k7pq to ack")
    assert size_of(text).segments == SEGMENTS_LIMIT


def test_letters_that_would_halve_the_room_are_written_plainly() -> None:
    assert plain("“naïve” – 5 × … Łódź’s 🚀 load → done") == '"naive" - 5 x ... Łodz\'s  load -> done'
    assert plain("備份") == "備份"


@pytest.mark.parametrize("kind", list(MessageKind))
@given(title=st.text(max_size=200), job=st.text(max_size=200))
def test_no_text_has_more_than_two_parts(kind: MessageKind, title: str, job: str) -> None:
    text = text_message(a_message(kind=kind, title=title, job=job, links=(PAGE,)), "Reply 1 k7pq to ack")

    assert size_of(text).segments <= SEGMENTS_LIMIT


def test_a_voice_reads_short_sentences() -> None:
    assert spoken(a_message()) == (
        "Critical. daily etl: missed its deadline 06:00. The source was late. Since 06:00."
    )
    over = a_message(kind=MessageKind.RESOLVED, likely_cause="")
    assert spoken(over) == "Resolved. daily etl: missed its deadline 06:00."
    assert len(spoken(a_hostile_message())) <= SPOKEN_LIMIT
    assert not set(spoken(a_message(title=HOSTILE))) & set("\x1b\x00\x07\n")


def test_the_likely_cause_is_worth_a_second_part_and_what_can_be_looked_up_is_not() -> None:
    cause = f"upstream extract failed: {'disk full, ' * 8}again; since 06:00, see alert 0123456789abcdef"

    text = text_message(a_message(title="x" * 60, likely_cause=cause), "Reply 1 k7pq to ack")

    assert text.splitlines()[1] == f"Upstream extract failed: {'disk full, ' * 8}again"
    assert size_of(text).segments == 2


def test_a_likely_cause_for_which_there_is_no_room_is_left_out() -> None:
    text = text_message(a_message(title="x" * 190, likely_cause="y" * 190), "Reply 1 k7pq to ack")

    assert "yyy" not in text
    assert size_of(text).segments == SEGMENTS_LIMIT


def test_of_many_it_is_told_what_they_share() -> None:
    many = a_message(
        job="23 more jobs",
        title="failed",
        likely_cause="all 23 have host etl_3",
        tells_of_many=True,
        links=(PAGE,),
    )

    assert text_message(many, "Reply 1 k7pq to ack").splitlines() == [
        "CRITICAL: 23 more jobs failed",
        "All 23 have host etl_3",
        "Since 06:00.",
        PAGE.url,
        "Reply 1 k7pq to ack",
    ]
    assert spoken(many) == "Critical. 23 more jobs failed. All 23 have host etl 3. Since 06:00."
