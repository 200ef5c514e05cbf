"""A look-alike of Slack's Web API, which takes what Slack's documentation allows and nothing else.

It keeps the messages of its channels, so that a test sees what people would see.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.contracts.receivers import HttpReceiver, Received, answered
from tests.contracts.situations import Situation

BOT_TOKEN = "xoxb-0123456789-T0SECRET0B0SECRET"
CHANNEL = "C0123456789"
MAX_TEXT = 40_000
MAX_SECTION = 3_000
MAX_FIELDS = 10
MAX_FIELD = 2_000
MAX_BLOCKS = 50
MAX_ELEMENTS = {"actions": 25, "context": 10}
POST_KEYS = {
    *("channel", "text", "attachments", "blocks", "thread_ts", "reply_broadcast"),
    *("unfurl_links", "unfurl_media", "mrkdwn"),
}
UPDATE_KEYS = {"channel", "ts", "text", "attachments", "blocks"}


@dataclass(slots=True)
class Seen:
    """One message as people see it, with what follows in its thread."""

    text: str
    attachments: list[dict[str, Any]]
    thread: list["Seen"] = field(default_factory=list)
    broadcast: bool = False
    changes: int = 0

    @property
    def buttons(self) -> list[str]:
        """The labels of its buttons."""
        return [element["text"]["text"] for element in self._elements]

    @property
    def sends(self) -> list[tuple[str, str]]:
        """What its buttons send: action id and value."""
        return [(element["action_id"], element["value"]) for element in self._elements]

    @property
    def _elements(self) -> list[dict[str, Any]]:
        blocks = [block for attachment in self.attachments for block in attachment.get("blocks", [])]
        actions = [block for block in blocks if block["type"] == "actions"]
        return [element for block in actions for element in block["elements"]]

    @property
    def colour(self) -> str:
        """The bar beside it."""
        return str(self.attachments[0]["color"])


class SlackApi(HttpReceiver):
    """chat.postMessage, chat.update and the address to answer to.

    `refuses` maps a method to the error code that its calls get from now on.
    """

    def __init__(self, situation: Situation = Situation.ACCEPTS) -> None:
        super().__init__(situation)
        self.messages: dict[str, Seen] = {}
        self.refuses: dict[str, str] = {}
        self.answers: list[dict[str, Any]] = []
        self._number = 0

    @property
    def shown(self) -> list[Seen]:
        """The messages of the channel, oldest first."""
        return list(self.messages.values())

    def accepting(self, asked: Received) -> bytes:
        """Answer as Slack does: 200 also to what it refuses, with the code in the body."""
        _, path, _ = asked.first.split(" ")
        body: dict[str, Any] = json.loads(asked.body)
        if path.startswith("/actions/"):
            self.answers.append(body)
            return answered(200, "OK", b"ok")
        method = path.removeprefix("/api/")
        error = self.refuses.get(method) or next(self._faults(method, asked, body), "")
        said = {"ok": False, "error": error} if error else self._done(method, body)
        return answered(200, "OK", json.dumps(said).encode())

    def _faults(self, method: str, asked: Received, body: dict[str, Any]) -> Iterator[str]:
        if asked.headers.get("authorization") != f"Bearer {BOT_TOKEN}":
            yield "invalid_auth"
        if asked.headers["content-type"] != "application/json; charset=utf-8":
            yield "invalid_post_type"
        keys = {"chat.postMessage": POST_KEYS, "chat.update": UPDATE_KEYS}.get(method)
        if keys is None:
            yield "unknown_method"
        if body.keys() - (keys or set()):
            yield "invalid_arguments"
        if body["channel"] not in {CHANNEL, "#batch"}:
            yield "channel_not_found"
        if method == "chat.update" and body["ts"] not in self.messages:
            yield "message_not_found"
        if method == "chat.update" and body["channel"] != CHANNEL:
            yield "channel_not_found"  # an update knows channels by their ids alone
        if not 0 < len(body.get("text", "")) <= MAX_TEXT:
            yield "msg_too_long"
        for attachment in body.get("attachments", []):
            yield from ("invalid_attachments" for _ in faults_of_attachment(attachment))

    def _done(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        seen = Seen(body["text"], body.get("attachments", []), broadcast=body.get("reply_broadcast", False))
        if method == "chat.update":
            before = self.messages[body["ts"]]
            before.text, before.attachments, before.changes = seen.text, seen.attachments, before.changes + 1
            return {"ok": True, "channel": CHANNEL, "ts": body["ts"], "text": seen.text}
        self._number += 1
        ts = f"17000000{self._number:02}.000100"
        if "thread_ts" in body:
            self.messages[body["thread_ts"]].thread.append(seen)
        else:
            self.messages[ts] = seen
        return {"ok": True, "channel": CHANNEL, "ts": ts, "message": {}}


def faults_of_attachment(attachment: dict[str, Any]) -> Iterator[str]:
    """Return what Slack would not take of an attachment with blocks."""
    if attachment.keys() - {"color", "fallback", "blocks"}:
        yield "blocks stand beside colour and fallback alone"
    if not 0 < len(attachment["blocks"]) <= MAX_BLOCKS:
        yield "no blocks, or too many"
    for block in attachment["blocks"]:
        yield from faults_of_block(block)


def faults_of_block(block: dict[str, Any]) -> Iterator[str]:
    """Return what Slack would not take of a block."""
    if block["type"] == "section":
        if "text" not in block and "fields" not in block:
            yield "an empty section"
        yield from faults_of_text(block.get("text", {"type": "mrkdwn", "text": "-"}), MAX_SECTION)
        if not len(block.get("fields", ["-"])) <= MAX_FIELDS:
            yield "too many fields"
        for one in block.get("fields", []):
            yield from faults_of_text(one, MAX_FIELD)
    elif block["type"] in MAX_ELEMENTS:
        if not 0 < len(block["elements"]) <= MAX_ELEMENTS[block["type"]]:
            yield "no elements, or too many"
        for element in block["elements"]:
            one = faults_of_button(element) if block["type"] == "actions" else faults_of_text(element, 2_000)
            yield from one
    else:
        yield f"no such block: {block['type']}"


def faults_of_button(button: dict[str, Any]) -> Iterator[str]:
    """Return what Slack would not take of a button."""
    if button.keys() - {"type", "text", "action_id", "value", "style"} or button["type"] != "button":
        yield "no button"
    if button["text"]["type"] != "plain_text" or len(button["text"]["text"]) > 75:
        yield "a label is plain and short"
    if not 0 < len(button["action_id"]) <= 255 or not 0 < len(button["value"]) <= 2_000:
        yield "what a button sends is too long"
    if button.get("style", "primary") not in {"primary", "danger"}:
        yield "no such style"


def faults_of_text(text: dict[str, Any], limit: int) -> Iterator[str]:
    """Return what Slack would not take of a text object."""
    if text.keys() != {"type", "text"} or text["type"] not in {"mrkdwn", "plain_text"}:
        yield "no text object"
    if not 0 < len(text["text"]) <= limit:
        yield "an empty text, or one that is too long"
