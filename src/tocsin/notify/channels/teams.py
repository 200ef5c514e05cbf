"""Microsoft Teams: a webhook of a Workflow that posts the card it is given.

The message is an Adaptive Card 1.4
(https://learn.microsoft.com/power-automate/teams/send-a-message-in-teams, https://adaptivecards.io/explorer).
What jobs say stands in text runs, which know no Markdown, so that nothing in it can dress up, mention or
link. The address is itself the secret. Teams knows no idempotency key, so a message whose answer was lost may
be seen twice.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from tocsin.notify import inert, wording
from tocsin.notify.channel import Accepted
from tocsin.notify.egress import http
from tocsin.notify.egress.answer import Answer
from tocsin.notify.egress.endpoint import endpoint
from tocsin.notify.egress.reach import OUTWARD, Reach
from tocsin.notify.message import Message, MessageKind

BODY_LIMIT: Final = 28_000
HEADLINE_LIMIT: Final = 300
TEXT_LIMIT: Final = 2000
SENTENCE_LIMIT: Final = 500
FACTS_LIMIT: Final = 20
FACT_NAME_LIMIT: Final = 60
FACT_VALUE_LIMIT: Final = 300
LOG_LINES: Final = 12
LOG_LINE_LIMIT: Final = 200
LINKS_LIMIT: Final = 6
LINK_NAME_LIMIT: Final = 60

STYLES: Final = {"info": "accent", "warning": "warning", "critical": "attention", "page": "attention"}
RESOLVED_STYLE: Final = "good"
NEUTRAL_STYLE: Final = "emphasis"

# Teams says so in the text of a 200 when its own back end has refused a card.
_REFUSED_BEHIND: Final = re.compile(rb"returned HTTP error ([45][0-9]{2})")
_WORD_JOINER: Final = "\u2060"


class TeamsChannel:
    """Posts to one webhook of the Workflows app.

    Raises ValueError for an address that cannot be used, without repeating it, and OSError for such a
    `ca_file`.
    """

    kind = "teams"
    recognises_repeats = False  # webhooks of Workflows carry no key

    def __init__(
        self,
        url: str,
        timeout_seconds: float = http.TIMEOUT_SECONDS,
        *,
        ca_file: str | None = None,
        reach: Reach = OUTWARD,
    ) -> None:
        self._where = endpoint(url, ca_file=ca_file, reach=reach)
        self._timeout_seconds = timeout_seconds

    def __repr__(self) -> str:
        return f"TeamsChannel({self._where})"

    def send(self, message: Message, *, at: datetime) -> Accepted:
        """Post the card; raises ChannelError if Teams did not accept it."""
        answer = http.post(
            self._where,
            teams_body(message),
            headers={"Content-Type": "application/json; charset=utf-8"},
            timeout_seconds=self._timeout_seconds,
        )
        return http.judged(self._where, _real(answer), at)


class _Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    type: str
    text: str
    weight: str = ""
    size: str = ""
    fontType: str = ""  # noqa: N815 - as the schema spells it


class _Lines(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    type: str
    inlines: list[_Run]
    spacing: str = ""


class _Banner(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    style: str
    bleed: bool
    items: list[_Lines]


class _Open(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    title: str
    url: str


class _Host(msgspec.Struct, frozen=True, kw_only=True):
    width: str


class _Card(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = msgspec.field(name="$schema")
    type: str
    version: str
    fallbackText: str  # noqa: N815 - as the schema spells it
    msteams: _Host
    body: list[_Banner | _Lines]
    actions: list[_Open]


class _Attachment(msgspec.Struct, frozen=True, kw_only=True):
    contentType: str  # noqa: N815 - as Teams spells it
    contentUrl: None  # noqa: N815 - the same
    content: _Card


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    attachments: list[_Attachment]


def teams_body(message: Message) -> bytes:
    """Return what is posted: a card of at most 28 000 octets, whose last lines give way if it were longer."""
    lines = _said(message)
    body = _encoded(message, lines)
    while len(body) > BODY_LIMIT and lines:
        lines = lines[: len(lines) - 1 - len(lines) // 8]
        body = _encoded(message, lines)
    return body


def _encoded(message: Message, lines: list[_Lines]) -> bytes:
    headline = plain(wording.headline(message), HEADLINE_LIMIT)
    head = _Run(type="TextRun", text=headline, weight="Bolder", size="Large")
    banner = _Banner(type="Container", style=_style(message), bleed=True, items=[_line(head)])
    card = _Card(
        schema="http://adaptivecards.io/schemas/adaptive-card.json",
        type="AdaptiveCard",
        version="1.4",
        fallbackText=headline,
        msteams=_Host(width="Full"),
        body=[banner, *lines],
        actions=[
            _Open(type="Action.OpenUrl", title=plain(wording.named(link.name), LINK_NAME_LIMIT), url=link.url)
            for link in message.links[:LINKS_LIMIT]
        ],
    )
    kind = "application/vnd.microsoft.card.adaptive"
    return msgspec.json.encode(
        _Body(type="message", attachments=[_Attachment(contentType=kind, contentUrl=None, content=card)])
    )


def plain(text: str, limit: int) -> str:
    """Return text that Teams shows as it is, at most `limit` characters of it."""
    shown = inert.shorten(text, limit)
    for opening in ("{{", "<at"):
        shown = shown.replace(opening, opening[0] + _WORD_JOINER + opening[1:])
    return shown


def _style(message: Message) -> str:
    if message.kind is MessageKind.RESOLVED:
        return RESOLVED_STYLE
    return NEUTRAL_STYLE if message.is_drill else STYLES.get(message.severity, NEUTRAL_STYLE)


def _said(message: Message) -> list[_Lines]:
    """Return the lines under the headline, the most important first."""
    sentences = [_line(_run(plain(line, TEXT_LIMIT))) for line in wording.body(message).splitlines() if line]
    named = (
        ("Likely cause", plain(message.likely_cause, SENTENCE_LIMIT)),
        ("Do now", plain(message.next_step, SENTENCE_LIMIT)),
        *_facts(message),
    )
    facts = [
        _line(_run(f"{name}: ", "Bolder"), _run(value), spacing="Small") for name, value in named if value
    ]
    log = message.log_tail.splitlines()[-LOG_LINES:]
    tail = [_line(_mono(plain(line, LOG_LINE_LIMIT)), spacing="None") for line in log if line.strip()]
    return [*sentences, *facts, *tail]


def _facts(message: Message) -> list[tuple[str, str]]:
    facts = (
        ("job", wording.subject(message)),
        ("severity", message.severity),
        *wording.lasting(message),
        *message.evidence,
        ("owner", message.owner),
        ("labels", ", ".join(f"{name}={value}" for name, value in message.labels)),
        ("alert", message.alert_id),
    )
    told = [(name, value) for name, value in facts if value]
    more = len(told) - FACTS_LIMIT
    if more > 0:
        told = [*told[: FACTS_LIMIT - 1], ("more", f"{more + 1} more facts are on the job's page")]
    return [
        (plain(wording.named(name), FACT_NAME_LIMIT), plain(value, FACT_VALUE_LIMIT)) for name, value in told
    ]


def _line(*runs: _Run, spacing: str = "") -> _Lines:
    return _Lines(type="RichTextBlock", inlines=list(runs), spacing=spacing)


def _run(text: str, weight: str = "") -> _Run:
    return _Run(type="TextRun", text=text, weight=weight)


def _mono(text: str) -> _Run:
    return _Run(type="TextRun", text=text, fontType="Monospace")


def _real(answer: Answer) -> Answer:
    """Return the answer with the status that its text tells, where that is a worse one."""
    found = _REFUSED_BEHIND.search(answer.body)
    return answer if found is None else replace(answer, status=int(found[1]))
