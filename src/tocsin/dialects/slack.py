"""Slack's interactions: who pressed which button in a message of ours.

Requests are signed by HMAC-SHA256 over version, timestamp and body
(https://docs.slack.dev/authentication/verifying-requests-from-slack); what a press looks like:
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

VERSION = "v0"
WINDOW = timedelta(minutes=5)
MAX_ACTIONS = 10
MAX_DIGITS = 15


class Verb(StrEnum):
    """What a button of ours asks for; the values are their action ids."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    SILENCE = "silence"


class Unheard(StrEnum):
    """Why a request says nothing to us."""

    NOT_SIGNED = "it bears no signature of version 0, or no receiver here has a signing secret"
    WRONG_SIGNATURE = "its signature was not made with a signing secret that is configured"
    NOT_FRESH = "it was signed more than 5 minutes ago, or in the future: look at the clocks"
    UNREADABLE = "it is not a press of a button in a message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A button of ours that somebody pressed, and where Slack wants to be told what came of it."""

    verb: Verb
    alert_id: str
    name: str
    user_id: str
    reply_to: str


class _User(msgspec.Struct, frozen=True):
    id: str
    username: str = ""
    name: str = ""


class _Action(msgspec.Struct, frozen=True):
    action_id: str = ""
    value: str = ""


class _Payload(msgspec.Struct, frozen=True):
    type: str
    user: _User
    actions: tuple[_Action, ...] = ()
    response_url: str = ""


def signature_of(body: bytes, timestamp: str, secret: bytes) -> str:
    """Return the signature that Slack gives a request."""
    signed = b":".join((VERSION.encode(), timestamp.encode(), body))
    return f"{VERSION}={hmac.new(secret, signed, hashlib.sha256).hexdigest()}"


def doubt(
    body: bytes, timestamp: str, signature: str, secrets: Sequence[bytes], now: datetime
) -> Unheard | None:
    """Return why a request is not believed, None if nothing speaks against it."""
    if not secrets or not signature or not (timestamp.isascii() and timestamp.isdigit()):
        return Unheard.NOT_SIGNED
    given = signature.encode()
    made = [signature_of(body, timestamp, secret).encode() for secret in secrets]
    if not any([hmac.compare_digest(one, given) for one in made]):  # noqa: C419 -- each is compared, in the same time
        return Unheard.WRONG_SIGNATURE
    is_near = len(timestamp) <= MAX_DIGITS and abs(now.timestamp() - int(timestamp)) <= WINDOW.total_seconds()
    return None if is_near else Unheard.NOT_FRESH


def pressed_in(payload: str) -> tuple[Pressed, ...] | Unheard:
    """Return the buttons of ours that were pressed; none where it was a link, or another's button."""
    try:
        read = msgspec.json.decode(payload, type=_Payload)
    except (ValueError, RecursionError):  # what msgspec cannot decode is a ValueError
        return Unheard.UNREADABLE
    if read.type != "block_actions":
        return Unheard.UNREADABLE
    ours = {verb.value for verb in Verb}
    return tuple(
        Pressed(
            verb=Verb(action.action_id),
            alert_id=action.value,
            name=read.user.username or read.user.name,
            user_id=read.user.id,
            reply_to=read.response_url,
        )
        for action in read.actions[:MAX_ACTIONS]
        if action.action_id in ours
    )
