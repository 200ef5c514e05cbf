"""Any legal value of any kind that is kept, made from the types of its fields."""

import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, time
from enum import Enum
from types import UnionType
from typing import Any, TypeVar

from hypothesis import strategies as st
from msgspec import Struct

T = TypeVar("T")

# What may be written in a column of PostgreSQL: any character but NUL, and no half of a pair.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
# Inside a JSON text even NUL may stand.
ANY_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INSTANTS = st.datetimes(timezones=st.just(UTC))
WHOLE = st.integers(-(2**63), 2**63 - 1)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: WHOLE,
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: INSTANTS,
    time: st.times(),
    type(None): st.none(),
}


def values_of(kind: type[T], text: st.SearchStrategy[str] = ANY_TEXTS) -> st.SearchStrategy[T]:
    """Return a strategy for any value of this kind, with every field filled in any way its type allows."""
    make: Callable[..., T] = kind
    hints = typing.get_type_hints(kind)
    return st.builds(make, **{name: _of(hints[name], text) for name in _names(kind)})


def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - a dataclass or struct
    return tuple(f.name for f in fields(kind)) if is_dataclass(kind) else tuple(kind.__struct_fields__)


def _of(hint: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:  # noqa: ANN401 - a type hint
    if hint is str:
        return text
    if hint in PLAIN:
        return PLAIN[hint]
    parts = typing.get_args(hint)
    if typing.get_origin(hint) in (UnionType, typing.Union):
        return st.one_of([_of(part, text) for part in parts])
    if typing.get_origin(hint) is tuple:
        if parts[-1] is ...:
            return st.lists(_of(parts[0], text), max_size=2).map(tuple)
        return st.tuples(*[_of(part, text) for part in parts])
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    assert is_dataclass(hint) or issubclass(hint, Struct)
    return values_of(hint, text)
