"""What several servers on one PostgreSQL may do to each other."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from tests.contracts.kept import (
    LEASE,
    MINUTE,
    NOON,
    a_job,
    a_run,
    an_alert,
    changed,
    claimed,
    committed,
    due,
    key,
    owed,
    registered,
    tried,
)
from tests.contracts.several import PATIENCE_SECONDS, Servers, done, transaction, wait_until_blocked
from tocsin.errors import StoreBroken, StoreContended
from tocsin.jobs.job import Definition
from tocsin.jobs.state import JobState
from tocsin.store.base import Writing
from tocsin.store.postgres import PostgresStore
from tocsin.store.rows import NotificationState


def test_only_one_of_two_racing_servers_opens_an_alert(
    servers: Servers, pool: ThreadPoolExecutor, empty_schema: str
) -> None:
    one, two = servers(), servers()

    def open_second() -> None:
        with committed(two) as writing:
            writing.save_alerts([an_alert("second")])

    with transaction(one) as first:
        first.save_alerts([an_alert("first")])
        second = pool.submit(open_second)
        wait_until_blocked(empty_schema)
        first.commit()

    with pytest.raises(StoreBroken):
        done(second)
    with one.reading() as reading:
        assert reading.alert("first") is not None
        assert reading.alert("second") is None


def test_four_claimers_share_the_work_and_never_claim_one_twice(
    servers: Servers, pool: ThreadPoolExecutor
) -> None:
    stores = [servers() for _ in range(4)]
    with committed(stores[0]) as writing:
        writing.enqueue(
            [
                owed(f"n{n}", alert_id=f"a{n // 2}", target=f"t{n % 3}", seq=n, severity=n % 4)
                for n in range(240)
            ]
        )
    together = threading.Barrier(4)

    def work(store: PostgresStore) -> list[str]:
        together.wait(PATIENCE_SECONDS)
        keys: list[str] = []
        idle = 0
        while idle < 3:
            with committed(store) as writing:
                taken = writing.claim(NOON, lease_for=LEASE, limit=7, busy=())
            with committed(store) as writing:
                assert writing.finish([tried(one) for one in taken]) == {one.key for one in taken}
            keys += [one.key for one in taken]
            idle = 0 if taken else idle + 1
        return keys

    keys = list(chain.from_iterable(map(done, [pool.submit(work, store) for store in stores])))

    assert sorted(keys) == sorted(f"n{n}" for n in range(240))


def test_a_claim_of_a_dead_server_is_taken_over_and_its_late_answer_counts_no_more(servers: Servers) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        writing.enqueue([owed("a")])
        (stale,) = writing.claim(NOON, lease_for=LEASE, limit=1, busy=())
    with committed(two) as writing:
        (fresh,) = writing.claim(NOON + LEASE, lease_for=LEASE, limit=1, busy=())

    with committed(one) as writing:
        assert writing.finish([tried(stale)]) == set()
    with committed(two) as writing:
        assert writing.finish([tried(fresh)]) == {"a"}


def test_servers_agree_on_the_order_when_one_enqueues_while_another_finishes(
    servers: Servers, pool: ThreadPoolExecutor, empty_schema: str
) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        writing.enqueue([owed("first")])
        (first,) = writing.claim(NOON, lease_for=LEASE, limit=1, busy=())

    def enqueue_second() -> None:
        with committed(two) as writing:
            writing.enqueue([owed("second", seq=2)])

    with transaction(one) as finishing:
        finishing.finish([tried(first)])
        second = pool.submit(enqueue_second)
        wait_until_blocked(empty_schema)
        finishing.commit()
    done(second)
    with committed(one) as writing:
        assert claimed(writing, NOON) == ["second"]


def test_servers_agree_on_the_order_when_one_finishes_while_another_enqueues(
    servers: Servers, pool: ThreadPoolExecutor, empty_schema: str
) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        writing.enqueue([owed("first")])
        (first,) = writing.claim(NOON, lease_for=LEASE, limit=1, busy=())

    def finish_first() -> None:
        with committed(two) as writing:
            writing.finish([tried(first, NotificationState.DEAD)])

    with transaction(one) as enqueueing:
        enqueueing.enqueue([owed("second", seq=2)])
        finished = pool.submit(finish_first)
        wait_until_blocked(empty_schema)
        enqueueing.commit()
    done(finished)
    with committed(one) as writing:
        assert claimed(writing, NOON) == ["second"]


def test_jobs_that_another_server_holds_are_passed_over_by_what_is_due(servers: Servers) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        a, b = registered(writing, "a", "b")
        writing.save([due(a, NOON), due(b, NOON + MINUTE)])

    with transaction(one) as holding, transaction(two) as passing:
        assert [watch.job.name for watch in holding.due(NOON + MINUTE, 1)] == ["a"]
        assert [watch.job.name for watch in passing.due(NOON + MINUTE, 10)] == ["b"]
        assert [watch.job.name for watch in holding.due(NOON + MINUTE, 10)] == ["a"]
        assert passing.outdated(1, 10) == passing.watches_by_id([b.job.id])


def test_who_waited_for_a_job_sees_all_that_the_other_server_wrote(
    servers: Servers, pool: ThreadPoolExecutor, empty_schema: str
) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        (watch,) = registered(writing, "etl")
    with committed(two) as writing:
        writing.watches([key()])
    later = changed(
        due(watch, NOON, state=JobState(open_runs=(a_run(),), last=a_run("old"), failures=(a_run("bad"),))),
        job=changed(watch.job, definition=Definition(owner="kim")),
        judged_under=3,
        alerting=True,
    )

    def look() -> tuple[object, object]:
        with committed(two) as writing:
            return writing.watches([key()])[key()], writing.register([a_job()])[key()]

    with transaction(one) as first:
        first.watches([key()])
        first.save([later])
        looking = pool.submit(look)
        wait_until_blocked(empty_schema)
        first.commit()

    assert done(looking) == (later, later)


def test_what_one_server_changes_the_other_sees_whatever_it_remembers(servers: Servers) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        (watch,) = registered(writing, "etl")
    steps = [
        due(watch, NOON),
        due(watch, NOON, state=JobState(open_runs=(a_run(),))),
        due(watch, NOON, state=JobState(last=a_run())),
        due(watch, None, state=JobState(last=a_run("other"), failures_dropped=1)),
        due(watch, None, job=changed(watch.job, paused_at=NOON)),
    ]
    for number, step in enumerate(steps):
        writer, reader = (one, two) if number % 2 else (two, one)
        with committed(writer) as writing:
            writing.watches([key()])
            writing.save([step])
        with committed(reader) as writing:
            assert writing.watches([key()]) == {key(): step}


def test_what_was_rolled_back_is_not_taken_for_what_another_server_wrote(servers: Servers) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        (watch,) = registered(writing, "etl")
    with transaction(one) as forgotten:
        forgotten.watches([key()])
        forgotten.save([due(watch, NOON, state=JobState(last=a_run("forgotten")))])
    kept = due(watch, NOON, state=JobState(last=a_run("kept")))
    with committed(two) as writing:
        writing.watches([key()])
        writing.save([kept])

    with committed(one) as writing:
        assert writing.watches([key()]) == {key(): kept}


def test_a_job_that_another_server_renamed_or_deleted_is_found_no_more(servers: Servers) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        a, b = registered(writing, "a", "b")
    with committed(two) as writing:
        writing.watches([key("a"), key("b")])
    with committed(one) as writing:
        writing.rename(a.job.id, "c")
        writing.delete(b.job.id)
        (new_b,) = registered(writing, "b")

    with committed(two) as writing:
        found = writing.watches([key("a"), key("b"), key("c")])
        assert {name.name: watch.job.id for name, watch in found.items()} == {
            "b": new_b.job.id,
            "c": a.job.id,
        }
    with committed(two) as writing:
        assert set(writing.watches([key("a"), key("b"), key("c")])) == {key("b"), key("c")}
        assert writing.watches_by_id([b.job.id]) == []


def test_servers_that_register_the_same_jobs_at_once_agree_on_their_ids(
    servers: Servers, pool: ThreadPoolExecutor
) -> None:
    stores = [servers() for _ in range(4)]
    together = threading.Barrier(4)

    def register(store: PostgresStore) -> dict[object, int]:
        together.wait(PATIENCE_SECONDS)
        with committed(store) as writing:
            found = writing.register([a_job(f"job-{n % 50}") for n in range(60)])
        return {name: watch.job.id for name, watch in found.items()}

    seen = list(map(done, [pool.submit(register, store) for store in stores]))

    assert all(one == seen[0] for one in seen)
    with stores[0].reading() as reading:
        assert reading.counts().jobs == 50


def test_servers_that_want_each_others_jobs_are_told_to_repeat(
    servers: Servers, pool: ThreadPoolExecutor, empty_schema: str
) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        a, b = registered(writing, "a", "b")

    def take_a_second(writing: Writing) -> None:
        writing.watches_by_id([a.job.id])
        writing.save([due(a, NOON)])
        writing.commit()

    with transaction(one) as first, transaction(two) as second:
        first.watches_by_id([a.job.id])
        second.watches_by_id([b.job.id])
        other = pool.submit(take_a_second, second)
        wait_until_blocked(empty_schema)
        ends = []
        for attempt in (lambda: first.watches_by_id([b.job.id]), lambda: done(other)):
            try:
                attempt()
            except StoreContended:
                ends.append("repeat")
                first.rollback()
            else:
                ends.append("done")

    assert sorted(ends) == ["done", "repeat"]
    with committed(one) as writing:
        assert len(writing.watches_by_id([a.job.id, b.job.id])) == 2
