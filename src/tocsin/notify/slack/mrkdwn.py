"""A message in mrkdwn, the language of Slack: whatever a job wrote is shown in it and mentions nobody."""

import re
from datetime import timedelta
from typing import Final

from tocsin.notify import wording
from tocsin.notify.message import Link, Message

TEXT_LIMIT: Final = 3000
SENTENCES_LIMIT: Final = 1200
SENTENCE_LIMIT: Final = 400
LINKS_LIMIT: Final = 600
LINK_NAME_LIMIT: Final = 60
LOG_LIMIT: Final = 1200
LOG_LINE_LIMIT: Final = 300
FIELDS_LIMIT: Final = 20
FIELD_NAME_LIMIT: Final = 60
FIELD_VALUE_LIMIT: Final = 300
LASTING: Final = timedelta(minutes=1)
"""From then on since when says more than the time of the message does."""

_CUT_ENTITY: Final = re.compile("&[a-z]*$")


def escape(text: str, limit: int) -> str:
    """Return text that Slack shows as it is, without mentions and links, at most `limit` characters of it."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("```", "'''")
    return escaped if len(escaped) <= limit else _CUT_ENTITY.sub("", escaped[: limit - 1]) + "…"


def text_of(message: Message, *, links: tuple[Link, ...]) -> str:
    """Return the sentences, the links and the end of the log, which takes the room that the others leave."""
    parts = [
        escape(wording.body(message), SENTENCES_LIMIT),
        _named("Likely cause", message.likely_cause),
        _named("Do now", message.next_step),
        _links(links),
    ]
    said = "\n".join(part for part in parts if part)
    log = _log(message.log_tail, min(LOG_LIMIT, TEXT_LIMIT - len(said)))
    return f"{said}\n{log}" if log else said


def _named(name: str, text: str) -> str:
    return f"*{name}:* {escape(text, SENTENCE_LIMIT)}" if text else ""


def _links(links: tuple[Link, ...]) -> str:
    """Return as many links as have room, whole."""
    shown = ""
    for link in links:
        address = escape(link.url, len(link.url) * len("&amp;")).replace("|", "%7C")
        more = f"{shown} · " if shown else ""
        longer = f"{more}<{address}|{escape(link.name, LINK_NAME_LIMIT)}>"
        shown = longer if len(longer) <= LINKS_LIMIT else shown
    return shown


def _log(tail: str, room: int) -> str:
    """Return the last lines of the log that have room, in a block that they cannot leave."""
    shown = ""
    for line in reversed(tail.splitlines()):
        longer = f"{escape(line, LOG_LINE_LIMIT)}\n{shown}"
        if len(longer) + 2 * len("```\n") > room:
            break
        shown = longer
    return f"```\n{shown}```" if shown.strip() else ""


def facts_of(message: Message) -> tuple[tuple[str, str], ...]:
    """Return at most FIELDS_LIMIT facts, names and values escaped; of more, how many are missing."""
    facts = (
        ("Job", wording.subject(message)),
        ("Severity", message.severity),
        ("Time", wording.moment(message.at, message.timezone)),
        ("Alert", message.alert_id),
        *(wording.lasting(message) if message.at - message.opened_at >= LASTING else ()),
        *message.evidence,
        ("Owner", message.owner),
        ("Labels", ", ".join(f"{name}={value}" for name, value in message.labels)),
    )
    told = tuple((name, value) for name, value in facts if value)
    if len(told) > FIELDS_LIMIT:
        told = (
            *told[: FIELDS_LIMIT - 1],
            ("More", f"{len(told) - FIELDS_LIMIT + 1} more facts are on the job's page"),
        )
    return tuple(
        (escape(wording.named(name), FIELD_NAME_LIMIT), escape(value, FIELD_VALUE_LIMIT))
        for name, value in told
    )
