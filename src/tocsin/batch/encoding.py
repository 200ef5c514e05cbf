"""Records to JSON, once and exactly; what JSON cannot say is refused rather than changed."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from itertools import compress
from math import isfinite
from typing import Any, Final

import msgspec

from tocsin.batch.outcome import Rejected
from tocsin.batch.words import a_kind

MAX_DEPTH: Final = 100
MOST_BITS: Final = 10_000
"""A number that has more is kept in hexadecimal: Python refuses to write so many decimal digits."""
# A pattern finds it in half the time that `in` takes.
_NULL: Final = re.compile(b"null").search
_SAYABLE: Final = frozenset((str, int, bool, type(None), datetime, date, time))


def encode_json(record: object) -> bytes:
    """Return a record as JSON in UTF-8.

    Instants become RFC 3339, decimals and ids strings, bytes base64; values of numpy and Arrow become their
    plain ones, keys that are numbers strings. Raises Rejected for NaN and the infinities, which JSON does not
    have, for other keys, and for values that nobody could read back.
    """
    try:
        encoded = _ENCODER.encode(record)
    except Rejected:
        raise
    except RecursionError:
        raise Rejected("it is nested too deeply, or contains itself") from None
    except (TypeError, ValueError, OverflowError, UnicodeEncodeError, msgspec.MsgspecError) as error:
        raise Rejected(f"cannot be written as JSON: {error}") from None
    if _NULL(encoded) is not None and not _is_sayable(record):
        _refuse_what_is_no_number(record, "", 0)
    return encoded


def encode_json_each(records: Sequence[object]) -> Iterable[bytes]:
    """Return records as JSON, as `encode_json` does; raises Rejected when it comes to one that cannot be."""
    try:
        lines = _ENCODER.encode_lines(records)
    except Exception:  # noqa: BLE001 -- which one it is, and why, is said where each is encoded by itself
        return map(encode_json, records)
    encoded = lines.split(b"\n")
    encoded.pop()
    # What is given as JSON that is made already may have lines of its own.
    if len(encoded) != len(records):
        return map(encode_json, records)
    if _NULL(lines) is not None and not all(map(_is_sayable, compress(records, map(_NULL, encoded)))):
        return map(encode_json, records)
    return encoded


def encode_made_each(
    make: Callable[[object, str], object], records: Sequence[object], ids: Sequence[str]
) -> Iterator[bytes]:
    """Return as JSON what is made of records and their ids; raises when it comes to one that cannot be."""
    made, fault = list[object](), None
    try:
        made.extend(map(make, records, ids))
    except Exception as error:  # noqa: BLE001 -- raised in its turn, after those that came before it
        fault = error
    yield from encode_json_each(made)
    if fault is not None:
        raise fault


def _is_sayable(value: object) -> bool:
    """Return whether what became null was None each time, as far as that is quickly seen.

    Records with None in them are many; this asks for the usual types alone, at a tenth of a thorough look.
    """
    if type(value) is float:
        return isfinite(value)
    if type(value) is not dict and type(value) is not list:
        return type(value) in _SAYABLE
    for item in value.values() if type(value) is dict else value:
        if type(item) not in _SAYABLE and not _is_sayable(item):
            return False
    return True


def _refuse_what_is_no_number(value: object, path: str, depth: int) -> None:
    """Raise where a number would have become null."""
    if isinstance(value, float):
        if not isfinite(value):
            raise Rejected(f"{path or 'it'} is {value}, which JSON cannot say")
    elif depth > MAX_DEPTH:
        raise Rejected("it is nested too deeply")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_what_is_no_number(item, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for index, item in enumerate(value):
            _refuse_what_is_no_number(item, f"{path}[{index}]", depth + 1)
    else:
        for name in _fields_of(value):
            item = getattr(value, name, None)
            _refuse_what_is_no_number(item, f"{path}.{name}" if path else name, depth + 1)


def _fields_of(value: object) -> Iterable[str]:
    """Return the names of the fields of an object that the encoder writes as one with these fields."""
    if isinstance(value, type):
        return ()
    if isinstance(value, msgspec.Struct):
        return value.__struct_fields__
    attributes = getattr(value, "__attrs_attrs__", ())
    return [*getattr(value, "__dataclass_fields__", ()), *(one.name for one in attributes)]


def _plain(value: object) -> Any:  # noqa: ANN401 -- the encoder takes whatever it is given, and asks again
    """Return the plain value of one that is of another library."""
    if isinstance(value, Mapping):
        return dict(value)
    for name in ("as_py", "item", "tolist", "isoformat"):
        method = getattr(value, name, None)
        if callable(method):
            plain = method()
            if type(plain) is not type(value):
                if isinstance(plain, float) and not isfinite(plain):
                    raise Rejected(f"a value is {plain}, which JSON cannot say")
                return plain
    raise Rejected(f"a value is {a_kind(value)}, which cannot be written as JSON")


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_plain)


def is_kept_whole(record: object) -> bool:
    """Whether what `readable` says of a record is all of it, so that it can be taken for the record again."""
    try:
        encode_json(record)
    except Rejected:
        return False
    return True


def readable(record: object) -> bytes:
    """Return a record as JSON in any case, for a dead letter: what JSON cannot say becomes its text."""
    try:
        encoded = _READABLE.encode(record)
        return msgspec.json.encode(_text(record, 0)) if _NULL(encoded) else encoded
    except Exception:  # noqa: BLE001 -- a record may be of any class; that it cannot be shown must not lose it
        return msgspec.json.encode(_text(record, 0))


def _text(value: object, depth: int) -> Any:  # noqa: ANN401 -- whatever JSON can say
    if depth > MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {str(_text(key, depth + 1)): _text(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_text(item, depth + 1) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return hex(value)
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 -- a class whose own text fails still has a name
        return type(value).__qualname__


_READABLE: Final = msgspec.json.Encoder(enc_hook=lambda value: _text(value, 0))
