"""Text from strangers, made harmless: no control characters, no terminal sequences, a bounded length."""

import re

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, screen
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS: titles
    r"|\x1b[ -/]*[0-~]"  # the short ones
)
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters
    "\u202a-\u202e\u2066-\u2069"  # reorder what stands around them
    "\ufeff\ufffe\uffff\U000e0000-\U000e007f]"  # are not seen, or not text
)
_SURROGATE = re.compile("[\ud800-\udfff]")

# Cleaning looks at no more than this many times what is kept: a log of megabytes costs no more than its end.
_LOOK = 4


def lines(text: str, limit: int) -> str:
    """Return the text with its lines, at most `limit` characters from its start."""
    return shorten(_clean(text[: limit * _LOOK]).strip(), limit)


def line(text: str, limit: int) -> str:
    """Return the text on one line, at most `limit` characters from its start."""
    return shorten(" ".join(_clean(text[: limit * _LOOK]).split()), limit)


def last_lines(text: str, limit: int) -> str:
    """Return the end of the text, at most `limit` characters, from the start of a line if possible."""
    clean = _clean(text[-limit * _LOOK :]).rstrip().lstrip("\n")
    if len(clean) <= limit:
        return clean
    end = clean[len(clean) - limit + 2 :]
    cut = end.find("\n")
    return "…\n" + (end[cut + 1 :] if 0 <= cut < limit // 2 else end)


def shorten(text: str, limit: int) -> str:
    """Return the text, or its first `limit` - 1 characters and an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _clean(text: str) -> str:
    if text.replace("\n", "").isprintable():
        return text
    whole = _LINE_END.sub("\n", _SEQUENCE.sub("", text))
    return _SURROGATE.sub("\ufffd", _DROPPED.sub("", whole))
