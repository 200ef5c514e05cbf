"""How large batches are made, by what requests cost and by what was too large."""

from random import Random

import pytest

from tocsin.batch.sizing import Sizing


def sizing(
    *, adapts: bool = True, most: int = 10_000, timeout: float = 30, ceiling: int | None = None
) -> Sizing:
    return Sizing(
        most_records=most,
        most_bytes=500_000,
        timeout_seconds=timeout,
        adapts=adapts,
        chance=Random(1),
        ceiling_bytes=ceiling,
    )


def settled(fixed: float, each: float, *, timeout: float = 30, most: int = 10_000) -> int:
    """Return the size that is aimed at after 400 batches that cost so much, give or take a tenth."""
    one, chance = sizing(timeout=timeout, most=most), Random(2)
    for _ in range(400):
        seconds = (fixed + each * one.records) * chance.uniform(0.9, 1.1)
        one.delivered(one.records, seconds, is_rate_limited=False)
    return one.target_records


def test_a_size_that_does_not_adapt_is_what_the_limits_allow() -> None:
    one = sizing(adapts=False, most=500)
    for _ in range(50):
        one.delivered(500, 9.0, is_rate_limited=False)

    assert (one.records, one.bytes) == (500, 500_000)


def test_where_requests_are_limited_batches_are_as_large_as_they_may() -> None:
    one = sizing()
    one.delivered(100, 1.0, is_rate_limited=True)

    assert one.records == 10_000


@pytest.mark.parametrize(("fixed", "each"), [(0.02, 0.001), (0.05, 0.0005), (0.1, 0.002), (0.5, 0.01)])
def test_little_time_goes_into_what_does_not_depend_on_records_and_no_answer_takes_much_more_than_two_seconds(
    fixed: float, each: float
) -> None:
    records = settled(fixed, each)
    seconds = fixed + each * records

    assert seconds <= 2.5
    assert fixed / seconds <= 0.1 or seconds >= 1.6


def test_no_batch_takes_more_than_a_fifth_of_the_time_out() -> None:
    assert settled(0.1, 0.01, timeout=1) <= 20


def test_it_at_most_doubles_from_one_look_to_the_next() -> None:
    one, sizes = sizing(), []
    for _ in range(40):
        sizes.append(one.target_records)
        one.delivered(one.records, 0.05, is_rate_limited=False)

    assert all(later <= 2 * earlier for earlier, later in zip(sizes, sizes[5:], strict=False))
    assert sizes[-1] == 10_000


def test_a_few_slow_answers_do_not_tilt_the_line() -> None:
    one, chance = sizing(), Random(3)
    for n in range(400):
        seconds = 0.02 + 0.001 * one.records + (2.0 if chance.random() < 0.02 and n else 0.0)
        one.delivered(one.records, seconds, is_rate_limited=False)

    assert 500 <= one.target_records <= 2_000


def test_what_was_too_large_halves_the_bytes_once_however_many_were_on_their_way() -> None:
    one = sizing()
    for _ in range(4):
        one.too_large(1_000, 400_000)

    assert (one.bytes, one.ceiling_bytes) == (200_000, 400_000)


def test_twenty_clean_batches_make_it_a_tenth_larger_but_never_again_as_large_as_was_too_large() -> None:
    one = sizing()
    one.too_large(1_000, 400_000)
    for _ in range(20):
        one.delivered(100, 0.1, is_rate_limited=True)
    once = one.bytes
    for _ in range(500):
        one.delivered(100, 0.1, is_rate_limited=True)

    assert once == 220_000
    assert one.bytes == 380_000


def test_one_record_that_is_too_large_says_nothing_of_batches() -> None:
    one = sizing()
    one.too_large(1, 90_000)

    assert (one.bytes, one.ceiling_bytes) == (500_000, None)


def test_a_large_body_that_times_out_is_halved_and_a_small_one_is_not_to_blame() -> None:
    one = sizing()
    one.timed_out(10_000)
    assert one.bytes == 500_000
    one.timed_out(480_000)

    assert (one.bytes, one.ceiling_bytes) == (240_000, None)


def test_what_was_once_too_large_is_not_tried_by_the_next_run() -> None:
    assert sizing(ceiling=100_000).bytes == 95_000


def test_bytes_never_become_nothing() -> None:
    one = sizing()
    for _ in range(60):
        one.too_large(2, one.bytes)

    assert one.bytes == 1_024
