"""How many requests may be in flight: what makes them more, what fewer, and what changes nothing."""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

import pytest

from tests.batch.simulation.sink import Behaviour, Sink
from tocsin.batch.concurrency import Concurrency
from tocsin.batch.outcome import Delivered


def answer(
    one: Concurrency,
    seconds: float,
    *,
    rounds: int,
    was_limited: bool = True,
    begin: float = 0.0,
    records: int = 100,
) -> float:
    """Let so many rounds of requests come back, each after so many seconds; return the instant of the end."""
    now = begin
    for _ in range(rounds):
        now += seconds
        for _ in range(max(5, one.limit)):
            one.succeeded(now - seconds, now, records, was_limited=was_limited)
    return now


def saturated(
    behaviour: Behaviour, *, seconds: float = 60, records: Callable[[Random], int] = lambda _: 1
) -> tuple[float, float]:
    """Return how many requests a second a sink took that was never idle, and the 95th percentile."""
    chance = Random(7)
    sink, one = Sink(behaviour, chance), Concurrency()
    flying: list[tuple[float, int, float, int, bool, bool]] = []
    took: list[float] = []
    now, number = 0.0, 0
    while now < seconds:
        while len(flying) < one.limit:
            number += 1
            count = records(chance)
            back_at, outcome = sink.answer(count, now)
            is_full = len(flying) + 1 >= one.limit
            heappush(flying, (back_at, number, now, count, is_full, isinstance(outcome, Delivered)))
        now, _, sent_at, count, is_full, is_good = heappop(flying)
        if is_good:
            one.succeeded(sent_at, now, count, was_limited=is_full)
            took.append(now - sent_at)
        else:
            one.overloaded(sent_at, now)
    return len(sink.taken_at) / seconds, sorted(took)[int(0.95 * len(took))]


def test_it_doubles_while_answers_take_no_longer() -> None:
    one, limits = Concurrency(), []
    now = 0.0
    for _ in range(6):
        limits.append(one.limit)
        now = answer(one, 0.1, rounds=1, begin=now)

    assert limits == [2, 4, 8, 16, 32, 64]


def test_a_burst_of_slow_answers_long_after_it_has_doubled_lowers_it_by_two_and_not_at_once() -> None:
    one = Concurrency(most=8)
    now = answer(one, 0.05, rounds=6)

    answer(one, 0.3, rounds=1, begin=now)

    assert one.limit == 6


def test_answers_that_stall_now_and_then_say_nothing_of_what_records_take() -> None:
    one, chance, now = Concurrency(most=8), Random(3), 0.0
    now = answer(one, 0.05, rounds=6)
    limits = set()
    for number in range(2_000):
        now += 0.025
        records = chance.choice([500, 500, 500, 250, 60, 10, 1])
        seconds = 2.05 if number % 100 == 17 else chance.uniform(0.05, 0.055)
        one.succeeded(now - seconds, now, records, was_limited=False)
        limits.add(one.limit)

    assert min(limits) >= 6


@pytest.mark.parametrize("records", [100, 480])
def test_what_has_doubled_too_far_is_put_right_at_once_also_where_batches_have_grown_with_the_queue(
    records: int,
) -> None:
    one = Concurrency()
    now = answer(one, 0.1, rounds=3)
    assert one.limit == 16

    answer(one, 0.4, rounds=1, begin=now, records=records)

    assert one.limit == 6


def test_what_something_else_holds_back_does_not_let_it_grow() -> None:
    one = Concurrency()
    answer(one, 0.1, rounds=50, was_limited=False)

    assert one.limit == 2


def test_it_never_passes_the_most_nor_falls_below_one() -> None:
    one = Concurrency(most=6)
    now = answer(one, 0.1, rounds=20)
    assert one.limit == 6
    for _ in range(200):
        now += 1
        one.overloaded(now - 0.5, now)

    assert one.limit == 1


def test_answers_that_take_longer_and_longer_make_it_smaller() -> None:
    one = Concurrency()
    now = answer(one, 0.1, rounds=6)
    before = one.limit
    answer(one, 0.4, rounds=3, begin=now)

    assert one.limit < before


def test_one_failure_alone_says_nothing_of_load_and_two_within_a_look_lower_it_by_a_tenth() -> None:
    one = Concurrency()
    now = answer(one, 0.1, rounds=6)
    one.overloaded(now, now + 0.1)
    assert one.limit == 64
    one.overloaded(now, now + 0.1)

    assert one.limit == 57


@pytest.mark.parametrize(("slots", "times"), [(2, 4.6), (4, 3.2), (8, 2.5), (16, 2.5), (32, 2.5), (48, 2.5)])
def test_a_sink_is_kept_busy_and_its_answers_queue_little_unless_it_has_few_slots(
    slots: int, times: float
) -> None:
    rate, p95 = saturated(Behaviour(slots=slots))

    assert rate >= 0.95 * slots / 0.08
    assert p95 <= times * 0.08


def test_batches_of_very_different_size_do_not_look_like_a_queue() -> None:
    sizes = Behaviour(slots=16, seconds_per_record=0.0001)
    rate, _ = saturated(sizes, records=lambda chance: chance.choice((10, 10, 10, 1_000)))
    mean_seconds = 0.08 + 0.0001 * 257.5

    assert rate >= 0.95 * 16 / mean_seconds


def test_answers_that_got_slower_for_good_are_taken_for_normal_after_half_a_minute() -> None:
    one = Concurrency()
    now = answer(one, 0.1, rounds=6)
    now = answer(one, 0.4, rounds=60, begin=now)
    low = one.limit
    answer(one, 0.4, rounds=60, begin=now)

    assert low < 20
    assert one.limit > 40
