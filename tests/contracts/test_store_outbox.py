"""The outbox, in every store: claimed once, in order, fenced by leases."""

from datetime import datetime

import pytest

from tests.contracts.kept import (
    LEASE,
    MINUTE,
    NOON,
    SECOND,
    changed,
    claimed,
    committed,
    owed,
    tried,
)
from tocsin.store.base import Store, Writing
from tocsin.store.rows import DeliveryOutcome, Notification, NotificationState


def claim_one(writing: Writing, now: datetime = NOON) -> Notification:
    (one,) = writing.claim(now, lease_for=LEASE, limit=1, busy=())
    return one


def test_what_is_enqueued_is_read_back(store: Store) -> None:
    every = changed(
        owed("a"), attempts=3, unknown=True, fallback_of="b", last_error="503", message='{"text": "…"}'
    )
    with committed(store) as writing:
        writing.enqueue([every, owed("b", seq=2, created_at=NOON + SECOND)])

    with store.reading() as reading:
        assert reading.notifications("alert-1") == [every, owed("b", seq=2, created_at=NOON + SECOND)]
        assert reading.notifications("none") == []


def test_a_key_that_is_there_already_is_left_as_it_is(writing: Writing) -> None:
    writing.enqueue([owed("a"), changed(owed("a"), message="other")])
    writing.enqueue([changed(owed("a"), message="third", seq=7)])

    assert claim_one(writing).message == "{}"
    assert claimed(writing, NOON) == []


def test_a_claim_takes_what_is_due_with_a_new_lease(writing: Writing) -> None:
    writing.enqueue([owed("a"), owed("later", alert_id="other", due_at=NOON + SECOND)])

    one = claim_one(writing)

    assert one == changed(
        owed("a"), state=NotificationState.SENDING, lease=one.lease, lease_until=NOON + LEASE
    )
    assert one.lease > 0
    assert claimed(writing, NOON) == []


def test_the_most_severe_and_oldest_are_claimed_first(writing: Writing) -> None:
    writing.enqueue(
        [
            owed("low", alert_id="1", severity=1, due_at=NOON - MINUTE),
            owed("high-new", alert_id="2", severity=4, target="b"),
            owed("high-old", alert_id="3", severity=4, due_at=NOON - SECOND),
            owed("mid", alert_id="4", severity=3, target="c"),
        ]
    )

    assert claimed(writing, NOON, limit=3) == ["high-old", "high-new", "mid"]
    assert claimed(writing, NOON) == ["low"]


def test_a_busy_target_is_passed_over_however_much_it_is_owed(writing: Writing) -> None:
    stuck = [owed(f"s{n}", alert_id=str(n), target="stuck", severity=4) for n in range(20)]
    writing.enqueue([*stuck, owed("free", target="free")])

    assert claimed(writing, NOON, limit=3, busy=["stuck", "none"]) == ["free"]
    assert len(claimed(writing, NOON, limit=3)) == 3


def test_nothing_is_claimed_before_an_earlier_one_of_the_same_alert_and_target(writing: Writing) -> None:
    writing.enqueue([owed("second", seq=2), owed("first", seq=1)])
    writing.enqueue(
        [owed("third", seq=3), owed("elsewhere", seq=2, target="mail"), owed("x", alert_id="x", seq=9)]
    )

    assert sorted(claimed(writing, NOON)) == ["elsewhere", "first", "x"]
    assert claimed(writing, NOON) == []


def test_a_later_one_waits_while_the_earlier_one_is_retried(writing: Writing) -> None:
    writing.enqueue([owed("first"), owed("second", seq=2)])
    first = claim_one(writing)
    writing.finish([tried(first, NotificationState.PENDING, next_due_at=NOON + MINUTE)])

    assert claimed(writing, NOON + SECOND) == []
    assert writing.next_delivery_at() == NOON + MINUTE
    first = claim_one(writing, NOON + MINUTE)
    assert (first.key, first.attempts) == ("first", 1)
    writing.finish([tried(first)])
    assert claimed(writing, NOON + MINUTE) == ["second"]


@pytest.mark.parametrize(
    "end",
    [NotificationState.SENT, NotificationState.DEAD, NotificationState.UNKNOWN, NotificationState.CANCELLED],
)
def test_a_finished_one_lets_the_next_one_go_and_is_never_claimed_again(
    writing: Writing, end: NotificationState
) -> None:
    writing.enqueue([owed("first"), owed("second", seq=2)])
    writing.finish([tried(claim_one(writing), end)])

    assert claimed(writing, NOON) == ["second"]
    assert claimed(writing, NOON + 10 * LEASE) == ["second"]


def test_one_that_comes_before_what_waits_goes_first(writing: Writing) -> None:
    writing.enqueue([owed("second", seq=2)])
    writing.enqueue([owed("first", seq=1)])

    assert claimed(writing, NOON) == ["first"]


def test_a_lease_that_has_run_out_is_claimed_again_with_a_new_token_and_marked_unknown(
    writing: Writing,
) -> None:
    writing.enqueue([owed("a")])
    first = claim_one(writing)

    assert claimed(writing, NOON + LEASE - SECOND) == []
    second = claim_one(writing, NOON + LEASE)

    assert second.key == first.key
    assert second.lease > first.lease
    assert (first.unknown, second.unknown) == (False, True)
    assert second.lease_until == NOON + 2 * LEASE


def test_a_stale_lease_finishes_nothing(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([owed("a"), owed("b", alert_id="other")])
        stale, other = writing.claim(NOON, lease_for=LEASE, limit=2, busy=())
        fresh = claim_one(writing, NOON + LEASE)
        assert fresh.key == stale.key

        assert writing.finish([tried(stale), tried(other)]) == {"b"}
        assert writing.finish([tried(fresh)]) == {"a"}
        assert writing.finish([tried(fresh), changed(tried(fresh), key="none")]) == set()

    with store.reading() as reading:
        (a,) = reading.notifications("alert-1")
        assert a.state is NotificationState.SENT
        assert a.attempts == 1


def test_a_lease_still_holds_after_its_end_until_somebody_else_has_claimed(writing: Writing) -> None:
    writing.enqueue([owed("a")])
    one = claim_one(writing)

    assert writing.finish([tried(one, at=NOON + 2 * LEASE)]) == {"a"}
    assert claimed(writing, NOON + 3 * LEASE) == []


def test_a_try_leaves_its_traces_on_the_notification(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([owed("a")])
        first = tried(claim_one(writing), NotificationState.PENDING, next_due_at=NOON + MINUTE, unknown=True)
        writing.finish([first])
    with store.reading() as reading:
        (waiting,) = reading.notifications("alert-1")
    with committed(store) as writing:
        second = tried(claim_one(writing, NOON + MINUTE), at=NOON + MINUTE)
        writing.finish([second])
    with store.reading() as reading:
        (sent,) = reading.notifications("alert-1")
        assert reading.deliveries(["a", "none"]) == [first, second]

    lease = {"lease": first.lease}
    assert waiting == changed(
        owed("a"),
        due_at=NOON + MINUTE,
        attempts=1,
        unknown=True,
        last_error="503",
        **lease,
    )
    assert sent.state is NotificationState.SENT
    assert (sent.attempts, sent.unknown, sent.last_error) == (2, False, "")
    assert (sent.finished_at, sent.lease_until) == (NOON + MINUTE, None)


def test_the_tries_of_a_lost_lease_are_on_record_too(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([owed("a")])
        stale = claim_one(writing)
        fresh = claim_one(writing, NOON + LEASE)
        writing.finish([tried(stale, at=NOON + SECOND), tried(fresh, at=NOON + LEASE)])

    with store.reading() as reading:
        assert [one.lease for one in reading.deliveries(["a"])] == [stale.lease, fresh.lease]


def test_cancelling_takes_back_what_is_pending_of_those_kinds(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([owed("sending", kind="repeat", due_at=NOON - SECOND)])
        claim_one(writing)
        writing.enqueue(
            [
                owed("repeat", kind="repeat", seq=2),
                owed("mail", kind="repeat", target="mail", seq=2),
                owed("louder", kind="louder", seq=3),
                owed("after mail", target="mail", seq=3),
                owed("other", kind="repeat", alert_id="other"),
            ]
        )

        assert writing.cancel("alert-1", ("repeat", "reminder"), NOON + SECOND) == 2
        assert writing.cancel("alert-1", ("repeat", "reminder"), NOON + SECOND) == 0
        assert writing.cancel("alert-1", (), NOON) == 0
        assert sorted(claimed(writing, NOON)) == ["after mail", "other"]

    with store.reading() as reading:
        ends = {one.key: (one.state, one.finished_at) for one in reading.notifications("alert-1")}
    assert ends["repeat"] == ends["mail"] == (NotificationState.CANCELLED, NOON + SECOND)
    assert ends["sending"] == (NotificationState.SENDING, None)


def test_a_cancelled_one_no_longer_holds_up_what_comes_after(writing: Writing) -> None:
    writing.enqueue([owed("repeat", kind="repeat"), owed("resolved", kind="resolved", seq=2)])

    writing.cancel("alert-1", ["repeat"], NOON)

    assert claimed(writing, NOON) == ["resolved"]


def test_the_outbox_says_when_it_wants_to_be_looked_at(writing: Writing) -> None:
    assert writing.next_delivery_at() is None
    writing.enqueue([owed("a", due_at=NOON + SECOND), owed("b", seq=2)])
    assert writing.next_delivery_at() == NOON + SECOND
    one = claim_one(writing, NOON + SECOND)
    assert writing.next_delivery_at() == NOON + SECOND + LEASE
    writing.finish([tried(one)])
    assert writing.next_delivery_at() == NOON
    writing.finish([tried(claim_one(writing))])
    assert writing.next_delivery_at() is None


def test_overdue_are_dead_ones_and_old_unfinished_ones_without_a_fallback(writing: Writing) -> None:
    def state(name: str, target: str, end: NotificationState | None, age: int) -> None:
        writing.enqueue([owed(name, alert_id=name, target=target, created_at=NOON - age * SECOND)])
        (one,) = writing.claim(NOON, lease_for=LEASE, limit=1, busy=())
        if end is not None:
            writing.finish([tried(one, end, next_due_at=NOON + MINUTE)])

    state("dead-young", "t", NotificationState.DEAD, 0)
    state("dead-old", "t", NotificationState.DEAD, 9)
    state("sent", "t", NotificationState.SENT, 9)
    state("unknown", "t", NotificationState.UNKNOWN, 9)
    state("waiting-young", "t", NotificationState.PENDING, 0)
    state("waiting-old", "t", NotificationState.PENDING, 8)
    state("sending-old", "t", None, 7)
    state("covered", "t", NotificationState.DEAD, 9)
    writing.enqueue([owed("stand-in", alert_id="z", created_at=NOON - MINUTE, fallback_of="covered")])
    writing.set_fallback("covered", "stand-in")

    overdue = [one.key for one in writing.overdue(NOON - SECOND, 10)]

    assert overdue == ["dead-old", "waiting-old", "sending-old", "dead-young"]
    assert [one.key for one in writing.overdue(NOON - SECOND, 1)] == ["dead-old"]
    writing.set_fallback("dead-old", "-")
    assert "dead-old" not in [one.key for one in writing.overdue(NOON, 10)]


def test_counts_tell_what_is_pending_and_dead(store: Store) -> None:
    with store.reading() as reading:
        empty = reading.counts()
    with committed(store) as writing:
        writing.enqueue([owed(str(n), alert_id=str(n), created_at=NOON - n * SECOND) for n in range(4)])
        one, two, _ = writing.claim(NOON, lease_for=LEASE, limit=3, busy=())
        writing.finish([tried(one, NotificationState.DEAD), tried(two)])
    with store.reading() as reading:
        counts = reading.counts()
        left = min(
            one.created_at
            for n in range(4)
            for one in reading.notifications(str(n))
            if one.state in (NotificationState.PENDING, NotificationState.SENDING)
        )

    assert (empty.pending, empty.dead, empty.oldest_pending_at) == (0, 0, None)
    assert (counts.pending, counts.dead, counts.oldest_pending_at) == (2, 1, left)


def test_a_rolled_back_claim_is_claimed_again_by_the_same_right(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([owed("a")])
    writing = store.writing()
    writing.begin()
    assert claimed(writing, NOON) == ["a"]
    writing.rollback()

    with committed(store) as writing:
        one = claim_one(writing)
        assert not one.unknown
        assert writing.finish([tried(one)]) == {"a"}


def test_pruning_deletes_old_finished_notifications_with_their_tries(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue(
            [owed("done"), owed("waiting", alert_id="b"), owed("cancelled", alert_id="c", kind="repeat")]
        )
        writing.cancel("c", ["repeat"], NOON)
        done = next(
            one for one in writing.claim(NOON, lease_for=LEASE, limit=9, busy=()) if one.key == "done"
        )
        writing.finish([tried(done)])

        assert writing.prune(logs_before=NOON, runs_before=NOON, limit=10) == 0
        assert writing.prune(logs_before=NOON, runs_before=NOON + SECOND, limit=10) == 3

    with store.reading() as reading:
        assert reading.notifications("alert-1") == reading.notifications("c") == []
        assert reading.deliveries(["done"]) == []
        assert [one.key for one in reading.notifications("b")] == ["waiting"]


def test_the_outcome_of_every_try_is_kept(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([owed("a")])
        one = claim_one(writing)
        tries = [changed(tried(one), outcome=outcome, started_at=NOON) for outcome in DeliveryOutcome]
        writing.finish(tries)

    with store.reading() as reading:
        assert [one.outcome for one in reading.deliveries(["a"])] == list(DeliveryOutcome)
