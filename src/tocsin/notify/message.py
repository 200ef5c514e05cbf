"""What is said, before any channel dresses it.

A message is built once, when something is decided, and stored in the outbox; every delivery and every retry
sends this same value. It is inert by construction: whatever a job put into its name, labels or log, no field
holds a control character or a terminal sequence, and each has its limit. What a channel's own language means
by `<`, `&` or `*` is for the channel to escape.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from tocsin.notify import inert

KEY_LIMIT: Final = 255
WORD_LIMIT: Final = 200
TITLE_LIMIT: Final = 200
TEXT_LIMIT: Final = 2000
NEXT_STEP_LIMIT: Final = 500
LOG_TAIL_LIMIT: Final = 3000
LABELS_LIMIT: Final = 64
EVIDENCE_LIMIT: Final = 30
NAME_LIMIT: Final = 100
VALUE_LIMIT: Final = 300
LINKS_LIMIT: Final = 10
URL_LIMIT: Final = 2000


class MessageKind(StrEnum):
    """Why something is said."""

    FIRING = "firing"
    LOUDER = "louder"
    REPEAT = "repeat"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    SUMMARY = "summary"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page to look at."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to tell, in the same words for every channel.

    `key` identifies it for ever: every retry carries it, and receivers recognise a repeat by it (printable
    ASCII without spaces, at most 255 characters). `title` says what is wrong in a few words, without the
    job's name and the severity, which channels put in front; `text` says it in sentences: what, since when.
    `evidence` pairs a name with a value for people, `next_step` says what to do now. `severity` is info,
    warning, critical or page. `may_repeat`: an earlier try ended without an answer, so that the reader may
    have seen this before. `timezone` is the job's zone, in which people read the instants. `reference` is
    what this receiver called the message before it about the same alert ("" where it gave no name).
    `tells_of_many`: `alert_id` is that of a group, and nobody can take it in hand as one. `is_drill`: nothing
    is wrong, and whoever reads it must see so.

    Raises ValueError for a key that no receiver could take and for an instant without a zone.
    """

    key: str
    kind: MessageKind
    alert_id: str
    fingerprint: str
    title: str
    text: str
    severity: str
    job: str
    environment: str
    condition: str
    opened_at: datetime
    at: datetime
    labels: tuple[tuple[str, str], ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    likely_cause: str = ""
    next_step: str = ""
    links: tuple[Link, ...] = ()
    log_tail: str = ""
    owner: str = ""
    may_repeat: bool = False
    timezone: str = "UTC"
    reference: str = ""
    tells_of_many: bool = False
    is_drill: bool = False

    def __post_init__(self) -> None:
        _check_key(self.key)
        for name in ("opened_at", "at"):
            self._put(name, _utc(getattr(self, name), name))
        for name in (
            "alert_id",
            "fingerprint",
            "severity",
            "job",
            "environment",
            "condition",
            "owner",
            "timezone",
        ):
            self._put(name, inert.line(getattr(self, name), WORD_LIMIT))
        self._put("title", inert.line(self.title, TITLE_LIMIT))
        self._put("text", inert.lines(self.text, TEXT_LIMIT))
        self._put("likely_cause", inert.lines(self.likely_cause, NEXT_STEP_LIMIT))
        self._put("next_step", inert.lines(self.next_step, NEXT_STEP_LIMIT))
        self._put("log_tail", inert.last_lines(self.log_tail, LOG_TAIL_LIMIT))
        self._put("labels", _pairs(self.labels, LABELS_LIMIT))
        self._put("evidence", _pairs(self.evidence, EVIDENCE_LIMIT))
        self._put("links", _links(self.links))

    def _put(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def pack(message: Message) -> bytes:
    """Return the message as the JSON that the outbox keeps."""
    return msgspec.json.encode(message)


def unpack(packed: bytes | str) -> Message:
    """Return the message that `pack` wrote; raises ValueError if it is not one."""
    try:
        return msgspec.json.decode(packed, type=Message)
    except msgspec.DecodeError as fault:
        reason = f"not a stored message: {fault}"
        raise ValueError(reason) from fault


def _check_key(key: str) -> None:
    if not (0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable() and " " not in key):
        reason = (
            f"a message key is 1 to {KEY_LIMIT} printable ASCII characters without spaces, not {key[:80]!r}"
        )
        raise ValueError(reason)


def _utc(instant: datetime, name: str) -> datetime:
    if instant.tzinfo is None:
        reason = f"{name} of a message needs a time zone"
        raise ValueError(reason)
    return instant.astimezone(UTC)


def _pairs(pairs: tuple[tuple[str, str], ...], limit: int) -> tuple[tuple[str, str], ...]:
    """Return the pairs, inert; of too many the first, and how many are missing."""
    kept = tuple(
        (inert.line(name, NAME_LIMIT), inert.line(value, VALUE_LIMIT)) for name, value in pairs[:limit]
    )
    if len(pairs) <= limit:
        return kept
    return (*kept[:-1], ("…", f"{len(pairs) - limit + 1} more not shown"))


def _links(links: tuple[Link, ...]) -> tuple[Link, ...]:
    """Return the links that lead to a web page: a mail or chat programme might run any other kind."""
    kept = (link for link in links[:LINKS_LIMIT] if _is_page(link.url))
    return tuple(Link(name=inert.line(link.name, NAME_LIMIT) or link.url, url=link.url) for link in kept)


def _is_page(url: str) -> bool:
    return (
        len(url) <= URL_LIMIT
        and url.lower().startswith(("http://", "https://"))
        and inert.line(url, URL_LIMIT) == url
        and not set(url) & set(" \"'<>`\\")
    )
