"""Many records are made ready at once, and come out as if each had been by itself."""

import math
import pickle
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batch.sinks_that_fail import BookSink
from tocsin.batch.encoding import encode_json
from tocsin.batch.outcome import Rejected
from tocsin.batch.parcel import Batch
from tocsin.batch.preparing import Of, Portion, Preparation
from tocsin.batch.sink import FunctionSink, Sink, sink
from tocsin.batch.sources.bad_record import BadRecord

IDS: st.SearchStrategy[object] = st.sampled_from(["a", "b7", 7, "", None, 1.5, True, "x" * 201, 10**5000])
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"body": st.sampled_from([1, None, "null", math.nan, object(), "\ud800", "long" * 20])},
        optional={"id": IDS, "key": IDS},
    )
    | st.sampled_from([[1], "text", None, BadRecord("it is broken", b"{")]),
    max_size=12,
)


def takes(_: Batch) -> None:
    """Take everything."""


QUICK, SLOW = sink()(takes), BookSink()


class Counting(BookSink):
    """Counts how often it is asked for each record."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def encode(self, record: object, record_id: str) -> bytes:
        self.asked.append(record_id)
        return super().encode(record, record_id)


@given(RECORDS, st.sampled_from([None, "id"]), st.sampled_from([None, "key"]), st.sampled_from([QUICK, SLOW]))
def test_records_that_are_taken_together_become_what_each_becomes_alone(
    records: list[object], named: Of | None, keyed: Of | None, target: Sink
) -> None:
    preparation = Preparation(sink=target, namespace="r-", id=named, key=keyed, max_record_bytes=60)
    together, alone = Portion(), Portion()

    after = preparation.take_each(5, records, together)
    for ordinal, record in enumerate(records, 5):
        preparation.take(ordinal, record, alone)

    assert after == 5 + len(records)
    assert together == alone


def test_a_sink_is_asked_once_for_each_record_that_it_can_encode() -> None:
    target = Counting()
    preparation = Preparation(sink=target, namespace="", max_record_bytes=20)
    records: list[object] = [{"n": number} for number in range(10)]
    records[3], records[6] = {"n": math.nan}, {"n": "x" * 20}

    preparation.take_each(0, records, Portion())

    assert sorted(set(target.asked), key=int) == [str(number) for number in range(10)]
    assert {one for one in target.asked if target.asked.count(one) > 1} == {"3", "6"}


def test_what_a_class_says_anew_of_one_record_holds_for_many() -> None:
    class Wrapping(FunctionSink):
        def encode(self, record: object, record_id: str) -> bytes:
            return encode_json({"id": record_id, "of": record})

    class Both(Wrapping):
        def encode(self, record: object, record_id: str) -> bytes:
            raise Rejected(f"nobody asks for {record_id} alone: {record}")

        def encode_each(self, records: Sequence[object], ids: Sequence[str]) -> Iterable[bytes]:
            return [f"{one}:{record}".encode() for one, record in zip(ids, records, strict=True)]

    def encoded(target: FunctionSink) -> list[bytes]:
        portion = Portion()
        Preparation(sink=target, namespace="r-").take_each(0, [1], portion)
        return portion.entries.bodies

    plain = sink()(takes)
    about: dict[str, Any] = {"name": "", "limits": plain.limits, "framing": plain.framing}

    assert encoded(plain) == [b"1"]
    assert encoded(Wrapping(takes, **about)) == [b'{"id":"r-0","of":1}']
    assert encoded(Both(takes, **about)) == [b"r-0:1"]
    plain.encode = lambda record, record_id: record_id.encode()  # type: ignore[method-assign]  # noqa: ARG005 -- as a test of a user might
    assert encoded(plain) == [b"r-0"]


@pytest.mark.parametrize("target", [QUICK, SLOW])
def test_a_preparation_goes_to_other_processes(target: Sink) -> None:
    copied = pickle.loads(pickle.dumps(Preparation(sink=target, namespace="r-")))  # noqa: S301 -- our own
    portion = Portion()

    copied.take_each(0, [{"n": 1}], portion)

    assert msgspec.json.decode(portion.entries.bodies[0]) == {"n": 1}
