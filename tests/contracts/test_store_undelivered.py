"""What was sent and did not arrive is dead after all, once, and under its own reference, in every store."""

import pytest

from tests.contracts.kept import LEASE, NOON, SECOND, changed, committed, owed, tried
from tocsin.store.base import Store, Writing
from tocsin.store.rows import DeliveryOutcome, Notification, NotificationState

LATER = NOON + 5 * SECOND


def ended(
    writing: Writing, state: NotificationState = NotificationState.SENT, *, reference: str = "SM1"
) -> Notification:
    writing.enqueue([owed("a")])
    (one,) = writing.claim(NOON, lease_for=LEASE, limit=1, busy=())
    writing.finish([changed(tried(one, state), reference=reference)])
    return one


def mark(writing: Writing, *, key: str = "a", reference: str = "SM1") -> Notification | None:
    return writing.mark_undelivered(key, reference, detail="Twilio: undelivered, error 30003", at=LATER)


def test_what_was_sent_is_dead_and_its_try_on_record(store: Store) -> None:
    with committed(store) as writing:
        taken = ended(writing)
        dead = mark(writing)

    with store.reading() as reading:
        assert reading.notifications("alert-1") == [dead]
        first, second = reading.deliveries(["a"])
    assert dead is not None
    assert (dead.state, dead.finished_at) == (NotificationState.DEAD, LATER)
    assert dead.last_error == second.detail == "Twilio: undelivered, error 30003"
    assert first.outcome is DeliveryOutcome.SENT
    assert (second.outcome, second.next_state) == (DeliveryOutcome.FAILED, NotificationState.DEAD)
    assert (second.ended_at, second.attempt, second.lease) == (LATER, 1, taken.lease)


def test_it_goes_to_a_fallback_as_all_that_is_dead(writing: Writing) -> None:
    ended(writing)
    assert writing.overdue(NOON, 9) == []

    mark(writing)

    assert [one.key for one in writing.overdue(NOON, 9)] == ["a"]


def test_a_second_report_changes_nothing(store: Store) -> None:
    with committed(store) as writing:
        ended(writing)
        mark(writing)
        assert mark(writing) is None

    with store.reading() as reading:
        assert len(reading.deliveries(["a"])) == 2


@pytest.mark.parametrize(("key", "reference"), [("a", "SM2"), ("a", ""), ("b", "SM1")])
def test_a_report_about_another_message_changes_nothing(writing: Writing, key: str, reference: str) -> None:
    ended(writing)

    assert mark(writing, key=key, reference=reference) is None


def test_what_was_sent_without_a_reference_cannot_be_reported(writing: Writing) -> None:
    ended(writing, reference="")

    assert mark(writing, reference="") is None


def test_what_may_have_arrived_has_not_whatever_it_is_called(writing: Writing) -> None:
    ended(writing, NotificationState.UNKNOWN, reference="")

    dead = mark(writing)
    assert dead is not None
    assert dead.state is NotificationState.DEAD


@pytest.mark.parametrize(
    "state", [NotificationState.PENDING, NotificationState.DEAD, NotificationState.CANCELLED]
)
def test_what_is_still_to_be_sent_or_given_up_is_left(writing: Writing, state: NotificationState) -> None:
    ended(writing, state)

    assert mark(writing) is None


def test_what_is_being_sent_is_left(writing: Writing) -> None:
    writing.enqueue([owed("a")])
    (one,) = writing.claim(NOON, lease_for=LEASE, limit=1, busy=())

    assert mark(writing) is None
    assert writing.finish([tried(one)]) == {"a"}
