import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notify.messages import AT, a_message
from tocsin.notify.channels.slack import slack_body
from tocsin.notify.invitation import (
    PATH,
    VALID_FOR,
    Invitation,
    Inviting,
    Void,
    invite,
    seal,
    unseal,
)
from tocsin.notify.letter import letter
from tocsin.notify.message import LINKS_LIMIT, Link, MessageKind

KEY = b"0123456789abcdef" * 2
END = datetime(2026, 4, 6, tzinfo=UTC)
INVITATION = Invitation(alert_id="4f1d", target="on-call/email", expires_at=END)
INVITING = Inviting(key=KEY, base_url="https://tocsin.example.com/")


@given(
    alert_id=st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"])),
    target=st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"])),
)
def test_an_invitation_comes_back_as_it_was_made(alert_id: str, target: str) -> None:
    invitation = Invitation(alert_id=alert_id, target=target, expires_at=END)
    token = seal(invitation, KEY)

    assert len(token) > 1000 or unseal(token, KEY, AT) == invitation
    assert not set(token) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_an_invitation_expires() -> None:
    token = seal(INVITATION, KEY)

    assert unseal(token, KEY, END - timedelta(seconds=1)) == INVITATION
    assert unseal(token, KEY, END) is Void.EXPIRED


@given(data=st.data())
def test_an_invitation_with_any_letter_changed_is_none(data: st.DataObject) -> None:
    token = seal(INVITATION, KEY)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABab01-_.=/é\0"))
    forged = token[:place] + letter + token[place + 1 :]

    if forged != token:
        assert unseal(forged, KEY, AT) is Void.FORGED


@pytest.mark.parametrize(
    "token", ["", ".", "a.b", "a", "\ud800", "é.é", "x" * 5_000, "A" * 40 + "." + "A" * 43]
)
def test_what_was_not_made_here_is_none(token: str) -> None:
    assert unseal(token, KEY, AT) is Void.FORGED


def test_a_key_of_another_opens_nothing_and_no_key_neither() -> None:
    token = seal(INVITATION, KEY)

    assert unseal(token, KEY[::-1], AT) is Void.FORGED
    assert unseal(seal(INVITATION, b""), b"", AT) is Void.FORGED


def test_a_message_that_asks_for_somebody_brings_the_link_first() -> None:
    message = invite(a_message(), "on-call/email", INVITING)

    link, *others = message.links
    assert link.name == "acknowledge"
    token = link.url.removeprefix(f"https://tocsin.example.com{PATH}")
    assert unseal(token, KEY, AT) == Invitation(
        alert_id="alert-7f3",
        target="on-call/email",
        expires_at=(AT + VALID_FOR).replace(microsecond=0),
    )
    assert tuple(others) == a_message().links
    assert invite(a_message(), "on-call/email", INVITING) == message


@pytest.mark.parametrize("kind", list(MessageKind))
def test_only_what_asks_for_somebody_brings_it(kind: MessageKind) -> None:
    asks = kind in (MessageKind.FIRING, MessageKind.LOUDER, MessageKind.REPEAT, MessageKind.ESCALATED)

    assert (invite(a_message(kind=kind), "a", INVITING) != a_message(kind=kind)) is asks


def test_what_is_told_of_many_brings_a_link_for_all_of_it() -> None:
    message = invite(a_message(tells_of_many=True, alert_id="group-1"), "on-call/email", INVITING)

    found = unseal(message.links[0].url.removeprefix(f"https://tocsin.example.com{PATH}"), KEY, AT)
    assert isinstance(found, Invitation)
    assert found.alert_id == "group-1"


def test_without_a_key_or_an_address_there_is_no_link_and_a_full_message_stays_within_its_limit() -> None:
    full = a_message(links=tuple(Link(name=f"{n}", url="https://a.example") for n in range(LINKS_LIMIT)))

    assert invite(full, "a", Inviting(key=KEY)) == full
    assert invite(full, "a", Inviting(base_url="https://a.example")) == full
    assert len(invite(full, "a", INVITING).links) == LINKS_LIMIT


def test_a_key_is_not_shown() -> None:
    assert "0123" not in repr(INVITING)


def test_the_link_is_shown_in_mails_and_in_chats() -> None:
    message = invite(a_message(), "on-call/email", INVITING)
    url = message.links[0].url

    assert f"Acknowledge: {url}" in letter(message).text
    assert f'href="{url}"' in letter(message).html
    assert f"<{url}|acknowledge>" in json.loads(slack_body(message))["attachments"][0]["text"]
