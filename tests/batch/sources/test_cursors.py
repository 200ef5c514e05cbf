"""Cursors and queries of databases."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any, cast

import psycopg
import psycopg.rows
import pytest

from tocsin.batch.sources.base import Source, source_of
from tocsin.batch.sources.cursors import Query
from tocsin.batch.sources.fingerprints import changed
from tocsin.errors import InvalidPipeline, SourceFailed

COUNT = 2_500
ROWS = [{"id": n, "name": f"name {n}"} for n in range(COUNT)]
SQL = "SELECT id, name FROM people ORDER BY id"


@pytest.fixture
def connect(tmp_path: Path) -> Callable[[], sqlite3.Connection]:
    path = tmp_path / "people.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (id INTEGER, name TEXT)")
        connection.executemany("INSERT INTO people VALUES (:id, :name)", ROWS)
    connection.close()
    return lambda: sqlite3.connect(path)


def source(given: object) -> Source:
    return cast("Source", source_of(given))


@pytest.mark.parametrize("start", [0, 1, 999, 1_000, 1_001, 2_499, 2_500, 2_600])
def test_from_any_ordinal_on_comes_what_comes_there_from_the_start(
    connect: Callable[[], sqlite3.Connection], start: int
) -> None:
    connection = connect()

    assert list(source(Query(connect, SQL)).records(start)) == ROWS[start:]
    assert list(source(connection.execute(SQL)).records(start)) == ROWS[start:]
    connection.close()


def test_a_query_can_be_run_again_with_parameters(connect: Callable[[], sqlite3.Connection]) -> None:
    query = source(Query(connect, "SELECT id, name FROM people WHERE id > ? ORDER BY id", (2_497,)))

    assert list(query.records(0)) == list(query.records(0)) == ROWS[2_498:]
    assert query.name == "a query"


def test_what_has_changed_of_a_query_is_said_without_telling_parameters(
    connect: Callable[[], sqlite3.Connection],
) -> None:
    old = source(Query(connect, SQL, ("secret",))).fingerprint()

    assert "secret" not in old
    assert changed(old, source(Query(connect, SQL, ("other",))).fingerprint()) == (
        "a parameter of the query is not what it was"
    )
    assert changed(old, source(Query(connect, SQL + " DESC", ("secret",))).fingerprint()) == (
        "the text of the query is not what it was"
    )
    assert changed(old, old) == ""


def test_a_query_without_an_order_is_read_but_not_resumed(connect: Callable[[], sqlite3.Connection]) -> None:
    query = source(Query(connect, "SELECT id, name FROM people"))

    assert len(list(query.records(0))) == COUNT
    with pytest.raises(InvalidPipeline, match="no ORDER BY"):
        query.records(1)


def test_the_connection_of_a_query_is_closed_also_when_it_is_left_early(
    connect: Callable[[], sqlite3.Connection],
) -> None:
    made: list[sqlite3.Connection] = []

    def watched() -> sqlite3.Connection:
        made.append(connect())
        return made[-1]

    records = cast("Any", source(Query(watched, SQL)).records(0))
    next(records)
    records.close()

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made[0].execute("SELECT 1")


def test_a_cursor_is_not_read_twice(connect: Callable[[], sqlite3.Connection]) -> None:
    connection = connect()
    cursor = source(connection.execute(SQL))
    list(cursor.records(0))

    assert cursor.fingerprint() == ""
    with pytest.raises(InvalidPipeline, match="can be read once"):
        cursor.records(0)
    connection.close()


def test_a_cursor_of_another_thread_is_refused_with_what_to_do(
    connect: Callable[[], sqlite3.Connection],
) -> None:
    connection = connect()
    cursor = source(connection.execute(SQL))
    said: list[str] = []

    def reading() -> None:
        try:
            next(cursor.records(0))
        except InvalidPipeline as error:
            said.append(str(error))

    thread = Thread(target=reading)
    thread.start()
    thread.join()

    assert "give a Query, or connect with check_same_thread=False" in said[0]
    connection.close()


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("SELECT * FROM nowhere", "a query cannot be run: no such table: nowhere"),
        ("SELECT id, id FROM people", "more than one column is named 'id'"),
    ],
)
def test_a_query_that_cannot_be_run_is_refused(
    connect: Callable[[], sqlite3.Connection], sql: str, fault: str
) -> None:
    with pytest.raises(InvalidPipeline, match=fault):
        next(source(Query(connect, sql)).records(0))


def test_a_database_that_is_not_there_is_refused(tmp_path: Path) -> None:
    query = Query(lambda: sqlite3.connect(tmp_path / "no" / "where.db"), SQL)

    with pytest.raises(InvalidPipeline, match="a query: no connection: unable to open"):
        next(source(query).records(0))


def test_a_cursor_on_which_nothing_was_executed_is_refused(connect: Callable[[], sqlite3.Connection]) -> None:
    connection = connect()

    with pytest.raises(InvalidPipeline, match="before a query was executed"):
        source_of(connection.cursor())
    connection.close()


@pytest.mark.parametrize("transaction", ["its own", "none"])
@pytest.mark.parametrize("rows", [psycopg.rows.tuple_row, psycopg.rows.dict_row])
def test_postgresql_gives_its_rows_in_portions_and_not_all_at_once(
    fresh_postgres: str, transaction: str, rows: psycopg.rows.RowFactory[Any]
) -> None:
    portions: list[int] = []

    class Watched(psycopg.ServerCursor[Any]):
        def fetchmany(self, size: int = 0) -> list[Any]:
            portions.append(size)
            return super().fetchmany(size)

    def connect() -> psycopg.Connection[Any]:
        connection = psycopg.connect(fresh_postgres, autocommit=transaction == "none", row_factory=rows)
        connection.server_cursor_factory = Watched
        return connection

    sql = "SELECT n AS id, 'name ' || n AS name FROM generate_series(0, %s) AS n ORDER BY n"

    assert list(source(Query(connect, sql, (COUNT - 1,))).records(1_500)) == ROWS[1_500:]
    assert portions == [1_000] * 4
    with psycopg.connect(fresh_postgres, row_factory=rows) as connection:
        assert list(source(connection.execute(sql, (COUNT - 1,))).records(2)) == ROWS[2:]


def test_a_database_that_fails_on_the_way_says_after_how_many_records() -> None:
    class Failing:
        description = (("id",),)
        left = 2

        def fetchmany(self, size: int = 1_000) -> list[tuple[int]]:
            self.left -= 1
            if self.left < 0:
                raise ConnectionError("the server is gone")
            return [(n,) for n in range(size)]

    records = source(Failing()).records(0)
    read: list[object] = []

    with pytest.raises(SourceFailed, match="cannot be read on after 2,000 records: the server is gone"):
        read.extend(iter(records.__next__, None))

    assert len(read) == 2_000
