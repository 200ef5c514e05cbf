"""Records in columns are what a list of them would be."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.entries import Entries

ROWS = st.lists(st.tuples(st.integers(), st.text(), st.binary(), st.text()), max_size=12)
PLACES = st.integers(-13, 13) | st.none()


@given(ROWS, ROWS, PLACES, PLACES)
def test_they_are_cut_and_joined_as_a_list_is(
    rows: list[tuple[int, str, bytes, str]],
    others: list[tuple[int, str, bytes, str]],
    first: int | None,
    after: int | None,
) -> None:
    entries = Entries.of(rows)

    assert list(entries) == rows
    assert [entries[place] for place in range(len(rows))] == rows
    assert list(entries[first:after]) == rows[first:after]
    assert (len(entries), bool(entries)) == (len(rows), bool(rows))
    assert entries.size == sum(len(body) for _, _, body, _ in rows)
    entries.extend(Entries.of(others))
    assert list(entries) == rows + others


@given(ROWS, st.sets(st.integers(0, 11)))
def test_some_are_picked_and_the_others_left(
    rows: list[tuple[int, str, bytes, str]], places: set[int]
) -> None:
    entries, within = Entries.of(rows), sorted(place for place in places if place < len(rows))

    assert list(entries.pick(within)) == [rows[place] for place in within]
    assert list(entries.without(places)) == [row for place, row in enumerate(rows) if place not in places]
