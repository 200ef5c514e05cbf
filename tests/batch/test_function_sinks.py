"""A function becomes a sink; what it was not meant to return, or cannot do at all, is told at once."""

import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.batch.stories import QUICK, numbers
from tocsin.batch import Batch, Delivered, Outcome, Pipeline, sink
from tocsin.batch.state.base import RunStatus


def _call(function: Callable[[Batch], Awaitable[Outcome]], batch: Batch) -> Awaitable[Outcome]:
    return function(batch)


@pytest.mark.parametrize("returned", [True, "ok", [], 200])
def test_a_function_that_returns_what_no_sink_returns_is_told_so_at_once(state: Path, returned: Any) -> None:  # noqa: ANN401 -- what is returned is no answer
    times = 0

    @sink(max_records=100)
    def deliver(batch: Batch) -> None:
        nonlocal times
        times += 1
        return returned  # type: ignore[no-any-return] # that is the mistake

    report = Pipeline("returns", deliver, state=state, config=QUICK).run(numbers(100))

    assert (report.status, report.dead, times) == (RunStatus.FAILED, 0, 1)
    assert f"the sink returned {returned!r}; an answer is Delivered(), Partial(" in report.reason


@pytest.mark.parametrize(
    ("wrong", "named"),
    [("import no_such_package", "no_such_package"), ("no_such_name.post()", "no_such_name")],
)
def test_a_function_that_cannot_work_for_any_record_is_told_so_at_once(
    state: Path, wrong: str, named: str
) -> None:
    @sink(max_records=100)
    def deliver(batch: Batch) -> None:
        exec(wrong, {})  # noqa: S102 -- what a program has that was never run

    report = Pipeline("typo", deliver, state=state, config=QUICK).run(numbers(1_000))

    assert (report.status, report.dead, report.delivered) == (RunStatus.FAILED, 0, 0)
    assert named in report.reason
    assert "nothing is lost" in report.reason


def test_a_function_may_return_what_has_to_be_awaited(state: Path) -> None:
    taken: list[bytes] = []

    async def send(batch: Batch) -> Outcome:
        taken.extend(batch.records)
        return Delivered()

    report = Pipeline("later", sink()(functools.partial(_call, send)), state=state, config=QUICK).run(
        numbers(30)
    )

    assert (report.status, len(taken)) == (RunStatus.COMPLETED, 30)
