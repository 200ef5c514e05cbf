"""To go on with a series is to read it all again, only sooner."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from tests.quality.test_forecast import law
from tocsin.jobs.history import MAX_POINTS, Counts, Point, bounded, one_packed, set_counts
from tocsin.quality.rereading import FEW, series_after, series_of

DAY = 86_400
LEARNED = Counts.GOOD | Counts.COMPARABLE
COUNTED = st.sampled_from([LEARNED, LEARNED, LEARNED | Counts.UNUSUAL, LEARNED | Counts.EXCLUDED, Counts.BAD])
DELAYS = st.sampled_from([None, 0.0, 4.3, 7_201.0, -30.0])


@st.composite
def histories(draw: st.DrawFn, fewest: int, most: int) -> bytes:
    gaps = draw(st.lists(st.sampled_from([60, 3_600, DAY]), min_size=fewest, max_size=most))
    return b"".join(
        one_packed(
            Point(
                at=1_700_000_000 + at,
                seconds=draw(st.sampled_from([0.1, 61.7, 4_000.3])),
                delay_seconds=draw(DELAYS),
                counts=draw(COUNTED),
            )
        )
        for at in accumulate(gaps)
    )


def steady(rows: int, first: int = 0) -> bytes:
    return b"".join(
        one_packed(Point(at=DAY * row, seconds=60.0 + row, delay_seconds=0.3, counts=LEARNED))
        for row in range(first, first + rows)
    )


@law
@given(history=histories(1, 40), newest=st.integers(0, FEW + 2))
def test_a_series_that_was_gone_on_with_is_the_one_that_is_read(history: bytes, newest: int) -> None:
    kept = history[: max(0, len(history) - 15 * newest)]
    found = series_after(series_of(kept), kept, bytearray(history))

    assert found is None or found == series_of(history)


def test_it_is_gone_on_with_wherever_runs_start_in_their_order() -> None:
    kept, history = steady(30), bytearray(steady(31))

    assert series_after(series_of(kept), kept, history) == series_of(bytes(history))


def test_what_has_no_room_any_more_leaves_the_series_too() -> None:
    kept, history = steady(MAX_POINTS), bytearray(steady(MAX_POINTS + 2))
    found = series_after(series_of(kept), kept, history)

    assert found is not None
    assert len(found) == MAX_POINTS
    assert found == series_of(bounded(history))


def test_it_is_read_anew_where_what_was_kept_has_changed() -> None:
    kept, history = steady(30), bytearray(steady(31))
    set_counts(history, 4, LEARNED | Counts.UNUSUAL)

    assert series_after(series_of(kept), kept, history) is None


def test_it_is_read_anew_where_a_run_started_before_the_one_that_is_placed_before_it() -> None:
    kept = one_packed(Point(at=DAY, seconds=5.0, delay_seconds=900.0, counts=LEARNED))
    history = bytearray(kept + one_packed(Point(at=DAY + 60, seconds=5.0, counts=LEARNED)))

    assert series_after(series_of(kept), kept, history) is None


def test_it_is_read_anew_where_many_runs_have_come() -> None:
    assert series_after(series_of(b""), b"", bytearray(steady(FEW + 1))) is None
