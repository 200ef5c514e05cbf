"""A table as a sink, on SQLite and on a real PostgreSQL."""

import asyncio
import functools
import pickle
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.batch.sinks.batches import batch_of
from tocsin.batch.outcome import Delivered, Kind, Outcome, Partial, Refused, Rejected
from tocsin.batch.sinks.sql import SQLTable
from tocsin.errors import InvalidPipeline

COLUMNS = ("id", "name", "price")
TABLE = (
    "CREATE TABLE orders (id integer PRIMARY KEY, name varchar(20) NOT NULL CHECK (name <> 'bad'), price {})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database with an empty table `orders`."""

    connect: Callable[[], Any]

    def ask(self, statement: str) -> list[Any]:
        connection = self.connect()
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return list(rows)
        finally:
            connection.close()

    def sink(self, **settings: Any) -> SQLTable:  # noqa: ANN401 -- any setting
        return SQLTable(self.connect, "orders", COLUMNS, **{"key": "id", **settings})


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        made = Database(connect=functools.partial(sqlite3.connect, tmp_path / "x.db", timeout=0.1))
        made.ask(TABLE.format("numeric CHECK (typeof(price) <> 'text')"))
    else:
        made = Database(connect=functools.partial(psycopg.connect, request.getfixturevalue("fresh_postgres")))
        made.ask(TABLE.format("numeric"))
    return made


def order(number: object, name: object = "tea", price: object = 3) -> dict[str, object]:
    return {"id": number, "name": name, "price": price}


def written(sink: SQLTable, *batches: list[dict[str, object]]) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with sink:
            return [await sink.send(batch_of(sink, one)) for one in batches]

    return asyncio.run(run())


def test_records_become_rows_in_one_transaction_a_batch(database: Database) -> None:
    assert (
        written(database.sink(), [order(1), order(2, "é", 2.5)], [order(3, price=None)]) == [Delivered()] * 2
    )

    assert database.ask("SELECT id, name, price FROM orders ORDER BY id") == [
        (1, "tea", 3),
        (2, "é", 2.5),
        (3, "tea", None),
    ]


def test_a_batch_that_is_sent_again_does_no_harm(database: Database) -> None:
    batch = [order(1), order(2)]

    assert written(database.sink(), batch, batch, [order(2, "coffee"), order(3)]) == [Delivered()] * 3

    assert database.ask("SELECT id, name FROM orders ORDER BY id") == [(1, "tea"), (2, "tea"), (3, "tea")]


def test_what_is_there_can_be_written_over_and_the_last_one_counts(database: Database) -> None:
    sink = database.sink(on_conflict="update")

    assert written(sink, [order(1), order(1, "coffee")], [order(2), order(2, price=9)]) == [Delivered()] * 2

    assert database.ask("SELECT id, name, price FROM orders ORDER BY id") == [(1, "coffee", 3), (2, "tea", 9)]


def test_rows_that_the_database_refuses_are_named_and_the_others_kept(database: Database) -> None:
    rows = [order(number) for number in range(50)]
    rows[7] = order(7, "bad")
    rows[31] = order(31, None)
    rows[49] = order(10**30)

    (outcome,) = written(database.sink(), rows)

    assert isinstance(outcome, Partial)
    assert sorted(outcome.rejected) == [7, 31, 49]
    assert "check" in outcome.rejected[7].lower()
    assert "null" in outcome.rejected[31].lower()
    assert database.ask("SELECT count(*), sum(id) FROM orders") == [(47, sum(range(50)) - 7 - 31 - 49)]


def test_a_batch_of_bad_rows_alone_is_rejected_row_by_row(database: Database) -> None:
    (outcome,) = written(database.sink(), [order(number, "bad") for number in range(5)])

    assert isinstance(outcome, Partial)
    assert sorted(outcome.rejected) == [0, 1, 2, 3, 4]
    assert database.ask("SELECT count(*) FROM orders") == [(0,)]


def test_a_table_that_is_not_there_is_nobodys_fault_but_the_pipelines(database: Database) -> None:
    for table, columns in (("nowhere", COLUMNS), ("orders", ("id", "colour"))):
        sink = SQLTable(database.connect, table, columns)

        async def run(
            sink: SQLTable = sink, columns: tuple[str, ...] = columns
        ) -> tuple[Outcome, Refused | None]:
            async with sink:
                return await sink.send(batch_of(sink, [dict.fromkeys(columns, 1)])), await sink.check()

        outcome, found = asyncio.run(run())

        assert isinstance(outcome, Refused)
        assert outcome.kind is Kind.UNAUTHORIZED
        assert found is not None
        assert found.kind is Kind.UNAUTHORIZED
        assert table in found.reason or "colour" in found.reason


def test_a_check_writes_nothing_and_finds_nothing_wrong(database: Database) -> None:
    async def run() -> Refused | None:
        async with database.sink() as sink:
            return await sink.check()

    assert asyncio.run(run()) is None
    assert database.ask("SELECT count(*) FROM orders") == [(0,)]


def test_a_connection_that_is_lost_is_made_anew(fresh_postgres: str) -> None:
    database = Database(connect=functools.partial(psycopg.connect, fresh_postgres))
    database.ask(TABLE.format("numeric"))

    async def run() -> list[Outcome]:
        async with database.sink() as sink:
            first = await sink.send(batch_of(sink, [order(1)]))
            with psycopg.connect(fresh_postgres, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            return [first, *[await sink.send(batch_of(sink, [order(1), order(2)])) for _ in range(2)]]

    first, lost, again = asyncio.run(run())

    assert (first, again) == (Delivered(), Delivered())
    assert isinstance(lost, Refused)
    assert lost.kind is Kind.TRANSIENT
    assert database.ask("SELECT count(*) FROM orders") == [(2,)]


def test_a_database_that_is_locked_is_waited_for_and_nothing_is_left_by_half(tmp_path: Path) -> None:
    database = Database(connect=functools.partial(sqlite3.connect, tmp_path / "x.db", timeout=0.01))
    database.ask(TABLE.format("numeric"))

    async def run() -> list[Outcome]:
        async with database.sink() as sink:
            other = database.connect()
            other.execute("BEGIN IMMEDIATE")
            locked = await sink.send(batch_of(sink, [order(1)]))
            other.rollback()
            other.close()
            return [locked, await sink.send(batch_of(sink, [order(1)]))]

    locked, again = asyncio.run(run())

    assert isinstance(locked, Refused)
    assert (locked.kind, again) == (Kind.TRANSIENT, Delivered())


def test_a_send_that_is_cancelled_frees_the_connection(fresh_postgres: str) -> None:
    database = Database(connect=functools.partial(psycopg.connect, fresh_postgres))
    database.ask(TABLE.format("numeric"))

    async def run() -> Outcome:
        with psycopg.connect(fresh_postgres) as other:
            other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            async with database.sink() as sink:
                sending = asyncio.create_task(sink.send(batch_of(sink, [order(1)])))
                while not other.execute(_WAITING).fetchone():
                    await asyncio.to_thread(_PAUSE.wait, 0.01)
                sending.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await sending
                other.rollback()
                outcomes = [await sink.send(batch_of(sink, [order(1)])) for _ in range(2)]
                return outcomes[-1]

    assert asyncio.run(run()) == Delivered()


_PAUSE = threading.Event()
_WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


def test_transactions_are_kept_where_the_connection_commits_by_itself(
    tmp_path: Path, fresh_postgres: str
) -> None:
    for connect in (
        functools.partial(sqlite3.connect, tmp_path / "x.db", isolation_level=None),
        functools.partial(psycopg.connect, fresh_postgres, autocommit=True),
    ):
        database = Database(connect=connect)
        database.ask(TABLE.format("numeric"))

        (outcome,) = written(database.sink(), [order(1), order(2, "bad"), order(3)])

        assert isinstance(outcome, Partial)
        assert list(outcome.rejected) == [1]
        assert database.ask("SELECT count(*) FROM orders") == [(2,)]


def test_values_go_as_json_says_them(fresh_postgres: str) -> None:
    connect = functools.partial(psycopg.connect, fresh_postgres)
    database = Database(connect=connect)
    database.ask('CREATE SCHEMA "s"')
    database.ask('CREATE TABLE s.t (id text, at timestamptz, sum numeric, "50%" jsonb, ok boolean)')
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    record = {"id": "a", "at": at, "sum": Decimal("0.10"), "50%": {"tags": ["x"]}, "ok": True}
    sink = SQLTable(connect, "s.t", tuple(record))

    assert written(sink, [record]) == [Delivered()]

    assert database.ask("SELECT * FROM s.t") == [("a", at, Decimal("0.10"), {"tags": ["x"]}, True)]


@pytest.mark.parametrize(
    ("record", "word"),
    [
        (7, "is an int"),
        ({**order(1), "colour": "red"}, "field colour"),
        (order(None), "no id"),
        ({"name": "tea"}, "no id"),
        (order(1, price=float("nan")), "JSON cannot say"),
    ],
)
def test_a_record_that_is_no_row_is_rejected_before_it_is_sent(record: object, word: str) -> None:
    sink = SQLTable(functools.partial(sqlite3.connect, ":memory:"), "orders", COLUMNS, key="id")

    with pytest.raises(Rejected, match=word):
        sink.encode(record, "r-1")


def test_other_fields_are_left_out_where_that_is_said() -> None:
    sink = SQLTable(functools.partial(sqlite3.connect, ":memory:"), "orders", COLUMNS, extra="ignore")

    assert sink.encode({"id": 1, "colour": "red"}, "r-1") == b'{"id":1,"name":null,"price":null}'


@pytest.mark.parametrize(
    "settings",
    [
        {"columns": ()},
        {"columns": "id"},
        {"columns": ("id", "id")},
        {"key": "colour"},
        {"on_conflict": "fail"},
        {"key": (), "on_conflict": "update"},
        {"extra": "keep"},
        {"table": ""},
        {"table": "a..b"},
        {"columns": ("id", "\0")},
    ],
)
def test_a_setting_that_cannot_be_used_is_told_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidPipeline):
        SQLTable(
            **{"connect": sqlite3.connect, "table": "orders", "columns": COLUMNS, "key": "id", **settings}
        )


def test_no_connection_to_be_had_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    for connect in (
        functools.partial(sqlite3.connect, tmp_path / "missing" / "x.db"),
        functools.partial(psycopg.connect, "postgresql://ada:s3cret-pass@127.0.0.1:1/x", connect_timeout=5),
    ):
        with pytest.raises(InvalidPipeline, match="no connection") as fault:
            written(SQLTable(connect, "orders", COLUMNS))
        assert "s3cret-pass" not in str(fault.value)


def test_a_driver_that_nobody_knows_needs_its_paramstyle() -> None:
    class Own:
        def close(self) -> None:
            """Nothing is open."""

    with pytest.raises(InvalidPipeline, match="paramstyle"):
        written(SQLTable(Own, "orders", COLUMNS))  # type: ignore[arg-type]  # that is the fault


def test_a_sink_goes_to_other_processes_and_tells_two_databases_apart(tmp_path: Path) -> None:
    one, other = (
        SQLTable(functools.partial(sqlite3.connect, str(tmp_path / name)), "orders", COLUMNS) for name in "ab"
    )
    copy = pickle.loads(pickle.dumps(one))  # noqa: S301 -- our own bytes

    assert copy.limits == one.limits
    assert copy.limits.scope != other.limits.scope
    assert copy.encode(order(1), "r-1") == one.encode(order(1), "r-1")
