"""Fields of a dead letter that nobody is to read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from tocsin.batch.state.base import DeadLetter

HIDDEN: Final = "[redacted]"
_SHORTEST: Final = 3
"""Values that are shorter stay in the reason: they would be found in any text."""


def redacted(letter: DeadLetter, also: Sequence[str] = ()) -> DeadLetter:
    """Return a dead letter without the values of its `redact` fields and of those in `also`.

    A field is named by its dotted path; through a list the path leads to each of its items. The values are
    taken out of the reason too. A payload without fields, such as a line that could not be read, is hidden
    as a whole.
    """
    fields = tuple(dict.fromkeys((*letter.redact, *also)))
    if not fields or (letter.is_redacted and not also):
        return letter
    record, hidden = _read(letter.payload), list[str]()
    if not isinstance(record, dict | list):
        record = _without(record, (), hidden)
    for field in fields:
        record = _without(record, field.split("."), hidden)
    reason, key = letter.reason, letter.key
    for value in sorted(set(hidden), key=len, reverse=True):
        reason, key = reason.replace(value, HIDDEN), key.replace(value, HIDDEN)
    payload = msgspec.json.encode(record)
    return replace(letter, payload=payload, reason=reason, key=key, redact=fields, is_redacted=True)


def _read(payload: bytes) -> object:
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _without(value: object, path: Sequence[str], hidden: list[str]) -> Any:  # noqa: ANN401 -- whatever JSON can say
    if not path:
        _remember(value, hidden)
        return HIDDEN
    if isinstance(value, list):
        return [_without(item, path, hidden) for item in value]
    if isinstance(value, dict):
        # A name may have dots of its own.
        for length in range(1, len(path) + 1):
            name = ".".join(path[:length])
            if name in value:
                value = {**value, name: _without(value[name], path[length:], hidden)}
    return value


def _remember(value: object, hidden: list[str]) -> None:
    """Note the words of a value, as they would stand in a sentence."""
    if isinstance(value, dict):
        for item in value.values():
            _remember(item, hidden)
    elif isinstance(value, list):
        for item in value:
            _remember(item, hidden)
    elif value is not None and not isinstance(value, bool) and len(str(value)) >= _SHORTEST:
        hidden.append(str(value))
