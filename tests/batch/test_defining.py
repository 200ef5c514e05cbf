"""What a pipeline is defined with is looked at when it is defined, and every mistake is told at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch.sinks_that_fail import BookSink
from tocsin.batch import Batch, BatchConfig, Limits, Pipeline, sink
from tocsin.batch.state import open_state
from tocsin.errors import InvalidPipeline


async def _wait(record: object) -> object:
    return record


def _several(record: object) -> Iterator[object]:
    yield record


class _ClassOfSinks(BookSink):
    """Given in place of one of it."""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": None}, "None is no name for a pipeline"),
        ({"name": "a b"}, "'a b' is no name for a pipeline"),
        ({"sink": lambda _batch: None}, r"sink is a function; write @sink\(\) above it"),
        ({"sink": _ClassOfSinks}, r"sink is the class _ClassOfSinks; give one of it: _ClassOfSinks\(...\)"),
        ({"sink": 5}, "sink is an int, which has no name, limits, framing, encode, send"),
        ({"map": "name"}, "map is 'name'; it is a function"),
        ({"map": lambda: 1}, r"map cannot be called with a record: too many positional arguments"),
        (
            {"map": lambda _one, _two: 1},
            r"map cannot be called with a record: missing a required argument: '_two'",
        ),
        (
            {"map": _wait},
            "map is a coroutine function; records are mapped in a thread, where nothing is awaited",
        ),
        ({"map": _several}, "map is a generator function; return a list"),
        ({"sanitize": 1}, "sanitize is 1; it is a function"),
        ({"validate": True}, "validate is True; it is a function"),
        ({"key": 5}, "key is 5; it is the name of a field, or a function"),
        ({"id": ""}, "id is ''; it is the name of a field, or a function"),
        ({"on_reject": "drop"}, "on_reject is 'drop'; it is one of dead_letter, stop, hold_key"),
        ({"on_reject": "hold_key"}, 'on_reject is "hold_key", and no key is given'),
        ({"lanes": 2.5}, "lanes is 2.5; it is a whole number between 1 and 256"),
        ({"lanes": 0}, "lanes is 0; it is a whole number between 1 and 256"),
        ({"config": {"max_batch_size": 5}}, "config is a dict; it is a BatchConfig"),
        ({"redact": "email"}, r"redact is 'email'; it is a list of fields: \['email'\]"),
        ({"redact": [5]}, r"redact is \[5\]; it is a list of fields"),
        ({"state": 5}, "state is 5; it is a path, an address of PostgreSQL, or what open_state has returned"),
        ({"max_rejects": 0.02}, 'max_rejects is 0.02; it is a number such as 50 or a share such as "2%"'),
    ],
)
def test_a_mistake_is_told_when_the_pipeline_is_defined(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidPipeline, match=said):
        Pipeline(**{"name": "orders", "sink": BookSink(), **given})


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(InvalidPipeline, match=r"no name.*map is 'name'.*max_rejects is 'x'.*lanes is 0"):
        Pipeline("a b", BookSink(), map="name", lanes=0, max_rejects="x")  # type: ignore[arg-type] # that is the mistake


def test_whatever_can_be_called_with_a_record_is_a_function() -> None:
    class Mapper:
        def __call__(self, record: object, rate: float = 1.0) -> object:
            return record, rate

    for function in (Mapper(), str, dict, lambda *records: records, "{}".format):
        Pipeline("orders", BookSink(), map=function, redact=["email"], config=BatchConfig())


def test_a_state_may_be_a_path_or_one_that_is_open(state: Path) -> None:
    kept = open_state(state)

    for given in (None, state, str(state), kept):
        Pipeline("orders", BookSink(), state=given)
    kept.close()


def test_a_sink_needs_its_brackets() -> None:
    with pytest.raises(InvalidPipeline, match=r"@sink\(\), with brackets"):

        @sink  # type: ignore[arg-type] # that is the mistake
        def deliver(batch: Batch) -> None: ...


def test_the_function_of_a_sink_takes_a_batch() -> None:
    with pytest.raises(
        InvalidPipeline, match=r"deliver cannot be called with a batch: too many positional arguments"
    ):

        @sink()  # type: ignore[arg-type] # that is the mistake
        def deliver() -> None: ...


def test_counts_and_bytes_of_a_limit_are_whole() -> None:
    with pytest.raises(InvalidPipeline, match=r"max_records is 1.5; it is a whole number above zero"):
        Limits(max_records=1.5)  # type: ignore[arg-type] # that is the mistake
