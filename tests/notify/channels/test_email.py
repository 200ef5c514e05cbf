import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.notify.messages import AT, a_hostile_message, a_message
from tocsin.errors import ChannelError
from tocsin.notify.channel import Outcome, outcome_of
from tocsin.notify.channels.email import EmailChannel
from tocsin.notify.message import Message, MessageKind

PASSWORD = "correct horse"


class Mailbox:
    """What a real mail server does with letters: keeps them, and refuses some recipients."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []

    # The names of both are those that aiosmtpd looks for, and so is what they are called with.
    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, to: str, ___: list[str]) -> str:  # noqa: N802 - see above
        if to.startswith("gone"):
            return "550 5.1.1 no such mailbox"
        if to.startswith("full"):
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(to)
        return "250 ok"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - see above
        self.letters.append(envelope)
        return "250 2.0.0 queued as 4711"


def authenticated(_: SMTP, __: Session, ___: Envelope, ____: str, data: object) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"tocsin", PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def a_server(
    mailbox: Mailbox,
    ssl_context: ssl.SSLContext | None = None,
    **options: Any,  # noqa: ANN401 - what aiosmtpd takes
) -> Iterator[int]:
    """Run aiosmtpd on a free port of this machine."""
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(
        loop.create_server(lambda: SMTP(mailbox, loop=loop, **options), "127.0.0.1", 0, ssl=ssl_context)
    )
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.run_until_complete(ended(asyncio.all_tasks(loop)))
        loop.close()


async def ended(tasks: set["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def a_channel(port: int, **changes: Any) -> EmailChannel:  # noqa: ANN401 - what the channel takes
    settings: dict[str, Any] = {
        "tls": "none",
        "sender": "Tocsin <tocsin@example.com>",
        "recipients": ["Maria <maria@example.com>"],
        **changes,
    }
    return EmailChannel("127.0.0.1", port, **settings)


def sent(message: Message, **changes: Any) -> EmailMessage:  # noqa: ANN401 - what the channel takes
    """Return a letter as the server got it."""
    mailbox = Mailbox()
    with a_server(mailbox) as port:
        a_channel(port, **changes).send(message, at=AT)
    return mail(mailbox.letters[0])


def mail(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    parsed = message_from_bytes(envelope.content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


Options = Callable[[ssl.SSLContext], dict[str, Any]]


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd does not see that implicit TLS protects it
@pytest.mark.parametrize(
    ("tls", "options"),
    [
        ("starttls", lambda context: {"tls_context": context, "require_starttls": True}),
        ("implicit", lambda context: {"ssl_context": context}),
    ],
    ids=["starttls", "implicit"],
)
def test_a_letter_goes_under_tls_with_user_and_password(
    tls: str, options: Options, context: ssl.SSLContext, ca_file: str
) -> None:
    mailbox = Mailbox()
    login: dict[str, Any] = {
        "authenticator": authenticated,
        "auth_required": True,
        "auth_require_tls": tls == "starttls",
    }
    with a_server(mailbox, **options(context), **login) as port:
        channel = a_channel(port, tls=tls, username="tocsin", password=PASSWORD, ca_file=ca_file)

        assert channel.send(a_message(), at=AT).detail == "SMTP 250 2.0.0 queued as 4711"
    [letter] = mailbox.letters
    assert letter.mail_from == "tocsin@example.com"
    assert letter.rcpt_tos == ["maria@example.com"]


def test_a_wrong_password_is_refused_for_good(context: ssl.SSLContext, ca_file: str) -> None:
    options: dict[str, Any] = {"tls_context": context, "authenticator": authenticated, "auth_required": True}
    with a_server(Mailbox(), **options) as port:
        channel = a_channel(port, tls="starttls", username="tocsin", password="wrong", ca_file=ca_file)
        with pytest.raises(ChannelError, match=r"did not accept user and password \(SMTP 535\)") as caught:
            channel.send(a_message(), at=AT)

    assert caught.value.permanent


@pytest.mark.parametrize("settings", [{"tls": "starttls"}, {"username": "tocsin", "password": PASSWORD}])
def test_nothing_is_sent_in_the_clear_that_was_to_be_protected(settings: dict[str, Any]) -> None:
    mailbox = Mailbox()
    with (
        a_server(mailbox) as port,
        pytest.raises(ChannelError, match="check tls, username and password") as caught,
    ):
        a_channel(port, **settings).send(a_message(), at=AT)

    assert caught.value.permanent
    assert mailbox.letters == []


def test_recipients_that_the_server_refuses_are_named_and_the_others_are_told() -> None:
    mailbox = Mailbox()
    recipients = ["maria@example.com", "gone@example.com", "full@example.com"]
    with a_server(mailbox) as port:
        accepted = a_channel(port, recipients=recipients).send(a_message(), at=AT)

    assert accepted.detail == (
        "SMTP 250 2.0.0 queued as 4711"
        "; refused for gone@example.com: SMTP 550 5.1.1 no such mailbox"
        "; refused for full@example.com: SMTP 452 4.2.2 mailbox full"
    )
    assert mailbox.letters[0].rcpt_tos == ["maria@example.com"]


@pytest.mark.parametrize(
    ("recipients", "outcome"),
    [
        (["gone@example.com"], Outcome.REFUSED),
        (["full@example.com"], Outcome.TRY_AGAIN),
        (["gone@example.com", "full@example.com"], Outcome.TRY_AGAIN),
    ],
)
def test_if_all_are_refused_it_is_tried_again_as_long_as_one_may_be_reached(
    recipients: list[str], outcome: Outcome
) -> None:
    with a_server(Mailbox()) as port, pytest.raises(ChannelError, match="refused every recipient") as caught:
        a_channel(port, recipients=recipients).send(a_message(), at=AT)

    assert outcome_of(caught.value) is outcome


def test_the_headers_of_a_letter() -> None:
    letter = sent(a_message())

    assert letter["From"] == "Tocsin <tocsin@example.com>"
    assert letter["To"] == "Maria <maria@example.com>"
    assert letter["Subject"] == "[CRITICAL] daily_etl missed its deadline 06:00"
    assert letter["Date"].datetime == AT
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Importance"] == "high"
    assert letter.get_content_type() == "multipart/alternative"


def test_letters_about_one_alert_are_one_conversation_of_different_letters() -> None:
    firing = sent(a_message())
    resolved = sent(a_message(key="alert-7f3:resolved:1", kind=MessageKind.RESOLVED))
    other = sent(a_message(key="other", alert_id="alert-8"))

    assert firing["References"] == resolved["References"] == firing["In-Reply-To"]
    assert firing["References"] != other["References"]
    assert len({firing["Message-ID"], resolved["Message-ID"], other["Message-ID"], firing["References"]}) == 4
    assert firing["Message-ID"].endswith("@example.com>")
    assert resolved["Importance"] is None


def test_every_retry_is_the_same_letter_to_the_last_octet() -> None:
    mailbox = Mailbox()
    with a_server(mailbox) as port:
        channel = a_channel(port)
        for seconds in (0, 30):
            channel.send(a_message(), at=AT + timedelta(seconds=seconds))

    assert mailbox.letters[0].content == mailbox.letters[1].content


def test_letters_of_every_script_and_lone_dots_arrive_as_they_were_written() -> None:
    text = "Grüße, 日本語, 😀\n.\n..leading dots\nQUIT\n" + "very long line " * 100
    letter = sent(a_message(text=text.strip(), job="Zoë_日本"))

    assert "Zoë_日本" in letter["Subject"]
    assert text.strip() in part(letter, "plain").replace("\r\n", "\n")


def test_a_hostile_message_adds_no_header_no_recipient_and_no_markup() -> None:
    mailbox = Mailbox()
    with a_server(mailbox) as port:
        a_channel(port).send(a_hostile_message(), at=AT)
    [envelope] = mailbox.letters
    letter = mail(envelope)

    assert envelope.rcpt_tos == ["maria@example.com"]
    assert letter["Bcc"] is None
    assert letter.defects == []
    assert set(letter.keys()) == set(sent(a_message()).keys())
    assert "<script>" not in part(letter, "html")
    assert "javascript:" not in part(letter, "html")


@pytest.mark.parametrize(
    "address",
    ["", "maria", "@example.com", "maria@", "a b@example.com", "m@x\r\nBcc: y@z", "márta@example.com"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an email address"):
        a_channel(25, recipients=[address])
    with pytest.raises(ValueError, match="not an email address"):
        a_channel(25, sender=address)


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "mail..example.com"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="not the name of a host"):
        EmailChannel(host, sender="a@b.example", recipients=["c@d.example"])


def test_a_receiver_has_some_recipients_and_not_too_many() -> None:
    for recipients in ([], ["maria@example.com"] * 51):
        with pytest.raises(ValueError, match="has 1 to 50 recipients"):
            a_channel(25, recipients=recipients)


def test_a_password_that_the_protocol_cannot_carry_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="in ASCII") as caught:
        a_channel(25, username="tocsin", password="geheimnisvoll-ü")

    assert "geheimnis" not in str(caught.value)


def test_the_port_goes_with_the_protection() -> None:
    shown = {
        tls: repr(EmailChannel("mail.example.com", tls=tls, sender="a@b.example", recipients=["c@d.example"]))
        for tls in ("starttls", "implicit", "none")
    }

    assert shown == {
        "starttls": "EmailChannel(smtp://mail.example.com:587)",
        "implicit": "EmailChannel(smtp://mail.example.com:465)",
        "none": "EmailChannel(smtp://mail.example.com:25)",
    }
