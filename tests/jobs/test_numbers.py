"""Numbers kept as stretches are the same set of numbers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.jobs.numbers import Numbers, added, ends, holds


def numbers_of(stretches: Numbers) -> list[int]:
    return [number for one in stretches for number in range(ends(one)[0], ends(one)[1] + 1)]


def stretches_of(numbers: list[int]) -> Numbers:
    stretches: Numbers = ()
    for number in numbers:
        stretches = added(stretches, number)
    return stretches


@given(st.lists(st.integers(1, 40), max_size=40))
def test_every_number_is_kept_once_and_in_order_in_as_few_stretches_as_can_be(numbers: list[int]) -> None:
    stretches = stretches_of(numbers)

    assert numbers_of(stretches) == sorted(set(numbers))
    assert all(holds(stretches, number) == (number in numbers) for number in range(42))
    borders = [ends(one) for one in stretches]
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(borders))


def test_what_one_process_numbers_by_the_clock_takes_two_numbers() -> None:
    began = 1_795_332_306_693_833

    assert stretches_of([began + step for step in range(1, 200)]) == ((began + 1, began + 199),)


@pytest.mark.parametrize(("more", "kept"), [(7, ((5, 7), 9)), (8, (5, 6, (8, 9))), (3, (3, 5, 6, 9))])
def test_single_numbers_that_were_kept_before_there_were_stretches_are_read(more: int, kept: Numbers) -> None:
    assert numbers_of(added((5, 6, 9), more)) == sorted([5, 6, 9, more])
    assert [holds(kept, number) for number in (5, 6, 9, more, 4)] == [True] * 4 + [False]
