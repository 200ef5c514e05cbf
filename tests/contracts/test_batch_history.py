"""The history of batches, the same from both places: listed, summed up, and forgotten in time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.batch.state.rows import AT, a_batch, a_letter, a_run
from tests.contracts.conftest import Open
from tocsin.batch.state import State
from tocsin.batch.state.base import BatchStatus, Checkpoint, DeadLetterQuery, RunStatus, Settled

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ALL = DeadLetterQuery(also_settled=True)
SAVED = Checkpoint(at=AT)


def test_batches_are_read_in_the_order_of_their_end_and_from_an_instant_on(state: State) -> None:
    state.begin(a_run())
    many = [a_batch(number, at=AT + (number % 7) * MINUTE) for number in range(1_100)]

    state.save_checkpoint("r1", SAVED, batches=many)

    found = list(state.batches(pipeline="nightly"))
    assert len(found) == 1_100
    assert [one.completed_at for one in found] == sorted(one.completed_at for one in many)
    late = [one for one in many if one.completed_at >= AT + 3 * MINUTE]
    assert len(list(state.batches(run_id="r1", since=AT + 3 * MINUTE))) == len(late)
    assert list(state.batches(pipeline="other")) == []


def test_performance_is_told_by_operation(state: State) -> None:
    state.begin(a_run())
    sent = [
        replace(a_batch(number, seconds=number / 10, failed=1), operation_type="send")
        for number in range(1, 101)
    ]
    tested = [replace(a_batch(200), operation_type="test")]
    state.save_checkpoint("r1", SAVED, batches=[*sent, *tested])

    first, second = state.performance()

    assert (first.operation_type, second.operation_type) == ("send", "test")
    assert first.p95_seconds == pytest.approx(9.5)
    assert (first.totals.batches, first.totals.total_records, first.totals.failed_records) == (
        100,
        50_000,
        100,
    )
    assert first.totals.slowest_seconds == pytest.approx(10.0)
    assert first.totals.mean_seconds == pytest.approx(5.05)
    assert first.totals.error_rate_percent == pytest.approx(0.2)
    assert first.totals.throughput_rps == pytest.approx(49_900 / 505)
    assert state.performance(pipeline="other") == ()
    assert state.performance(since=AT + DAY) == ()


def test_trends_are_told_by_hour_and_by_day(state: State) -> None:
    state.begin(a_run())
    ends = [AT, AT + 59 * MINUTE, AT + HOUR, AT + DAY]
    state.save_checkpoint("r1", SAVED, batches=[a_batch(n, at=at) for n, at in enumerate(ends)])

    hourly = state.trends(every=HOUR, since=AT)
    daily = state.trends(every=DAY, since=AT)

    assert [(one.starts_at, one.totals.batches) for one in hourly] == [(AT, 2), (AT + HOUR, 1), (AT + DAY, 1)]
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    assert [(one.starts_at, one.totals.batches) for one in daily] == [(midnight, 3), (midnight + DAY, 1)]
    assert state.trends(every=HOUR, since=AT + 2 * DAY) == ()


@pytest.mark.parametrize("status", [BatchStatus.PENDING, BatchStatus.PROCESSING, BatchStatus.CANCELLED])
def test_what_has_not_come_back_is_listed_and_not_summed_up(state: State, status: BatchStatus) -> None:
    state.begin(a_run())
    state.save_checkpoint("r1", SAVED, batches=[a_batch(1), replace(a_batch(2), status=status)])

    assert len(list(state.batches())) == 2
    assert state.totals(run_id="r1").batches == 1
    assert [one.totals.batches for one in state.performance()] == [1]
    assert [one.totals.batches for one in state.trends(every=HOUR, since=AT)] == [1]


def test_what_has_no_end_when_a_run_ends_is_cancelled(state: State) -> None:
    state.begin(a_run())
    under_way = [BatchStatus.PENDING, BatchStatus.PROCESSING, BatchStatus.RETRYING, BatchStatus.FAILED]
    batches = [replace(a_batch(number), status=status) for number, status in enumerate(under_way)]
    state.save_checkpoint("r1", SAVED, batches=batches)
    state.finish("r1", status=RunStatus.FAILED, at=AT)

    ended = {one.batch_id: one.status for one in state.batches()}
    assert list(ended.values()) == [BatchStatus.CANCELLED] * 2 + under_way[2:]


def test_the_processor_time_of_a_batch_is_that_of_all_its_tries(state: State) -> None:
    state.begin(a_run())
    for _ in range(3):
        state.save_checkpoint("r1", SAVED, batches=[replace(a_batch(1), cpu_seconds=0.5)])

    assert [one.cpu_seconds for one in state.batches()] == [1.5]


def test_batches_of_a_run_are_summed_up_and_none_are_nothing(state: State) -> None:
    state.begin(a_run())
    state.save_checkpoint("r1", SAVED, batches=[a_batch(1), a_batch(2, at=AT + HOUR)])

    assert state.totals(run_id="r1").processed_records == 1_000
    assert state.totals(since=AT + MINUTE).batches == 1
    assert state.totals(run_id="r2").batches == 0
    assert state.totals(run_id="r2").throughput_rps == 0.0


def test_what_is_too_old_goes_but_never_a_dead_letter_that_nobody_settled(opening: Open) -> None:
    state = opening(batches_for=DAY, settled_for=DAY, runs_for=3 * DAY, tidy_every=HOUR)
    state.begin(a_run("empty"))
    state.save_checkpoint("empty", Checkpoint(at=AT))
    state.begin(a_run())
    state.save_checkpoint("r1", Checkpoint(at=AT), [a_letter(1), a_letter(2)], [a_batch(1)])
    state.settle_dead_letters([next(state.dead_letters(DeadLetterQuery())).id], Settled.DISCARDED, AT)
    state.begin(a_run("later"))

    state.save_checkpoint("later", Checkpoint(at=AT + MINUTE))
    assert (len(list(state.batches())), state.count_dead_letters(ALL)) == (1, 2)

    state.save_checkpoint("later", Checkpoint(at=AT + 9 * DAY))
    assert list(state.batches()) == []
    assert [letter.ordinal for letter in state.dead_letters(ALL)] == [2]
    assert {run.id for run in state.runs()} == {"r1", "later"}
