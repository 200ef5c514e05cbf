"""What a text message and a call ask Twilio for, and what its answers mean."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.contracts.situations import Situation
from tests.contracts.twilio import BLOCKED, INVALID_NUMBER, NO_ROUTE, QUEUE_FULL, SID, Twilio, of_twiml
from tests.notify.messages import AT, a_hostile_message, a_message
from tocsin.errors import ChannelError
from tocsin.notify.answering import code_of
from tocsin.notify.channel import Outcome, outcome_of
from tocsin.notify.channels.phone import PhoneChannel
from tocsin.notify.channels.sms import SmsChannel, sms_text
from tocsin.notify.egress.twilio import Account
from tocsin.notify.message import MessageKind

FROM = "+14155550100"
TO = "+4915112345678"
SERVICE = "MG" + "0123456789abcdef" * 2
KEY = "SK" + "0123456789abcdef" * 2
TWIML_LIMIT = 4_000
"""The longest document that goes along with a call."""


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with Twilio(Situation.ACCEPTS) as receiver:
        yield receiver


def account(twilio: Twilio, password: str = Twilio.password) -> Account:
    return Account(sid=SID, user=SID, password=password, url=twilio.url)


def an_sms(twilio: Twilio, *, sender: str = FROM, to: str = TO, answered: bool = True) -> SmsChannel:
    return SmsChannel(account(twilio), sender=sender, to=to, answered=answered)


def a_phone(
    twilio: Twilio, *, answers_to: str = "https://t.example.com", tell_ends: bool = False
) -> PhoneChannel:
    return PhoneChannel(account(twilio), sender=FROM, to=TO, answers_to=answers_to, tell_ends=tell_ends)


def posted(twilio: Twilio) -> dict[str, str]:
    [asked] = twilio.received
    return {name: value for name, [value] in parse_qs(asked.body.decode()).items()}


def failure(channel: SmsChannel | PhoneChannel) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        channel.send(a_message(), at=AT)
    return caught.value


def test_a_text_goes_to_one_number_with_what_finds_the_alert_again(twilio: Twilio) -> None:
    an_sms(twilio).send(a_message(), at=AT)

    assert posted(twilio) == {
        "To": TO,
        "From": FROM,
        "Body": (
            "CRITICAL: daily_etl missed its deadline 06:00\nThe source was late\nSince 06:00.\n"
            "Reply 1 x3g5 to ack"
        ),
    }


def test_a_messaging_service_sends_in_place_of_a_number(twilio: Twilio) -> None:
    an_sms(twilio, sender=SERVICE).send(a_message(), at=AT)

    assert posted(twilio)["MessagingServiceSid"] == SERVICE
    assert "From" not in posted(twilio)


@pytest.mark.parametrize("sender", ["Tocsin", "My Tocsin 2"])
def test_nobody_is_asked_to_reply_to_a_name(twilio: Twilio, sender: str) -> None:
    an_sms(twilio, sender=sender).send(a_message(), at=AT)

    assert "Reply" not in posted(twilio)["Body"]


@pytest.mark.parametrize("kind", list(MessageKind))
def test_a_reply_is_asked_for_only_where_something_is_wrong(kind: MessageKind) -> None:
    wrong = kind in {
        MessageKind.FIRING,
        MessageKind.LOUDER,
        MessageKind.REPEAT,
        MessageKind.ESCALATED,
    }

    assert (code_of("alert-7f3") in sms_text(a_message(kind=kind), answered=True)) == wrong
    assert "Reply" not in sms_text(a_message(kind=kind), answered=False)


def test_a_call_reads_the_message_and_says_which_keys_there_are(twilio: Twilio) -> None:
    a_phone(twilio).send(a_message(alert_id="a/1"), at=AT)

    [gather, left] = ET.fromstring(posted(twilio)["Twiml"])  # noqa: S314 - our own document
    action = urlsplit(gather.attrib["action"])
    words = "".join(gather.itertext())
    assert posted(twilio)["To"] == TO
    assert words.startswith(
        "This is Tocsin. Critical. daily etl: missed its deadline 06:00. The source was late. Since 06:00."
    )
    assert "4 to acknowledge, 6 to resolve" in words
    assert (action.path, parse_qs(action.query)) == ("/api/v1/hooks/twilio/voice", {"alert": ["a/1"]})
    assert "stays open" in "".join(left.itertext())


def test_without_a_way_back_a_call_only_speaks(twilio: Twilio) -> None:
    a_phone(twilio, answers_to="").send(a_message(), at=AT)

    assert "StatusCallback" not in posted(twilio)
    assert [verb.tag for verb in ET.fromstring(posted(twilio)["Twiml"])] == ["Say"]  # noqa: S314 - our own


@pytest.mark.parametrize("kind", [MessageKind.RESOLVED, MessageKind.ACKNOWLEDGED])
def test_nobody_is_called_because_something_is_over(twilio: Twilio, kind: MessageKind) -> None:
    accepted = a_phone(twilio).send(a_message(kind=kind), at=AT)

    assert accepted.detail == "not called: nobody is called because something is over"
    assert twilio.received == []
    a_phone(twilio, tell_ends=True).send(a_message(kind=kind), at=AT)
    assert len(twilio.received) == 1


def test_twilio_is_asked_to_say_what_became_of_a_call(twilio: Twilio) -> None:
    a_phone(twilio).send(a_message(alert_id="a/1"), at=AT)
    where = urlsplit(posted(twilio)["StatusCallback"])

    assert posted(twilio)["StatusCallbackEvent"] == "completed"
    assert (where.netloc, where.path) == ("t.example.com", "/api/v1/hooks/twilio/status")
    assert parse_qs(where.query) == {"alert": ["a/1"], "notification": [a_message().key]}
    assert where.fragment == "rc=5&rp=5xx,ct,rt"


@pytest.mark.parametrize("make", [SmsChannel, PhoneChannel])
def test_what_twilio_cannot_call_back_about_is_told_all_the_same(
    twilio: Twilio, make: type[SmsChannel | PhoneChannel]
) -> None:
    inside = "http://tocsin:8080"
    if make is SmsChannel:
        channel: SmsChannel | PhoneChannel = SmsChannel(
            account(twilio), sender=FROM, to=TO, reports_to=inside
        )
    else:
        channel = a_phone(twilio, answers_to=inside)

    assert channel.send(a_message(), at=AT).detail.startswith("HTTP 201")
    first, second = (parse_qs(asked.body.decode()) for asked in twilio.received)
    assert first.keys() - second.keys() >= {"StatusCallback"}
    assert not [name for name in second if name.startswith("StatusCallback")]


def test_hostile_text_stays_within_the_document_and_its_limit(twilio: Twilio) -> None:
    a_phone(twilio).send(a_hostile_message(), at=AT)
    document = posted(twilio)["Twiml"]

    assert list(of_twiml(document)) == []
    assert len(document) <= TWIML_LIMIT
    assert "<script>" not in document


@pytest.mark.parametrize(
    ("number", "code", "outcome"),
    [
        (INVALID_NUMBER, 21211, Outcome.REFUSED),
        (NO_ROUTE, 21612, Outcome.REFUSED),
        (BLOCKED, 21610, Outcome.REFUSED),
        (QUEUE_FULL, 21611, Outcome.TRY_AGAIN),
    ],
)
def test_an_error_is_told_by_its_code_and_tried_again_if_that_may_help(
    twilio: Twilio, number: str, code: int, outcome: Outcome
) -> None:
    error = failure(an_sms(twilio, to=number))

    assert outcome_of(error) is outcome
    assert f"error {code}: " in str(error)


def test_a_wrong_token_is_refused_and_not_shown(twilio: Twilio) -> None:
    channel = SmsChannel(account(twilio, "wrongwrongwrong"), sender=FROM, to=TO)
    error = failure(channel)

    assert outcome_of(error) is Outcome.REFUSED
    assert "error 20003: Authenticate" in str(error)
    assert "wrongwrong" not in f"{error} {channel} {account(twilio, 'wrongwrongwrong')}"


class Strange(Twilio):
    """Answers what it was made with."""

    def __init__(self, status: str, body: bytes) -> None:
        super().__init__(Situation.ACCEPTS)
        self._given = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    def accepting(self, asked: object) -> bytes:  # noqa: ARG002 - it answers the same to everything
        return self._given


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        ("201 Created", b'{"sid":"SM1","status":"queued"}', Outcome.ACCEPTED),
        ("201 Created", b"not json", Outcome.ACCEPTED),
        ("201 Created", b'{"sid":"SM1","status":"failed","error_code":30008}', Outcome.REFUSED),
        ("429 Slow", b'{"code":20429,"message":"Too Many Requests"}', Outcome.TRY_AGAIN),
        ("400 Bad", b'{"code":14107,"message":"rate"}', Outcome.TRY_AGAIN),
        ("400 Bad", b'{"code":"odd"}', Outcome.REFUSED),
        ("403 No", b'{"code":20005,"message":"Account not active"}', Outcome.REFUSED),
        ("500 Oops", b"<html>", Outcome.TRY_AGAIN),
        ("307 Elsewhere", b"", Outcome.REFUSED),
    ],
)
def test_what_an_answer_means(status: str, body: bytes, outcome: Outcome) -> None:
    with Strange(status, body) as receiver:
        if outcome is Outcome.ACCEPTED:
            an_sms(receiver).send(a_message(), at=AT)
        else:
            assert outcome_of(failure(an_sms(receiver))) is outcome


def test_a_secret_that_is_repeated_is_struck_out() -> None:
    with Strange("400 Bad", f'{{"code":1,"message":"{Twilio.password}"}}'.encode()) as receiver:
        assert Twilio.password not in str(failure(an_sms(receiver)))


@pytest.mark.parametrize(
    ("sid", "user", "sender", "to", "complaint"),
    [
        ("AC1", "AC1", FROM, TO, "'account_sid' is AC"),
        (SID, "SK1", FROM, TO, "'api_key' is SK"),
        (SID, KEY, "a name that is too long", TO, "'from' must be a number"),
        (SID, KEY, "MG1x/", TO, "'from' must be a number"),
        (SID, KEY, FROM, "015112345678", "must be a telephone number with its country"),
        (SID, KEY, FROM, "+49 151 12345678", "must be a telephone number with its country"),
    ],
)
def test_what_cannot_be_sent_to_is_refused_at_once(
    sid: str, user: str, sender: str, to: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        SmsChannel(Account(sid=sid, user=user, password="x" * 32), sender=sender, to=to)
