"""Dead letters are replayed one after the other, and once each, however many there are."""

from pathlib import Path

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.state.rows import AT, a_letter, a_run
from tests.batch.stories import QUICK, letters, numbers
from tocsin.batch.config import BatchConfig
from tocsin.batch.outcome import Outcome, Partial
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.replaying import Letters
from tocsin.batch.state import open_state, reading
from tocsin.batch.state.base import Checkpoint, DeadLetterQuery, RunStatus, Settled
from tocsin.errors import InvalidPipeline


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have letters be read two by two, as thousands are five hundred by five hundred."""
    monkeypatch.setattr(reading, "PORTION", 2)


def test_letters_that_fail_again_are_not_tried_for_ever(state: Path) -> None:
    sink = BookSink(refuses_all)
    pipeline = Pipeline("stubborn", sink, state=state, config=QUICK)
    assert pipeline.run(numbers(7)).dead == 7
    before = {letter.record_id for letter in letters(state)}

    report = pipeline.replay()

    assert (report.read, report.dead) == (7, 7)
    after = letters(state)
    assert {letter.record_id for letter in after} == before
    assert len(after) == 7
    assert {letter.run_id for letter in after} == {report.run_id}


def refuses_all(batch: Batch, number: int) -> Outcome:
    return Partial(dict.fromkeys(range(len(batch)), f"no, in request {number}"))


def test_a_replay_goes_on_to_its_end_however_many_letters_fail_again(state: Path) -> None:
    config = BatchConfig(rate_limit_rps=1_000, error_threshold_percent=100)
    assert (
        Pipeline("stubborn", BookSink(refuses_all), state=state, config=config).run(numbers(400)).dead == 400
    )
    judging = BatchConfig(rate_limit_rps=1_000, error_threshold_percent=5)
    pipeline = Pipeline("stubborn", BookSink(refuses_all), state=state, config=judging, max_rejects=7)

    report = pipeline.replay()

    assert (report.status, report.read, report.dead) == (RunStatus.COMPLETED, 400, 400)
    assert pipeline.run(numbers(400)).status is RunStatus.FAILED


def test_the_letters_of_one_run_are_replayed_by_the_first_letters_of_its_id(state: Path) -> None:
    refusing = Pipeline("stubborn", BookSink(refuses_all), state=state, config=QUICK)
    first, second = refusing.run(numbers(2)), refusing.run(numbers(3))
    pipeline = Pipeline("stubborn", BookSink(), state=state, config=QUICK)

    assert pipeline.replay(DeadLetterQuery(run_id=second.run_id[:12])).delivered == 3
    with pytest.raises(InvalidPipeline, match="there is no run 'xyz'"):
        pipeline.replay(DeadLetterQuery(run_id="xyz"))
    assert {letter.run_id for letter in letters(state)} == {first.run_id}


def test_letters_are_read_as_they_are_needed(state: Path) -> None:
    opened = open_state(state)
    opened.begin(a_run())
    opened.save_checkpoint("r1", Checkpoint(at=AT), [a_letter(number) for number in range(9)])
    found = Letters(opened, DeadLetterQuery(), "nightly")
    one_by_one = found.records(0)
    assert next(one_by_one)

    opened.settle_dead_letters(range(4, 10), Settled.DISCARDED, AT)

    assert len(list(one_by_one)) == 2
    assert found.ids == {0: 1, 1: 2, 2: 3}
    opened.close()
