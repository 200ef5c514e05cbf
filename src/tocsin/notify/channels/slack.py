"""Slack: an incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).

The address is itself the secret. Slack knows no idempotency key, so a message whose answer was lost may be
seen twice.
"""

from datetime import datetime
from typing import Final

import msgspec

from tocsin.notify import wording
from tocsin.notify.channel import Accepted
from tocsin.notify.egress import http
from tocsin.notify.egress.endpoint import endpoint
from tocsin.notify.egress.reach import OUTWARD, Reach
from tocsin.notify.message import Message
from tocsin.notify.slack.mrkdwn import escape, facts_of, text_of

HEADLINE_LIMIT: Final = 300
SHORT_VALUE: Final = 40


class SlackChannel:
    """Posts to one incoming webhook of Slack, or of a chat that speaks its language, such as Mattermost.

    Raises ValueError for an address that cannot be used, without repeating it, and OSError for such a
    `ca_file`.
    """

    kind = "slack"
    recognises_repeats = False  # incoming webhooks carry no key

    def __init__(
        self,
        url: str,
        timeout_seconds: float = http.TIMEOUT_SECONDS,
        *,
        ca_file: str | None = None,
        reach: Reach = OUTWARD,
    ) -> None:
        self._where = endpoint(url, ca_file=ca_file, reach=reach)
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
        text=text_of(message, links=message.links),
        mrkdwn_in=["text"],
        fields=[
            _Field(title=name, value=value, short=len(value) <= SHORT_VALUE)
            for name, value in facts_of(message)
        ],
        footer="Tocsin",
        ts=int(message.at.timestamp()),
    )
    return msgspec.json.encode(_Body(text=headline, attachments=[attachment]))
