"""How values become text and columns, the same in every store.

A value that nobody searches in is kept as JSON text without what equals its default, so that a field
added later reads as its default in rows that are older than it. The form is derived from the dataclass;
there is no mapping to keep in step.
"""

import logging
import math
import sys
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import NODEFAULT
from msgspec.structs import FieldInfo, replace
from msgspec.structs import fields as struct_fields

from tocsin.errors import StoreRefused, StoreUnreadable

T = TypeVar("T")
Column = int | float | str | None
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FOR_EVER: Final = 2**63 - 1
_MICROSECOND: Final = timedelta(microseconds=1)

# JSON has no word for NaN: it would be written as null and make the row unreadable, so it is refused.
_FINITE: Final = Annotated[float, msgspec.Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
_AWARE: Final = Annotated[datetime, msgspec.Meta(tz=True)]
_ENCODER: Final = msgspec.json.Encoder()
_log: Final = logging.getLogger("tocsin.store")
_UNFIT: Final = (msgspec.MsgspecError, ValueError, OverflowError, TypeError)


def micros(at: datetime) -> int:
    """Return an instant as whole microseconds since 1970 in UTC; TypeError if it has no zone."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def micros_or_none(at: datetime | None) -> int | None:
    """Return an instant as whole microseconds, or None for none."""
    return None if at is None else micros(at)


def instant(stored: int) -> datetime:
    """Return the instant of so many microseconds."""
    return EPOCH + stored * _MICROSECOND


def instant_or_none(stored: int | None) -> datetime | None:
    """Return the instant of so many microseconds, or None for none."""
    return None if stored is None else EPOCH + stored * _MICROSECOND


class Codec(Generic[T]):
    """A struct or dataclass to JSON text and back, exactly.

    `without` names fields of a struct that are left out when writing; they read as their defaults.
    `derived`: every number in it was kept elsewhere before or reckoned from instants, so none is looked
    for that is not finite.
    """

    def __init__(self, kind: type[T], *, without: Iterable[str] = (), derived: bool = False) -> None:
        left_out = frozenset(without)
        self._kind = kind
        self._derived = derived
        self._form = _form(kind, left_out)
        self._is_struct = issubclass(kind, msgspec.Struct)
        self._left_out = {f.name: f.default for f in _fields(kind) if f.name in left_out}
        self._decode = msgspec.json.Decoder(kind if self._is_struct else self._form).decode

    def encode(self, value: T) -> str:
        """Return its text; StoreError when a field holds what its type forbids, such as NaN."""
        try:
            if self._is_struct:
                kept: Any = value
                if self._left_out:
                    kept = replace(kept, **self._left_out)
                text = _ENCODER.encode(kept)
                if self._derived or b"null" not in text:  # NaN is written so, and None that is no default
                    return text.decode()
            return _ENCODER.encode(msgspec.convert(value, self._form, from_attributes=True)).decode()
        except _UNFIT as error:
            raise StoreRefused(f"this {self._kind.__name__} cannot be kept: {error}") from None

    def decode(self, text: str) -> T:
        """Return the value of a text; StoreUnreadable when it is none, by damage or from a newer Tocsin."""
        try:
            decoded: Any = self._decode(text)
            return decoded if self._is_struct else msgspec.convert(decoded, self._kind, from_attributes=True)
        except _UNFIT as error:
            raise StoreUnreadable(f"a stored {self._kind.__name__} cannot be read: {error}") from None

    def decode_all(self, rows: Iterable[Sequence[str]]) -> list[T]:
        """Return the values of rows of one text each; what cannot be read is left out and told in the log."""
        found = []
        for (text,) in rows:
            try:
                found.append(self.decode(text))
            except StoreUnreadable as error:
                _log.error("left out: %s; it begins with %.80r", error, text)
        return found


class Columns(Generic[T]):
    """A dataclass of plain fields to one row of columns of the same names and order, and back."""

    def __init__(self, kind: type[T]) -> None:
        hints = typing.get_type_hints(kind)
        self._kind: Callable[..., T] = kind
        self.names: Final = tuple(f.name for f in _fields(kind))
        self.list: Final = ", ".join(self.names)
        pairs = [_converters(hints[name]) for name in self.names]
        self._into = tuple(into for into, _ in pairs)
        self._from = tuple(out for _, out in pairs)

    def row(self, value: T) -> tuple[Column, ...]:
        """Return its columns; StoreError for a number that is not finite."""
        return tuple(into(getattr(value, name)) for into, name in zip(self._into, self.names, strict=True))

    def value(self, row: Sequence[Any]) -> T:
        """Return the value of a row of these columns."""
        named = zip(self.names, self._from, row, strict=True)
        return self._kind(**{name: out(column) for name, out, column in named})


def _converters(hint: Any) -> tuple[Callable[[Any], Column], Callable[[Any], Any]]:  # noqa: ANN401 - a type hint
    if hint is datetime:
        return micros, instant
    if hint == datetime | None:
        return micros_or_none, instant_or_none
    if hint is bool:
        return int, bool
    if hint is float:
        return _finite, float
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda member: member.value, hint
    return lambda column: column, lambda column: column


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise StoreRefused(f"{number} is not a number that can be kept")
    return number


def _fields(kind: Any) -> tuple[FieldInfo, ...]:  # noqa: ANN401 - any struct or dataclass
    if not is_dataclass(kind):
        return struct_fields(kind)
    return tuple(
        FieldInfo(
            name=field.name,
            encode_name=field.name,
            type=field.type,
            default=NODEFAULT if field.default is MISSING else field.default,
            default_factory=NODEFAULT if field.default_factory is MISSING else field.default_factory,
        )
        for field in fields(kind)
    )


def _is_value(hint: Any) -> bool:  # noqa: ANN401 - any type hint
    return is_dataclass(hint) or (isinstance(hint, type) and issubclass(hint, msgspec.Struct))


_forms: dict[tuple[Any, frozenset[str]], Any] = {}


def _form(hint: Any, without: frozenset[str] = frozenset()) -> Any:  # noqa: ANN401 - from type hint to type hint
    """Return the type that msgspec writes for this one: dataclasses become structs that omit defaults."""
    if hint is float:
        return _FINITE
    if hint is datetime:
        return _AWARE
    if _is_value(hint):
        key = (hint, without)
        if key not in _forms:
            _forms[key] = _struct(hint, without)
        return _forms[key]
    origin = typing.get_origin(hint)
    if origin is None:
        return hint
    parts = tuple(part if part is ... else _form(part) for part in typing.get_args(hint))
    return typing.Union[parts] if origin in (types.UnionType, typing.Union) else origin[parts]  # noqa: UP007 - of a tuple


def _struct(kind: Any, without: frozenset[str]) -> type[msgspec.Struct]:  # noqa: ANN401 - any dataclass
    hints = typing.get_type_hints(kind)
    kept = [field for field in _fields(kind) if field.name not in without]
    declared = [_declared(field, _form(hints[field.name])) for field in kept]
    is_array = issubclass(kind, msgspec.Struct) and kind.__struct_config__.array_like
    return msgspec.defstruct(
        f"Kept{kind.__name__}", declared, omit_defaults=True, kw_only=True, array_like=is_array, gc=False
    )


def _declared(field: FieldInfo, form: Any) -> tuple[str, Any] | tuple[str, Any, Any]:  # noqa: ANN401 - a type
    if field.default_factory is not NODEFAULT:
        return (field.name, form, msgspec.field(default_factory=field.default_factory))
    if field.default is NODEFAULT:
        return (field.name, form)
    if _is_value(type(field.default)):
        return (field.name, form, msgspec.field(default_factory=lambda: field.default))
    return (field.name, form, field.default)
