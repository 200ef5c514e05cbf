"""A message in blocks (https://docs.slack.dev/reference/block-kit), for a bot to post and to change."""

from dataclasses import replace
from typing import Final

import msgspec

from tocsin.notify import wording
from tocsin.notify.invitation import NAME as LINK_NAME
from tocsin.notify.message import Message, MessageKind
from tocsin.notify.slack.mrkdwn import escape, facts_of, text_of

HEADLINE_LIMIT: Final = 300
CONTEXT_LIMIT: Final = 500
VALUE_LIMIT: Final = 2000
SECTION_LIMIT: Final = 10
"""Most fields that Slack takes in one section."""

# By their action ids, which come back when they are pressed.
_BUTTONS: Final = {
    "acknowledge": ("Acknowledge", "primary"),
    "resolve": ("Resolve", ""),
    "silence": ("Silence 1 h", ""),
}
_ASKS: Final = {
    MessageKind.FIRING: ("acknowledge", "resolve", "silence"),
    MessageKind.LOUDER: ("acknowledge", "resolve", "silence"),
    MessageKind.REPEAT: ("acknowledge", "resolve", "silence"),
    MessageKind.ESCALATED: ("acknowledge", "resolve", "silence"),
    MessageKind.ACKNOWLEDGED: ("resolve", "silence"),
}

_FIRST: Final = "acknowledge"
_MUTES: Final = "silence"
_NEEDS_SOMEBODY: Final = frozenset(
    {MessageKind.FIRING, MessageKind.LOUDER, MessageKind.REPEAT, MessageKind.ESCALATED}
)
_NOTHING_NEW: Final = frozenset({MessageKind.REPEAT, MessageKind.ESCALATED})


class Mrkdwn(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="mrkdwn"):
    """Text in Slack's own language."""

    text: str


class Plain(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="plain_text"):
    """Text as it stands."""

    text: str


class Section(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="section", omit_defaults=True):
    """A paragraph, or up to ten facts in two columns."""

    text: Mrkdwn | None = None
    fields: tuple[Mrkdwn, ...] = ()


class Context(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="context"):
    """A line in small grey letters."""

    elements: tuple[Mrkdwn, ...]


class Button(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="button", omit_defaults=True):
    """A button, which sends its `action_id` and `value` when it is pressed."""

    text: Plain
    action_id: str
    value: str
    style: str = ""


class Actions(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="actions"):
    """A row of buttons."""

    elements: tuple[Button, ...]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """Blocks behind a bar of colour."""

    color: str
    fallback: str
    blocks: tuple[Section | Context | Actions, ...]


class Post(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What chat.postMessage and chat.update take; `ts` names the message to change, `thread_ts` to follow."""

    channel: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    ts: str = ""
    thread_ts: str = ""
    reply_broadcast: bool = False
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None


def post_of(message: Message, channel: str, *, buttons: bool, ts: str = "") -> Post:
    """Return a whole message: a headline, and in the colour of the severity what is known and what to do.

    `buttons`: whether presses are heard; then the link to acknowledge is not needed.
    """
    headline = escape(wording.headline(message), HEADLINE_LIMIT)
    links = tuple(link for link in message.links if not (buttons and link.name == LINK_NAME))
    text = text_of(message, links=links)
    facts = tuple(Mrkdwn(text=f"*{name}*\n{value}") for name, value in facts_of(message))
    blocks: list[Section | Context | Actions] = [Section(text=Mrkdwn(text=text))] if text else []
    blocks += [
        Section(fields=facts[start : start + SECTION_LIMIT]) for start in range(0, len(facts), SECTION_LIMIT)
    ]
    if asked := _asked(message) if buttons else ():
        blocks.append(Actions(elements=asked))
    blocks.append(Context(elements=(Mrkdwn(text=escape(f"Tocsin · {message.alert_id}", CONTEXT_LIMIT)),)))
    attachment = Attachment(color=wording.colour(message), fallback=headline, blocks=tuple(blocks))
    plain = False if not ts else None
    return Post(
        channel=channel,
        text=headline,
        attachments=(attachment,),
        ts=ts,
        unfurl_links=plain,
        unfurl_media=plain,
    )


def reply_of(message: Message, channel: str, thread_ts: str) -> Post:
    """Return the same news in short, for the thread; what needs somebody is shown in the channel, too.

    The end of the log stands above already where there is nothing new.
    """
    if message.kind in _NOTHING_NEW:
        message = replace(message, log_tail="")
    headline = escape(wording.headline(message), HEADLINE_LIMIT)
    text = text_of(message, links=())
    blocks = (Section(text=Mrkdwn(text=text)),)
    attachment = Attachment(color=wording.colour(message), fallback=headline, blocks=blocks)
    return Post(
        channel=channel,
        text=headline,
        attachments=(attachment,) if text else (),
        thread_ts=thread_ts,
        reply_broadcast=message.kind in _NEEDS_SOMEBODY,
        unfurl_links=False,
        unfurl_media=False,
    )


def _asked(message: Message) -> tuple[Button, ...]:
    """Return what can be done; many at once can be taken in hand and nothing else, a drill not muted."""
    asks = tuple(one for one in _ASKS.get(message.kind, ()) if one != _MUTES or not message.is_drill)
    if not message.tells_of_many:
        return tuple(_button(action_id, message.alert_id) for action_id in asks)
    many = _button(_FIRST, message.alert_id)
    return (msgspec.structs.replace(many, text=Plain(text="Acknowledge all")),) if _FIRST in asks else ()


def _button(action_id: str, alert_id: str) -> Button:
    label, style = _BUTTONS[action_id]
    return Button(text=Plain(text=label), action_id=action_id, value=alert_id[:VALUE_LIMIT], style=style)
