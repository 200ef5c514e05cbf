"""A message in so few words that a text message or a voice can carry it.

Text messages are counted as the network counts them (3GPP TS 23.038): 160 characters of the GSM alphabet,
or 153 in each of several parts, a few of them counting twice; one letter outside of that alphabet makes it
70, or 67, units of UTF-16 instead.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tocsin.notify import inert, wording
from tocsin.notify.message import Message, MessageKind

SEGMENTS_LIMIT: Final = 2
SPOKEN_LIMIT: Final = 300

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_TWICE: Final = frozenset("^{}\\[~]|€\f")
_PLAIN: Final = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "−": "-",
        "\u2018": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "…": "...",
        "×": "x",
        "→": "->",
        "≥": ">=",
        "≤": "<=",
        "·": "-",
        "•": "-",
        "`": "'",
        "\t": " ",
        "\u00a0": " ",
        "\u202f": " ",
    }
)
_UNSAID: Final = str.maketrans("_[]…", "    ")
_PAGES: Final = frozenset({"alert", "group"})
_ROOM: Final = {"gsm": (160, 153), "ucs2": (70, 67)}
_WRONG: Final = frozenset({MessageKind.FIRING, MessageKind.LOUDER, MessageKind.REPEAT, MessageKind.ESCALATED})


class Alphabet(StrEnum):
    """What a text message is written in."""

    GSM = "gsm"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How long a text message is: its alphabet, its units in that, and in how many parts it goes."""

    alphabet: Alphabet
    units: int
    segments: int


def size_of(text: str) -> Size:
    """Return how long a text message would be."""
    if all(letter in _BASIC or letter in _TWICE for letter in text):
        alphabet, units = Alphabet.GSM, len(text) + sum(letter in _TWICE for letter in text)
    else:
        alphabet, units = Alphabet.UCS2, len(text.encode("utf-16-be")) // 2
    alone, each = _ROOM[alphabet]
    return Size(alphabet=alphabet, units=units, segments=1 if units <= alone else -(-units // each))


def is_trouble(message: Message) -> bool:
    """Whether a message says that something is wrong, so that somebody could take it in hand."""
    return message.kind in _WRONG


def text_message(message: Message, hint: str = "") -> str:
    """Return the message as a text of one part if it can be, and never of more than two.

    `hint` says how to answer, and is never cut. The likely cause is worth a second part; since when, and the
    link to the alert, are told if they do not make the text longer by one.
    """
    hint = plain(hint)
    headline = _shortened(plain(wording.headline(message)), hint)
    cause = plain(_cause_in_short(message))
    lines = [headline]
    if cause and size_of(_joined(headline, cause, hint)).segments <= SEGMENTS_LIMIT:
        lines.append(cause)
    segments = size_of(_joined(*lines, hint)).segments
    for more in _extras(message):
        if size_of(_joined(*lines, more, hint)).segments <= segments:
            lines.append(more)
    return _joined(*lines, hint)


def spoken(message: Message) -> str:
    """Return the message as a voice reads it: short sentences, and no name run together by underscores."""
    state = wording.state(message).capitalize()
    colon = "" if message.tells_of_many else ":"
    about = f"{_said(wording.subject(message))}{colon} {_said(wording.title(message))}"
    cause = _said(_cause_in_short(message))
    cause = f" {cause}." if cause else ""
    since = f" Since {wording.time_of_day(message.opened_at, message.timezone)[:5]}."
    return inert.line(f"{state}. {about}.{cause}{since if is_trouble(message) else ''}", SPOKEN_LIMIT)


def plain(text: str) -> str:
    """Return the text in letters of the GSM alphabet where such say the same; other scripts stay as they are.

    Pictures are dropped: one of them would halve what fits.
    """
    return "".join(_letters(letter) for letter in text.translate(_PLAIN)).strip()


def _letters(letter: str) -> str:
    if letter in _BASIC or letter in _TWICE:
        return letter
    if unicodedata.category(letter) in {"So", "Sk", "Cn", "Co", "Mn"}:
        return ""
    simple = "".join(part for part in unicodedata.normalize("NFKD", letter) if part in _BASIC)
    return simple or letter


def _shortened(headline: str, hint: str) -> str:
    """Return as much of the headline as fits beside the hint."""
    shorter = headline
    while size_of(_joined(shorter, hint)).segments > SEGMENTS_LIMIT:
        headline = headline[:-1]
        shorter = f"{headline.rstrip()}..."
    return shorter


def _extras(message: Message) -> tuple[str, ...]:
    since = f"Since {wording.time_of_day(message.opened_at, message.timezone)[:5]}."
    page = next((link.url for link in message.links if link.name in _PAGES), "")
    return tuple(more for more in (since if is_trouble(message) else "", plain(page)) if more)


def _cause_in_short(message: Message) -> str:
    """Return the likely cause up to its first semicolon: behind it stands what can be looked up."""
    return wording.named(message.likely_cause.partition("; ")[0].rstrip("."))


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _said(text: str) -> str:
    return " ".join(text.translate(_UNSAID).split())
