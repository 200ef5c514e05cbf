"""What a receiver calls a message is known to the later messages about the same alert, in every store."""

from datetime import datetime

from tests.contracts.kept import LEASE, NOON, SECOND, changed, committed, owed, tried
from tocsin.store.base import Store, Writing
from tocsin.store.rows import Notification, NotificationState


def claim(writing: Writing, now: datetime = NOON) -> Notification:
    (one,) = writing.claim(now, lease_for=LEASE, limit=1, busy=())
    return one


def test_the_first_of_an_alert_knows_no_reference(writing: Writing) -> None:
    writing.enqueue([owed("a")])

    assert claim(writing).reference == ""


def test_later_ones_of_the_alert_are_given_the_newest_reference(writing: Writing) -> None:
    writing.enqueue([owed("a"), owed("b", seq=2), owed("c", seq=3), owed("d", seq=4)])
    writing.finish([changed(tried(claim(writing)), reference="C1:100")])
    second = claim(writing)
    writing.finish([tried(second)])
    third = claim(writing)
    writing.finish([changed(tried(third), reference="C1:300")])

    assert (second.reference, third.reference) == ("C1:100", "C1:100")
    assert claim(writing).reference == "C1:300"


def test_a_reference_belongs_to_one_alert_and_one_target(writing: Writing) -> None:
    writing.enqueue([owed("a")])
    writing.finish([changed(tried(claim(writing)), reference="C1:100")])
    writing.enqueue([owed("other", alert_id="alert-2")])
    assert claim(writing).reference == ""

    writing.enqueue([owed("elsewhere", seq=2, target="on-call/email")])
    assert claim(writing).reference == ""


def test_what_is_tried_again_keeps_the_reference_it_was_given(writing: Writing) -> None:
    writing.enqueue([owed("a"), owed("b", seq=2)])
    writing.finish([changed(tried(claim(writing)), reference="C1:100")])
    writing.finish([tried(claim(writing), NotificationState.PENDING, next_due_at=NOON + SECOND)])

    assert claim(writing, NOON + SECOND).reference == "C1:100"


def test_who_lost_the_lease_gives_no_reference(writing: Writing) -> None:
    writing.enqueue([owed("a"), owed("b", seq=2)])
    stale = claim(writing)
    writing.finish([changed(tried(claim(writing, NOON + LEASE)), reference="C1:200")])
    writing.finish([changed(tried(stale), reference="C1:100")])

    assert claim(writing, NOON + LEASE).reference == "C1:200"


def test_references_are_read_back_with_what_was_sent(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([owed("a")])
        writing.finish([changed(tried(claim(writing)), reference="C1:100")])

    with store.reading() as reading:
        assert [one.reference for one in reading.notifications("alert-1")] == ["C1:100"]
        assert [one.reference for one in reading.deliveries(["a"])] == ["C1:100"]
