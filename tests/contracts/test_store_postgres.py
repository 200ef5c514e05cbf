"""What only the shared store must bear: a database that goes away, and servers that start at once."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.contracts.kept import (
    NOON,
    a_check_in,
    a_run,
    an_alert,
    committed,
    due,
    key,
    registered,
)
from tests.contracts.several import Servers, done, transaction
from tests.services.postgres import PostgresServer
from tocsin.errors import StoreBroken, StoreError, StoreUnavailable
from tocsin.jobs.state import JobState
from tocsin.store.postgres import PostgresStore


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
