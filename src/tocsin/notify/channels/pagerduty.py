"""PagerDuty: the Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview).

Everything about one alert bears one `dedup_key`, so that PagerDuty opens one incident for it, which is
acknowledged and resolved by the same key. 202 means that the event was taken, not yet that somebody was
called.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from tocsin.notify import inert, wording
from tocsin.notify.channel import Accepted
from tocsin.notify.egress import http
from tocsin.notify.egress.endpoint import endpoint
from tocsin.notify.egress.reach import OUTWARD, Reach
from tocsin.notify.message import Link, Message, MessageKind

ADDRESSES: Final = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}
BODY_LIMIT: Final = 512 * 1024
SUMMARY_LIMIT: Final = 1024
DEDUP_KEY_LIMIT: Final = 255
ROUTING_KEY_LENGTH: Final = 32
DEDUP_KEY_PREFIX: Final = "tocsin/"
GROUP: Final = "batch-jobs"
MANY: Final = "several jobs"

_ACTIONS: Final = {MessageKind.ACKNOWLEDGED: "acknowledge", MessageKind.RESOLVED: "resolve"}
_TRIGGER: Final = "trigger"


class Severity(StrEnum):
    """The severities that PagerDuty knows."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


SEVERITIES: Final = {
    "info": Severity.INFO,
    "warning": Severity.WARNING,
    "critical": Severity.CRITICAL,
    "page": Severity.CRITICAL,
}


class PagerDutyChannel:
    """Sends events to one integration of PagerDuty.

    `routing_key` is its integration key, 32 letters and digits. `region` is us or eu, where the account
    lives; `url` replaces PagerDuty's own address. Raises ValueError for what cannot be used, without
    repeating the key, and OSError for such a `ca_file`.
    """

    kind = "pagerduty"
    recognises_repeats = True  # by its dedup_key

    def __init__(
        self,
        routing_key: str,
        region: str = "us",
        timeout_seconds: float = http.TIMEOUT_SECONDS,
        *,
        url: str = "",
        ca_file: str | None = None,
        reach: Reach = OUTWARD,
    ) -> None:
        check_routing_key(routing_key)
        self._routing_key = routing_key
        self._where = endpoint(url or ADDRESSES[region], ca_file=ca_file, secrets=(routing_key,), reach=reach)
        self._timeout_seconds = timeout_seconds

    def __repr__(self) -> str:
        return f"PagerDutyChannel({self._where})"

    def send(self, message: Message, *, at: datetime) -> Accepted:
        """Send the event; raises ChannelError if PagerDuty did not accept it."""
        return http.deliver(
            self._where,
            event(message, self._routing_key),
            headers={"Content-Type": "application/json"},
            timeout_seconds=self._timeout_seconds,
            at=at,
        )


def check_routing_key(key: str) -> None:
    """Raise ValueError, which does not repeat it, for what cannot be an integration key."""
    if not (len(key) == ROUTING_KEY_LENGTH and key.isascii() and key.isalnum()):
        reason = f"a PagerDuty integration key has {ROUTING_KEY_LENGTH} letters and digits"
        raise ValueError(reason)


def dedup_key(alert_id: str) -> str:
    """Return the name under which PagerDuty knows an alert."""
    return f"{DEDUP_KEY_PREFIX}{alert_id}"[:DEDUP_KEY_LIMIT]


class _Payload(msgspec.Struct, frozen=True, kw_only=True):
    summary: str
    source: str
    severity: str
    timestamp: datetime
    component: str
    group: str
    class_: str = msgspec.field(name="class")
    custom_details: dict[str, str]


class _Link(msgspec.Struct, frozen=True, kw_only=True):
    href: str
    text: str


class _Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    routing_key: str
    event_action: str
    dedup_key: str
    payload: _Payload | None = None
    links: list[_Link] = []
    client: str = ""
    client_url: str = ""


def event(message: Message, routing_key: str) -> bytes:
    """Return the event that is posted: a trigger with all that is known, or what became of it."""
    action = _ACTIONS.get(message.kind, _TRIGGER)
    key = dedup_key(message.alert_id)
    if action != _TRIGGER:
        return msgspec.json.encode(_Event(routing_key=routing_key, event_action=action, dedup_key=key))
    return msgspec.json.encode(
        _Event(
            routing_key=routing_key,
            event_action=action,
            dedup_key=key,
            payload=_payload(message),
            links=[_Link(href=link.url, text=wording.named(link.name)) for link in message.links],
            client="Tocsin",
            client_url=_client_url(message.links),
        )
    )


def _payload(message: Message) -> _Payload:
    return _Payload(
        summary=inert.shorten(wording.headline(message), SUMMARY_LIMIT),
        source=MANY if message.tells_of_many else wording.subject(message),
        severity=SEVERITIES.get(message.severity, Severity.ERROR),
        timestamp=message.at,
        component=MANY if message.tells_of_many else message.job,
        group=GROUP,
        class_=message.condition,
        custom_details=_details(message),
    )


def _details(message: Message) -> dict[str, str]:
    """Return what is known, by name; a label never stands in for a fact of the same name."""
    facts = (
        ("text", message.text),
        *wording.lasting(message),
        *message.evidence,
        ("likely cause", message.likely_cause),
        ("do now", message.next_step),
        ("owner", message.owner),
        ("severity", message.severity),
        ("environment", message.environment),
        ("alert", message.alert_id),
        ("fingerprint", message.fingerprint),
        ("log", message.log_tail),
    )
    told = {name: value for name, value in facts if value}
    labels = {f"label {name}": value for name, value in message.labels}
    return {**told, **{name: value for name, value in labels.items() if name not in told}}


def _client_url(links: tuple[Link, ...]) -> str:
    return next((link.url for link in links if link.name == "alert"), "")
