"""What a store does when the clock was set back, the same in both."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from tests.contracts.kept import LEASE, MINUTE, NOON, an_alert, changed, committed, owed, registered
from tests.contracts.test_store_groups import a_group
from tocsin.store.base import Store
from tocsin.store.rows import Notification, NotificationState, SetAside

HOUR = timedelta(hours=1)
BEFORE = NOON - HOUR


def made(name: str, at: datetime) -> Notification:
    return owed(name, alert_id=f"alert-{name}", created_at=at, due_at=at)


def test_groups_that_are_open_become_due(store: Store) -> None:
    at_rest = replace(a_group("rests", "b"), due_at=None)
    late = replace(a_group("late", "c"), due_at=BEFORE - MINUTE)
    over = replace(a_group("over", "d"), due_at=None, closed_at=NOON)
    with committed(store) as writing:
        writing.save_groups([a_group(), at_rest, late, over])
        assert [group.id for group in writing.due_groups(BEFORE, 10)] == ["late"]

        assert writing.hasten_groups(BEFORE) == 2
        assert {group.id for group in writing.due_groups(BEFORE, 10)} == {"late", "g1", "rests"}
        assert writing.next_group_due_at() == BEFORE - MINUTE


def test_what_is_owed_is_due_now_and_leased_for_no_longer_than_ever(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([made("a", NOON)])
        writing.claim(NOON, lease_for=LEASE, limit=10, busy=())
        writing.enqueue([made("b", NOON + MINUTE)])
        assert writing.claim(BEFORE, lease_for=LEASE, limit=10, busy=()) == []

        assert writing.hasten_outbox(BEFORE, lease_for=LEASE) > 0
        (taken,) = writing.claim(BEFORE, lease_for=LEASE, limit=10, busy=())
        assert (taken.key, taken.created_at, taken.state) == ("b", BEFORE, NotificationState.SENDING)
        assert writing.claim(BEFORE + LEASE / 2, lease_for=LEASE, limit=10, busy=()) == []
        again = writing.claim(BEFORE + LEASE, lease_for=LEASE, limit=10, busy=())
        assert {one.key for one in again} == {"a", "b"}
        assert [one.key for one in writing.overdue(BEFORE + MINUTE, 10)] == ["a", "b"]


def test_what_is_done_and_what_is_not_ahead_stays_as_it_was(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([made("a", NOON), made("b", BEFORE - MINUTE)])
        writing.cancel("alert-a", ["firing"], NOON)

        assert writing.hasten_outbox(BEFORE, lease_for=LEASE) == 0


def test_jobs_with_open_alerts_or_rules_set_aside_by_a_later_clock_are_found_in_pages(store: Store) -> None:
    with committed(store) as writing:
        jobs = [watch.job.id for watch in registered(writing, "one", "two", "three", "quiet")]
        for number in (0, 2):
            writing.save_alerts(
                [changed(an_alert(), id=f"a{number}", fingerprint=f"f{number}", job_id=jobs[number])]
            )
        for number, at in ((1, NOON), (2, NOON), (3, BEFORE - MINUTE)):
            aside = SetAside(rule="r", job_id=jobs[number], at=at, until_at=NOON + HOUR, error="raised")
            writing.save_set_aside(aside)

        found = writing.jobs_that_wait(BEFORE, after=0, limit=2)
        assert found == sorted(jobs[:3])[:2]
        assert writing.jobs_that_wait(BEFORE, after=found[-1], limit=2) == sorted(jobs[:3])[2:]


def test_blind_windows_that_lie_ahead_end_now_and_the_others_stay(store: Store) -> None:
    with committed(store) as writing:
        past = writing.save_blind(BEFORE - HOUR, BEFORE - MINUTE, BEFORE + HOUR)
        writing.save_blind(BEFORE - MINUTE, NOON, NOON + MINUTE)
        writing.save_blind(NOON, NOON + MINUTE, NOON + HOUR)

        assert writing.cut_blind(BEFORE, BEFORE + MINUTE) == NOON
        windows = [(w.from_at, w.to_at, w.hold_until) for w in writing.blind(BEFORE - HOUR)]
        ended = BEFORE + MINUTE
        assert windows == [
            (past.from_at, past.to_at, past.hold_until),
            (BEFORE - MINUTE, BEFORE, ended),
            (BEFORE, BEFORE, ended),
        ]
        assert writing.cut_blind(BEFORE, BEFORE + MINUTE) is None


def test_jobs_that_were_put_off_until_an_instant_or_later_are_found_in_pages(store: Store) -> None:
    with committed(store) as writing:
        jobs = [watch.job.id for watch in registered(writing, "one", "two", "three", "never")]
        for job_id, due_at in zip(jobs, (NOON, BEFORE, NOON + HOUR), strict=False):
            writing.mark_due([job_id], due_at)

        assert writing.jobs_due_from(NOON, after=0, limit=1) == [jobs[0]]
        assert writing.jobs_due_from(NOON, after=jobs[0], limit=9) == [jobs[2]]
