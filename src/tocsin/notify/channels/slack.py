"""Slack: an incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).

The address is itself the secret. Slack knows no idempotency key, so a message whose answer was lost may be
seen twice.
"""

import re
from datetime import datetime
from typing import Final

import msgspec

from tocsin.notify import wording
from tocsin.notify.channel import Accepted
from tocsin.notify.egress import http
from tocsin.notify.egress.endpoint import endpoint
from tocsin.notify.message import Link, Message

HEADLINE_LIMIT: Final = 300
TEXT_LIMIT: Final = 3000
SENTENCES_LIMIT: Final = 1200
SENTENCE_LIMIT: Final = 400
LINKS_LIMIT: Final = 600
LINK_NAME_LIMIT: Final = 60
LOG_LIMIT: Final = 1200
LOG_LINE_LIMIT: Final = 300
FIELDS_LIMIT: Final = 10
FIELD_NAME_LIMIT: Final = 60
FIELD_VALUE_LIMIT: Final = 300
SHORT_VALUE: Final = 40

_CUT_ENTITY: Final = re.compile("&[a-z]*$")


class SlackChannel:
    """Posts to one incoming webhook of Slack, or of a chat that speaks its language, such as Mattermost.

    Raises ValueError for an address that cannot be used, without repeating it, and OSError for such a
    `ca_file`.
    """

    kind = "slack"
    recognises_repeats = False  # incoming webhooks carry no key

    def __init__(
        self, url: str, timeout_seconds: float = http.TIMEOUT_SECONDS, *, ca_file: str | None = None
    ) -> None:
        self._where = endpoint(url, ca_file=ca_file)
        self._timeout_seconds = timeout_seconds

    def __repr__(self) -> str:
        return f"SlackChannel({self._where})"

    def send(self, message: Message, *, at: datetime) -> Accepted:
        """Post the message; raises ChannelError if Slack did not accept it."""
        return http.deliver(
            self._where,
            slack_body(message),
            headers={"Content-Type": "application/json; charset=utf-8"},
            timeout_seconds=self._timeout_seconds,
            at=at,
        )


class _Field(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    value: str
    short: bool


class _Attachment(msgspec.Struct, frozen=True, kw_only=True):
    color: str
    fallback: str
    text: str
    mrkdwn_in: list[str]
    fields: list[_Field]
    footer: str
    ts: int


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    attachments: list[_Attachment]
    unfurl_links: bool = False
    unfurl_media: bool = False


def slack_body(message: Message) -> bytes:
    """Return what is posted: a headline, and under it one attachment in the colour of the severity."""
    headline = escape(wording.headline(message), HEADLINE_LIMIT)
    attachment = _Attachment(
        color=wording.colour(message),
        fallback=headline,
        text=_text(message),
        mrkdwn_in=["text"],
        fields=_fields(message),
        footer="Tocsin",
        ts=int(message.at.timestamp()),
    )
    return msgspec.json.encode(_Body(text=headline, attachments=[attachment]))


def escape(text: str, limit: int) -> str:
    """Return text that Slack shows as it is, without mentions and links, at most `limit` characters of it."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("```", "'''")
    return escaped if len(escaped) <= limit else _CUT_ENTITY.sub("", escaped[: limit - 1]) + "…"


def _text(message: Message) -> str:
    """Return the sentences, the links and the end of the log, which takes the room that the others leave."""
    parts = [
        escape(wording.body(message), SENTENCES_LIMIT),
        _named("Likely cause", message.likely_cause),
        _named("Do now", message.next_step),
        _links(message.links),
    ]
    said = "\n".join(part for part in parts if part)
    log = _log(message.log_tail, min(LOG_LIMIT, TEXT_LIMIT - len(said)))
    return f"{said}\n{log}" if log else said


def _named(name: str, text: str) -> str:
    return f"*{name}:* {escape(text, SENTENCE_LIMIT)}" if text else ""


def _links(links: tuple[Link, ...]) -> str:
    """Return as many links as have room, whole."""
    shown = ""
    for link in links:
        address = escape(link.url, len(link.url) * len("&amp;")).replace("|", "%7C")
        more = f"{shown} · " if shown else ""
        longer = f"{more}<{address}|{escape(link.name, LINK_NAME_LIMIT)}>"
        shown = longer if len(longer) <= LINKS_LIMIT else shown
    return shown


def _log(tail: str, room: int) -> str:
    """Return the last lines of the log that have room, in a block that they cannot leave."""
    shown = ""
    for line in reversed(tail.splitlines()):
        longer = f"{escape(line, LOG_LINE_LIMIT)}\n{shown}"
        if len(longer) + 2 * len("```\n") > room:
            break
        shown = longer
    return f"```\n{shown}```" if shown.strip() else ""


def _fields(message: Message) -> list[_Field]:
    facts = (
        ("Job", wording.subject(message)),
        ("Severity", message.severity),
        ("Time", wording.moment(message.at, message.timezone)),
        ("Alert", message.alert_id),
        *message.evidence,
        ("Owner", message.owner),
        ("Labels", ", ".join(f"{name}={value}" for name, value in message.labels)),
    )
    told = tuple((name, value) for name, value in facts if value)
    if len(told) > FIELDS_LIMIT:
        told = (
            *told[: FIELDS_LIMIT - 1],
            ("More", f"{len(told) - FIELDS_LIMIT + 1} more facts are on the job's page"),
        )
    return [_field(name, value) for name, value in told]


def _field(name: str, value: str) -> _Field:
    return _Field(
        title=escape(wording.named(name), FIELD_NAME_LIMIT),
        value=escape(value, FIELD_VALUE_LIMIT),
        short=len(value) <= SHORT_VALUE,
    )
