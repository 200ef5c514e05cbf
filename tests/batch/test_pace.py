"""All controllers together: each answer reaches the one that it concerns, and no other."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import QUICK, numbers
from tocsin.batch import learned
from tocsin.batch.batcher import Parcel
from tocsin.batch.config import BatchConfig, Strategy
from tocsin.batch.entries import Entries
from tocsin.batch.learned import Learned
from tocsin.batch.limits import Limits
from tocsin.batch.outcome import Kind, Outcome, Refused
from tocsin.batch.pace import Blocked, Pace
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state import open_state
from tocsin.batch.state.base import RunStatus
from tocsin.batch.tally import Share

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
CONFIG = BatchConfig(parallel_workers=20, rate_limit_rps=1_000)
FAST = Limits(requests_per_second=1_000, max_records=500, max_bytes=400_000)


def pace(limits: Limits = FAST, config: BatchConfig = CONFIG, known: Learned | None = None) -> Pace:
    return Pace(limits, config, wake=lambda: None, chance=Random(1), learned=known, now=0.0)


def parcel(records: int = 100, size: int = 200_000) -> Parcel:
    return Parcel(0, Entries.of([(0, "", b"", "")] * records), size, 0.0)


def deliver(one: Pace, seconds: float = 30.0) -> float:
    """Send and deliver for so long, as many requests at once as may be; return the instant of the end."""
    now = 0.0
    while now < seconds:
        sent = []
        for in_flight in range(one.concurrency):
            while (blocked := one.ask(parcel(), now, in_flight=in_flight)) is not None:
                now = blocked.until
            sent.append(now)
        for sent_at in sent:
            now = sent_at + 0.05
            one.delivered(parcel(), sent_at, now)
    return now


def state_of(one: Pace) -> tuple[float | None, int, int, bool]:
    """Return what each controller has come to: rate, concurrency, bytes, outage."""
    return one.requests_per_second, one.concurrency, one.bytes, one.is_outage()


def refused(kind: Kind, status: int | None = None, retry_after: float | None = None) -> Refused:
    return Refused(kind, "no", retry_after_seconds=retry_after, status=status)


def test_a_refusal_for_the_rate_lowers_the_rate_and_nothing_else() -> None:
    one = pace()
    now = deliver(one)
    before = state_of(one)
    one.throttled(parcel(), refused(Kind.THROTTLED, 429, 1.0), now, now + 0.05)
    rate, *others = state_of(one)

    assert before[0] == pytest.approx(970)
    assert rate is not None
    assert rate < 970
    assert others == list(before[1:])


def test_503s_lower_the_concurrency_and_nothing_else() -> None:
    one = pace()
    now = deliver(one, 2.0)
    before = state_of(one)
    for _ in range(4):
        one.failed(parcel(), refused(Kind.TRANSIENT, 503), now, now + 0.05)

    assert one.concurrency < before[1] == 20
    assert (state_of(one)[0], *state_of(one)[2:]) == (before[0], *before[2:])


def test_a_reset_is_no_overload() -> None:
    one = pace()
    now = deliver(one, 2.0)
    before = state_of(one)
    for _ in range(4):
        one.failed(parcel(), refused(Kind.TRANSIENT), now, now + 0.05)

    assert state_of(one) == before


def test_413_lowers_the_size_and_nothing_else() -> None:
    one = pace()
    now = deliver(one, 2.0)
    before = state_of(one)
    one.too_large(parcel(100, 300_000), now, now + 0.05)

    assert state_of(one) == (*before[:2], 150_000, False)


def test_a_time_out_of_a_large_body_lowers_the_size() -> None:
    one = pace()
    one.failed(parcel(100, 300_000), refused(Kind.TRANSIENT), 0.0, 30.0)

    assert one.bytes == 150_000


def test_an_outage_holds_everything_until_the_breaker_lets_a_trial_through() -> None:
    one = pace()
    assert one.ask(parcel(), 0.0, in_flight=0) is None
    for _ in range(5):
        one.failed(parcel(), refused(Kind.TRANSIENT), 0.5, 1.0)

    assert one.ask(parcel(), 1.0, in_flight=0) == Blocked(Share.OUTAGE, 6.0)
    assert one.ask(parcel(), 6.0, in_flight=0) is None
    assert one.ask(parcel(), 6.1, in_flight=1) == Blocked(Share.OUTAGE, 11.0)
    one.delivered(parcel(), 6.0, 6.2)
    assert one.ask(parcel(), 6.3, in_flight=0) is None
    assert one.outage_seconds(100.0) == 0.0


def test_whoever_is_held_up_by_an_outage_stands_in_nobodys_way() -> None:
    limits = Limits(requests_per_second=10, scope="in the way")
    one, other = pace(limits), pace(limits)
    one.ask(parcel(), 0.0, in_flight=0)
    assert one.ask(parcel(), 0.0, in_flight=1) is not None
    for _ in range(5):
        one.failed(parcel(), refused(Kind.TRANSIENT), 0.0, 0.01)
    one.ask(parcel(), 0.02, in_flight=1)

    assert other.ask(parcel(), 0.5, in_flight=0) is None


def test_a_sink_that_is_down_may_ask_for_a_pause_too() -> None:
    one = pace()
    one.failed(parcel(), refused(Kind.TRANSIENT, 503, 20.0), 0.0, 1.0)

    assert one.ask(parcel(), 1.0, in_flight=0) == Blocked(Share.GATE, 21.0)


def test_a_batch_that_always_fails_is_not_an_outage_however_small_it_is_taken_apart() -> None:
    one, whole = pace(), parcel()
    for n in range(40):
        part = parcel()
        part.origin, part.is_part, part.attempts = whole.origin, n > 0, int(n > 0)
        one.ask(part, n, in_flight=0)
        one.failed(part, refused(Kind.TRANSIENT, 500), n, n + 0.5)

    assert not one.is_outage()


def test_more_than_a_fifth_of_repetitions_is_an_outage() -> None:
    one = pace()
    for n in range(30):
        again = parcel()
        again.attempts = 1
        one.ask(again, n, in_flight=0)
        one.delivered(again, n, n + 0.1)
    assert not one.is_outage()
    one.failed(parcel(), refused(Kind.TRANSIENT, 500), 30, 30.1)

    assert one.is_outage()


def test_batches_are_full_where_requests_are_limited_and_begin_small_where_nothing_is_known() -> None:
    unknown = Limits(max_records=5_000)

    assert pace(Limits(requests_per_second=10, max_records=5_000)).records == 1_000
    assert pace(unknown).records == 200
    assert pace(unknown, BatchConfig(strategy=Strategy.SIZE_BASED)).records == 1_000
    assert pace(Limits(max_records=50)).records == 50


def test_a_run_begins_where_the_last_one_ended() -> None:
    known = Learned(
        at=NOW, rate_low=50, rate_high=52, rate_best=52, ceiling_bytes=300_000, records=700, concurrency=9
    )
    one = pace(Limits(), known=known)

    assert one.requests_per_second == pytest.approx(49)
    assert (one.concurrency, one.bytes, one.records) == (9, 285_000, 1_000)
    assert one.found_requests_per_second == 50
    assert pace(Limits(), known=Learned(at=NOW, records=700)).records == 700
    assert one.learned(NOW).rate == known.rate


def test_what_a_run_has_learned_is_kept_for_the_next_one(state: Path) -> None:
    def answer(batch: Batch, number: int) -> Outcome | None:
        too_large = len(batch.body) > 800 and len(batch) > 1
        return Refused(Kind.TOO_LARGE, "413", status=413) if too_large else None

    sink = BookSink(answer, limits=Limits(scope="book of records"))
    first = Pipeline("learning", sink, state=state, config=QUICK).run(numbers(500))
    refused_at_first, sink.requests = sink.requests - len(sink.sizes), 0
    sink.sizes.clear()
    second = Pipeline("learning-again", sink, state=state, config=QUICK).run(numbers(500))
    kept = open_state(state)
    try:
        value = learned.read(kept.learned("book of records"), datetime.now(UTC))  # noqa: TID251 -- as a run would
    finally:
        kept.close()

    assert (first.status, second.status) == (RunStatus.COMPLETED, RunStatus.COMPLETED)
    assert sink.requests - len(sink.sizes) < refused_at_first
    assert value is not None
    assert value.ceiling_bytes is not None
