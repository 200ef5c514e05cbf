"""The limiter: what may go in any span of time, the gate, and a rate that changes on the way."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.limiter import Limiter

rates = st.floats(0.5, 2_000)
pauses = st.lists(st.one_of(st.just(0.0), st.floats(0, 3)), min_size=1, max_size=80)
bursts = st.sampled_from((0.0, 0.05, 0.5))


def sent_at(limiter: Limiter, pauses: list[float], records: int = 1) -> list[float]:
    """Return when requests go that ask one after the other, each a pause after the one before has gone."""
    now, instants = 0.0, []
    for pause in pauses:
        now = limiter.reserve(records, now + pause)
        instants.append(now)
    return instants


@given(rates, bursts, pauses)
def test_in_any_span_go_at_most_what_the_rate_and_one_burst_allow(
    rate: float, burst: float, pauses: list[float]
) -> None:
    instants = sent_at(Limiter(requests_per_second=rate, burst_seconds=burst, now=0.0), pauses)

    for first, begin in enumerate(instants):
        for last, end in enumerate(instants[first:], start=first):
            assert last - first + 1 <= rate * (end - begin + burst) + 1 + 1e-6


@given(rates, bursts, pauses, st.integers(1, 5_000))
def test_in_any_span_go_at_most_as_many_records_as_rate_burst_and_one_request_allow(
    rate: float, burst: float, pauses: list[float], records: int
) -> None:
    limiter = Limiter(records_per_second=rate * 100, burst_seconds=burst, now=0.0)
    instants = sent_at(limiter, pauses, records)

    for first, begin in enumerate(instants):
        for last, end in enumerate(instants[first:], start=first):
            gone = (last - first + 1) * records
            assert gone <= rate * 100 * (end - begin + burst) + records + 1e-3


@given(rates, st.integers(20, 200))
def test_whoever_never_rests_gets_the_whole_rate(rate: float, requests: int) -> None:
    instants = sent_at(Limiter(requests_per_second=rate, now=0.0), [0.0] * requests)

    assert instants[-1] <= (requests - 1) / rate + 1e-6


@given(rates, bursts, pauses)
def test_however_late_somebody_is_nothing_follows_much_closer_than_evenly(
    rate: float, burst: float, pauses: list[float]
) -> None:
    instants = sent_at(Limiter(requests_per_second=rate, burst_seconds=burst, now=0.0), pauses)

    assert all(later - earlier >= 0.6 / rate - 1e-6 for earlier, later in pairwise(instants))


def test_nothing_has_to_be_caught_up_with_at_first() -> None:
    instants = sent_at(Limiter(requests_per_second=10, burst_seconds=0.5, now=0.0), [0.0] * 5)

    assert instants == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


@given(rates, st.lists(st.tuples(st.floats(0, 0.5), st.floats(0.5, 2_000)), min_size=1, max_size=60))
def test_a_rate_that_changes_lets_no_more_go_than_the_fastest_of_its_rates(
    first: float, changes: list[tuple[float, float]]
) -> None:
    limiter, now, allowed, rate = Limiter(requests_per_second=first, now=0.0), 0.0, 0.0, first
    gone = 0
    for pause, changed in changes:
        until = now + pause
        while (at := limiter.ready_at(now)) <= until:
            now = limiter.reserve(1, at)
            gone += 1
        allowed += pause * rate
        now, rate = until, changed
        limiter.set_rate(rate, now)

    assert gone <= allowed + 0.05 * max(first, *(rate for _, rate in changes)) + 1 + 1e-6


def test_what_is_owed_is_paid_back_at_the_new_rate() -> None:
    limiter = Limiter(requests_per_second=10, burst_seconds=0, now=0.0)
    limiter.reserve(1, 0.0)
    limiter.set_rate(1, 0.0)

    assert limiter.ready_at(0.0) == 1.0


@given(rates, pauses, st.floats(0, 5), st.floats(0, 20))
def test_nobody_passes_a_gate_and_nobody_rushes_out_of_it(
    rate: float, pauses: list[float], closed_at: float, until: float
) -> None:
    limiter = Limiter(requests_per_second=rate, burst_seconds=0.5, now=0.0)
    limiter.close_until(closed_at + until)
    limiter.close_until(closed_at)
    instants = sent_at(limiter, pauses)

    assert instants[0] >= closed_at + until
    if not sum(pauses):
        assert all(later - earlier >= 1 / rate - 1e-6 for earlier, later in pairwise(instants))


def test_without_a_rate_everything_goes_at_once_until_a_gate_is_closed() -> None:
    limiter = Limiter(now=0.0)

    assert sent_at(limiter, [0.0] * 5, records=1_000) == [0.0] * 5
    limiter.close_until(7.0)
    assert limiter.reserve(1, 3.0) == 7.0


@pytest.mark.parametrize(
    ("requests", "records", "second"), [(10, None, 0.1), (10, 100, 0.5), (None, 100, 0.5)]
)
def test_of_requests_and_records_the_slower_holds(
    requests: float | None, records: float | None, second: float
) -> None:
    limiter = Limiter(requests_per_second=requests, records_per_second=records, burst_seconds=0, now=0.0)

    assert sent_at(limiter, [0.0, 0.0], records=50) == [0.0, second]


def test_a_rate_found_on_the_way_holds_from_then_on() -> None:
    limiter = Limiter(burst_seconds=0, now=0.0)
    sent_at(limiter, [0.0] * 100, records=10)
    limiter.set_rate(4, 5.0)
    limiter.set_records_rate(20, 5.0)

    assert (limiter.requests_per_second, limiter.records_per_second) == (4, 20)
    assert [limiter.reserve(10, 5.0) for _ in range(3)] == [5.0, 5.5, 6.0]
