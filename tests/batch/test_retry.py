"""When a batch is sent again, and how much of all sending may be repetition."""

from random import Random

import pytest

from tocsin.batch.config import BatchConfig
from tocsin.batch.outcome import Kind
from tocsin.batch.retry import Backoff, RetryBudget


class Least(Random):
    """Chance that always takes the lower end."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002 -- the signature of chance
        return a


class Most(Random):
    """Chance that always takes the upper end."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002 -- the signature of chance
        return b


CONFIG = BatchConfig(retry_backoff_seconds=2, retry_attempts=5)
LEAST, MOST = Backoff(CONFIG, Least()), Backoff(CONFIG, Most())


def test_a_batch_that_failed_waits_as_long_as_is_set_and_twice_as_long_each_time_up_to_five_minutes() -> None:
    assert [LEAST.failed_seconds(Kind.TRANSIENT, n) for n in (1, 2, 3, 4, 20, 10_000)] == [
        2,
        4,
        8,
        16,
        300,
        300,
    ]


def test_what_nobody_understands_waits_from_five_seconds_on_and_is_tried_thrice() -> None:
    assert [LEAST.failed_seconds(Kind.UNKNOWN, n) for n in (1, 2)] == [5, 10]
    assert (LEAST.most_attempts(Kind.UNKNOWN), LEAST.most_attempts(Kind.TRANSIENT)) == (3, 5)


def test_waits_are_spread_over_a_quarter_more_so_that_batches_do_not_come_back_together() -> None:
    backoff = Backoff(BatchConfig(retry_backoff_seconds=2), Random(1))
    waits = sorted(backoff.failed_seconds(Kind.TRANSIENT, 1) for _ in range(1_000))

    assert 2 <= waits[0] < 2.01
    assert 2.2 < waits[500] < 2.3
    assert 2.49 < waits[-1] <= 2.5


@pytest.mark.parametrize(("asked", "waits"), [(30.0, [0, 0]), (None, [1, 2]), (0.0, [1, 2]), (-3.0, [1, 2])])
def test_after_a_throttle_the_gate_is_enough_and_without_one_a_moment_is(
    asked: float | None, waits: list[float]
) -> None:
    assert [MOST.throttled_seconds(n, asked) for n in (1, 2)] == waits
    assert MOST.throttled_seconds(1_000, None) == 60


def spent(budget: RetryBudget, first: int, again: int, now: float = 0.0) -> bool:
    for n in range(first + again):
        budget.sent(now, is_again=n < again)
    return budget.is_spent(now)


def test_ten_repetitions_are_free_and_then_a_fifth_of_all_requests() -> None:
    assert not spent(RetryBudget(), 0, 10)
    assert spent(RetryBudget(), 0, 11)
    assert not spent(RetryBudget(), 80, 20)
    assert spent(RetryBudget(), 79, 21)


def test_what_is_a_minute_old_is_forgotten() -> None:
    budget = RetryBudget()
    spent(budget, 0, 11, now=0.5)

    assert budget.is_spent(59.0)
    assert not budget.is_spent(61.0)
    assert not spent(budget, 100, 10, now=61.0)
