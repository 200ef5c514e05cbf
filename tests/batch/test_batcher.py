"""Batches are as large as the limits allow and not a byte larger, and lanes keep their order."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.batcher import Batcher, Parcel
from tocsin.batch.entries import Entries, Entry
from tocsin.batch.limits import Framing

FRAMINGS = st.builds(
    Framing, prefix=st.binary(max_size=20), separator=st.binary(max_size=3), suffix=st.binary(max_size=20)
)


def entries(sizes: list[int], keys: list[str] | None = None) -> Entries:
    return Entries.of((at, f"r{at}", b"x" * size, keys[at] if keys else "") for at, size in enumerate(sizes))


def drained(batcher: Batcher) -> list[Parcel]:
    parcels = []
    batcher.ripen(0.0, all_of_it=True)
    while (parcel := batcher.next(0.0)) is not None:
        parcels.append(parcel)
        batcher.settle(parcel)
    return parcels


@given(st.lists(st.integers(1, 60), max_size=80), FRAMINGS, st.integers(1, 20), st.integers(110, 300))
def test_every_record_is_in_one_batch_and_no_batch_is_too_large_or_smaller_than_need_be(
    sizes: list[int], framing: Framing, most: int, most_bytes: int
) -> None:
    batcher = Batcher(framing=framing, max_records=most, max_bytes=most_bytes)
    given_entries = entries(sizes)
    for at in range(0, len(sizes), 7):
        batcher.add(given_entries[at : at + 7], 0.0)

    parcels = drained(batcher)

    assert [entry for parcel in parcels for entry in parcel.entries] == list(given_entries)
    bodies = [framing.prefix + framing.separator.join(p.entries.bodies) + framing.suffix for p in parcels]
    assert [batcher.size_of(parcel) for parcel in parcels] == [len(body) for body in bodies]
    assert all(
        len(body) <= most_bytes and len(parcel) <= most for body, parcel in zip(bodies, parcels, strict=True)
    )
    for parcel, following in itertools.pairwise(parcels):
        one_more = batcher.size_of(parcel) + len(framing.separator) + len(following.entries[0][2])
        assert len(parcel) == most or one_more > most_bytes
    assert batcher.is_empty
    assert batcher.waiting_records == 0


@given(st.lists(st.sampled_from("abcdefgh"), max_size=120), st.integers(1, 6), st.data())
def test_a_lane_has_one_batch_out_at_a_time_and_its_order_survives_whatever_becomes_of_it(
    keys: list[str], most: int, data: st.DataObject
) -> None:
    batcher = Batcher(framing=Framing(), max_records=most, max_bytes=10_000, lanes=3)
    batcher.add(entries([5] * len(keys), keys), 0.0)
    batcher.ripen(0.0, all_of_it=True)
    out, arrived = list[Parcel](), list[Entry]()
    for _ in range(10 * len(keys) + 10):
        while (parcel := batcher.next(0.0)) is not None:
            out.append(parcel)
        assert len({parcel.lane for parcel in out}) == len(out)
        if not out:
            break
        parcel = out.pop(data.draw(st.integers(0, len(out) - 1)))
        fate = data.draw(st.sampled_from(("taken", "again", "split"))) if parcel.attempts < 3 else "taken"
        if fate == "taken":
            arrived += parcel.entries
            batcher.settle(parcel)
        elif fate == "again":
            parcel.attempts += 1
            batcher.again(parcel, 0.0)
        else:
            parcel.attempts += 1
            batcher.split(parcel, 0.0)

    assert len(arrived) == len(keys)
    for key in set(keys):
        of_key = [entry[0] for entry in arrived if entry[3] == key]
        assert of_key == sorted(of_key)


def test_a_batch_that_is_not_full_waits_and_then_goes_as_it_is() -> None:
    batcher = Batcher(framing=Framing(), max_records=10, max_bytes=1_000, max_wait_seconds=1.0)
    batcher.add(entries([5, 5]), 100.0)

    batcher.ripen(100.9)
    assert batcher.next(100.9) is None
    assert batcher.ripe_at() == 101.0
    batcher.ripen(101.0)

    parcel = batcher.next(101.0)
    assert parcel is not None
    assert len(parcel) == 2


def test_what_is_tried_again_goes_before_what_is_new_but_not_before_its_time() -> None:
    batcher = Batcher(framing=Framing(), max_records=1, max_bytes=1_000)
    batcher.add(entries([5, 5, 5]), 0.0)
    first = batcher.next(0.0)
    assert first is not None
    batcher.again(first, 2.0)

    second = batcher.next(1.0)
    third = batcher.next(2.0)

    assert second is not None
    assert second.entries[0][0] == 1
    assert third is first
