"""The search for a sink's rate: what moves it, what does not, and what it says of the sink."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.rate import MAX_GATE_SECONDS, LearnedRate, RateSearch

answers = st.lists(
    st.tuples(st.floats(0, 5), st.sampled_from(("accepted", "throttled", "asked"))), min_size=1, max_size=120
)


def after(search: RateSearch, steps: list[tuple[float, str]]) -> list[float]:
    """Return every rate that a search comes to while requests are answered like this, each after 0.1 s."""
    now, rates = 0.0, []
    for pause, what in steps:
        search.sent(now)
        now += pause
        if what == "accepted":
            search.accepted(now - 0.1, now)
        elif what == "throttled":
            search.throttled(now - 0.1, None, now)
        rates.append(search.rate(now) or 0.0)
    return rates


def accept(search: RateSearch, seconds: float, *, begin: float = 0.0) -> float:
    """Send at the rate that the search wants, all of it accepted; return the instant of the end."""
    now = begin
    while now < begin + seconds:
        rate = search.rate(now)
        assert rate is not None
        search.sent(now)
        search.accepted(now, now)
        now += 1 / rate
    return now


def test_a_declared_limit_is_used_at_97_percent_and_never_passed() -> None:
    search = RateSearch(declared=100, now=0.0)
    accept(search, 100)

    assert search.rate(100) == pytest.approx(97)
    assert search.is_limited


@given(st.floats(1, 1_000), st.floats(1, 1_000), st.one_of(st.none(), st.floats(1, 2_000)), answers)
def test_whatever_is_answered_and_learned_the_declared_limit_and_the_own_one_are_never_passed(
    declared: float, most: float, low: float | None, steps: list[tuple[float, str]]
) -> None:
    search = RateSearch(declared=declared, most=most, learned=LearnedRate(low=low), now=0.0)
    rates = [search.rate(0.0) or 0.0, *after(search, steps)]

    assert all(0 < rate <= min(declared * 0.97, most) + 1e-9 for rate in rates)


def test_a_search_that_may_go_faster_again_goes_on_from_what_is_proven() -> None:
    search = RateSearch(most=30, now=0.0)
    now = accept(search, 20)
    assert search.rate(now) == 30
    search.allow_at_most(None, now)
    tried = search.rate(now)

    assert tried is not None
    assert 30 < tried <= 60
    assert search.learned().low == 30


def test_a_declared_limit_is_used_again_once_nobody_allows_less() -> None:
    search = RateSearch(declared=100, most=30, now=0.0)
    accept(search, 5)
    search.allow_at_most(60, 5)
    assert search.rate(5) == 60
    search.allow_at_most(None, 6)

    assert search.rate(6) == pytest.approx(97)


def test_where_nothing_is_declared_the_rate_doubles_until_the_first_refusal() -> None:
    search = RateSearch(now=0.0)
    rates = []
    now = 0.0
    for _ in range(5):
        rates.append(search.rate(now))
        now = accept(search, 0.75, begin=now)

    assert rates[:4] == [20, 40, 80, 160]
    assert not search.is_limited


def test_a_rate_that_something_else_holds_back_is_not_taken_for_proven() -> None:
    search = RateSearch(now=0.0)
    for n in range(100):
        search.sent(n * 0.5)
        search.accepted(n * 0.5, n * 0.5)

    assert search.rate(50.0) == 20
    assert search.learned().low is None


def test_all_refusals_of_what_was_in_flight_are_one_cut() -> None:
    search = RateSearch(declared=100, now=0.0)
    now = accept(search, 5)
    search.throttled(now - 0.01, 1.0, now)
    once = search.rate(now)
    for _ in range(5):
        search.throttled(now - 0.01, 1.0, now + 0.02)

    assert search.rate(now + 0.02) == once
    assert once is not None
    assert once < 97


def test_a_limit_that_has_fallen_is_estimated_by_what_was_in_flight() -> None:
    low, high = RateSearch(declared=100, now=0.0), RateSearch(declared=100, now=0.0)
    for search, refused in ((low, 20), (high, 4)):
        now = accept(search, 0.1)
        search.throttled(now - 0.05, 1.0, now)
        for _ in range(refused - 1):
            search.throttled(now - 0.04, 1.0, now + 0.01)
        for _ in range(24 - refused):
            search.accepted(now - 0.04, now + 0.01)
    fallen, hardly = low.rate(2.0), high.rate(2.0)

    assert fallen is not None
    assert hardly is not None
    assert fallen < 40
    assert hardly > 70


@given(answers)
def test_the_rate_is_never_nothing_so_that_a_sink_that_recovers_is_noticed(
    steps: list[tuple[float, str]],
) -> None:
    assert min(after(RateSearch(declared=50, now=0.0), steps)) > 0


@pytest.mark.parametrize(
    ("asked", "gate"), [(1.5, 1.5), (None, 0.0), (0.0, 0.0), (-5.0, 0.0), (86_400.0, MAX_GATE_SECONDS)]
)
def test_the_gate_is_as_long_as_the_sink_asks_within_reason(asked: float | None, gate: float) -> None:
    search = RateSearch(declared=100, now=0.0)
    search.sent(1.0)

    assert search.throttled(1.0, asked, 1.1) == gate


def test_a_sink_that_says_nothing_and_refuses_a_lower_rate_too_is_left_alone_for_a_minute_and_more() -> None:
    search, now, gates = RateSearch(declared=100, now=0.0), 0.0, []
    for _ in range(9):
        now += 400
        search.rate(now)
        search.sent(now)
        gates.append(search.throttled(now, None, now + 0.1))
        now += 1
    search.accepted(now, now)

    assert gates == [0, 60, 120, 240, 300, 300, 300, 300, 300]
    assert search.throttled(now + 1, None, now + 1.1) == 0


def test_what_was_learned_is_used_at_once_and_told_again() -> None:
    search = RateSearch(learned=LearnedRate(low=50, high=52, best=60), now=0.0)
    rate = search.rate(0.0)

    assert rate is not None
    assert 48 <= rate <= 50
    assert search.is_limited
    assert search.learned() == LearnedRate(low=50, high=52, best=60)


def test_a_limit_that_comes_back_is_found_by_trying_now_and_then() -> None:
    search = RateSearch(most=110, learned=LearnedRate(low=50, high=52, best=100), now=0.0)
    now = accept(search, 60)
    rate = search.rate(now)

    assert rate is not None
    assert rate > 95


def test_one_refusal_of_a_rate_that_was_good_for_long_is_a_hitch_and_a_second_one_is_believed() -> None:
    search = RateSearch(declared=100, now=0.0)
    now = accept(search, 20)
    search.throttled(now - 0.02, 1.0, now)
    after_one = search.rate(now + 1.1)
    search.sent(now + 1.2)
    search.throttled(now + 1.2, 1.0, now + 1.3)
    after_two = search.rate(now + 2.5)

    assert after_one == pytest.approx(97)
    assert after_two is not None
    assert after_two < 0.85 * 97
