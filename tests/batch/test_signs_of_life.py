"""A run that waits says that it lives, so that nobody takes it for one that was killed."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import QUICK, numbers
from tocsin import clock
from tocsin.batch import keeper, running
from tocsin.batch.outcome import Outcome
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state import open_state
from tocsin.batch.state.base import Totals
from tocsin.batch.watching import Live, live_of


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


def test_a_run_says_how_it_does_while_it_is_at_work_also_without_a_history(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "SIGN_OF_LIFE_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(keeper, "LIVE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(running, "WATCHED_EVERY_SECONDS", 0.02)
    said: list[Live] = []

    class Looking(PatientSink):
        async def send(self, batch: Batch) -> Outcome:
            outcome = await super().send(batch)
            while not said or not said[-1].in_flight:
                run = self.seen.runs()[0]
                assert self.seen.is_at_work(run.id)
                said.append(live_of(run, Totals(), clock.now()))
                await asyncio.sleep(0.01)
            return outcome

    sink = Looking(state)
    Pipeline("looking", sink, state=state, config=replace(QUICK, enable_monitoring=False)).run(numbers(10))

    run = sink.seen.runs()[0]
    is_at_work = sink.seen.is_at_work(run.id)
    sink.seen.close()
    assert said[-1].in_flight == 1
    assert said[-1].silent_seconds < 30
    assert not is_at_work
