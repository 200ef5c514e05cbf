"""What only the shared store must bear: several servers at once, and a database that goes away."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import TypeVar

import psycopg
import pytest

from tests.contracts.kept import (
    LEASE,
    MINUTE,
    NOON,
    a_check_in,
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
from tests.services.postgres import PostgresServer
from tocsin.errors import StoreBroken, StoreContended, StoreError, StoreUnavailable
from tocsin.jobs.job import Definition
from tocsin.jobs.state import JobState
from tocsin.store.base import Writing
from tocsin.store.postgres import PostgresStore
from tocsin.store.rows import NotificationState

T = TypeVar("T")
PATIENCE_SECONDS = 30
Servers = Callable[[], PostgresStore]


@pytest.fixture
def servers(empty_schema: str) -> Iterator[Servers]:
    """Starts servers on one database, and stops them afterwards."""
    opened: list[PostgresStore] = []

    def start() -> PostgresStore:
        opened.append(PostgresStore(empty_schema))
        return opened[-1]

    yield start
    for store in opened:
        store.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@contextmanager
def transaction(store: PostgresStore) -> Iterator[Writing]:
    """Open a transaction that the test itself ends or forgets."""
    writing = store.writing()
    writing.begin()
    yield writing
    writing.rollback()


def wait_until_blocked(url: str) -> None:
    """Return when some session of the database waits for a lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(100_000):
            row = connection.execute(waiting).fetchone()
            if row is not None and row[0]:
                return
    pytest.fail("nobody waited for a lock")


def done(future: Future[T]) -> T:
    return future.result(PATIENCE_SECONDS)


def test_servers_that_start_at_once_migrate_once(servers: Servers, pool: ThreadPoolExecutor) -> None:
    starting = [pool.submit(servers) for _ in range(4)]

    for store in map(done, starting):
        with store.reading() as reading:
            assert reading.counts().jobs == 0


def test_a_newer_schema_is_not_touched(servers: Servers, empty_schema: str) -> None:
    servers()
    with psycopg.connect(empty_schema, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_version VALUES (999)")

    with pytest.raises(StoreBroken, match=r"newer Tocsin \(schema 999"):
        servers()


def test_an_address_that_cannot_be_read_is_broken() -> None:
    with pytest.raises(StoreBroken, match="address of the database cannot be read"):
        PostgresStore("postgresql://[half")


def test_a_database_that_is_away_is_unavailable_and_the_password_stays_secret() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        PostgresStore("postgresql://kim:tiger-lily@127.0.0.1:1/tocsin")

    assert "127.0.0.1" in str(caught.value)
    assert "tiger-lily" not in str(caught.value)


def test_a_copy_is_left_to_the_databases_own_tools(servers: Servers) -> None:
    with pytest.raises(StoreError, match="pg_dump"):
        servers().backup("copy.db")


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


def test_a_transaction_that_failed_cannot_be_committed(servers: Servers) -> None:
    store = servers()
    with transaction(store) as writing:
        writing.save_note("beside", "it")
        writing.save_alerts([an_alert("first")])
        with pytest.raises(StoreBroken):
            writing.save_alerts([an_alert("second")])
        with pytest.raises(StoreBroken, match="not kept"):
            writing.commit()

    with committed(store) as writing:
        assert writing.note("beside") is None


def end_other_sessions(url: str) -> None:
    statement = (
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def test_a_connection_lost_in_a_transaction_loses_that_transaction_only(
    servers: Servers, empty_schema: str
) -> None:
    store = servers()
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
    with transaction(store) as writing:
        writing.save_note("beside", "it")
        writing.save([due(watch, NOON)])
        end_other_sessions(empty_schema)
        with pytest.raises(StoreUnavailable):
            writing.append([(watch.job.id, a_check_in())])

    with committed(store) as writing:
        assert writing.note("beside") is None
        assert writing.watches([key()]) == {key(): watch}


def test_a_connection_lost_at_the_commit_is_unavailable(servers: Servers, empty_schema: str) -> None:
    store = servers()
    with transaction(store) as writing:
        writing.save_note("beside", "it")
        end_other_sessions(empty_schema)
        with pytest.raises(StoreUnavailable):
            writing.commit()

    with committed(store) as writing:
        assert writing.note("beside") is None


def test_a_connection_lost_while_idle_costs_nothing(servers: Servers, empty_schema: str) -> None:
    store = servers()
    with store.reading() as reading:
        reading.counts()
    end_other_sessions(empty_schema)

    with committed(store) as writing:
        writing.save_note("kept", "it")
    with store.reading() as reading:
        assert reading.counts().jobs == 0


def test_nothing_is_remembered_of_a_database_that_may_have_been_restored(
    servers: Servers, empty_schema: str
) -> None:
    store = servers()
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save([due(watch, NOON, state=JobState(last=a_run("newer")))])
    with psycopg.connect(empty_schema) as connection:
        connection.execute("UPDATE memories SET memory = replace(memory, 'newer', 'older')")
    end_other_sessions(empty_schema)

    with committed(store) as writing:
        assert writing.watches([key()])[key()].state.last == a_run("older")


def test_a_database_that_went_away_and_came_back_is_used_again(postgres_alone: PostgresServer) -> None:
    store = PostgresStore(postgres_alone.url)
    with committed(store) as writing:
        registered(writing, "etl")
    with store.reading() as reading:
        reading.counts()
    postgres_alone.stop(mode="immediate")

    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            store.writing().begin()
        store.writing().rollback()
        with pytest.raises(StoreUnavailable), store.reading():
            pass
    postgres_alone.start()

    with committed(store) as writing:
        assert len(writing.watches([key()])) == 1
    with store.reading() as reading:
        assert reading.counts().jobs == 1
    store.close()
