"""The id of a batch is that of its records: a sink that remembers requests by it loses none."""

from pathlib import Path

import pytest

from tests.batch.sinks_that_fail import BookSink, refuses_poison
from tests.batch.stories import QUICK, numbers
from tocsin.batch.outcome import Kind, Outcome, Partial, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.report import RunReport
from tocsin.batch.state import open_state
from tocsin.batch.state.base import RunStatus


class RememberingSink(BookSink):
    """Takes no request twice that has the id of one it took before, as many services do."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # those of its parent
        self.contents: dict[str, tuple[str, ...]] = {}

    async def send(self, batch: Batch) -> Outcome:
        before = self.contents.setdefault(batch.id, tuple(batch.ids))
        assert before == tuple(batch.ids), "one id for two contents"
        return await super().send(batch)


def all_arrived(sink: BookSink, report: RunReport, count: int) -> bool:
    return report.delivered == count and set(sink.taken.values()) == {1} and len(sink.taken) == count


def test_what_is_left_of_a_batch_has_an_id_of_its_own(state: Path) -> None:
    def takes_half(batch: Batch, number: int) -> Outcome | None:
        if len(batch) == 1 or number % 2:
            return None
        sink.take(batch, range(len(batch) // 2))
        return Partial(again=range(len(batch) // 2, len(batch)))

    sink = RememberingSink(takes_half)

    report = Pipeline("halves", sink, state=state, config=QUICK).run(numbers(1_000))

    assert all_arrived(sink, report, 1_000)


def test_a_batch_that_is_sent_again_as_it_was_has_the_same_id(state: Path) -> None:
    def fails_once(batch: Batch, number: int) -> Outcome | None:
        seen.append(batch.id)
        return Refused(Kind.TRANSIENT, "503") if number == 1 else None

    seen: list[str] = []
    sink = RememberingSink(fails_once)

    report = Pipeline("again", sink, state=state, config=QUICK).run(numbers(100))

    assert all_arrived(sink, report, 100)
    assert seen == seen[:1] * 2


def test_a_batch_that_is_made_after_a_restart_is_not_taken_for_an_earlier_one(state: Path) -> None:
    def stops(batch: Batch, number: int) -> Outcome | None:
        return Refused(Kind.UNAUTHORIZED, "401", status=401) if number == 4 else None

    sink = RememberingSink(stops)
    pipeline = Pipeline("restarted", sink, state=state, config=QUICK)
    first = pipeline.run(numbers(1_500))
    assert first.status is RunStatus.FAILED
    assert 0 < first.delivered < 1_500

    report = pipeline.run(numbers(1_500), resume=True)

    assert all_arrived(sink, report, 1_500)


@pytest.mark.parametrize("poisoned", [1, 5])
def test_the_history_tells_every_delivered_record_once_however_it_came_there(
    state: Path, poisoned: int
) -> None:
    records = [{"n": n, "poison" if n % 100 == 7 and n < 100 * poisoned else "fine": 1} for n in range(800)]
    sink = RememberingSink(refuses_poison)

    report = Pipeline("told", sink, state=state, config=QUICK).run(records)

    assert report.delivered == 800 - poisoned
    opened = open_state(state)
    totals = opened.totals(run_id=report.run_id)
    opened.close()
    assert (totals.processed_records, totals.failed_records) == (report.delivered, poisoned)


def test_records_of_one_request_with_the_same_id_are_told_of_for_a_sink_may_keep_one_of_them(
    state: Path,
) -> None:
    records = [{"user": number // 2 if number < 150 else number, "n": number} for number in range(300)]
    told = "in 2 requests several records had the same id, of which a sink that removes duplicates keeps one"

    report = Pipeline("twins", BookSink(), id="user", state=state, config=QUICK).run(records)
    one = Pipeline("twin", BookSink(), id="user", state=state, config=QUICK).run(records[148:])

    assert (report.delivered, report.warnings) == (300, (f"{told}: is id= what tells records apart?",))
    assert str(one).endswith(told.replace("2 requests", "1 request") + ": is id= what tells records apart?")
    assert Pipeline("all", BookSink(), id="n", state=state, config=QUICK).run(records).warnings == ()
    assert Pipeline("own", BookSink(), state=state, config=QUICK).run(records).warnings == ()
