"""A message as a letter: its subject, a plain text and a page of HTML."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from jinja2 import Environment, StrictUndefined, Template

from tocsin.notify import inert, wording
from tocsin.notify.message import Message

SUBJECT_LIMIT: Final = 200

_REPEAT_NOTE: Final = "An earlier try to send this ended without an answer, so you may have seen it before."
_LIGHT: Final = "#ffffff"
_DARK: Final = "#1f2328"
_DARK_GROUNDS: Final = {wording.COLOURS["critical"], wording.COLOURS["page"], wording.NEUTRAL_COLOUR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a mail programme shows."""

    subject: str
    text: str
    html: str


def letter(message: Message) -> Letter:
    """Return the message as a letter; in the HTML everything that the message says is escaped."""
    subject = inert.shorten(
        f"[{wording.state(message)}] {wording.subject(message)} {wording.title(message)}", SUBJECT_LIMIT
    )
    return Letter(subject=subject, text=_text(message), html=_html(message, subject))


def _text(message: Message) -> str:
    paragraphs = (
        wording.headline(message),
        wording.body(message),
        _REPEAT_NOTE if message.may_repeat else "",
        f"Likely cause: {message.likely_cause}" if message.likely_cause else "",
        f"Do now: {message.next_step}" if message.next_step else "",
        "\n".join(f"{wording.named(link.name)}: {link.url}" for link in message.links),
        "\n".join(f"{name}: {value}" for name, value in _facts(message)),
        f"End of the log:\n{message.log_tail}" if message.log_tail else "",
        f"-- \nSent by Tocsin, alert {message.alert_id}",
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _html(message: Message, subject: str) -> str:
    colour = wording.colour(message)
    return _page().render(
        message=message,
        body=wording.body(message),
        subject=subject,
        state=wording.state(message),
        about=wording.subject(message),
        title=wording.title(message),
        note=_REPEAT_NOTE if message.may_repeat else "",
        facts=_facts(message),
        links=[(wording.named(link.name), link.url) for link in message.links],
        colour=colour,
        letters=_LIGHT if colour in _DARK_GROUNDS else _DARK,
    )


def _facts(message: Message) -> tuple[tuple[str, str], ...]:
    facts = (
        *wording.lasting(message),
        *message.evidence,
        ("Severity", message.severity),
        ("Environment", message.environment),
        ("Owner", message.owner),
        ("Labels", ", ".join(f"{name}={value}" for name, value in message.labels)),
    )
    return tuple((wording.named(name), value) for name, value in facts if value)


@cache
def _page() -> Template:
    source = resources.files("tocsin.notify").joinpath("letter.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
