"""Bad records are found by tests of groups: all of them, nothing but them, and cheaply."""

from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.batcher import Batcher, Parcel
from tocsin.batch.entries import Entries
from tocsin.batch.limits import Framing
from tocsin.batch.suspects import Suspicion, after_delivery, after_refusal, suspect


def searched(count: int, bad: set[int]) -> tuple[list[int], list[int], int]:
    """Return what arrived, what was called bad, and how many requests it took, of one batch."""
    batcher = Batcher(framing=Framing(), max_records=count, max_bytes=10**6)
    batcher.add(Entries.of((at, f"r{at}", b"x", "") for at in range(count)), 0.0)
    taken, guilty, requests = list[int](), list[int](), 0
    while not batcher.is_empty:
        parcel = batcher.next(0.0)
        if parcel is None:
            batcher.ripen(0.0, all_of_it=True)
            parcel = batcher.next(0.0)
        assert parcel is not None
        requests += 1
        is_refused = not bad.isdisjoint(parcel.entries.ordinals)
        found = _found(parcel, is_refused=is_refused)
        taken += [] if is_refused else parcel.entries.ordinals
        guilty += found.guilty.ordinals
        batcher.put_back(parcel.lane, found.freed, 0.0)
        if found.test:
            batcher.again(batcher.tested(parcel, found.test, found.waiting, 0.0), 0.0)
        else:
            batcher.settle(parcel)
    return taken, guilty, requests


def _found(parcel: Parcel, *, is_refused: bool) -> Suspicion:
    if is_refused:
        return after_refusal(parcel) if parcel.is_suspect else suspect(parcel.entries)
    return after_delivery(parcel) if parcel.is_suspect else Suspicion()


@given(st.integers(1, 200), st.sets(st.integers(0, 199), max_size=12))
def test_exactly_the_bad_ones_are_found_and_all_others_arrive_once(count: int, places: set[int]) -> None:
    bad = {place for place in places if place < count}

    taken, guilty, requests = searched(count, bad)

    assert sorted(guilty) == sorted(bad)
    assert sorted(taken) == [at for at in range(count) if at not in bad]
    assert requests <= 1 + len(bad) * (ceil(log2(count)) + 3 if count > 1 else 1)


def test_one_bad_record_in_five_hundred_costs_no_more_than_eleven_requests() -> None:
    worst = max(searched(500, {place})[2] for place in range(500))

    assert worst - 1 <= 11
