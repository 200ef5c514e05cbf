"""Which records are settled is known exactly, in whatever order they are settled."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.acked import Acked


@given(st.integers(0, 60), st.randoms(use_true_random=False), st.integers(1, 9))
def test_stretches_settled_in_any_order_come_to_the_same(count: int, chance: object, longest: int) -> None:
    stretches = [(first, min(first + longest, count)) for first in range(0, count, longest)]
    chance.shuffle(stretches)  # type: ignore[attr-defined] # a random.Random of hypothesis
    acked, settled = Acked(), set[int]()
    for first, after in stretches:
        acked.add(first, after)
        settled.update(range(first, after))

        assert {one for one in range(count + 2) if one in acked} == settled
        assert all(first > acked.low_water for first, _ in acked.ranges)
        neighbours = zip(acked.ranges, acked.ranges[1:], strict=False)
        assert all(before[1] < behind[0] for before, behind in neighbours)

    assert (acked.low_water, acked.ranges) == (count, ())


@given(st.sets(st.integers(0, 50)))
def test_what_was_kept_is_taken_up_as_it_was(ordinals: set[int]) -> None:
    acked = Acked()
    for ordinal in sorted(ordinals, key=lambda one: one * 7 % 51):
        acked.add(ordinal, ordinal + 1)

    again = Acked(acked.low_water, acked.ranges)

    assert (again.low_water, again.ranges) == (acked.low_water, acked.ranges)
    assert {one for one in range(60) if one in again} == ordinals
