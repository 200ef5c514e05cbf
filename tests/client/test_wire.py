import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies

from tocsin.client import wire
from tocsin.client.limits import MAX_TAIL_BYTES


def read(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    return found


class Unwilling:
    def __str__(self) -> str:
        raise RuntimeError("no")

    def __float__(self) -> float:
        raise RuntimeError("no")


class Broken(Mapping[str, object]):
    def __getitem__(self, key: str) -> object:
        raise RuntimeError(key)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        return 1


class Whole:
    """Like a numpy integer, which is no int."""

    def __index__(self) -> int:
        return 42


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("nul \x00 and surrogate \ud800", "nul \ufffd and surrogate ?"),
        (True, True),
        (7, 7),
        (2**70, str(2**70)),
        (1.5, 1.5),
        (float("nan"), None),
        (float("inf"), None),
        (Decimal("1.25"), 1.25),
        (Whole(), 42),
        (b"bytes", "b'bytes'"),
        ((1, {2}), [1, [2]]),
        ({1: {"a": object}}, {"1": {"a": "<class 'object'>"}}),
        (Unwilling(), "<Unwilling>"),
        (datetime(2026, 3, 1, 7, tzinfo=timezone(timedelta(hours=1))), "2026-03-01T06:00:00+00:00"),
    ],
)
def test_any_value_becomes_json(value: object, written: object) -> None:
    assert read(wire.encode({"job": "etl", "metadata": {"x": value}}))["metadata"]["x"] == written


def test_what_is_not_said_is_left_out() -> None:
    assert read(wire.encode({"job": "etl", "run": None, "backfill": False})) == {
        "job": "etl",
        "backfill": False,
    }


def test_a_value_that_cannot_be_looked_at_does_not_cost_the_check_in() -> None:
    assert read(wire.encode({"job": "etl", "kind": "fail", "metadata": Broken()}))["kind"] == "fail"


def test_what_holds_itself_comes_to_an_end() -> None:
    endless: list[object] = []
    endless.append(endless)

    assert len(wire.encode({"job": "etl", "metadata": {"x": endless}})) < 1000


def test_a_check_in_that_is_too_large_loses_its_extras_and_keeps_its_news() -> None:
    bulk = {str(i): "x" * 9_000 for i in range(400)}

    body = wire.encode({"job": "etl", "kind": "fail", "exit_code": 3, "log_tail": "why", "metadata": bulk})

    assert len(body) <= wire.MAX_CHECK_IN_BYTES
    assert read(body) == {"job": "etl", "kind": "fail", "exit_code": 3, "log_tail": "why"}


def test_a_stamped_check_in_says_when_it_was_sent() -> None:
    body = wire.encode({"job": "etl", "kind": "start"})

    found = read(wire.stamp(body, datetime(2026, 3, 1, tzinfo=UTC)))

    assert found == {"sent_at": "2026-03-01T00:00:00+00:00", "job": "etl", "kind": "start"}


@pytest.mark.parametrize("cut", [0, 1, 10, -1, -2])
def test_a_torn_check_in_does_not_look_whole(cut: int) -> None:
    body = wire.encode({"job": "etl", "kind": "start"})

    assert wire.looks_whole(body)
    assert not wire.looks_whole(body[:cut])


def test_the_tail_is_the_end_of_the_output() -> None:
    assert wire.tail(b"x" * MAX_TAIL_BYTES + b"the end")[-8:] == "xthe end"
    assert len(wire.tail(b"x" * MAX_TAIL_BYTES * 3)) == MAX_TAIL_BYTES


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_tail_that_begins_within_a_character_begins_with_the_next(cut: int) -> None:
    data = "😀".encode() + b"." * (MAX_TAIL_BYTES - 4 + cut)

    assert wire.tail(data) == "." * (MAX_TAIL_BYTES - 4 + cut)


def test_an_output_that_is_no_text_is_shown_as_far_as_it_is() -> None:
    assert wire.tail(b"caf\xe9 \xff\x00 ok") == "caf\ufffd \ufffd\ufffd ok"


def test_the_first_bytes_of_a_short_output_are_kept_even_if_they_are_no_text() -> None:
    assert wire.tail(b"\x80ok") == "\ufffdok"


@pytest.mark.parametrize("value", ["yesterday", "", "2026-13-01", "9999-12-31T23:59:59-23:59"])
def test_an_instant_that_cannot_be_read_is_none(value: str) -> None:
    assert wire.instant(value) is None


def test_an_instant_is_told_in_utc() -> None:
    assert wire.instant("2026-03-01T07:00:00+01:00") == "2026-03-01T06:00:00+00:00"
    assert wire.instant("2026-03-01T06:00:00Z") == "2026-03-01T06:00:00+00:00"


@given(
    strategies.dictionaries(
        strategies.text(),
        strategies.recursive(
            strategies.none()
            | strategies.booleans()
            | strategies.integers(-(2**63), 2**63 - 1)
            | strategies.floats(allow_nan=False, allow_infinity=False)
            | strategies.text(),
            lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
            max_leaves=10,
        ),
    )
)
def test_what_is_written_by_hand_is_read_by_everybody(fields: dict[str, object]) -> None:
    kept = {name: wire.clean(value) for name, value in fields.items() if value is not None}

    assert read(wire.encode(fields)) == kept
    assert wire.encode(fields).count(b"\n") == 1


def test_half_a_character_is_written_so_that_it_can_be_read() -> None:
    assert read(wire.encode({"metadata": {"a\ud800": "b\udc00\x00\x7f\u2028"}})) == {
        "metadata": {"a?": "b?\ufffd\x7f\u2028"}
    }
