"""The breaker: when it opens, for how long, and what closes it."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.breaker import Breaker


def broken(now: float = 10.0) -> Breaker:
    """A breaker that five failures of different batches have just opened."""
    breaker = Breaker()
    for batch in range(5):
        breaker.failed(batch, now - 1, now)
    return breaker


def test_it_opens_after_five_failures_in_a_row_and_holds_everything_for_five_seconds() -> None:
    breaker = broken()

    assert breaker.is_open
    assert [breaker.may_send(at) for at in (10.0, 14.9, 15.0, 15.1)] == [False, False, True, False]


def test_four_failures_and_an_answer_leave_it_closed() -> None:
    breaker = Breaker()
    for batch in range(4):
        breaker.failed(batch, 1.0, 2.0)
    breaker.succeeded(1.0, 2.0)
    breaker.failed(5, 1.0, 2.0)

    assert not breaker.is_open


def test_one_batch_that_always_fails_says_nothing_of_the_sink() -> None:
    breaker = Breaker()
    for n in range(50):
        breaker.failed("one", float(n), n + 0.5, is_again=n > 0)

    assert not breaker.is_open


def test_it_opens_when_more_than_half_of_the_last_twenty_attempts_failed() -> None:
    breaker = Breaker()
    for n in range(9):
        breaker.succeeded(n, n)
    opened_by = 0
    for n in range(11):
        breaker.failed(n, 20.0 + n, 20.5 + n)
        opened_by = n + 1
        if breaker.is_open:
            break
        if n % 4 == 3:
            breaker.succeeded(20.6 + n, 20.7 + n)

    assert breaker.is_open
    assert opened_by == 11


def test_each_trial_that_fails_doubles_the_time_up_to_a_minute_and_one_that_succeeds_closes_it() -> None:
    breaker, waits = broken(), []
    for _ in range(6):
        assert breaker.retry_at is not None
        now = breaker.retry_at
        assert breaker.may_send(now)
        breaker.failed("trial", now, now + 1)
        waits.append(breaker.retry_at - (now + 1))
    assert breaker.may_send(1_000)
    breaker.succeeded(1_000, 1_001)

    assert waits == [10, 20, 40, 60, 60, 60]
    assert not breaker.is_open
    assert breaker.may_send(1_001)


def test_what_was_sent_before_it_opened_decides_nothing_any_more() -> None:
    breaker = broken(10.0)
    breaker.failed("late", 9.5, 12.0)
    breaker.succeeded(9.5, 12.0)

    assert breaker.is_open
    assert breaker.retry_at == 15.0


def test_a_trial_without_an_outcome_stops_nobody_and_counts_when_it_comes_late() -> None:
    breaker = broken(10.0)

    assert breaker.may_send(15.0)
    assert breaker.may_send(20.0)
    breaker.succeeded(15.0, 21.0)
    assert not breaker.is_open


def test_it_says_for_how_long_the_sink_has_been_away() -> None:
    breaker = broken(10.0)
    breaker.may_send(15.0)
    breaker.failed("trial", 15.0, 16.0)

    assert (breaker.open_since, breaker.outage_seconds(40.0)) == (10.0, 30.0)
    breaker.may_send(26.0)
    breaker.succeeded(26.0, 27.0)
    assert breaker.outage_seconds(40.0) == 0.0


@given(st.lists(st.tuples(st.floats(0.01, 20), st.booleans()), max_size=120))
def test_a_sink_that_answers_again_is_found_out_within_a_minute(steps: list[tuple[float, bool]]) -> None:
    breaker, now = Breaker(), 0.0
    for number, (pause, is_good) in enumerate(steps):
        now += pause
        if breaker.may_send(now):
            if is_good:
                breaker.succeeded(now, now)
            else:
                breaker.failed(number, now, now)

    assert breaker.retry_at is None or breaker.retry_at <= now + 60
