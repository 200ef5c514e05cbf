"""What a job says by a wrong clock is what it would have said by a right one (F5)."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.histories import MINUTE, Life, lives, moved, said
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.clocks import by_our_clock, is_worth_a_look
from tocsin.jobs.folding import run_named
from tocsin.jobs.skew import TRANSIT, corrected, sent_as

law = settings(derandomize=True, database=None, deadline=None, max_examples=150)
SECOND = timedelta(seconds=1)
WRONG = st.sampled_from([0, 1, -1, 20, -20, 299, -299, 7 * 3600, -7 * 3600, 86_400 * 4_000]).map(
    lambda seconds: seconds * SECOND
)


def by_host(check_in: CheckIn, wrong: timedelta, late: timedelta) -> CheckIn:
    """Return a check-in as the door reads it of a host whose clock shows `wrong` more than ours."""
    received_at = check_in.received_at
    sent_at, read_at = received_at - late + wrong, min(check_in.at, received_at - late) + wrong
    at = corrected(read_at, sent_at=sent_at, received_at=received_at)
    return replace(check_in, at=at, sent=sent_as(read_at, at, sent_at=sent_at, received_at=received_at))


def hear(life: Life, check_in: CheckIn) -> CheckIn:
    """Let a job's check-in come in; return it as it is folded."""
    if is_worth_a_look(life.state, check_in):
        run = run_named(life.state, check_in)
        life.state, check_in = by_our_clock(life.state, check_in, run)
    life.hear(check_in)
    return check_in


@law
@given(life=lives(most=0), history=st.lists(said(), max_size=12), wrong=WRONG)
def test_a_clock_that_is_wrong_from_the_first_changes_no_opinion(
    life: Life, history: list[tuple[float, CheckIn]], wrong: timedelta
) -> None:
    life.state = replace(life.state, clocks=())
    told = Life(job=life.job, state=life.state, now=life.now, blind=life.blind)
    for after, check_in in history:
        life.now = told.now = life.now + after * MINUTE
        life.hear(moved(check_in, life.now))
        hear(told, by_host(moved(check_in, told.now), wrong, 0 * SECOND))

    if abs(wrong) > 2 * SECOND:
        assert replace(told.state, clocks=()) == life.state
    else:
        assert told.state.clocks == ()


@law
@given(
    life=lives(most=0),
    history=st.lists(said(), min_size=1, max_size=12),
    wrong=WRONG,
    data=st.data(),
)
def test_no_instant_is_off_by_more_than_the_way_nor_later_than_its_receipt(
    life: Life, history: list[tuple[float, CheckIn]], wrong: timedelta, data: st.DataObject
) -> None:
    life.state = replace(life.state, clocks=())
    for after, check_in in history:
        life.now += after * MINUTE
        late = data.draw(st.sampled_from([0, 0, 1, 5, 25])) * SECOND
        real = moved(check_in, life.now)
        happened_at = min(real.at, real.received_at - late)

        heard = hear(life, by_host(real, wrong, late))

        assert heard.at <= heard.received_at
        assert abs(heard.at - happened_at) <= TRANSIT
