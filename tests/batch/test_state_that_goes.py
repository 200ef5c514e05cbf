"""A state whose file is deleted or replaced under a run is told of: no dead letter is lost unheard."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.batch.sinks_that_fail import BookSink, refuses_poison
from tests.batch.state.rows import AT, a_letter, a_run
from tests.batch.stories import QUICK, letters
from tocsin.batch.outcome import Outcome
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state import open_state
from tocsin.batch.state.base import Checkpoint, RunStatus

RECORDS = [{"x": "poison"} if number % 100 == 7 else {"n": number} for number in range(500)]
LOOK = "import sys; from tocsin.batch.state import open_state; open_state(sys.argv[1]).close()"


def deleted(state: Path) -> None:
    for file in state.parent.glob(f"{state.name}*"):
        file.unlink()


def replaced(state: Path) -> None:
    deleted(state)
    open_state(state).close()


def moved(state: Path) -> None:
    state.rename(state.with_name("elsewhere.db"))


def without_journal(state: Path) -> None:
    state.with_name(f"{state.name}-wal").unlink()


@pytest.mark.parametrize("gone", [deleted, replaced, moved, without_journal])
@pytest.mark.parametrize("request_number", [1, 40])
def test_a_run_whose_state_has_gone_does_not_end_as_if_all_were_kept(
    state: Path, gone: Callable[[Path], None], request_number: int
) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        if number == request_number:
            gone(state)
        return refuses_poison(batch, number)

    report = Pipeline("gone", BookSink(answer), state=state, config=QUICK).run(RECORDS)

    assert report.status is RunStatus.FAILED
    assert f"{state}: the file was deleted, moved or replaced while it was in use" in report.reason


def test_a_state_that_goes_when_all_is_delivered_is_told_too(state: Path) -> None:
    sink = BookSink(refuses_poison)

    class Last(BookSink):
        async def __aexit__(self, *_: object) -> None:
            deleted(state)

    sink = Last(refuses_poison)
    report = Pipeline("gone", sink, state=state, config=QUICK).run(RECORDS)

    assert (report.status, report.dead) == (RunStatus.FAILED, 5)
    assert "the file was deleted" in report.reason


def test_what_is_kept_stays_when_another_part_of_the_program_has_opened_the_file_as_well(state: Path) -> None:
    first = open_state(state)
    first.begin(a_run())
    second = open_state(state)
    subprocess.run([sys.executable, "-c", LOOK, str(state)], check=True)

    first.save_checkpoint("r1", Checkpoint(at=AT), [a_letter()])

    assert state.with_name(f"{state.name}-wal").exists()
    assert len(letters(state)) == 1
    for opened in (first, second):
        opened.close()
