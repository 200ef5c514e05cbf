from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.notify.retry import WAIT_LIMIT, next_try

MIDDLE = 0.5


def test_tries_follow_after_1_2_5_10_30_60_seconds_and_then_every_5_minutes() -> None:
    waits = [next_try(attempts, retry_after=None, jitter=MIDDLE).total_seconds() for attempts in range(1, 9)]

    assert waits == [1, 2, 5, 10, 30, 60, 300, 300]


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_jitter_moves_a_try_by_a_fifth_at_most(attempts: int, jitter: float) -> None:
    middle = next_try(attempts, retry_after=None, jitter=MIDDLE)

    assert middle * 0.8 <= next_try(attempts, retry_after=None, jitter=jitter) <= middle * 1.2


def test_tries_that_failed_together_spread() -> None:
    assert next_try(3, retry_after=None, jitter=0.0) == timedelta(seconds=4)
    assert next_try(3, retry_after=None, jitter=0.999) > timedelta(seconds=5.99)


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [
        (timedelta(seconds=120), timedelta(seconds=120)),
        (timedelta(milliseconds=10), timedelta(seconds=1)),
        (timedelta(0), timedelta(seconds=1)),
        (timedelta(days=3), WAIT_LIMIT),
    ],
)
def test_the_wait_that_the_receiver_asks_for_holds_if_it_is_longer(
    retry_after: timedelta, waits: timedelta
) -> None:
    assert next_try(1, retry_after=retry_after, jitter=MIDDLE) == waits
