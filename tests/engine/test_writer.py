"""The one thread that writes outlives what nobody foresaw."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest

from tocsin.alerts.route import Route
from tocsin.clock import SystemClock
from tocsin.engine.commands import Pause, Refused
from tocsin.engine.configuration import Configuration
from tocsin.engine.engine import Engine
from tocsin.errors import StoreBroken, StoreUnavailable
from tocsin.jobs.checkin import Answer, Answered, CheckIn, CheckInKind
from tocsin.jobs.job import JobKey
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite.writing import SqliteWriting
from tocsin.telemetry.metrics import Metrics

PATIENCE_SECONDS = 20.0
CLOCK = SystemClock()


class Listening(Metrics):
    """Metrics that pass on what goes wrong."""

    def __init__(self) -> None:
        super().__init__(CLOCK)
        self.errors: SimpleQueue[str] = SimpleQueue()

    def error(self, where: str, text: str, at: datetime) -> None:
        super().error(where, text, at)
        self.errors.put(text)


@pytest.fixture
def metrics() -> Listening:
    return Listening()


@pytest.fixture
def engine(tmp_path: Path, metrics: Listening) -> Iterator[Engine]:
    """An engine with its threads, before its start."""
    store = SqliteStore(str(tmp_path / "tocsin.db"))
    made = Engine(
        store=store,
        configuration=Configuration(
            digest="one", rules=(), route=Route(receiver="nobody"), targets={"nobody": ()}
        ),
        channels={},
        clock=CLOCK,
        new_id=lambda: "an-id",
        metrics=metrics,
        jitter=lambda: 0.5,
    )
    yield made
    made.stop()
    store.close()


def test_how_long_nothing_was_judged_counts_from_the_last_look_at_the_clock(engine: Engine) -> None:
    assert not engine.condition().is_judging
    assert engine.condition().since_tick_seconds < PATIENCE_SECONDS

    engine.writer.last_tick_at = CLOCK.now() - timedelta(minutes=5)
    assert engine.condition().since_tick_seconds >= 300

    engine.start()
    assert (engine.condition().is_judging, engine.condition().is_delivering) == (True, True)


def test_a_fault_that_nobody_foresaw_is_shown_and_ends_no_writer(
    engine: Engine, metrics: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = engine.writer.rounds
    do_rounds = rounds.go

    def stumble(*_: object) -> tuple[bool, bool]:
        monkeypatch.setattr(rounds, "go", do_rounds)
        raise AttributeError("planted")

    monkeypatch.setattr(rounds, "go", stumble)
    engine.start()
    said = metrics.errors.get(timeout=PATIENCE_SECONDS)

    answers: SimpleQueue[tuple[Answer, ...] | StoreUnavailable] = SimpleQueue()
    now = CLOCK.now()
    assert engine.report([CheckIn(job="a", kind=CheckInKind.START, at=now, received_at=now)], answers.put)
    answer = answers.get(timeout=PATIENCE_SECONDS)

    assert said.startswith("AttributeError in the writer")
    assert isinstance(answer, tuple)
    assert answer[0].status is Answered.ACCEPTED
    assert engine.condition().store_fault == ""


def _reported(engine: Engine, *environments: str) -> tuple[Answer, ...] | StoreUnavailable:
    answers: SimpleQueue[tuple[Answer, ...] | StoreUnavailable] = SimpleQueue()
    now = CLOCK.now()
    check_ins = [
        CheckIn(job="a", environment=name, kind=CheckInKind.START, at=now, received_at=now)
        for name in environments
    ]
    assert engine.report(check_ins, answers.put)
    return answers.get(timeout=PATIENCE_SECONDS)


def test_a_value_that_no_store_can_keep_costs_its_own_check_in_alone(engine: Engine) -> None:
    engine.start()

    answers = _reported(engine, "production", "half \ud800 a pair", "staging")

    assert isinstance(answers, tuple)
    assert [answer.status for answer in answers] == [
        Answered.ACCEPTED,
        Answered.REJECTED,
        Answered.ACCEPTED,
    ]
    assert engine.condition().store_fault == ""


def test_nobody_reports_in_the_environment_that_tocsin_alerts_in_and_the_others_are_taken(
    engine: Engine,
) -> None:
    engine.start()

    answers = _reported(engine, "production", "tocsin", "staging")

    assert isinstance(answers, tuple)
    assert [answer.status for answer in answers] == [
        Answered.ACCEPTED,
        Answered.REJECTED,
        Answered.ACCEPTED,
    ]
    assert answers[1].field == "environment"


def test_the_job_that_tocsin_alerts_under_cannot_be_paused(engine: Engine) -> None:
    engine.start()

    result = engine.command(Pause(job=JobKey("tocsin", "tocsin"), who="ada"))

    assert isinstance(result, Refused)
    assert "Tocsin's own" in result.message


def test_a_broken_store_refuses_no_check_in_for_good_but_asks_for_it_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreBroken("the file is damaged")

    monkeypatch.setattr(SqliteWriting, "append", broken)
    engine.start()

    answer = _reported(engine, "production")

    assert isinstance(answer, StoreUnavailable)
    assert engine.condition().store_fault == "the file is damaged"
