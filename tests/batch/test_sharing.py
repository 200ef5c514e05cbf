"""One rate for all pipelines of a process with the same limits, by priority, for as long as they last."""

import gc
import multiprocessing
from collections.abc import Callable
from contextlib import nullcontext
from math import inf
from pathlib import Path
from threading import Thread
from typing import Self

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import numbers
from tocsin.batch.config import BatchConfig, Priority
from tocsin.batch.limits import Limits
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.rate import LearnedRate
from tocsin.batch.sharing import SharedRate, shared_rate

TEN = Limits(requests_per_second=10 / 0.97, scope="ten a second")


def nobody() -> None:
    pass


def take(rate: SharedRate, now: float, priority: Priority = Priority.NORMAL) -> float:
    """Return when a request goes that asks from `now` on."""
    waiter = rate.join(1, priority, nobody)
    while (at := rate.ask(waiter, now)) > now:
        assert at < inf
        now = at
    return now


def test_pipelines_of_one_scope_share_its_rate_and_others_have_their_own() -> None:
    one, same = (shared_rate(TEN, now=0.0) for _ in range(2))
    other = shared_rate(Limits(requests_per_second=10, scope="other"), now=0.0)
    nameless = [shared_rate(Limits(requests_per_second=10), now=0.0) for _ in range(2)]

    assert one is same
    assert one is not other
    assert nameless[0] is not nameless[1]
    gone = [take(rate, 0.0) for rate in (one, same) * 10]
    assert gone[-1] == pytest.approx(1.85, abs=0.06)


def test_what_nobody_uses_any_more_is_forgotten() -> None:
    first = shared_rate(TEN, learned=LearnedRate(low=5), now=0.0)
    assert first.requests_per_second != pytest.approx(10)
    del first
    gc.collect()

    assert shared_rate(TEN, now=0.0).requests_per_second == pytest.approx(10)


def test_what_later_pipelines_allow_themselves_holds_for_all_where_it_is_less() -> None:
    first = shared_rate(TEN, most=8, now=0.0)
    shared_rate(TEN, most=3, now=1.0)
    shared_rate(TEN, most=20, now=2.0)
    take(first, 2.0)

    assert first.requests_per_second == pytest.approx(3)


def test_what_a_pipeline_allowed_itself_binds_nobody_any_more_when_it_has_ended() -> None:
    rate = shared_rate(TEN, most=8, now=0.0)
    for most in (3, 3, 5):
        shared_rate(TEN, most=most, now=1.0)
    left = []
    for most in (3, 3, 5, 8):
        rate.end(most, 2.0)
        left.append(rate.requests_per_second)

    assert left == pytest.approx([3, 5, 8, 10])


def test_whoever_waits_is_woken_when_a_pipeline_ends_that_allowed_itself_less() -> None:
    rate, woken = shared_rate(TEN, most=1, now=0.0), list[str]()
    take(rate, 0.0)
    waiter = rate.join(1, Priority.NORMAL, lambda: woken.append("next"))
    assert rate.ask(waiter, 0.1) == pytest.approx(1.0)
    rate.end(1, 0.2)

    assert woken
    assert rate.ask(waiter, 0.2) < 0.3


@pytest.mark.parametrize("is_locked", [False, True])
def test_a_run_that_is_over_however_it_ended_slows_nobody_down(state: Path, *, is_locked: bool) -> None:
    class Locked(BookSink):
        async def __aenter__(self) -> Self:
            if is_locked:
                raise ConnectionRefusedError("nobody there")
            return self

    sink = Locked(limits=Limits(requests_per_second=100, scope="slowed down"))
    held = shared_rate(sink.limits, now=0.0)
    with nullcontext() if not is_locked else pytest.raises(ConnectionRefusedError):
        Pipeline("slow", sink, state=state, config=BatchConfig(rate_limit_rps=7)).run(numbers(5))

    assert held.requests_per_second == pytest.approx(97)


def test_a_process_that_is_forked_off_does_not_wait_behind_the_pipelines_of_its_parent() -> None:
    rate = shared_rate(TEN, now=0.0)
    rate.join(1, Priority.NORMAL, nobody)
    assert rate.ask(rate.join(1, Priority.NORMAL, nobody), 0.0) == inf
    child = multiprocessing.get_context("fork").Process(target=_take_at_once)
    child.start()
    child.join(30)

    assert child.exitcode == 0


def _take_at_once() -> None:
    assert take(shared_rate(TEN, now=0.0), 0.0) == 0.0


def test_the_more_important_pipeline_goes_first() -> None:
    rate = shared_rate(TEN, now=0.0)
    take(rate, 0.0)
    low = rate.join(1, Priority.LOW, nobody)
    high = rate.join(1, Priority.HIGH, nobody)
    at = rate.ask(high, 0.0)

    assert rate.ask(low, 0.0) == inf
    assert rate.ask(high, at) == at
    assert rate.ask(low, at) == pytest.approx(at + 0.1)


def test_a_gate_that_one_pipeline_met_holds_all_and_whoever_is_next_is_told() -> None:
    rate, woken = shared_rate(TEN, now=0.0), list[str]()
    waiter = rate.join(1, Priority.NORMAL, lambda: woken.append("next"))
    rate.throttled(-1.0, 30.0, 1.0)

    assert rate.gate_until == 31.0
    assert rate.ask(waiter, 2.0) == 31.0
    assert woken
    rate.close_until(20.0)
    assert rate.gate_until == 31.0


def test_a_rate_that_was_cut_is_what_everybody_gets_from_then_on() -> None:
    rate = shared_rate(TEN, now=0.0)
    sent_at = take(rate, 0.0)
    rate.throttled(sent_at, None, 0.1)
    cut = rate.requests_per_second

    assert cut is not None
    assert cut < 10
    assert rate.is_limited


def test_records_are_limited_at_97_percent_of_what_is_declared() -> None:
    rate = shared_rate(Limits(records_per_second=1_000), now=0.0)
    gone: list[float] = []
    now = 0.0
    for _ in range(11):
        waiter = rate.join(97, Priority.NORMAL, nobody)
        now = max(now, rate.ask(waiter, now))
        assert rate.ask(waiter, now) <= now or gone == []
        gone.append(now)

    assert gone[-1] == pytest.approx(1.0, abs=0.16)


def test_threads_that_share_it_get_no_more_together_than_one_would() -> None:
    rate = shared_rate(Limits(requests_per_second=1_000, scope="threads"), now=0.0)
    gone: list[float] = []

    def work(wake: Callable[[], None] = nobody) -> None:
        for _ in range(200):
            waiter, now = rate.join(1, Priority.NORMAL, wake), 0.0
            while (at := rate.ask(waiter, now)) > now:
                now = at if at < inf else now
            gone.append(now)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(gone) == 800
    assert max(gone) >= (800 - 1) / 970 - 0.06
