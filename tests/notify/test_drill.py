"""A drill says that it is one in the words of every channel, from its first word to its last."""

import io
import json
from collections.abc import Callable

import msgspec
import pytest

from tests.notify.messages import AT, a_message
from tocsin.notify import short, wording
from tocsin.notify.alertmanager import alertmanager_body
from tocsin.notify.channels import console, pagerduty, slack, sms, teams, webhook
from tocsin.notify.letter import letter
from tocsin.notify.message import Message, MessageKind, pack, unpack
from tocsin.notify.slack import blocks

SHOUT = "DRILL"
KEY = "0123456789abcdef0123456789abcdef"
LIFE = (MessageKind.FIRING, MessageKind.ACKNOWLEDGED, MessageKind.RESOLVED)


def printed(message: Message) -> str:
    stream = io.StringIO()
    console.ConsoleChannel(stream, colour=False).send(message, at=AT)
    return stream.getvalue()


def posted(message: Message) -> str:
    return msgspec.json.encode(blocks.post_of(message, "C1", buttons=True)).decode()


def replied(message: Message) -> str:
    return msgspec.json.encode(blocks.reply_of(message, "C1", "1.2")).decode()


SAYINGS: dict[str, Callable[[Message], str]] = {
    "apprise, as all that show one line": wording.headline,
    "console": printed,
    "email": lambda message: letter(message).subject,
    "email, as text": lambda message: letter(message).text,
    "email, as a page": lambda message: letter(message).html,
    "phone": lambda message: short.spoken(message).upper(),
    "slack": lambda message: slack.slack_body(message).decode(),
    "slack by a bot": posted,
    "slack in a thread": replied,
    "sms": lambda message: sms.sms_text(message, answered=True),
    "teams": lambda message: teams.teams_body(message).decode(),
    "webhook in the form of Alertmanager": lambda message: alertmanager_body(message).decode(),
}


@pytest.mark.parametrize("kind", LIFE)
@pytest.mark.parametrize("channel", SAYINGS)
def test_every_channel_says_that_it_is_a_drill_and_says_so_of_nothing_else(
    channel: str, kind: MessageKind
) -> None:
    say = SAYINGS[channel]

    assert SHOUT in say(a_message(kind=kind, is_drill=True))
    assert SHOUT not in say(a_message(kind=kind))


def test_pagerduty_opens_an_incident_that_bears_it_in_its_title() -> None:
    opened = json.loads(pagerduty.event(a_message(is_drill=True), KEY))

    assert opened["payload"]["summary"].startswith("DRILL CRITICAL: daily_etl")


def test_a_webhook_hears_it_as_a_field_of_its_own() -> None:
    assert json.loads(webhook.webhook_body(a_message(is_drill=True)))["drill"] is True
    assert "drill" not in json.loads(webhook.webhook_body(a_message()))


def test_a_message_is_a_drill_also_after_it_was_kept() -> None:
    message = a_message(is_drill=True)

    assert unpack(pack(message)) == message
    assert not unpack(pack(a_message())).is_drill
