"""How many go to one target in a time, and who goes first when it has had enough."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.engine.pacing import DEFAULT_LIMITS, URGENT_SHARE, Go, Limit, Pace, Wait, is_urgent
from tocsin.engine.trial import trial_notifications
from tocsin.notify.message import MessageKind
from tocsin.rules.finding import Severity
from tocsin.store.rows import Notification

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIVE = Limit(count=5, every=timedelta(minutes=15))
ELEVEN = Limit(count=11, every=timedelta(hours=1))


def owed(
    number: int, severity: Severity = Severity.WARNING, kind: MessageKind = MessageKind.FIRING
) -> Notification:
    [made] = trial_notifications(f"t{number}", ["on-call/sms"], "kim", NOON)
    return replace(made, severity=int(severity), kind=kind.value)


def minutes(turn: Go | Wait) -> float | None:
    """Return how many minutes after noon it may go, None for at once."""
    return (turn.until_at - NOON) / timedelta(minutes=1) if isinstance(turn, Wait) else None


def test_the_sixth_within_a_quarter_of_an_hour_waits_for_its_end() -> None:
    pace = Pace((FIVE,))

    assert [minutes(pace.ask(owed(n), NOON + timedelta(minutes=n))) for n in range(5)] == [None] * 5
    assert minutes(pace.ask(owed(5), NOON + timedelta(minutes=5))) == 15
    assert minutes(pace.ask(owed(5), NOON + timedelta(minutes=15))) is None


def test_those_who_wait_have_turns_of_their_own() -> None:
    pace = Pace((FIVE,))
    turns = [minutes(pace.ask(owed(n), NOON)) for n in range(13)]

    assert turns == [None] * 5 + [15] * 5 + [30] * 3


def test_the_longest_of_several_limits_holds() -> None:
    pace = Pace((FIVE, ELEVEN))
    turns = [minutes(pace.ask(owed(n), NOON)) for n in range(12)]

    assert turns == [None] * 5 + [15] * 5 + [30] + [60]


def test_what_is_worse_does_not_wait_behind_what_is_less_so() -> None:
    pace = Pace((FIVE,))
    for n in range(15):
        pace.ask(owed(n), NOON)

    assert minutes(pace.ask(owed(20, Severity.CRITICAL), NOON)) == 15
    assert minutes(pace.ask(owed(21), NOON)) == 45


@pytest.mark.parametrize("kind", [MessageKind.FIRING, MessageKind.LOUDER])
def test_the_first_word_of_a_page_does_not_wait(kind: MessageKind) -> None:
    pace = Pace((FIVE,))
    for n in range(8):
        pace.ask(owed(n), NOON)

    assert minutes(pace.ask(owed(20, Severity.PAGE, kind), NOON)) is None


def test_what_is_escalated_does_not_wait() -> None:
    pace = Pace((FIVE,))
    for n in range(8):
        pace.ask(owed(n), NOON)

    assert minutes(pace.ask(owed(20, Severity.CRITICAL, MessageKind.ESCALATED), NOON)) is None


def test_a_page_that_is_only_repeated_waits_like_the_others() -> None:
    pace = Pace((FIVE,))
    for n in range(5):
        pace.ask(owed(n), NOON)

    assert minutes(pace.ask(owed(20, Severity.PAGE, MessageKind.REPEAT), NOON)) == 15


def test_pages_have_a_limit_too() -> None:
    pace = Pace((FIVE,))
    turns = [minutes(pace.ask(owed(n, Severity.PAGE), NOON)) for n in range(5 * URGENT_SHARE + 1)]

    assert turns == [None] * 5 * URGENT_SHARE + [15]


def test_without_a_limit_nothing_waits() -> None:
    pace = Pace(())

    assert {minutes(pace.ask(owed(n), NOON)) for n in range(1_000)} == {None}


def test_ten_thousand_who_wait_cost_little_each() -> None:
    pace = Pace(DEFAULT_LIMITS["sms"])
    turns = [minutes(pace.ask(owed(n), NOON)) for n in range(2_000)]

    assert turns[-1] is not None


@given(
    st.lists(
        st.tuples(st.integers(0, 600), st.sampled_from(list(Severity)), st.sampled_from(list(MessageKind))),
        max_size=60,
    )
)
def test_no_window_ever_holds_more_than_the_limit(asked: list[tuple[int, Severity, MessageKind]]) -> None:
    pace, gone = Pace((FIVE, ELEVEN)), []
    waiting = [
        (NOON + timedelta(seconds=at), owed(n, severity, kind))
        for n, (at, severity, kind) in enumerate(asked)
    ]
    for _ in range(1_000):
        if not waiting:
            break
        waiting.sort(key=lambda one: (one[0], -one[1].severity))
        at, one = waiting.pop(0)
        turn = pace.ask(one, at)
        if isinstance(turn, Wait):
            assert turn.until_at > at
            waiting.append((turn.until_at, one))
        else:
            gone.append((at, one))

    assert waiting == []
    assert len(gone) == len(asked)
    for limit in (FIVE, ELEVEN):
        for at, one in gone:
            within = [other for other, _ in gone if at - limit.every < other <= at]
            urgent = any(is_urgent(two) for other, two in gone if at - limit.every < other <= at)
            assert len(within) <= limit.count * (URGENT_SHARE if urgent else 1), one
