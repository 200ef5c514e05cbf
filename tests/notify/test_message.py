from dataclasses import FrozenInstanceError, fields
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notify.messages import AT, HOSTILE, a_hostile_message, a_message
from tocsin.notify import message as limits
from tocsin.notify.message import Link, Message, pack, unpack


def texts(message: Message) -> list[str]:
    """Return every text that a message holds."""
    found: list[object] = [getattr(message, field.name) for field in fields(message)]
    texts: list[str] = []
    while found:
        value = found.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, Link):
            found += [value.name, value.url]
        elif isinstance(value, tuple):
            found += value
    return texts


def test_no_field_of_a_hostile_message_holds_a_control_character() -> None:
    message = a_hostile_message()

    assert len(texts(message)) > 20
    for text in texts(message):
        assert not set(text) & set("\x1b\x9b\x00\x07\x7f\r\u202e\u2028\ud800")
    for text in (message.job, message.title, message.alert_id, message.environment, message.evidence[0][0]):
        assert "\n" not in text


def test_every_field_has_its_limit() -> None:
    long = "word " * 10_000
    message = a_message(
        title=long,
        text=long,
        job=long,
        likely_cause=long,
        next_step=long,
        log_tail=long + "the end",
        labels=tuple((long, long) for _ in range(200)),
        evidence=tuple((f"{number} {long}", long) for number in range(200)),
        links=tuple(Link(name=long, url="https://example.com/") for _ in range(50)),
    )

    assert len(message.title) <= limits.TITLE_LIMIT
    assert len(message.text) <= limits.TEXT_LIMIT
    assert len(message.job) <= limits.WORD_LIMIT
    assert len(message.log_tail) <= limits.LOG_TAIL_LIMIT
    assert message.log_tail.endswith("the end")
    assert len(message.labels) == limits.LABELS_LIMIT
    assert len(message.evidence) == limits.EVIDENCE_LIMIT
    assert message.evidence[-1] == ("…", "171 more not shown")
    assert len(message.links) == limits.LINKS_LIMIT
    assert len(pack(message)) < 64 * 1024


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com/",
        "https://example.com/\nBcc: x",
        'https://example.com/"><script>',
        "https://example.com/" + "x" * 3000,
        "/jobs/daily_etl",
    ],
)
def test_a_link_that_leads_to_no_web_page_is_dropped(url: str) -> None:
    good = Link(name="job", url="https://example.com/a?b=c&d=e#f")

    assert a_message(links=(Link(name="bad", url=url), good)).links == (good,)


@pytest.mark.parametrize("key", ["", "with space", "line\nend", "schlüssel", "x" * 256, "\x1b[2J"])
def test_a_key_that_no_receiver_could_take_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="message key"):
        a_message(key=key)


def test_instants_are_kept_in_utc_and_need_a_zone() -> None:
    there = timezone(timedelta(hours=2))

    assert a_message(at=AT.astimezone(there)).at.tzinfo is not there
    assert a_message(at=AT.astimezone(there)) == a_message(at=AT)
    with pytest.raises(ValueError, match="opened_at of a message needs a time zone"):
        a_message(opened_at=datetime(2026, 3, 30))  # noqa: DTZ001 - the fault that is tested


@given(st.text(st.characters()), st.booleans())
def test_a_stored_message_is_the_same_message(text: str, may_repeat: bool) -> None:  # noqa: FBT001 - given by name
    message = a_message(title=text, text=text, log_tail=text, labels=((text, text),), may_repeat=may_repeat)

    assert unpack(pack(message)) == message


def test_a_stored_message_that_was_tampered_with_is_inert_or_refused() -> None:
    stored = pack(a_message())

    assert unpack(stored.replace(b"daily_etl", b"daily\\u001b[2Jetl")).job == "dailyetl"
    for broken in (
        b"{",
        b"[]",
        stored.replace(b"alert-7f3:firing:1", b""),
        stored.replace(b'"firing"', b'"x"'),
    ):
        with pytest.raises(ValueError, match="not a stored message"):
            unpack(broken)


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        a_message().title = HOSTILE  # type: ignore[misc] # what is tested
