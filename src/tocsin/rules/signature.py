"""The signature of an error: what is left of its words without what differs from one time to the next."""

import hashlib
import re
from typing import Final

MAX_SIGNATURE: Final = 160
_MAX_READ: Final = 320
_MOST_PASSES: Final = 20
_VARIES: Final = "…"

_QUOTES: Final = re.compile("['\"`“„]")
_LITERAL: Final = re.compile(
    r"""
      (?<![\w'])'[^']*'(?!\w)       # a quotation mark within a word is an apostrophe
    | (?<![\w"])"[^"]*"(?!\w)
    | `[^`]*`
    | [“„][^“”„]*[”“]
    """,
    re.VERBOSE,
)
_PLAIN: Final = re.compile(r"[A-Za-z.,:;()\[\]{}<>'\"!?=*&|+-]*")
_VALUE: Final = re.compile(
    r"""
      [a-zA-Z][a-zA-Z0-9+.-]{1,15}://[^\s'"<>,;)\]}]+            # an address of the web, a database, a bucket
    | (?<![\w.+-])[\w.+-]+@[\w.-]+                               # an address of mail, a user at a host
    | (?<![\w…])(?:[a-zA-Z]:)?\\[\w.$…~\\-]+                     # C:\data\orders.csv
    | (?<![\w…/])(?:\.{0,2}|~)/[\w.@%+=:…~/-]+                  # /data/orders.csv, ../in/x
    | \b0[xX][0-9a-fA-F]+\b
    | (?<![0-9A-Za-z])(?=[0-9A-Fa-f-]*[0-9])[0-9A-Fa-f][0-9A-Fa-f-]{7,}(?![0-9A-Za-z])      # a UUID, a hash
    | (?<!\w)(?=(?:[A-Za-z_-]*[0-9]){4})[A-Za-z0-9_-]{16,}(?!\w)                           # an id
    | [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.,]+(?:Z|[+-][0-9]{2}:?[0-9]{2})?
    | (?<![0-9A-Za-z])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){4,7}(?![0-9A-Za-z])            # IPv6
    | [0-9]+(?:[.:,/_T-][0-9]+)*                                # numbers, times, dates, IPv4
    """,
    re.VERBOSE,
)
_MANY: Final = re.compile(r"…(?:[\s,;]*…)+")
_TRACEBACK: Final = "Traceback (most recent call last)"


def signature(error: str) -> str:
    """Return an error's signature: one line of at most MAX_SIGNATURE characters; empty for nothing.

    Numbers, times, ids, paths, addresses and quoted literals become "…", and a row of them one. It is made
    of the first line that says something, of a traceback of its last. It is its own signature.
    """
    text = _telling_line(error)[:_MAX_READ]
    for _ in range(_MOST_PASSES):
        known, text = text, _pass(text)
        if text == known:
            break
    return text


def _pass(text: str) -> str:
    if _QUOTES.search(text):
        text = _LITERAL.sub(_without, text)
    # What varies stands within a word, and most words have nothing in them that could.
    words = [word if _PLAIN.fullmatch(word) else _VALUE.sub(_VARIES, word) for word in text.split()]
    return _MANY.sub(_VARIES, " ".join(words))[:MAX_SIGNATURE].rstrip()


def _without(found: re.Match[str]) -> str:
    """Return a literal without what it says, between the same quotes, or as it is where it is empty."""
    said = found[0]
    return f"{said[0]}{_VARIES}{said[-1]}" if len(said) > len("''") else said


def _telling_line(error: str) -> str:
    """Return the line of an error that says what it is."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    if not lines:
        return ""
    return lines[-1] if lines[0].startswith(_TRACEBACK) else lines[0]


def id_of(signed: str) -> str:
    """Return 12 hexadecimal digits for a signature, equal for equal ones; nothing for none."""
    return hashlib.blake2b(signed.encode(), digest_size=6).hexdigest() if signed else ""
