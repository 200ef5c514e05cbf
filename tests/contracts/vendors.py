"""Look-alikes of vendors, which take what the vendors' documentation allows and nothing else."""

import json
from collections.abc import Iterator
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


def unknown(value: dict[str, Any], known: set[str]) -> Iterator[str]:
    """Return the keys that are not known."""
    yield from (f"unknown: {key}" for key in sorted(value.keys() - known))


def is_text(value: object, limit: int) -> bool:
    """Whether it is text that is not empty and within its limit."""
    return isinstance(value, str) and 0 < len(value) <= limit


def is_link(value: dict[str, Any]) -> bool:
    """Whether it is a link as PagerDuty takes it."""
    return set(value) <= {"href", "text"} and value["href"].startswith(("https://", "http://"))
