"""Names and texts from outside: what is refused, and how text is made harmless to keep."""

import re
from typing import Final

MAX_NAME: Final = 200

PATH_STEPS: Final = frozenset({".", ".."})

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def name_fault(name: str) -> str | None:
    """Return what is wrong with a name as a sentence without subject, or None.

    Control characters and line separators are refused; also "." and "..", which no address can hold.
    Names in any script, with any mark of writing direction, are fine.
    """
    if name.isprintable() and name not in PATH_STEPS:
        return None
    found = _CONTROL.search(name)
    if found is not None:
        return f"must not contain control characters (U+{ord(found.group()):04X} at position {found.start()})"
    if name in PATH_STEPS:
        return "must not be '.' or '..'"
    return None


def kept_text(text: str, limit: int) -> str:
    """Return the first `limit` characters of a text, with NUL, which some databases refuse, made visible."""
    return text[:limit].replace("\x00", "\u2400")


def kept_tail(text: str, limit: int) -> str:
    """Return the last `limit` characters of a text, with NUL made visible."""
    return text[-limit:].replace("\x00", "\u2400")
