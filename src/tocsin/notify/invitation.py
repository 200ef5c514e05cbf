"""Links by which whoever was told of an alert takes it in hand, without logging in.

Such a link opens a page with a button and does nothing by itself, for mail programmes and chats look at
links, too. It holds the alert or the group, the target that was told and an end, under an HMAC-SHA256: who
has the link may acknowledge that, and nothing else.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from tocsin.notify.message import LINKS_LIMIT, Link, Message, MessageKind

PATH: Final = "/take/"
NAME: Final = "acknowledge"
VALID_FOR: Final = timedelta(days=7)
LINKED_KINDS: Final = frozenset({"email", "slack", "teams"})
"""The kinds of channels that show the link: people read there, and nobody else."""
TOKEN_LIMIT: Final = 1000

_PURPOSE: Final = b"tocsin acknowledge v1\0"
_SEPARATOR: Final = "\x1f"
_ASKS: Final = frozenset({MessageKind.FIRING, MessageKind.LOUDER, MessageKind.REPEAT, MessageKind.ESCALATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Whoever holds it may acknowledge one alert, of which `target` was told, until it expires.

    `alert_id` may be that of a group: then all that was told as one.
    """

    alert_id: str
    target: str
    expires_at: datetime


class Void(StrEnum):
    """Why a link opens nothing."""

    FORGED = "forged"
    """It was not made here, or not in full."""
    EXPIRED = "expired"
    """It was made here, too long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inviting:
    """What links are made with; without a `key` or a `base_url` there are none."""

    key: bytes = b""
    base_url: str = ""

    def __repr__(self) -> str:
        return f"Inviting({self.base_url!r})"


def seal(invitation: Invitation, key: bytes) -> str:
    """Return the invitation as letters and digits that may stand in an address."""
    expires = str(int(invitation.expires_at.timestamp()))
    said = _SEPARATOR.join((invitation.alert_id, invitation.target, expires)).encode()
    return f"{_letters(said)}.{_letters(_mark(said, key))}"


def unseal(token: str, key: bytes, now: datetime) -> Invitation | Void:
    """Return the invitation that `seal` has made with this key, unless it has expired."""
    said, _, mark = token.partition(".")
    try:
        read, given = _bytes(said), _bytes(mark)
    except (binascii.Error, ValueError):
        return Void.FORGED
    if not key or len(token) > TOKEN_LIMIT or not hmac.compare_digest(_mark(read, key), given):
        return Void.FORGED
    alert_id, target, expires = read.decode().split(_SEPARATOR)
    expires_at = datetime.fromtimestamp(int(expires), UTC)
    if expires_at <= now:
        return Void.EXPIRED
    return Invitation(alert_id=alert_id, target=target, expires_at=expires_at)


def invite(message: Message, target: str, inviting: Inviting) -> Message:
    """Return the message with the link first, if it asks for somebody and a link can be made.

    It is the same for every retry of the message.
    """
    if not inviting.key or not inviting.base_url or message.kind not in _ASKS:
        return message
    if _SEPARATOR in message.alert_id + target:
        return message
    invitation = Invitation(alert_id=message.alert_id, target=target, expires_at=message.at + VALID_FOR)
    link = Link(name=NAME, url=f"{inviting.base_url.rstrip('/')}{PATH}{seal(invitation, inviting.key)}")
    return replace(message, links=(link, *message.links)[:LINKS_LIMIT])


def _mark(said: bytes, key: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + said, sha256).digest()


def _letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(letters: str) -> bytes:
    """Return what these letters say; ValueError for any but the one way to write it."""
    data = base64.b64decode(
        letters.encode("ascii") + b"=" * (-len(letters) % 4), altchars=b"-_", validate=True
    )
    if _letters(data) != letters:
        raise ValueError("there is one way to write it, and this is another")
    return data
