"""Turns what is to be reported into the bytes of a check-in that the server can read, whatever was put in."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from tocsin.client.limits import MAX_TAIL_BYTES

MAX_CHECK_IN_BYTES = 256 * 1024
MAX_TEXT = 10_000
_MAX_ITEMS = 500
_MAX_DEPTH = 6
_MAX_INTEGER = 2**63 - 1
_REST_OF_CHARACTER = bytes(range(0x80, 0xC0))
_MAX_REST_OF_CHARACTER = 3
_ESCAPED = {code: f"\\u{code:04x}" for code in (*range(0x20), 0x22, 0x5C, 0x7F)}
_WORDS = {None: "null", True: "true", False: "false"}
_MAX_NAME = 200
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), "\ufffd")
_NO_NAMES = ("", ".", "..")
_EXPENDABLE = (
    "metadata",
    "definition",
    "metric_notes",
    "checks",
    "metrics",
    "context",
    "labels",
    "log_tail",
    "error",
)


def encode(fields: Mapping[str, object]) -> bytes:
    """Return the check-in as one line of JSON; `job` must come first.

    Fields that are None are left out. What JSON cannot carry becomes text, what is too large is cut,
    and a check-in that is still above 256 KiB loses its largest extras: news of an end comes through.
    """
    kept = {name: _clean_field(value) for name, value in fields.items() if value is not None}
    body = _dump(kept)
    for name in _EXPENDABLE:
        if len(body) <= MAX_CHECK_IN_BYTES:
            break
        kept.pop(name, None)
        body = _dump(kept)
    return body


def stamp(body: bytes, sent_at: datetime) -> bytes:
    """Return an encoded check-in with the instant at which it is sent."""
    return b'{"sent_at":"' + sent_at.isoformat().encode("ascii") + b'",' + body.strip()[1:]


def looks_whole(body: bytes) -> bool:
    """Say whether bytes from the disk are a check-in and not the torn rest of one."""
    return body.startswith(b'{"job":') and body.endswith(b"}\n")


def text(value: object, limit: int = MAX_TEXT) -> str:
    """Return a value as text without what JSON or a database refuses: lone surrogates and NUL."""
    try:
        written = value if isinstance(value, str) else str(value)
    except Exception:  # noqa: BLE001 – somebody else's __str__ may raise anything
        written = f"<{type(value).__name__}>"
    return written[:limit].encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def name(value: object) -> str:
    """Return a value as a name that the server takes: cut at 200 characters, without control characters."""
    written = text(value, _MAX_NAME)
    if written.isprintable():
        return f"unnamed{written}" if written in _NO_NAMES else written
    return written.translate(_CONTROLS)


def number(value: object) -> float | None:
    """Return what can be read as a number from 0 on, a text too, or None; a whole number stays whole."""
    try:
        read = value if type(value) in (int, float) else float(value)  # type: ignore[arg-type]  # else it raises
        return read if 0 <= read <= _MAX_INTEGER else None  # type: ignore[operator,return-value]  # a number
    except Exception:  # noqa: BLE001 – a stranger's conversion may raise anything
        return None


def tail(data: bytes) -> str:
    """Return the last 10 000 bytes of an output as text; what is not UTF-8 is shown as U+FFFD."""
    last = data[-MAX_TAIL_BYTES:]
    if len(last) == MAX_TAIL_BYTES:
        # The cut may have split a character: what is left of it (10xxxxxx) says nothing.
        last = last[:_MAX_REST_OF_CHARACTER].lstrip(_REST_OF_CHARACTER) + last[_MAX_REST_OF_CHARACTER:]
    return text(last.decode("utf-8", "replace"), MAX_TAIL_BYTES)


def instant(value: datetime | str) -> str | None:
    """Return an instant as the wire has it, or None where it cannot be read.

    An instant without a zone is read in the time zone of this machine.
    """
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
        return read.astimezone(UTC).isoformat()
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def clean(value: object, depth: int = 0) -> object:
    """Return a value as JSON can carry it: texts cut, NaN and infinities left out, strangers as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return _clean_mapping(value, depth) if depth < _MAX_DEPTH else text(value)
    if isinstance(value, list | tuple | set | frozenset):
        return _clean_items(value, depth) if depth < _MAX_DEPTH else text(value)
    if isinstance(value, datetime):
        return instant(value)
    return _clean_number(value)


def _clean_field(value: object) -> object:
    """Clean a field; one that cannot even be looked at is left out, so that the rest gets through."""
    try:
        return clean(value)
    except Exception:  # noqa: BLE001 – somebody else's mapping or sequence may raise anything
        return None


def _clean_mapping(value: Mapping[object, object], depth: int) -> dict[str, object]:
    pairs = list(value.items())[:_MAX_ITEMS]
    return {text(name, 200): clean(item, depth + 1) for name, item in pairs}


def _clean_items(value: Iterable[object], depth: int) -> list[object]:
    return [clean(item, depth + 1) for item in list(value)[:_MAX_ITEMS]]


def _clean_number(value: object) -> object:
    """Read what behaves like a number as one, so that numpy and Decimal need no conversion by hand."""
    try:
        if hasattr(value, "__index__"):
            whole = int(value.__index__())
            return whole if abs(whole) <= _MAX_INTEGER else text(whole)
        if hasattr(value, "__float__"):
            number = float(value.__float__())
            return number if math.isfinite(number) else None
    except Exception:  # noqa: BLE001 – a stranger's conversion may raise anything; its text still says something
        return text(value)
    return text(value)


def _dump(fields: Mapping[str, object]) -> bytes:
    """Write what `clean` returns as JSON (RFC 8259), without loading the module that can write anything."""
    return _json(fields).encode("utf-8", "backslashreplace") + b"\n"


def _json(value: object) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPED)}"'
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_json(name)}:{_json(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return _WORDS[value] if value is None or isinstance(value, bool) else repr(value)
