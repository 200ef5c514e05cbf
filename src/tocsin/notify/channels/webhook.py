"""Webhook: the message as JSON, posted to any address, signed after the Standard Webhooks specification.

The signature is that of https://www.standardwebhooks.com (version 1, symmetric): the headers `webhook-id`,
`webhook-timestamp` and `webhook-signature`, the last one `v1,` and the base64 of HMAC-SHA256 over
`id.timestamp.body`, one for each secret, separated by spaces. The id is the message's key, the same for every
retry, by which a receiver recognises a repeat; the body is the same too, the timestamp is that of the try.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from tocsin.notify.alertmanager import alertmanager_body
from tocsin.notify.channel import Accepted
from tocsin.notify.egress import http
from tocsin.notify.egress.endpoint import endpoint
from tocsin.notify.egress.reach import OUTWARD, Reach
from tocsin.notify.message import Message, MessageKind

BODY_VERSION: Final = 1
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the public prefix that the specification gives to secrets
SECRET_BYTES: Final = range(24, 65)


class Form(StrEnum):
    """The form of the body."""

    TOCSIN = "tocsin"
    ALERTMANAGER = "alertmanager"


class WebhookChannel:
    """Posts to one address; redirects are not followed.

    `form` is our own, or that of Alertmanager's webhook; both are signed. Certificates are verified
    (`ca_file` adds authorities). `secrets` are written `whsec_` and the base64 of 24 to 64 bytes. The
    receiver needs one of them, so that a secret is changed by giving both for a while. Without any the
    request is not signed. Raises ValueError for an address or a secret that cannot be used, without repeating
    it, and OSError for such a `ca_file`.
    """

    kind = "webhook"
    recognises_repeats = True  # the key is its `webhook-id`

    def __init__(
        self,
        url: str,
        secrets: Sequence[str] = (),
        timeout_seconds: float = http.TIMEOUT_SECONDS,
        *,
        form: Form = Form.TOCSIN,
        ca_file: str | None = None,
        reach: Reach = OUTWARD,
    ) -> None:
        self._body = alertmanager_body if form is Form.ALERTMANAGER else webhook_body
        self._where = endpoint(url, ca_file=ca_file, reach=reach)
        self._secrets = tuple(secret_bytes(secret) for secret in secrets)
        self._timeout_seconds = timeout_seconds

    def __repr__(self) -> str:
        return f"WebhookChannel({self._where})"

    def send(self, message: Message, *, at: datetime) -> Accepted:
        """Post the message; raises ChannelError if the receiver did not accept it."""
        body = self._body(message)
        headers = {"Content-Type": "application/json", **self._signed(message.key, body, at)}
        return http.deliver(self._where, body, headers=headers, timeout_seconds=self._timeout_seconds, at=at)

    def _signed(self, key: str, body: bytes, at: datetime) -> dict[str, str]:
        timestamp = str(int(at.timestamp()))
        headers = {"webhook-id": key, "webhook-timestamp": timestamp}
        if self._secrets:
            content = b".".join((key.encode(), timestamp.encode(), body))
            headers["webhook-signature"] = " ".join(_signature(secret, content) for secret in self._secrets)
        return headers


def secret_bytes(secret: str) -> bytes:
    """Return the bytes of a secret; raises ValueError, which does not repeat it, if it is not one.

    Other text is refused instead of being signed with as it is: libraries differ on how they read a secret
    without its prefix, and a signature that only some can verify is found out late.
    """
    try:
        raw = base64.b64decode(secret.strip().removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not secret.strip().startswith(SECRET_PREFIX) or len(raw) not in SECRET_BYTES:
        reason = (
            f"a webhook secret is {SECRET_PREFIX} and the base64 of {SECRET_BYTES[0]} to {SECRET_BYTES[-1]}"
            f' bytes; make one with: echo "{SECRET_PREFIX}$(openssl rand -base64 32)"'
        )
        raise ValueError(reason)
    return raw


def webhook_body(message: Message) -> bytes:
    """Return the body that is posted, version 1, as docs/reference/channels.md describes it."""
    return msgspec.json.encode(
        _Body(
            version=BODY_VERSION,
            key=message.key,
            kind=message.kind,
            at=message.at,
            may_repeat=message.may_repeat,
            alert=_alert(message),
            drill=message.is_drill,
        )
    )


class _Pair(msgspec.Struct, frozen=True):
    name: str
    value: str


class _Page(msgspec.Struct, frozen=True):
    name: str
    url: str


class _Alert(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    fingerprint: str
    job: str
    environment: str
    condition: str
    severity: str
    title: str
    text: str
    opened_at: datetime
    timezone: str
    owner: str
    labels: dict[str, str]
    evidence: list[_Pair]
    likely_cause: str
    next_step: str
    links: list[_Page]
    log_tail: str


class _Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    version: int
    key: str
    kind: MessageKind
    at: datetime
    may_repeat: bool
    alert: _Alert
    drill: bool = False


def _alert(message: Message) -> _Alert:
    return _Alert(
        id=message.alert_id,
        fingerprint=message.fingerprint,
        job=message.job,
        environment=message.environment,
        condition=message.condition,
        severity=message.severity,
        title=message.title,
        text=message.text,
        opened_at=message.opened_at,
        timezone=message.timezone,
        owner=message.owner,
        labels=dict(message.labels),
        evidence=[_Pair(name, value) for name, value in message.evidence],
        likely_cause=message.likely_cause,
        next_step=message.next_step,
        links=[_Page(link.name, link.url) for link in message.links],
        log_tail=message.log_tail,
    )


def _signature(secret: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
