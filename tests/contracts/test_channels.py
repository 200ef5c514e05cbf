import io
import json
import ssl
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import cast

import pytest
import trustme

from tests.contracts.receivers import HttpReceiver, Receiver, SlowHandshake, SmtpReceiver
from tests.contracts.situations import CASES, HTTP_KINDS, KINDS, OVER_THE_NETWORK, TABLE, Expected, Situation
from tests.contracts.twilio import SID, Twilio
from tests.contracts.vendors import Alertmanager, PagerDuty, Teams
from tests.notify.messages import AT, a_hostile_message, a_message
from tocsin.clock import monotonic
from tocsin.errors import ChannelError
from tocsin.notify.channel import Channel, Outcome, outcome_of
from tocsin.notify.channels.apprise import AppriseChannel
from tocsin.notify.channels.console import ConsoleChannel
from tocsin.notify.channels.email import EmailChannel
from tocsin.notify.channels.pagerduty import PagerDutyChannel
from tocsin.notify.channels.phone import PhoneChannel
from tocsin.notify.channels.slack import SlackChannel
from tocsin.notify.channels.sms import SmsChannel
from tocsin.notify.channels.teams import TeamsChannel
from tocsin.notify.channels.webhook import Form, WebhookChannel
from tocsin.notify.egress.twilio import Account

SECRET = "T0SECRET0B0SECRET"
SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROUTING_KEY = (SECRET * 2)[:32]
SHORT_SECONDS = 0.5
LONG_SECONDS = 30.0
APPRISE_SECONDS = 8.0  # a process has to begin


class Console(io.StringIO):
    """A stream that is full."""

    def write(self, text: str) -> int:  # noqa: ARG002 - as every stream has it
        raise OSError(28, "No space left on device")


@contextmanager
def reached(kind: str, situation: Situation) -> Iterator[tuple[Channel, Receiver | io.StringIO]]:
    """Give a channel and the real receiver at its other end."""
    waits = situation in {Situation.SILENT, Situation.DRIPS, Situation.ACCEPTS_AND_DRIPS}
    timeout_seconds = SHORT_SECONDS if waits else LONG_SECONDS
    if kind == "console":
        stream = Console() if situation is Situation.BROKEN else io.StringIO()
        if situation is Situation.REFUSES:
            stream.close()
        yield ConsoleChannel(stream, colour=True), stream
    elif kind == "email":
        with SmtpReceiver(situation) as receiver:
            yield an_email_channel(receiver, timeout_seconds), receiver
    else:
        make, build = OVER_HTTP[kind]
        with make(situation) as receiver:
            yield build(receiver.url, timeout_seconds), receiver


def a_webhook(url: str, timeout_seconds: float) -> Channel:
    return WebhookChannel(f"{url}/hook/{SECRET}?token={SECRET}", (SIGNING_SECRET,), timeout_seconds)


def an_alertmanager(url: str, timeout_seconds: float) -> Channel:
    address = f"{url}/alertmanager/{SECRET}"
    return WebhookChannel(address, (SIGNING_SECRET,), timeout_seconds, form=Form.ALERTMANAGER)


def a_teams(url: str, timeout_seconds: float) -> Channel:
    return TeamsChannel(f"{url}/workflows/0a1b/triggers/manual/paths/invoke?sig={SECRET}", timeout_seconds)


def an_apprise(url: str, timeout_seconds: float) -> Channel:
    host = url.removeprefix("http://")
    waits = APPRISE_SECONDS if timeout_seconds == SHORT_SECONDS else timeout_seconds
    return AppriseChannel(f"json://{host}/{SECRET}/?:token={SECRET}&rto=60", waits)


def a_slack(url: str, timeout_seconds: float) -> Channel:
    return SlackChannel(f"{url}/services/{SECRET}?token={SECRET}", timeout_seconds)


def a_pagerduty(url: str, timeout_seconds: float) -> Channel:
    return PagerDutyChannel(ROUTING_KEY, "us", timeout_seconds, url=f"{url}/v2/enqueue")


def an_sms(url: str, timeout_seconds: float) -> Channel:
    account = Account(sid=SID, user=SID, password=Twilio.password, url=url)
    sender, to = "+14155550100", "+4915112345678"
    return SmsChannel(
        account,
        sender=sender,
        to=to,
        answered=True,
        reports_to="https://tocsin.example.com",
        timeout_seconds=timeout_seconds,
    )


def a_phone(url: str, timeout_seconds: float) -> Channel:
    return PhoneChannel(
        Account(sid=SID, user=SID, password=Twilio.password, url=url),
        sender="+14155550100",
        to="+4915112345678",
        answers_to="https://tocsin.example.com",
        timeout_seconds=timeout_seconds,
    )


OVER_HTTP: dict[str, tuple[type[HttpReceiver], Callable[[str, float], Channel]]] = {
    "webhook": (HttpReceiver, a_webhook),
    "slack": (HttpReceiver, a_slack),
    "pagerduty": (PagerDuty, a_pagerduty),
    "teams": (Teams, a_teams),
    "alertmanager": (Alertmanager, an_alertmanager),
    "apprise": (HttpReceiver, an_apprise),
    "sms": (Twilio, an_sms),
    "phone": (Twilio, a_phone),
}


def an_email_channel(receiver: Receiver, timeout_seconds: float = LONG_SECONDS) -> EmailChannel:
    return EmailChannel(
        "127.0.0.1",
        receiver.port,
        "none",
        "tocsin",
        SECRET,
        sender="Tocsin <tocsin@example.com>",
        recipients=("maria@example.com",),
        timeout_seconds=timeout_seconds,
    )


def told(channel: Channel) -> Expected:
    """Send an ordinary message and return how that ended."""
    try:
        channel.send(a_message(), at=AT)
    except ChannelError as error:
        return Expected(outcome=outcome_of(error), retry_after=error.retry_after)
    return Expected(outcome=Outcome.ACCEPTED)


def failure(channel: Channel) -> ChannelError:
    """Send an ordinary message and return the error."""
    with pytest.raises(ChannelError) as caught:
        channel.send(a_message(), at=AT)
    return caught.value


@pytest.mark.parametrize(("kind", "situation"), CASES)
def test_what_becomes_of_a_message_is_known(kind: str, situation: Situation) -> None:
    with reached(kind, situation) as (channel, _):
        assert told(channel) == TABLE[situation][kind]


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_nothing_is_sent_to_where_a_receiver_redirects(kind: str) -> None:
    with reached(kind, Situation.REDIRECTS) as (channel, receiver):
        assert outcome_of(failure(channel)) is Outcome.REFUSED
        assert len(cast("Receiver", receiver).received) == 1


@pytest.mark.parametrize("kind", OVER_THE_NETWORK)
@pytest.mark.parametrize("situation", [Situation.SILENT, Situation.DRIPS])
def test_no_receiver_holds_a_sender_longer_than_the_time_out(kind: str, situation: Situation) -> None:
    with reached(kind, situation) as (channel, _):
        began = monotonic()
        error = failure(channel)

        assert SHORT_SECONDS * 0.9 <= monotonic() - began < SHORT_SECONDS + 5
        # The deadline closes the line; what is read of that first depends on the moment.
        assert "took too long" in str(error) or "the connection ended" in str(error)


@pytest.mark.parametrize("kind", OVER_THE_NETWORK)
@pytest.mark.parametrize("situation", [Situation.SILENT, Situation.LOSES_ANSWER])
def test_unknown_means_that_it_may_have_arrived(kind: str, situation: Situation) -> None:
    with reached(kind, situation) as (channel, receiver):
        assert outcome_of(failure(channel)) is Outcome.UNKNOWN
        assert len(cast("Receiver", receiver).received) == 1


@pytest.mark.parametrize(("kind", "situation"), CASES)
def test_no_secret_is_ever_shown(
    kind: str, situation: Situation, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    with reached(kind, situation) as (channel, _):
        shown = [repr(channel), str(channel)]
        try:
            shown.append(repr(channel.send(a_message(), at=AT)))
        except ChannelError as error:
            shown += [repr(error), str(error), *traceback.format_exception(error)]
    everything = "\n".join([*shown, caplog.text, *capsys.readouterr()])

    assert SECRET not in everything
    assert SIGNING_SECRET.removeprefix("whsec_") not in everything


@pytest.mark.parametrize("kind", OVER_THE_NETWORK)
def test_an_error_says_where_and_what(kind: str) -> None:
    with reached(kind, Situation.ABSENT) as (channel, receiver):
        error = str(failure(channel))

        assert f"127.0.0.1:{cast('Receiver', receiver).port}" in error
        assert error.endswith("connection refused")


@pytest.mark.parametrize("kind", OVER_THE_NETWORK)
def test_a_retry_is_the_same_message(kind: str) -> None:
    with reached(kind, Situation.ACCEPTS) as (channel, receiver):
        channel.send(a_message(), at=AT)
        channel.send(a_message(), at=AT)
        first, second = cast("Receiver", receiver).received

        assert first.body == second.body
        assert first.headers == second.headers


def shown_by_console(channel: Channel, stream: Receiver | io.StringIO) -> str:
    channel.send(a_hostile_message(), at=AT)
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_hostile_text_moves_no_cursor_and_colours_nothing() -> None:
    with reached("console", Situation.ACCEPTS) as (channel, stream):
        printed = shown_by_console(channel, stream)

    ours = [part.partition("m")[0] for part in printed.split("\x1b[")[1:]]
    assert set(ours) <= {"0", "1", "2", "1;91"}
    assert not set(printed) & set("\x07\x9b\x00\x7f\r\u202e\ud800")


def test_hostile_text_mentions_nobody_in_slack() -> None:
    with reached("slack", Situation.ACCEPTS) as (channel, receiver):
        channel.send(a_hostile_message(), at=AT)
        body = json.loads(cast("Receiver", receiver).received[0].body)

    texts = list(every_text(body))
    links = "<https://ok.example/a%7Cb|"
    assert any(links in text for text in texts)
    for text in texts:
        assert "<" not in text.replace(links, "")
        assert not set(text) & set("\x1b\x9b\x00\x07\x7f\r\u202e")
    assert body["attachments"][0]["text"].count("```") == 2


def test_hostile_text_adds_no_header_and_no_recipient_to_a_letter() -> None:
    with reached("email", Situation.ACCEPTS) as (channel, receiver):
        channel.send(a_hostile_message(), at=AT)
        [letter] = cast("Receiver", receiver).received

    mail = message_from_bytes(letter.body, policy=policy.default)
    assert mail["Bcc"] is None
    assert mail["To"] == "maria@example.com"
    assert len(mail.get_all("Subject", [])) == 1
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "javascript:" not in html.get_content()


@pytest.mark.parametrize("kind", ["webhook", "alertmanager", "pagerduty", "teams"])
def test_hostile_text_is_data_in_what_is_json(kind: str) -> None:
    with reached(kind, Situation.ACCEPTS) as (channel, receiver):
        channel.send(a_hostile_message(), at=AT)
        body = json.loads(cast("Receiver", receiver).received[0].body)

    for text in every_text(body):
        assert not set(text) & set("\x1b\x9b\x00\x07\x7f\r\u202e")


def every_text(value: object) -> Iterator[str]:
    """Return all strings of a JSON document, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from (name, *every_text(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from every_text(inner)


@pytest.mark.parametrize("kind", KINDS)
def test_a_channel_says_what_it_is(kind: str) -> None:
    with reached(kind, Situation.ACCEPTS) as (channel, _):
        assert channel.kind == {"alertmanager": "webhook"}.get(kind, kind)
        assert channel.send(a_message(), at=AT).detail in {
            "HTTP 200",
            "HTTP 202",
            f"HTTP 201 SM{0:032} queued",
            "SMTP 250 2.0.0 queued as 1",
            "printed",
            "taken by Apprise",
        }


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def protected(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


Build = Callable[[Receiver, str | None], Channel]


def slack_over_tls(receiver: Receiver, ca_file: str | None) -> Channel:
    assert isinstance(receiver, HttpReceiver)
    return SlackChannel(f"{receiver.url}/{SECRET}", SHORT_SECONDS, ca_file=ca_file)


def email_over_tls(receiver: Receiver, ca_file: str | None) -> Channel:
    return EmailChannel(
        "127.0.0.1",
        receiver.port,
        "implicit",
        sender="tocsin@example.com",
        recipients=["maria@example.com"],
        timeout_seconds=SHORT_SECONDS,
        ca_file=ca_file,
    )


@pytest.mark.parametrize(
    ("make", "build"),
    [(HttpReceiver, slack_over_tls), (SmtpReceiver, email_over_tls)],
    ids=["slack", "email"],
)
class TestTls:
    def test_a_receiver_that_proves_who_it_is_is_told(
        self, make: type[Receiver], build: Build, protected: ssl.SSLContext, ca_file: str
    ) -> None:
        with make(Situation.ACCEPTS, protected) as receiver:
            assert told(build(receiver, ca_file)).outcome is Outcome.ACCEPTED

    def test_one_that_cannot_is_told_nothing(
        self, make: type[Receiver], build: Build, protected: ssl.SSLContext
    ) -> None:
        with make(Situation.ACCEPTS, protected) as receiver:
            error = failure(build(receiver, None))

            assert outcome_of(error) is Outcome.TRY_AGAIN
            assert "the certificate was not accepted" in str(error)
            assert receiver.received == []

    # The receiver of this test drops its own socket in the middle of a hand-shake and is told so.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_one_that_breaks_off_its_hand_shake_has_been_told_nothing(
        self, make: type[Receiver], build: Build, protected: ssl.SSLContext, ca_file: str
    ) -> None:
        with make(Situation.LEAVES_EARLY, protected) as receiver:
            assert told(build(receiver, ca_file)).outcome is Outcome.TRY_AGAIN


@pytest.mark.parametrize("build", [slack_over_tls, email_over_tls], ids=["slack", "email"])
def test_a_receiver_that_never_ends_its_hand_shake_is_left(build: Build, ca_file: str) -> None:
    with SlowHandshake(Situation.DRIPS) as receiver:
        began = monotonic()
        error = failure(build(receiver, ca_file))

        assert outcome_of(error) is Outcome.TRY_AGAIN
        assert "took too long" in str(error)
        assert monotonic() - began < SHORT_SECONDS + 5
