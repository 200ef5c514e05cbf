"""A run that waits says that it lives, so that nobody takes it for one that was killed."""

import asyncio
from pathlib import Path

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import QUICK, numbers
from tocsin import clock
from tocsin.batch import keeper
from tocsin.batch.outcome import Outcome
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state import open_state


class PatientSink(BookSink):
    """Answers once the run has given a sign of life since it was asked."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.seen = open_state(path)

    async def send(self, batch: Batch) -> Outcome:
        asked_at, until = clock.now(), clock.monotonic() + 30
        while self.seen.runs()[0].checkpoint.at <= asked_at:
            assert clock.monotonic() < until, "no sign of life"
            await asyncio.sleep(0.01)
        return await super().send(batch)


def test_a_run_that_waits_for_its_sink_gives_signs_of_life(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "SIGN_OF_LIFE_EVERY_SECONDS", 0.02)
    sink = PatientSink(state)

    report = Pipeline("patient", sink, state=state, config=QUICK).run(numbers(10))

    sink.seen.close()
    assert report.delivered == 10
