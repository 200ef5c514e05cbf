"""PagerDuty's webhooks, version 3: who acknowledged or resolved an incident there.

A delivery is signed by HMAC-SHA256 over its body, once for each secret
(https://developer.pagerduty.com/docs/webhooks-signatures-overview). Neither signature nor header says when it
was sent; the time at which the event occurred stands in the signed body.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

DEDUP_KEY_PREFIX = "tocsin/"
VERSION = "v1="
MAX_SIGNATURES = 10
MAX_AGE = timedelta(hours=1)
MAX_AHEAD = timedelta(minutes=5)
NOBODY = "PagerDuty"


class Word(StrEnum):
    """What was done there."""

    ACKNOWLEDGED = "incident.acknowledged"
    RESOLVED = "incident.resolved"


class Unheard(StrEnum):
    """Why a delivery says nothing to us."""

    NOT_SIGNED = "it bears no signature of version 1"
    WRONG_SIGNATURE = "no signature of it was made with a secret that is configured"
    UNREADABLE = "it is not an event of a webhook of version 3"
    NOT_FRESH = "it happened too long ago, or is yet to happen"
    OTHER_EVENT = "it tells of nothing that matters here"
    OTHER_INCIDENT = "its incident was not opened by Tocsin"
    OWN_ECHO = "it was done by an integration, not by a person"


FORGED = (Unheard.NOT_SIGNED, Unheard.WRONG_SIGNATURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What somebody did in PagerDuty, about which alert, and when; `event_id` is the same for every try."""

    word: Word
    alert_id: str
    who: str
    event_id: str
    occurred_at: datetime


class _Agent(msgspec.Struct, frozen=True):
    type: str = ""
    summary: str | None = None


class _Data(msgspec.Struct, frozen=True):
    incident_key: str | None = None


class _Event(msgspec.Struct, frozen=True):
    id: str
    event_type: str
    occurred_at: datetime
    data: _Data
    agent: _Agent | None = None


class _Delivery(msgspec.Struct, frozen=True):
    event: _Event


def hear(body: bytes, signatures: str, secrets: Sequence[bytes], now: datetime) -> Heard | Unheard:
    """Return what a delivery says, or why it says nothing; `signatures` is its X-PagerDuty-Signature.

    Nothing of the body is read before a signature holds. Events of the last hour count, so that one which
    was caught on its way is soon worth nothing; PagerDuty itself tries for some 20 minutes.
    """
    forged = _forged(body, signatures, secrets)
    if forged is not None:
        return forged
    try:
        event = msgspec.json.decode(body, type=_Delivery).event
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Unheard.UNREADABLE
    if event.occurred_at.tzinfo is None:
        return Unheard.UNREADABLE
    if not now - MAX_AGE <= event.occurred_at <= now + MAX_AHEAD:
        return Unheard.NOT_FRESH
    return _said(event)


def _forged(body: bytes, signatures: str, secrets: Sequence[bytes]) -> Unheard | None:
    given = [one.strip() for one in signatures.split(",", MAX_SIGNATURES)[:MAX_SIGNATURES]]
    hashes = [one.removeprefix(VERSION).encode() for one in given if one.startswith(VERSION)]
    if not hashes:
        return Unheard.NOT_SIGNED
    right = [hmac.new(secret, body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    matches = [hmac.compare_digest(one, other) for one in right for other in hashes]
    return None if any(matches) else Unheard.WRONG_SIGNATURE


def _said(event: _Event) -> Heard | Unheard:
    try:
        word = Word(event.event_type)
    except ValueError:
        return Unheard.OTHER_EVENT
    key = event.data.incident_key or ""
    if not key.startswith(DEDUP_KEY_PREFIX) or not key.isprintable():
        return Unheard.OTHER_INCIDENT
    agent = event.agent or _Agent()
    if "integration" in agent.type:
        return Unheard.OWN_ECHO
    return Heard(
        word=word,
        alert_id=key.removeprefix(DEDUP_KEY_PREFIX),
        who=f"{agent.summary} ({NOBODY})" if agent.summary else NOBODY,
        event_id=event.id,
        occurred_at=event.occurred_at,
    )
