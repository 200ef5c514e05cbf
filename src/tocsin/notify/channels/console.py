"""Console: one readable block for each message, on the terminal or in a log file."""

import os
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from threading import Lock
from typing import Final, TextIO

from tocsin.errors import ChannelError
from tocsin.notify import wording
from tocsin.notify.channel import Accepted
from tocsin.notify.message import Message, MessageKind

SAID_WIDTH: Final = 80
LOG_LINES: Final = 8

_GAP: Final = "  "
_TIME: Final = " " * len("00:00:00")
_NAME_WIDTH: Final = len("STILL CRITICAL")
_PLAIN_LETTERS: Final = str.maketrans({"│": "|", "…": "...", "–": "-", "’": "'", "×": "x", "−": "-"})


class ConsoleChannel:
    """Prints to a stream, standard output if none is given; threads may share it, their blocks do not mix.

    `colour=None` colours a terminal that wants it: not a file, not under NO_COLOR (no-color.org) or
    `TERM=dumb`.
    """

    kind = "console"
    recognises_repeats = True  # nothing is lost on the way to a terminal

    def __init__(self, stream: TextIO | None = None, *, colour: bool | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._colour = _wants_colour(self._stream) if colour is None else colour
        self._lock = Lock()

    def __repr__(self) -> str:
        return "ConsoleChannel()"

    def send(self, message: Message, *, at: datetime) -> Accepted:  # noqa: ARG002 - the block tells when it happened
        """Print the message; raises ChannelError if the stream takes no more."""
        block = "\n".join(_block(message, _Pen(colour=self._colour))) + "\n\n"
        try:
            with self._lock:
                self._stream.write(_encodable(block, self._stream.encoding or "utf-8"))
                self._stream.flush()
        except ValueError:
            raise ChannelError("the console is closed", permanent=True) from None
        except OSError as error:
            raise ChannelError(f"the console cannot be written: {error.strerror}") from None
        return Accepted(detail="printed")


class _Ink(StrEnum):
    """What a terminal is told; its own palette gives the shades, on dark ground and on light."""

    BOLD = "1"
    DIM = "2"
    INFO = "1;36"
    WARNING = "1;33"
    CRITICAL = "1;91"
    PAGE = "1;97;41"
    GOOD = "1;32"
    NEUTRAL = "1;95"


_SEVERITY_INK: Final = {
    "info": _Ink.INFO,
    "warning": _Ink.WARNING,
    "critical": _Ink.CRITICAL,
    "page": _Ink.PAGE,
}
_KIND_INK: Final = {
    MessageKind.ACKNOWLEDGED: _Ink.NEUTRAL,
    MessageKind.RESOLVED: _Ink.GOOD,
    MessageKind.SUMMARY: _Ink.NEUTRAL,
    MessageKind.TEST: _Ink.NEUTRAL,
}


class _Pen:
    """Writes in colour, or not."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, ink: _Ink) -> str:
        return f"\x1b[{ink}m{text}\x1b[0m" if self._colour and text else text


def _block(message: Message, pen: _Pen) -> Iterator[str]:
    """Return the lines of a message in three columns: when, what it is, and what it says."""
    time = pen(wording.time_of_day(message.at, message.timezone), _Ink.DIM)
    ink = _ink(message)
    note = pen(wording.REPEAT_NOTE, _Ink.DIM) if message.may_repeat else ""
    subject = wording.subject(message)
    title, *rest = _wrap(wording.title(message), len(subject) + len(_GAP)) or [""]
    head = (pen(subject, _Ink.BOLD), title, note)
    yield _GAP.join((time, _name(wording.state(message), pen, ink), *filter(None, head)))
    for line in rest:
        yield _row("", line, pen)
    for line in _wrap(wording.body(message)):
        yield _row("", line, pen)
    for name, value in _facts(message):
        first, *more = _wrap(value)
        yield _row(name, first, pen)
        for line in more:
            yield _row("", line, pen)
    for line in message.log_tail.splitlines()[-LOG_LINES:]:
        for part in _folded(line):
            yield _row("", pen("│ " + part, _Ink.DIM), pen)


def _ink(message: Message) -> _Ink:
    """Return how its state is shown: nobody shall take a drill for trouble."""
    if message.kind in _KIND_INK or message.is_drill:
        return _KIND_INK.get(message.kind, _Ink.NEUTRAL)
    return _SEVERITY_INK.get(message.severity, _Ink.NEUTRAL)


def _row(name: str, said: str, pen: _Pen) -> str:
    return _GAP.join((_TIME, _name(name, pen, _Ink.DIM), said)).rstrip()


def _name(name: str, pen: _Pen, ink: _Ink) -> str:
    return pen(name, ink) + " " * (_NAME_WIDTH - len(name))


def _facts(message: Message) -> tuple[tuple[str, str], ...]:
    facts = (
        *wording.lasting(message),
        *message.evidence,
        ("likely cause", message.likely_cause),
        ("do now", message.next_step),
        ("owner", message.owner),
        *((link.name, link.url) for link in message.links),
    )
    return tuple((name, value) for name, value in facts if value)


def _wrap(text: str, taken: int = 0) -> list[str]:
    """Return the lines of a text, none longer than its column unless one word is.

    So many letters of the first line are `taken` by what stands before it.
    """
    lines = [
        line
        for number, paragraph in enumerate(text.splitlines())
        for line in textwrap.wrap(
            paragraph,
            SAID_WIDTH,
            initial_indent="" if number else " " * min(taken, SAID_WIDTH // 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
        or [""]
    ]
    return [line.strip() for line in lines] if taken else lines


def _folded(line: str) -> list[str]:
    """Return the parts of a line of a log that fit into its column, with every letter of it."""
    width = SAID_WIDTH - len("│ ")
    return [line[begin : begin + width] for begin in range(0, max(len(line), 1), width)]


def _wants_colour(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _encodable(text: str, encoding: str) -> str:
    """Return the text in letters that the stream's encoding has."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN_LETTERS).encode(encoding, "replace").decode(encoding)
    return text
