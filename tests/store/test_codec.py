"""Values to text and columns, and back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum

import pytest
from msgspec import Struct
from msgspec.structs import replace

from tocsin.errors import StoreError
from tocsin.jobs.job import Definition
from tocsin.jobs.state import JobState
from tocsin.store.codec import Codec, Columns, instant, micros
from tocsin.store.shapes import (
    MEMORY,
    STATE,
    STATE_MEMORY,
    STATE_NOW,
    remembers_same,
    state_from,
    with_memory_of,
)

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    size: float = 1.5
    at: datetime | None = None


class Branch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    leaf: Leaf = Leaf()
    colour: Colour | None = None
    leaves: tuple[Leaf, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    name: str
    at: datetime
    until: datetime | None
    colour: Colour
    big: bool
    size: float


@pytest.mark.parametrize(
    "at",
    [
        datetime.min.replace(tzinfo=UTC),
        NOON,
        datetime.max.replace(tzinfo=UTC),
        datetime(1969, 12, 31, tzinfo=UTC),
    ],
)
def test_an_instant_is_kept_to_the_microsecond(at: datetime) -> None:
    assert instant(micros(at)) == at
    assert instant(micros(at)).tzinfo is UTC


def test_neighbouring_instants_stay_apart() -> None:
    assert micros(NOON + timedelta(microseconds=1)) == micros(NOON) + 1


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    assert micros(NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))) == micros(NOON)


def test_an_instant_without_a_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        micros(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake


def test_what_equals_its_default_takes_no_room() -> None:
    assert Codec(JobState).encode(JobState()) == "{}"
    assert Codec(Branch).encode(Branch(name="oak", colour=Colour.RED)) == '{"name":"oak","colour":"red"}'


def test_a_field_that_is_younger_than_the_row_reads_as_its_default() -> None:
    assert Codec(Branch).decode('{"name":"oak"}') == Branch(name="oak")
    assert Codec(Leaf).decode("{}") == Leaf()
    assert Codec(Definition).decode("{}") == Definition()


def test_a_field_that_is_no_more_is_passed_over() -> None:
    assert Codec(Branch).decode('{"name":"oak","age":7,"leaf":{"edge":"wavy"}}') == Branch(name="oak")


def test_the_word_null_in_a_text_is_only_a_word() -> None:
    oak = Branch(name="null", leaves=(Leaf(size=2.0, at=NOON),))

    assert Codec(Branch).decode(Codec(Branch).encode(oak)) == oak


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"name":1}', '{"name":"x","colour":"blue"}'])
def test_a_text_that_says_no_value_is_told_so(text: str) -> None:
    with pytest.raises(StoreError, match="stored Branch cannot be read"):
        Codec(Branch).decode(text)


@pytest.mark.parametrize("leaf", [Leaf(size=float("nan")), Leaf(at=datetime(2026, 1, 1))])  # noqa: DTZ001 - it must be refused
def test_what_is_no_legal_value_is_not_written(leaf: Leaf) -> None:
    with pytest.raises(StoreError, match="this Leaf cannot be kept"):
        Codec(Leaf).encode(leaf)


def test_a_state_is_the_sum_of_its_two_parts() -> None:
    state = JobState(failures_dropped=2, occurrences_dropped=3, last_seen_at=NOON)

    now, memory = STATE_NOW.encode(state), STATE_MEMORY.encode(state)

    assert state_from(now, memory) == state
    assert state_from(STATE_NOW.encode(JobState()), memory) == JobState(failures_dropped=2)
    assert state_from(now, None) == JobState(occurrences_dropped=3, last_seen_at=NOON)
    assert state_from("{}", "{}") == JobState()
    assert STATE.decode(now) == state_from(now, "{}")


def test_a_flat_value_is_one_row_of_columns() -> None:
    flat = Flat(name="x", at=NOON, until=None, colour=Colour.RED, big=True, size=0.5)

    assert Columns(Flat).list == "name, at, until, colour, big, size"
    assert Columns(Flat).row(flat) == ("x", micros(NOON), None, "red", 1, 0.5)
    assert Columns(Flat).value(("x", micros(NOON), None, "red", 1, 0.5)) == flat


def test_a_column_takes_no_number_that_is_none() -> None:
    flat = Flat(name="x", at=NOON, until=NOON, colour=Colour.RED, big=False, size=float("inf"))

    with pytest.raises(StoreError, match="inf is not a number"):
        Columns(Flat).row(flat)


@pytest.mark.parametrize("name", MEMORY)
def test_whatever_changes_of_the_part_that_is_kept_apart_is_written(name: str) -> None:
    before = JobState()
    after = replace(before, **{name: 1 if name == "failures_dropped" else ("another",)})

    assert remembers_same(before, before)
    assert not remembers_same(before, after)
    assert with_memory_of(before, after) == after
