"""Every record is in exactly one column, whatever it became and in whatever order that was known."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.entries import Entries, Entry
from tocsin.batch.ledger import Buried, Ledger
from tocsin.batch.preparing import Portion, Reject


def entry(ordinal: int, part: int = 0) -> Entry:
    return (ordinal, f"{ordinal}/{part}", b"{}", "")


@given(st.lists(st.integers(0, 4), max_size=40), st.data())
def test_what_was_read_is_delivered_dead_or_left_out_and_counts_once(
    kinds: list[int], data: st.DataObject
) -> None:
    """A kind is into how many parts a record falls; 0: it is left out."""
    ledger, portion = Ledger(), Portion(read=len(kinds))
    ways = list[Entry]()
    for ordinal, parts in enumerate(kinds):
        if parts == 0:
            portion.skipped.append(ordinal)
        elif parts > 1:
            portion.parts[ordinal] = parts
        ways += [entry(ordinal, part) for part in range(parts)]
    ledger.take(portion)
    fates = {one[1]: data.draw(st.booleans()) for one in ways}
    for one in data.draw(st.permutations(ways)):
        if fates[one[1]]:
            ledger.deliver(Entries.of([one]))
        else:
            ledger.bury([Buried(Reject(one[0], one[1], "bad", b"{}"))])

    assert ledger.read == ledger.delivered + ledger.dead + ledger.skipped
    hurt = {one[0] for one in ways if not fates[one[1]]}
    assert ledger.dead == len(hurt)
    assert len(ledger.buried) == sum(not fate for fate in fates.values())
    assert (ledger.acked.low_water, ledger.acked.ranges) == (len(kinds), ())


def test_a_batch_that_is_one_stretch_is_settled_as_one() -> None:
    ledger = Ledger()

    ledger.deliver(Entries.of(entry(ordinal) for ordinal in range(5, 9)))

    assert ledger.fresh == [(5, 9)]
    assert ledger.delivered == 4


def test_the_share_that_failed_leaves_out_what_was_not_to_be_sent() -> None:
    ledger = Ledger(read=600, delivered=98, dead=2, skipped=500)

    assert ledger.failed_percent == 2.0


@given(st.permutations(range(12)), st.data())
def test_batches_of_any_records_in_any_order_settle_exactly_these(
    order: list[int], data: st.DataObject
) -> None:
    ledger, settled, left = Ledger(read=12), set[int](), list(order)
    while left:
        count = data.draw(st.integers(1, len(left)))
        batch, left = left[:count], left[count:]
        ledger.deliver(Entries.of(entry(ordinal) for ordinal in batch))
        settled |= set(batch)

        assert {one for one in range(12) if one in ledger.acked} == settled


def test_a_run_that_is_resumed_is_judged_by_what_it_has_read_itself() -> None:
    ledger = Ledger(read=100, delivered=1_099, dead=901, before=1_900, dead_before=900)

    assert (ledger.dead_now, ledger.failed_percent) == (1, 1.0)
