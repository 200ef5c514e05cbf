"""What each channel really sends of a message, as a look-alike of its vendor receives it."""

import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from typing import Final, cast
from urllib.parse import parse_qs

from scripts.gallery.scenes import Exhibit
from tests.contracts.receivers import HttpReceiver, Received, SmtpReceiver
from tests.contracts.situations import Situation
from tests.contracts.slack_api import BOT_TOKEN, CHANNEL, SlackApi
from tests.contracts.twilio import SID, Twilio
from tests.contracts.vendors import Alertmanager, PagerDuty, Teams
from tocsin.notify import short
from tocsin.notify.channel import Channel
from tocsin.notify.channels.apprise import words_of
from tocsin.notify.channels.console import ConsoleChannel
from tocsin.notify.channels.email import EmailChannel
from tocsin.notify.channels.pagerduty import PagerDutyChannel
from tocsin.notify.channels.phone import PhoneChannel
from tocsin.notify.channels.slack import SlackChannel
from tocsin.notify.channels.slack_bot import SlackBotChannel
from tocsin.notify.channels.sms import SmsChannel
from tocsin.notify.channels.teams import TeamsChannel
from tocsin.notify.channels.webhook import Form, WebhookChannel
from tocsin.notify.egress.twilio import Account
from tocsin.notify.invitation import LINKED_KINDS, Inviting, invite
from tocsin.notify.message import Message

ROUTING_KEY: Final = "gallery" * 4 + "0123"
INVITING: Final = Inviting(key=b"the key of the gallery opens nothing", base_url="https://tocsin.example.com")
NUMBER: Final = "+14155550100"
_FRESH: Final = ("first", "digest", "storm", "drill")
_ANSI: Final = re.compile("\x1b\\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One exhibit as one channel sends it: `text` for the page of texts, `raw` to draw it from."""

    channel: str
    severity: str
    kind: str
    text: str
    raw: str


def shown(channel: str, exhibit: Exhibit, first: Exhibit) -> Shown:
    """Return an exhibit as this channel sends it; `first` is what the channel was told before it."""
    text, raw = CHANNELS[channel](exhibit, first)
    return Shown(channel=channel, severity=exhibit.severity, kind=exhibit.kind, text=text, raw=raw)


def _invited(exhibit: Exhibit, channel: Channel) -> Message:
    if channel.kind not in LINKED_KINDS:
        return exhibit.message
    return invite(exhibit.message, f"team/{channel.kind}", INVITING)


def _sent(make: type[HttpReceiver], build: Callable[[str], Channel], exhibit: Exhibit) -> Received:
    with make(Situation.ACCEPTS) as receiver:
        channel = build(receiver.url)
        channel.send(_invited(exhibit, channel), at=exhibit.message.at)
        [received] = receiver.received
    return received


def _in_json(make: type[HttpReceiver], build: Callable[[str], Channel]) -> "Sender":
    def send(exhibit: Exhibit, _: Exhibit) -> tuple[str, str]:
        text = _indented(_sent(make, build, exhibit).body)
        return text, text

    return send


def _indented(body: bytes | str) -> str:
    return json.dumps(json.loads(body), indent=1, ensure_ascii=False)


def _by_slack_bot(exhibit: Exhibit, first: Exhibit) -> tuple[str, str]:
    """Return the calls, and the message of the channel as people then see it."""
    with SlackApi() as api:
        channel = SlackBotChannel(BOT_TOKEN, CHANNEL, signing_secret="gallery", api_url=f"{api.url}/api")  # noqa: S106 -- protects nothing
        reference = ""
        if exhibit.kind not in _FRESH:
            reference = channel.send(first.message, at=first.message.at).reference
        before = len(api.received)
        message = replace(exhibit.message, reference=reference)
        channel.send(invite(message, "team/slack", INVITING), at=message.at)
        calls = api.received[before:]
        seen = api.shown[-1]
    text = "\n".join(f"{call.first.split()[1]}\n{_indented(call.body)}" for call in calls)
    thread = [{"text": reply.text, "attachments": reply.attachments} for reply in seen.thread]
    raw = {"text": seen.text, "attachments": seen.attachments, "thread": thread}
    return text, json.dumps(raw, indent=1, ensure_ascii=False)


def _by_email(exhibit: Exhibit, _: Exhibit) -> tuple[str, str]:
    with SmtpReceiver(Situation.ACCEPTS) as receiver:
        channel = EmailChannel(
            "127.0.0.1",
            receiver.port,
            "none",
            sender="Tocsin <tocsin@example.com>",
            recipients=("a@example.com",),
        )
        channel.send(_invited(exhibit, channel), at=exhibit.message.at)
        [received] = receiver.received
    mail = message_from_bytes(received.body, policy=policy.default)
    html = _part(mail, "html")
    digest = sha256(html.encode()).hexdigest()[:16]
    return f"Subject: {mail['Subject']}\n\n{_part(mail, 'plain')}\n(and HTML, {digest})", html


def _part(mail: EmailMessage, kind: str) -> str:
    part = cast("EmailMessage", mail.get_body((kind,)))
    return str(part.get_content()).replace("\r\n", "\n")


def _by_console(exhibit: Exhibit, _: Exhibit) -> tuple[str, str]:
    stream = io.StringIO()
    ConsoleChannel(stream, colour=True).send(exhibit.message, at=exhibit.message.at)
    coloured = stream.getvalue().rstrip("\n")
    return _ANSI.sub("", coloured), coloured


def _by_sms(exhibit: Exhibit, _: Exhibit) -> tuple[str, str]:
    fields = parse_qs(_sent(Twilio, _sms, exhibit).body.decode())
    text = fields["Body"][0]
    size = short.size_of(text)
    parts = "1 part" if size.segments == 1 else f"{size.segments} parts"
    return f"{text}\n({parts}, {size.units} units of {size.alphabet.value})", text


def _by_phone(exhibit: Exhibit, _: Exhibit) -> tuple[str, str]:
    with Twilio(Situation.ACCEPTS) as receiver:
        said = _phone(receiver.url).send(exhibit.message, at=exhibit.message.at)
        received = receiver.received
    if not received:
        return said.detail, ""
    root = ET.fromstring(parse_qs(received[0].body.decode())["Twiml"][0])  # noqa: S314 -- our own document
    lines = [
        f"{verb.text} (said {verb.get('loop', '1')} times)" if verb.get("loop") else str(verb.text)
        for verb in root.iter("Say")
    ]
    return "\n".join(lines), ""


def _by_apprise(exhibit: Exhibit, _: Exhibit) -> tuple[str, str]:
    words = words_of(exhibit.message)
    return f"({words['type']}) {words['title']}\n\n{words['body']}", ""


def _account(url: str) -> Account:
    return Account(sid=SID, user=SID, password=Twilio.password, url=url)


def _sms(url: str) -> Channel:
    return SmsChannel(_account(url), sender=NUMBER, to="+4915112345678", answered=True)


def _phone(url: str) -> Channel:
    answers_to = "https://tocsin.example.com"
    return PhoneChannel(_account(url), sender=NUMBER, to="+4915112345678", answers_to=answers_to)


Sender = Callable[[Exhibit, Exhibit], tuple[str, str]]

CHANNELS: Final[Mapping[str, Sender]] = {
    "slack": _in_json(HttpReceiver, lambda url: SlackChannel(f"{url}/services/T0/B0/x")),
    "slack-bot": _by_slack_bot,
    "pagerduty": _in_json(PagerDuty, lambda url: PagerDutyChannel(ROUTING_KEY, url=f"{url}/v2/enqueue")),
    "email": _by_email,
    "teams": _in_json(Teams, lambda url: TeamsChannel(f"{url}/workflows/x")),
    "webhook": _in_json(HttpReceiver, lambda url: WebhookChannel(f"{url}/hook")),
    "alertmanager": _in_json(Alertmanager, lambda url: WebhookChannel(f"{url}/hook", form=Form.ALERTMANAGER)),
    "sms": _by_sms,
    "phone": _by_phone,
    "console": _by_console,
    "apprise": _by_apprise,
}
