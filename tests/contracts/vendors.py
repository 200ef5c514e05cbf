"""Look-alikes of vendors, which take what the vendors' documentation allows and nothing else."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.contracts.receivers import HttpReceiver, Received, answered


class Vendor(HttpReceiver):
    """A web server that reads what it is sent and answers as the vendor does."""

    def accepting(self, asked: Received) -> bytes:
        """Answer 202 to what may be sent, and 400 with the reasons to everything else."""
        faults = list(self.faults(asked))
        if faults:
            return answered(
                400, "Bad Request", json.dumps({"status": "invalid event", "errors": faults}).encode()
            )
        return answered(202, "Accepted", b'{"status":"success"}')

    def faults(self, asked: Received) -> Iterator[str]:
        """Return what the vendor would not take."""
        raise NotImplementedError


class PagerDuty(Vendor):
    """The Events API v2: its fields, their types and limits."""

    LIMIT = 512 * 1024

    def faults(self, asked: Received) -> Iterator[str]:
        """Return what PagerDuty would not take."""
        if asked.first != "POST /v2/enqueue HTTP/1.1" or asked.headers["content-type"] != "application/json":
            yield "not an event"
        if len(asked.body) > self.LIMIT:
            yield "too long"
        event = json.loads(asked.body)
        yield from unknown(
            event,
            {
                "routing_key",
                "event_action",
                "dedup_key",
                "payload",
                "links",
                "images",
                "client",
                "client_url",
            },
        )
        if not is_text(event["routing_key"], 32) or len(event["routing_key"]) != 32:
            yield "Length of 'routing_key' is incorrect (should be 32 characters)"
        if event["event_action"] not in {"trigger", "acknowledge", "resolve"}:
            yield "event_action"
        if not is_text(event.get("dedup_key"), 255):
            yield "dedup_key"
        if event["event_action"] == "trigger":
            yield from self._of_payload(event["payload"])
            yield from (f"link {link}" for link in event.get("links", []) if not is_link(link))

    def _of_payload(self, payload: dict[str, Any]) -> Iterator[str]:
        plain = {"summary", "source", "component", "group", "class", "timestamp", "severity"}
        yield from unknown(payload, plain | {"custom_details"})
        yield from (f"{name} is no text" for name in plain if not is_text(payload[name], 1024))
        if payload["severity"] not in {"info", "warning", "error", "critical"}:
            yield "severity"
        if not isinstance(payload["custom_details"], dict):
            yield "custom_details"


class Teams(Vendor):
    """A webhook of Workflows: a message with Adaptive Cards 1.4, of at most 28 KB."""

    LIMIT = 28 * 1024
    BLOCKS = {  # noqa: RUF012 - the schema, as far as it is used; nobody writes to it
        "RichTextBlock": {"type", "inlines", "spacing"},
        "Container": {"type", "style", "bleed", "items"},
    }
    STYLES = ("default", "emphasis", "good", "attention", "warning", "accent")

    def faults(self, asked: Received) -> Iterator[str]:
        """Return what Teams would not take."""
        if "charset=utf-8" not in asked.headers["content-type"]:
            yield "would be counted in UTF-16"
        if len(asked.body) > self.LIMIT:
            yield "request entity too large"
        message = json.loads(asked.body)
        yield from unknown(message, {"type", "attachments"})
        if message["type"] != "message" or len(message["attachments"]) != 1:
            yield "no message with one card"
        [card] = message["attachments"]
        yield from unknown(card, {"contentType", "contentUrl", "content"})
        if card["contentType"] != "application/vnd.microsoft.card.adaptive":
            yield "contentType"
        yield from self._of_card(card["content"])

    def _of_card(self, card: dict[str, Any]) -> Iterator[str]:
        yield from unknown(card, {"$schema", "type", "version", "fallbackText", "msteams", "body", "actions"})
        if (card["type"], card["version"]) != ("AdaptiveCard", "1.4"):
            yield "no card of version 1.4"
        for block in card["body"]:
            yield from self._of_block(block)
        if len(card["actions"]) > 6:
            yield "more than six buttons"
        for action in card["actions"]:
            if set(action) != {"type", "title", "url"} or action["type"] != "Action.OpenUrl":
                yield f"action {action}"

    def _of_block(self, block: dict[str, Any]) -> Iterator[str]:
        yield from unknown(block, self.BLOCKS.get(block["type"], set()))
        if block["type"] == "Container" and block["style"] not in self.STYLES:
            yield f"style {block['style']}"
        for inner in block.get("items", []):
            yield from self._of_block(inner)
        for run in block.get("inlines", []):
            yield from unknown(run, {"type", "text", "weight", "size", "fontType"})
            if run["type"] != "TextRun" or not is_text(run["text"], 10_000):
                yield "a run without text"


class Alertmanager(Vendor):
    """Something that takes Alertmanager's webhooks, version 4, as its documentation describes them."""

    def faults(self, asked: Received) -> Iterator[str]:
        """Return what differs from the description."""
        sent = json.loads(asked.body)
        wanted = {
            "version": str,
            "groupKey": str,
            "truncatedAlerts": int,
            "status": str,
            "receiver": str,
            "groupLabels": dict,
            "commonLabels": dict,
            "commonAnnotations": dict,
            "externalURL": str,
            "alerts": list,
        }
        yield from of_kinds(sent, wanted)
        if sent["version"] != "4" or sent["status"] not in {"firing", "resolved"}:
            yield "version or status"
        for alert in sent["alerts"]:
            yield from self._of_alert(alert)
        if not sent["groupLabels"].items() <= sent["commonLabels"].items():
            yield "a group whose labels are not those of its alerts"

    def _of_alert(self, alert: dict[str, Any]) -> Iterator[str]:
        texts = ("status", "startsAt", "endsAt", "generatorURL", "fingerprint")
        yield from of_kinds(alert, {"labels": dict, "annotations": dict, **dict.fromkeys(texts, str)})
        for name, value in (*alert["labels"].items(), *alert["annotations"].items()):
            if not re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) or not isinstance(value, str):
                yield f"label {name}"
        if datetime.fromisoformat(alert["startsAt"]).tzinfo is None:
            yield "startsAt"
        has_ended = datetime.fromisoformat(alert["endsAt"]).year > 1
        if has_ended is not (alert["status"] == "resolved"):
            yield "endsAt"


def of_kinds(value: dict[str, Any], wanted: dict[str, type]) -> Iterator[str]:
    """Return the fields that are missing, too many or of another kind."""
    yield from unknown(value, set(wanted))
    yield from (name for name, kind in wanted.items() if not isinstance(value.get(name), kind))


def unknown(value: dict[str, Any], known: set[str]) -> Iterator[str]:
    """Return the keys that are not known."""
    yield from (f"unknown: {key}" for key in sorted(value.keys() - known))


def is_text(value: object, limit: int) -> bool:
    """Whether it is text that is not empty and within its limit."""
    return isinstance(value, str) and 0 < len(value) <= limit


def is_link(value: dict[str, Any]) -> bool:
    """Whether it is a link as PagerDuty takes it."""
    return set(value) <= {"href", "text"} and value["href"].startswith(("https://", "http://"))
