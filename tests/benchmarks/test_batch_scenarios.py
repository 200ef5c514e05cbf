"""The scenarios: what they call lost, wrong or in flight is so."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.batch.ours import Case
from benchmarks.batch.running import open_sink
from benchmarks.batch.scenarios import Sent, send
from benchmarks.batch.terms import Answers, Terms
from benchmarks.batch.watched import Flight, WatchedState, in_flight
from tocsin import clock
from tocsin.batch.state import open_state
from tocsin.batch.state.base import Checkpoint, RunRow

QUICK = Terms(requests_per_second=1_000, latency_seconds=0, answers=Answers.INDEXED)


@pytest.fixture(scope="module")
def sent() -> Sent:
    with open_sink() as sink:
        return send(sink, QUICK, Case(count=3_000, bad=3, rate="1000/s", answers=Answers.INDEXED))


def test_a_run_is_seen_by_the_sink_by_itself_and_by_its_dead_letters(sent: Sent) -> None:
    assert (sent.outcome.read, sent.outcome.delivered, sent.outcome.dead) == (3_000, 2_997, 3)
    assert sent.books.distinct == 2_997
    assert sent.dead == sent.bad == {"e-500", "e-1500", "e-2500"}
    assert sent.lost == 0
    # So few records may all go with what a limit lets through at once, which is more than its pace.
    assert sent.share > 0
    assert sent.outcome.peak_mib > 10


def test_a_record_that_is_nowhere_and_one_that_is_counted_wrongly_are_found(sent: Sent) -> None:
    missing = replace(sent, books=replace(sent.books, distinct=2_996))
    miscounted = replace(sent, outcome=replace(sent.outcome, dead=2))

    assert missing.lost == 1
    assert miscounted.lost == 1


def test_in_flight_is_what_has_begun_and_is_not_written_down(tmp_path: Path) -> None:
    path = tmp_path / "flight"
    assert in_flight(path) == 0
    flight, now = Flight(path), clock.now()
    with_state = WatchedState(open_state(tmp_path / "batch.db"), flight)
    run = RunRow(
        id="r", pipeline="p", source="s", started_at=now, checkpoint=Checkpoint(at=now, delivered=100)
    )
    with_state.begin(run)

    flight.begun(500)
    flight.begun(300)
    flight.begun(-300)
    assert in_flight(path) == 500
    with_state.save_checkpoint("r", Checkpoint(at=now, delivered=350, read=350), [], [])
    assert in_flight(path) == 250
    with_state.close()
