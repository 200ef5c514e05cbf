"""What was refused before it was sent is kept as the source had it, and comes through once that is mended."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.batch.stories import QUICK, letters
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sink import FunctionSink, sink

EVENT = {"id": "e1", "n": 5}


class Mended:
    """A pipeline whose `map` or `validate` gets better."""

    def __init__(self, state: Path, mapped: Callable[[Any], object]) -> None:
        self.is_mended = False
        self.sent: list[tuple[str, Any]] = []
        self.pipeline = Pipeline(
            "mended", self._sink(), map=mapped, validate=self._check, id="id", state=state, config=QUICK
        )

    def _sink(self) -> FunctionSink:
        @sink(name="book")
        def book(batch: Batch) -> None:
            self.sent += zip(batch.ids, map(msgspec.json.decode, batch.records), strict=True)

        return book

    def _check(self, _record: object) -> str | None:
        return None if self.is_mended else "not yet"


@pytest.mark.parametrize(
    ("mapped", "sent"),
    [
        (lambda event: {"value": event["n"]}, [("e1", {"value": 5})]),
        (lambda event: [event["n"], event["n"] + 1], [("e1/0", 5), ("e1/1", 6)]),
    ],
    ids=["one", "several"],
)
def test_a_record_that_was_refused_behind_map_is_mapped_again_with_the_same_id(
    state: Path, mapped: Callable[[Any], object], sent: list[tuple[str, object]]
) -> None:
    mended = Mended(state, mapped)
    mended.pipeline.run([EVENT])
    assert {letter.payload for letter in letters(state)} == {b'{"id":"e1","n":5}'}

    mended.is_mended = True
    report = mended.pipeline.replay()

    assert report.dead == 0
    assert sorted(set(map(repr, mended.sent))) == [repr(one) for one in sent]
    assert letters(state) == []


def test_a_line_that_is_no_record_is_kept_as_people_can_read_it(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b'{"id":"e1", caf\xff}\n')

    report = Mended(state, lambda event: event).pipeline.run(file)

    (letter,) = letters(state)
    assert (report.read, report.dead) == (1, 1)
    assert letter.reason.startswith("events.jsonl line 1: not JSON")
    assert msgspec.json.decode(letter.payload) == '{"id":"e1", caf\\xff}'
