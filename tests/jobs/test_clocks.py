"""What check-ins tell of the clocks of a job's hosts, and what that makes of their instants."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tocsin.jobs.checkin import CheckIn, CheckInKind, Detail
from tocsin.jobs.clocks import FORGOTTEN_AFTER, MAX_CLOCKS, by_our_clock, is_worth_a_look
from tocsin.jobs.skew import ENOUGH, PUNCTUAL, REMEMBERED, corrected, sent_as
from tocsin.jobs.state import JobState

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
KNOWN = JobState(last_seen_at=NOON - HOUR)


def told(
    happened_at: datetime,
    received_at: datetime,
    *,
    wrong: timedelta,
    host: str = "db-1",
    late: timedelta = 0 * SECOND,
) -> CheckIn:
    """Return a check-in of a host whose clock shows `wrong` more than ours, and that was `late`."""
    sent_at = received_at - late + wrong
    by_host = happened_at + wrong
    at = corrected(by_host, sent_at=sent_at, received_at=received_at)
    return CheckIn(
        job="etl",
        kind=CheckInKind.HEARTBEAT,
        at=at,
        received_at=received_at,
        detail=Detail(context=(("host", host),)),
        sent=sent_as(by_host, at, sent_at=sent_at, received_at=received_at),
    )


def heard(state: JobState, *check_ins: CheckIn) -> tuple[JobState, list[datetime]]:
    """Let them come one after the other; return when they are taken to have happened."""
    instants = []
    for check_in in check_ins:
        state, moved = by_our_clock(state, check_in, None)
        instants.append(moved.at)
    return state, instants


def test_a_job_whose_clocks_are_right_remembers_nothing() -> None:
    check_in = told(NOON - MINUTE, NOON, wrong=-SECOND)

    assert check_in.sent is PUNCTUAL
    assert not is_worth_a_look(KNOWN, check_in)
    assert by_our_clock(KNOWN, check_in, None) == (KNOWN, check_in)


@pytest.mark.parametrize("wrong", [-3 * HOUR, 3 * HOUR, -40 * SECOND, -10 * SECOND, 10 * SECOND])
def test_the_first_check_in_of_a_new_job_is_corrected_by_its_own_sending(wrong: timedelta) -> None:
    state, instants = heard(JobState(), told(NOON - MINUTE, NOON, wrong=wrong))

    assert instants == [NOON - MINUTE]
    assert [clock.behind_seconds for clock in state.clocks] == [0]


def test_the_least_lag_of_the_last_deliveries_is_the_clock_and_the_rest_is_the_way() -> None:
    lates = [3 * SECOND, 1 * SECOND, 9 * SECOND, 20 * SECOND]
    check_ins = [
        told(NOON + n * MINUTE - 30 * SECOND, NOON + n * MINUTE, wrong=-HOUR, late=late)
        for n, late in enumerate(lates)
    ]

    state, instants = heard(KNOWN, *check_ins)

    assert [clock.behind_seconds for clock in state.clocks] == [3601]
    assert [instants[n] - (NOON + n * MINUTE) for n in (2, 3)] == [-29 * SECOND, -29 * SECOND]


def test_one_late_delivery_of_a_right_clock_shifts_nothing_and_is_forgotten() -> None:
    right = [told(NOON + n * MINUTE, NOON + n * MINUTE, wrong=0 * SECOND) for n in range(1, REMEMBERED + 2)]

    state, instants = heard(KNOWN, told(NOON - 25 * SECOND, NOON, wrong=0 * SECOND, late=25 * SECOND))
    assert instants == [NOON - 25 * SECOND]

    assert heard(state, *right)[0].clocks == ()


def test_what_comes_in_one_request_is_one_delivery() -> None:
    state, _ = heard(KNOWN, *(told(NOON - n * MINUTE, NOON, wrong=-HOUR) for n in range(9)))

    assert [(len(clock.lags), clock.behind_seconds) for clock in state.clocks] == [(1, 0)]


def test_what_was_read_before_the_clock_was_set_back_is_not_shifted_by_it() -> None:
    """The start is of 12:00 by a right clock; it is sent at 12:20, when the clock shows 09:20."""
    received_at, sent_at = NOON + 20 * MINUTE, NOON + 20 * MINUTE - 3 * HOUR
    at = corrected(NOON, sent_at=sent_at, received_at=received_at)
    sent = sent_as(NOON, at, sent_at=sent_at, received_at=received_at)
    assert at == received_at
    check_in = replace(told(NOON, received_at, wrong=0 * SECOND), at=at, sent=sent)

    assert heard(KNOWN, check_in)[1] == [NOON]


def test_a_clock_that_was_ahead_and_is_set_right_is_known_for_what_it_said_before() -> None:
    ahead = [told(NOON + n * MINUTE, NOON + n * MINUTE, wrong=3 * HOUR) for n in range(ENOUGH)]
    received_at, by_host = NOON + 20 * MINUTE, NOON + 10 * MINUTE + 3 * HOUR
    at = corrected(by_host, sent_at=received_at, received_at=received_at)
    late = replace(
        told(NOON, received_at, wrong=0 * SECOND),
        at=at,
        sent=sent_as(by_host, at, sent_at=received_at, received_at=received_at),
    )

    assert heard(KNOWN, *ahead, late)[1][-1] == NOON + 10 * MINUTE


def test_the_same_check_in_is_moved_once_however_often_it_is_looked_at() -> None:
    late = told(NOON - 30 * SECOND, NOON, wrong=-10 * SECOND, late=5 * SECOND)
    state, moved = by_our_clock(heard(KNOWN, told(NOON - MINUTE, NOON - MINUTE, wrong=-HOUR))[0], late, None)

    assert by_our_clock(state, moved, None)[1] == moved


def test_so_many_clocks_are_remembered_and_those_heard_last() -> None:
    many = [
        told(NOON + n * MINUTE, NOON + n * MINUTE, wrong=-HOUR, host=f"h{n}") for n in range(MAX_CLOCKS + 3)
    ]

    state, _ = heard(KNOWN, *many)

    assert [clock.host for clock in state.clocks] == [f"h{n}" for n in range(3, MAX_CLOCKS + 3)]


def test_a_host_that_is_heard_no_more_is_forgotten_when_another_is() -> None:
    state, _ = heard(KNOWN, told(NOON, NOON, wrong=-HOUR, host="gone"))

    def other(after: timedelta) -> CheckIn:
        return told(NOON + after, NOON + after, wrong=0 * SECOND, host="new")

    assert len(heard(state, other(FORGOTTEN_AFTER))[0].clocks) == 1
    assert heard(state, other(FORGOTTEN_AFTER + SECOND))[0].clocks == ()


def test_an_instant_that_no_calendar_holds_is_left_as_it_came() -> None:
    far = told(NOON, NOON, wrong=-HOUR)
    clock = heard(KNOWN, far)[0].clocks[0]
    state = replace(KNOWN, clocks=(replace(clock, lags=(-7e10,)),))
    unstamped = replace(far, at=NOON - HOUR, received_at=NOON + MINUTE, sent=None)

    assert heard(state, unstamped)[1] == [NOON - HOUR]
