"""Whatever a sink or a source does, nothing is lost, and the run says how it ended."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import pytest

from tests.batch.sinks_that_fail import Answer, BookSink, refuses_poison
from tests.batch.stories import QUICK, adds_up, letters, numbers
from tocsin.batch import keeper
from tocsin.batch.config import BatchConfig, ErrorHandling
from tocsin.batch.limits import Limits
from tocsin.batch.outcome import Delivered, Kind, Outcome, Partial, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state import open_state
from tocsin.batch.state.base import BatchStatus, RunStatus, State
from tocsin.errors import StoreBroken, StoreUnavailable


def test_an_answer_that_names_records_that_were_not_sent_is_not_believed(state: Path) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        return Partial({len(batch) + 7: "what?"}) if number == 1 else None

    sink = BookSink(answer)
    report = Pipeline("nonsense", sink, state=state, config=QUICK).run(numbers(50))

    assert (report.delivered, report.dead, sink.requests) == (50, 0, 2)
    assert report.retries == {"unknown": 1}


def test_records_that_the_sink_did_not_take_for_now_are_sent_again(state: Path) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        if number > 1:
            return None
        sink.take(batch, range(2, len(batch)))
        return Partial(again=(0, 1))

    sink = BookSink(answer)
    report = Pipeline("again", sink, state=state, config=QUICK).run(numbers(50))

    assert (report.delivered, sink.requests) == (50, 2)
    assert set(sink.taken.values()) == {1}


def test_a_request_that_is_too_large_is_halved_until_it_fits(state: Path) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        return Refused(Kind.TOO_LARGE, "413") if len(batch) > 13 else None

    sink = BookSink(answer)
    report = Pipeline("halved", sink, state=state, config=QUICK).run(numbers(300))

    assert (report.status, report.delivered) == (RunStatus.COMPLETED, 300)


def test_a_sink_that_lets_nobody_in_ends_the_run_and_nothing_is_lost(state: Path) -> None:
    is_locked = True

    def answer(batch: Batch, number: int) -> Outcome | None:
        return Refused(Kind.UNAUTHORIZED, "401: wrong key", status=401) if is_locked and number > 2 else None

    sink = BookSink(answer)
    pipeline = Pipeline("locked", sink, state=state, config=QUICK)
    report = pipeline.run(numbers(1_000))

    assert report.status is RunStatus.FAILED
    assert "401: wrong key" in report.reason
    assert (report.dead, letters(state)) == (0, [])
    assert sink.requests <= 2 + QUICK.parallel_workers
    is_locked = False
    resumed = pipeline.run(numbers(1_000), resume=True)
    assert (resumed.status, resumed.delivered) == (RunStatus.COMPLETED, 1_000)
    assert set(sink.taken.values()) == {1}


@pytest.mark.parametrize(
    "answer",
    [
        lambda _batch, number: Refused(Kind.TRANSIENT, "503") if number % 5 == 2 else None,
        lambda _batch, number: Refused(Kind.UNKNOWN, "what?") if number == 3 else None,
    ],
)
def test_what_fails_for_a_while_arrives_in_the_end(state: Path, answer: Answer) -> None:
    sink = BookSink(answer)

    report = Pipeline("retried", sink, state=state, config=QUICK).run(numbers(1_500))

    assert (report.status, report.delivered, report.dead) == (RunStatus.COMPLETED, 1_500, 0)
    assert report.resent > 0


def test_a_sink_that_raises_is_a_sink_that_failed(state: Path) -> None:
    class Raising(BookSink):
        async def send(self, batch: Batch) -> Outcome:
            if self.requests == 1:
                self.requests += 1
                raise ConnectionResetError("gone")
            return await super().send(batch)

    report = Pipeline("raises", Raising(), state=state, config=QUICK).run(numbers(400))

    assert (report.status, report.delivered) == (RunStatus.COMPLETED, 400)
    assert report.retries == {"network": 1}


def test_a_sink_that_never_answers_is_given_up_in_time_and_asked_again(state: Path) -> None:
    class Hanging(BookSink):
        async def send(self, batch: Batch) -> Outcome:
            self.requests += 1
            if self.requests == 1:
                await asyncio.Event().wait()
            self.take(batch, range(len(batch)))
            return Delivered()

    config = BatchConfig(timeout_seconds=1, retry_backoff_seconds=0.1)
    report = Pipeline("hangs", Hanging(), state=state, config=config).run(numbers(50))

    assert (report.status, report.delivered) == (RunStatus.COMPLETED, 50)


def test_records_with_one_key_arrive_in_their_order_whatever_fails(state: Path) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        if any(b'"poison"' in one for one in batch.records):
            return Refused(Kind.INVALID, "400")
        return Refused(Kind.TRANSIENT, "503") if number % 7 == 3 else None

    sink = BookSink(answer, limits=Limits(max_records=20, requests_per_second=2_000), seconds=0.001)
    records: list[dict[str, object]] = [{"who": f"p{number % 31}", "n": number} for number in range(2_000)]
    records[500] = {"who": "p4", "n": "poison"}

    report = Pipeline("ordered", sink, key="who", state=state, config=QUICK).run(records)

    assert (report.delivered, report.dead) == (1_999, 1)
    last: dict[object, int] = {}
    for one in sink.order:
        who, number = one["who"], one["n"]  # type: ignore[index] # what was sent
        assert last.get(who, -1) < number
        last[who] = number
    assert sink.most_at_once > 1


def test_a_source_that_fails_ends_the_run_with_all_before_it_delivered(state: Path) -> None:
    def records(until: int) -> Iterator[dict[str, int]]:
        for number in range(10_000):
            if number == until:
                raise OSError("the tape has torn")
            yield {"n": number}

    sink = BookSink()
    pipeline = Pipeline("torn", sink, state=state, config=QUICK)
    report = pipeline.run(records(7_000))

    assert (report.status, report.delivered) == (RunStatus.FAILED, 7_000)
    assert report.reason == "the source failed after 7,000 records: OSError: the tape has torn"
    resumed = pipeline.run(records(-1), resume=True)
    assert (resumed.status, resumed.read, resumed.delivered) == (RunStatus.COMPLETED, 10_000, 10_000)
    assert set(sink.taken.values()) == {1}


def test_too_many_failures_end_the_run(state: Path) -> None:
    config = BatchConfig(error_threshold_percent=5, rate_limit_rps=1_000)

    report = Pipeline("many", BookSink(), map=lambda _: {"a": float("nan")}, state=state, config=config).run(
        numbers(50_000)
    )

    assert report.status is RunStatus.FAILED
    assert report.reason.startswith("100 % of the records failed; 5 % may; the last one: ")
    assert report.read < 50_000


def test_the_first_failure_ends_the_run_where_it_is_to(state: Path) -> None:
    is_poisoned = True
    config = BatchConfig(error_handling=ErrorHandling.FAIL_FAST, rate_limit_rps=1_000)
    sink = BookSink(refuses_poison)
    pipeline = Pipeline(
        "fast",
        sink,
        map=lambda one: {"x": "poison"} if is_poisoned and one["n"] == 120 else one,
        state=state,
        config=config,
    )

    report = pipeline.run(numbers(1_000))

    assert report.status is RunStatus.FAILED
    assert "400: something in it is wrong" in report.reason
    assert (report.dead, letters(state), adds_up(report)) == (0, [], True)
    is_poisoned = False
    resumed = pipeline.run(numbers(1_000), resume=True)
    assert (resumed.status, resumed.delivered) == (RunStatus.COMPLETED, 1_000)
    assert set(sink.taken.values()) == {1}


@pytest.mark.parametrize(
    ("handling", "status", "delivered", "dead"),
    [
        (ErrorHandling.CONTINUE_ON_ERROR, RunStatus.COMPLETED, 900, 100),
        (ErrorHandling.RETRY_WITH_BACKOFF, RunStatus.SUSPENDED, None, 0),
        (ErrorHandling.DEAD_LETTER_QUEUE, RunStatus.COMPLETED, 999, 1),
    ],
)
def test_each_way_of_handling_errors_does_what_its_name_says(
    state: Path, handling: ErrorHandling, status: RunStatus, delivered: int | None, dead: int
) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        crashes = any(b'"n":555}' in one for one in batch.records)
        return Refused(Kind.TRANSIENT, "500: it crashed") if crashes else None

    config = BatchConfig(
        error_handling=handling,
        retry_attempts=1,
        retry_backoff_seconds=0.1,
        rate_limit_rps=1_000,
        error_threshold_percent=100,
    )
    report = Pipeline("handled", BookSink(answer), state=state, config=config).run(numbers(1_000))

    assert (report.status, report.dead) == (status, dead)
    assert delivered is None or report.delivered == delivered
    assert adds_up(report)


class ForgetfulState:
    """A state that cannot be written to from some transaction on; for all else it is the real one."""

    def __init__(self, inner: State, error: Exception, *, good: int, bad: int) -> None:
        self._inner = inner
        self._error = error
        self._left = [good, bad]

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def save_checkpoint(self, *given: object) -> None:
        """Write it down while that goes well, and again after it has gone badly so often."""
        if self._left[0]:
            self._left[0] -= 1
        elif self._left[1]:
            self._left[1] -= 1
            raise self._error
        self._inner.save_checkpoint(*given)  # type: ignore[arg-type] # passed on as it came


def test_a_disk_that_is_full_for_a_moment_holds_the_run_up_and_costs_nothing(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TRIED_AGAIN_AFTER_SECONDS", 0.01)
    full = ForgetfulState(open_state(state), StoreUnavailable("the disk is full"), good=2, bad=3)
    sink = BookSink()

    report = Pipeline("full", sink, state=cast("State", full), config=QUICK).run(numbers(1_000))

    assert (report.status, report.delivered) == (RunStatus.COMPLETED, 1_000)
    assert set(sink.taken.values()) == {1}


def test_a_state_that_breaks_ends_the_run_which_repeats_only_what_was_in_flight(state: Path) -> None:
    broken = ForgetfulState(open_state(state), StoreBroken("the file is damaged"), good=3, bad=10**6)
    sink = BookSink(seconds=0.01)

    report = Pipeline("broken", sink, state=cast("State", broken), config=QUICK).run(numbers(2_000))

    assert report.status is RunStatus.FAILED
    assert report.reason == "what is delivered cannot be written down: the file is damaged"
    resumed = Pipeline("broken", sink, state=state, config=QUICK).run(numbers(2_000), resume=True)
    assert (resumed.status, resumed.delivered) == (RunStatus.COMPLETED, 2_000)
    assert len(sink.taken) == 2_000
    assert sink.taken.total() - 2_000 <= QUICK.parallel_workers * 100


def test_after_too_many_failures_a_run_goes_on_once_their_cause_is_mended(state: Path) -> None:
    is_broken = True
    config = BatchConfig(error_threshold_percent=5, rate_limit_rps=1_000)
    pipeline = Pipeline(
        "mended",
        BookSink(),
        map=lambda one: {"a": float("nan")} if is_broken else one,
        state=state,
        config=config,
    )
    first = pipeline.run(numbers(2_000))
    is_broken = False

    resumed = pipeline.run(numbers(2_000), resume=True)

    assert first.status is RunStatus.FAILED
    assert (resumed.status, resumed.read, resumed.dead) == (RunStatus.COMPLETED, 2_000, first.dead)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_a_source_that_wants_to_end_the_program_ends_the_run(state: Path, error: BaseException) -> None:
    def records() -> Iterator[dict[str, int]]:
        yield {"n": 1}
        raise error

    report = Pipeline("exits", BookSink(), state=state, config=QUICK).run(records())

    assert (report.status, report.delivered) == (RunStatus.FAILED, 1)


@pytest.mark.parametrize("key", [None, "n"])
def test_a_sink_that_says_that_it_was_cancelled_has_failed(state: Path, key: str | None) -> None:
    class Cancelling(BookSink):
        async def send(self, batch: Batch) -> Outcome:
            if not self.requests:
                self.requests += 1
                raise asyncio.CancelledError
            return await super().send(batch)

    config = BatchConfig(rate_limit_rps=1_000, retry_attempts=3, retry_backoff_seconds=0.1)
    report = Pipeline("cancels", Cancelling(), key=key, state=state, config=config).run(numbers(20))

    assert (report.status, report.delivered) == (RunStatus.COMPLETED, 20)


@pytest.mark.parametrize(
    "nonsense",
    [
        Partial([0]),  # type: ignore[arg-type] # on purpose
        Partial(again=5),  # type: ignore[arg-type] # on purpose
        Refused("throttled"),  # type: ignore[arg-type] # on purpose
        Refused(Kind.THROTTLED, retry_after_seconds="3"),  # type: ignore[arg-type] # on purpose
    ],
)
def test_an_answer_that_is_none_is_asked_for_again(state: Path, nonsense: Outcome) -> None:
    sink = BookSink(lambda _batch, number: nonsense if number == 1 else None)

    report = Pipeline("nonsense", sink, state=state, config=QUICK).run(numbers(20))

    assert (report.status, report.delivered, report.retries) == (RunStatus.COMPLETED, 20, {"unknown": 1})


@pytest.mark.parametrize("nonsense", ["fine", None, 200])
def test_a_sink_that_gives_no_answer_at_all_ends_the_run_at_once(state: Path, nonsense: object) -> None:
    class Forgets(BookSink):
        async def send(self, batch: Batch) -> Outcome:
            await super().send(batch)
            return cast("Outcome", nonsense)

    sink = Forgets()
    report = Pipeline("forgets", sink, state=state, config=QUICK).run(numbers(20))

    assert (report.status, report.dead, sink.requests) == (RunStatus.FAILED, 0, 1)
    assert f"the sink returned {nonsense!r}; an answer is Delivered()" in report.reason


def test_what_is_given_up_at_once_is_failed_in_the_history(state: Path) -> None:
    config = BatchConfig(
        error_handling=ErrorHandling.CONTINUE_ON_ERROR, error_threshold_percent=100, rate_limit_rps=1_000
    )
    sink = BookSink(lambda _batch, _number: Refused(Kind.TRANSIENT, "503"))
    Pipeline("given-up", sink, state=state, config=config).run(numbers(200))

    kept = open_state(state)
    batches = list(kept.batches())
    kept.close()
    assert {(one.status, one.failed_records) for one in batches} == {(BatchStatus.FAILED, 100)}


class _Clinging(BookSink):
    """Takes everything, and cannot be closed."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise OSError("the line is dead")


@pytest.mark.parametrize("answer", [None, lambda *_: Refused(Kind.UNAUTHORIZED, "no such key")])
def test_a_sink_that_cannot_be_closed_costs_no_report_which_says_so(
    state: Path, answer: Answer | None
) -> None:
    expected = RunStatus.FAILED if answer else RunStatus.COMPLETED

    report = Pipeline("clinging", _Clinging(answer), state=state, config=QUICK).run(numbers(50))

    assert (report.status, report.delivered) == (expected, 0 if answer else 50)
    assert report.warnings == ("the sink could not be closed: OSError: the line is dead",)
    assert str(report).endswith("; the sink could not be closed: OSError: the line is dead")
    kept = open_state(state)
    assert [run.status for run in kept.runs()] == [expected]
    kept.close()


def test_what_a_run_has_failed_of_is_told_and_not_that_its_sink_could_not_be_closed_then(state: Path) -> None:
    class Unopened(_Clinging):
        async def __aenter__(self) -> Self:
            raise PermissionError("nobody may come in")

    with pytest.raises(PermissionError, match="nobody may come in"):
        Pipeline("clinging", Unopened(), state=state, config=QUICK).run(numbers(50))
