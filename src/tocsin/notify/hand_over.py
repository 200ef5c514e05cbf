"""A hand-over as a message: who takes over from whom, what is open, what is silenced."""

from datetime import datetime
from typing import Final

from tocsin.notify.message import EVIDENCE_LIMIT, Link, Message, MessageKind
from tocsin.oncall.handover import HandOver
from tocsin.rules.finding import Severity

CONDITION: Final = "hand_over"
LINE_LIMIT: Final = 180
"""Longest line of an open alert, so that 20 of them do not push each other out."""


def hand_over_message(handing: HandOver, *, name: str, key: str, now: datetime, base_url: str) -> Message:
    """Return the message; `name` is the same for everybody who is told of this hand-over."""
    links = (Link(name="overview", url=f"{base_url.rstrip('/')}/"),) if base_url else ()
    title = handing.sentence.removeprefix(f"{handing.schedule}: ").removesuffix(".")
    silences = tuple(("silence", line) for line in handing.silence_lines)
    return Message(
        key=key,
        kind=MessageKind.SUMMARY,
        alert_id=name,
        fingerprint=name,
        title=title,
        text="\n".join(line[:LINE_LIMIT] for line in handing.open_lines),
        severity=Severity.INFO.word,
        job=f"on-call {handing.schedule}",
        environment="",
        condition=CONDITION,
        opened_at=handing.at,
        at=now,
        evidence=silences[:EVIDENCE_LIMIT],
        links=links,
        timezone=handing.timezone,
    )
