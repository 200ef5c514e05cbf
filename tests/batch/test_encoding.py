"""Records become JSON exactly, or are refused with the place at which they cannot."""

import dataclasses
import math
from collections import OrderedDict
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.encoding import encode_json, encode_json_each, readable
from tocsin.batch.outcome import Rejected

NAN = math.nan


@dataclasses.dataclass
class Point:
    x: float
    at: datetime | None = None


class Pair(msgspec.Struct):
    left: float | None
    right: list[float]


PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats()
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def has_no_number(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(has_no_number(one) for one in inner)


@given(VALUES)
def test_what_json_can_say_is_read_back_as_it_was_and_the_rest_refused(record: object) -> None:
    if has_no_number(record):
        with pytest.raises(Rejected, match="JSON cannot say"):
            encode_json(record)
    else:
        assert orjson.loads(encode_json(record)) == record


@given(st.lists(VALUES | st.just(msgspec.Raw(b"[null,\n1]")), max_size=8))
def test_many_are_what_each_is_alone_up_to_the_first_that_is_refused(records: list[object]) -> None:
    together, alone = list[bytes](), list[bytes]()
    with suppress(Rejected):
        together.extend(encode_json_each(records))
    with suppress(Rejected):
        alone.extend(map(encode_json, records))

    assert together == alone


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"a": None, "b": NAN}, "b is nan"),
        ({"a": {"b": [1, {"c": math.inf}]}}, r"a\.b\[1\]\.c is inf"),
        ({"a": (1, -math.inf)}, r"a\[1\] is -inf"),
        (OrderedDict(a=NAN), "a is nan"),
        (Point(x=NAN), "x is nan"),
        ({"p": Point(x=NAN, at=datetime(2026, 1, 1, tzinfo=UTC))}, r"p\.x is nan"),
        ([Pair(left=None, right=[1.0, NAN])], r"\[0\]\.right\[1\] is nan"),
        (NAN, "it is nan"),
    ],
)
def test_a_float_that_is_no_number_is_refused_wherever_it_stands(record: object, place: str) -> None:
    with pytest.raises(Rejected, match=place):
        encode_json(record)


@pytest.mark.parametrize(
    ("record", "encoded"),
    [
        ({"a": None, "b": "null", "c": (None, 1.5)}, {"a": None, "b": "null", "c": [None, 1.5]}),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC), "n": None}, {"at": "2026-01-01T00:00:00Z", "n": None}),
        ({"on": date(2026, 1, 1), "of": Decimal("1.10")}, {"on": "2026-01-01", "of": "1.10"}),
        ({"id": UUID(int=7), "raw": b"\x00\xff"}, {"id": str(UUID(int=7)), "raw": "AP8="}),
        ({1: None, 2: "b"}, {"1": None, "2": "b"}),
        (Point(x=1.0), {"x": 1.0, "at": None}),
        (Pair(left=None, right=[]), {"left": None, "right": []}),
    ],
)
def test_values_are_written_as_the_documentation_says(record: object, encoded: object) -> None:
    assert orjson.loads(encode_json(record)) == encoded


def test_what_contains_itself_or_cannot_be_read_back_is_refused() -> None:
    around: dict[str, object] = {"n": None}
    around["self"] = around

    for record in (around, {"a": object()}, {(1, 2): "pair"}, {"a": "\ud800"}):
        with pytest.raises(Rejected):
            encode_json(record)


@pytest.mark.parametrize(
    "record",
    [
        {"n": 10**5000},
        {10**5000: 1},
        {"\ud800": NAN},
        {"a": {("b", 1): object()}},
        [{"\ud800"}],
    ],
)
def test_whatever_a_record_is_something_is_kept_of_it_that_can_be_read(record: object) -> None:
    assert orjson.loads(readable(record))
