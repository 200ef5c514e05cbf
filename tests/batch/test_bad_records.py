"""A record that cannot be delivered costs itself alone, and is kept with its reason."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.batch.sinks_that_fail import BookSink, refuses_poison
from tests.batch.stories import QUICK, adds_up, letters, numbers
from tocsin.batch.config import BatchConfig
from tocsin.batch.limits import Limits
from tocsin.batch.outcome import Kind, Outcome, Partial, Refused, Rejected
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state.base import RunStatus


def test_one_poisoned_record_costs_one_record(state: Path) -> None:
    sink = BookSink(refuses_poison)
    records: list[dict[str, object]] = [{"n": number} for number in range(1_000)]
    for place in (3, 250, 251, 999):
        records[place] = {"n": place, "bad": "poison"}

    report = Pipeline("poison", sink, state=state, config=QUICK).run(records)

    assert (report.status, report.delivered, report.dead) == (RunStatus.COMPLETED, 996, 4)
    assert sorted(letter.ordinal for letter in letters(state)) == [3, 250, 251, 999]
    assert {letter.reason for letter in letters(state)} == {"400: something in it is wrong"}
    assert sink.requests <= 10 + 4 * 11
    assert set(sink.taken.values()) == {1}


def test_what_the_sink_names_as_bad_is_dead_and_the_rest_has_arrived(state: Path) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        bad = {index: "no such person" for index, one in enumerate(batch.records) if b"poison" in one}
        sink.take(batch, [index for index in range(len(batch)) if index not in bad])
        return Partial(bad)

    sink = BookSink(answer)
    records = [{"n": "poison" if number % 100 == 7 else number} for number in range(500)]

    report = Pipeline("named", sink, state=state, config=QUICK).run(records)

    assert (report.delivered, report.dead, sink.requests) == (495, 5, 5)
    assert {letter.reason for letter in letters(state)} == {"no such person"}


def test_nothing_overtakes_a_dead_record_of_its_key_where_keys_are_held(state: Path) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        if any(b'"poison"' in one for one in batch.records):
            return Refused(Kind.INVALID, "400")
        return None

    records: list[dict[str, object]] = [{"who": f"p{number % 3}", "n": number} for number in range(300)]
    records[150] = {"who": "p0", "n": "poison"}
    sink = BookSink(answer, limits=Limits(max_records=10, requests_per_second=2_000))

    pipeline = Pipeline("held", sink, key="who", on_reject="hold_key", state=state, config=QUICK)
    report = pipeline.run(records)

    assert (report.delivered, report.dead) == (250, 50)
    held = [letter for letter in letters(state) if letter.ordinal > 150]
    assert all(letter.reason.startswith("held back") for letter in held)
    assert all(letter.ordinal % 3 == 0 for letter in held)


def test_a_record_becomes_several_or_none_and_counts_once(state: Path) -> None:
    def several(record: dict[str, int]) -> list[dict[str, int]] | dict[str, int] | None:
        number = record["n"]
        if number % 10 == 0:
            return None
        if number % 10 == 1:
            return []
        return [{"n": number}, {"n": -number}] if number % 2 else {"n": number}

    sink = BookSink()
    report = Pipeline("several", sink, map=several, state=state, config=QUICK).run(numbers(1_000))

    assert (report.delivered, report.skipped, adds_up(report)) == (800, 200, True)
    assert sink.taken.total() == 400 * 2 + 400


def test_a_record_of_which_one_part_is_dead_is_dead_once(state: Path) -> None:
    sink = BookSink(refuses_poison)

    report = Pipeline(
        "parts", sink, map=lambda one: [one, {"x": "poison"}, {"y": "poison"}], state=state, config=QUICK
    ).run(numbers(10))

    assert (report.read, report.delivered, report.dead) == (10, 0, 10)
    assert len(letters(state)) == 20


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"a": float("nan")}, "a is nan"),
        ({"a": {"b": [1.0, float("inf")]}}, "a.b[1] is inf"),
        ({(1, 2): 3}, "tuple"),
        ({"a": object()}, "object"),
        ({"a": "x" * 20_000}, "20,008 bytes; a record may have 9,998"),
        ({"a": "\ud800"}, "surrogates"),
    ],
)
def test_what_cannot_be_sent_is_a_dead_letter_with_its_reason(
    state: Path, record: object, reason: str
) -> None:
    config = BatchConfig(max_batch_bytes=10_000, error_threshold_percent=100)
    report = Pipeline("odd", BookSink(), state=state, config=config).run([{"n": 1}, record, {"n": 2}])

    assert (report.delivered, report.dead) == (2, 1)
    assert reason in letters(state)[0].reason
    assert letters(state)[0].category.value == "validation"


def test_decimals_bytes_and_instants_are_sent_as_what_json_has_for_them(state: Path) -> None:
    sink = BookSink()

    Pipeline("types", sink, state=state, config=QUICK).run([{"a": Decimal("1.10"), "b": b"\x00", 3: None}])

    assert sink.order == [{"a": "1.10", "b": "AA==", "3": None}]


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ("map", "map raised ZeroDivisionError: division by zero"),
        ("sanitize", "sanitize raised ZeroDivisionError: division by zero"),
        ("validate", "validate raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_function_that_raises_costs_the_record_alone(state: Path, role: str, reason: str) -> None:
    def careful(record: dict[str, int]) -> dict[str, int] | None:
        1 / (record["n"] - 3)
        return None if role == "validate" else record

    functions: dict[str, Callable[..., object]] = {role: careful}
    report = Pipeline("raises", BookSink(), state=state, config=QUICK, **functions).run(numbers(10))  # type: ignore[arg-type] # the name is a parameter

    assert (report.delivered, report.dead) == (9, 1)
    assert letters(state)[0].reason == reason
    assert letters(state)[0].payload == b'{"n":3}'


def test_a_record_is_cleaned_and_checked_before_it_is_sent(state: Path) -> None:
    def check(record: dict[str, object]) -> str | None:
        if record["n"] == 2:
            raise Rejected("two is refused by raising")
        return "one is refused" if record["n"] == 1 else None

    sink = BookSink()
    report = Pipeline(
        "clean",
        sink,
        sanitize=lambda one: {key: value for key, value in one.items() if key != "secret"},
        validate=check,
        state=state,
        config=QUICK,
    ).run([{"n": number, "secret": "s"} for number in range(4)])

    assert (report.delivered, report.dead, sink.order) == (2, 2, [{"n": 0}, {"n": 3}])
    assert [letter.reason for letter in letters(state)] == ["one is refused", "two is refused by raising"]


def test_dead_letters_are_sent_again_as_they_were_and_are_dead_no_more(state: Path) -> None:
    is_strict = True

    def answer(batch: Batch, number: int) -> Outcome | None:
        return refuses_poison(batch, number) if is_strict else None

    sink = BookSink(answer)
    pipeline = Pipeline("replayed", sink, state=state, config=QUICK)
    pipeline.run([{"n": 1}, {"x": "poison"}, {"a": float("nan")}, {"n": 4}])
    first = {letter.record_id for letter in letters(state) if letter.is_encoded}
    is_strict = False

    report = pipeline.replay()

    assert (report.read, report.delivered, report.dead) == (2, 1, 1)
    assert first <= set(sink.taken)
    assert [letter.payload for letter in letters(state)] == [b'{"a":"nan"}']


def test_what_could_not_be_kept_as_it_was_is_never_sent_for_the_record(state: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"n":1}\n{"n": \n')
    sink = BookSink()
    pipeline = Pipeline("cut", sink, state=state, config=QUICK)
    pipeline.run(path)
    pipeline.run([{"x": object()}])

    report = pipeline.replay()
    pipeline.replay()

    assert (report.delivered, report.dead) == (0, 2)
    assert sink.order == [{"n": 1}]
    assert [letter.reason.count("cannot be sent again") for letter in letters(state)] == [1, 1]


def test_a_dead_letter_that_fails_again_stays_one_dead_letter(state: Path) -> None:
    pipeline = Pipeline("again", BookSink(refuses_poison), state=state, config=QUICK)
    pipeline.run([{"x": "poison"}])

    report = pipeline.replay()

    assert (report.delivered, report.dead) == (0, 1)
    assert len(letters(state)) == 1


def test_what_came_before_a_refused_record_of_its_key_is_still_delivered(state: Path) -> None:
    records: list[dict[str, object]] = [
        {"who": "a", "n": 0},
        {"who": "a", "n": 1},
        {"who": "a", "n": float("nan")},
    ]
    records.append({"who": "a", "n": 3})
    sink = BookSink()

    Pipeline("held", sink, key="who", on_reject="hold_key", state=state, config=QUICK).run(records)

    assert [one["n"] for one in sink.order] == [0, 1]  # type: ignore[index] # what was sent
    assert [letter.ordinal for letter in letters(state)] == [2, 3]


class Speechless(Exception):
    """One that raises when it is asked what it has to say."""

    def __str__(self) -> str:
        raise ValueError("nothing to say")


def raises_speechless(record: object) -> object:
    raise Speechless


def forgets_to_return(record: dict[str, object]) -> None:
    record.pop("email", None)


@pytest.mark.parametrize(
    ("role", "function", "reason"),
    [
        ("map", raises_speechless, "map raised Speechless"),
        ("id", raises_speechless, "map raised Speechless"),
        ("validate", raises_speechless, "validate raised Speechless"),
        ("sanitize", forgets_to_return, "sanitize returned None; it returns the record that is sent"),
        ("validate", lambda _: True, "validate returned True; it returns why a record is refused, or None"),
        ("validate", lambda _: False, "validate returned False; it returns why a record is refused, or None"),
    ],
)
def test_a_function_that_does_not_do_what_it_is_for_sends_nothing(
    state: Path, role: str, function: Callable[[Any], Any], reason: str
) -> None:
    sink = BookSink()
    given: dict[str, Any] = {role: function}

    report = Pipeline("forgets", sink, state=state, **given).run(numbers(3))

    assert (report.dead, sink.requests) == (3, 0)
    assert report.reason.endswith(f"; the last one: {reason}")


def test_why_records_failed_is_not_told_where_fields_are_hidden(state: Path) -> None:
    report = Pipeline(
        "hides",
        BookSink(),
        state=state,
        redact=("email",),
        validate=lambda one: f"no {one['email']}",
    ).run([{"email": "ada@example.com"}])

    assert report.reason == "100 % of the records failed; 5 % may"
