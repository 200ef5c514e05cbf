"""Databases are asked once, are read and nothing else, and tell what goes wrong without a password."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
import pytest

from tests.measure.expected import MEASURED
from tests.measure.hostile import AS_OF, hostile_rows, write_postgres
from tests.services.postgres import PostgresServer
from tocsin.errors import NotMeasured
from tocsin.jobs.checks import Metric
from tocsin.measure.alchemy import AnyTable
from tocsin.measure.databases import database, type_of
from tocsin.measure.engine import Engine, Table
from tocsin.quality.measurement import Age, Between, Custom, FoundIn, Matching, Measurement, Quantile, Reading

ORDERS = (
    "CREATE TABLE orders (id integer, note text, amount numeric, placed_at timestamp)",
    "CREATE TABLE customers (id integer)",
    "INSERT INTO orders VALUES (1, 'a', 1.5, '2026-03-01 10:00'), (2, 'a', 2.5, '2026-03-02 10:00')",
    "INSERT INTO customers VALUES (1)",
)


@pytest.fixture(scope="module")
def orders_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("orders") / "orders.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in ORDERS:
            connection.execute(statement)
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def orders_url(postgres_server: PostgresServer) -> str:
    url = postgres_server.url_of(postgres_server.create_database())
    with psycopg.connect(url) as connection:
        for statement in ORDERS:
            connection.execute(statement.encode())
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgres", "any database"])
def orders(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = database(request.getfixturevalue("orders_file"), "orders")
    elif request.param == "postgres":
        engine = database(request.getfixturevalue("orders_url"), "orders")
    else:
        url: str = request.getfixturevalue("orders_url")
        engine = AnyTable(url.replace("postgresql", "postgresql+psycopg"), "orders")
    with closing(engine):
        yield engine


def read(engine: Engine, metric: Metric, *columns: str, detail: object = None) -> Reading:
    asked = Measurement(metric=metric, columns=columns, detail=detail)  # type: ignore[arg-type]  # told by the caller
    return Table(engine).measure([asked], AS_OF)[asked]


@pytest.mark.parametrize("address", ["orders_file", "orders_url"])
def test_a_table_that_is_not_there_is_told_with_the_one_that_was_meant(
    request: pytest.FixtureRequest, address: str
) -> None:
    with closing(database(request.getfixturevalue(address), "Ordrs")) as engine:
        with pytest.raises(NotMeasured, match="there is no table 'Ordrs'; did you mean 'orders'"):
            engine.columns()
        assert engine.rows("SELECT 1") == [(1,)]


def test_sqlalchemy_tells_the_same_of_a_table_that_is_not_there(orders_url: str) -> None:
    engine = AnyTable(orders_url.replace("postgresql", "postgresql+psycopg"), "public.ordrs")

    with closing(engine), pytest.raises(NotMeasured, match=r"there is no table 'public\.ordrs'"):
        engine.columns()


def test_a_column_that_is_not_there_is_told_with_the_one_that_was_meant(orders: Engine) -> None:
    found = read(orders, Metric.NULL_RATE, "amuont")

    assert found.is_error
    assert found.said == "there is no column 'amuont'; did you mean 'amount'?"


def test_a_range_of_texts_is_refused_before_anything_is_read(orders: Engine) -> None:
    found = read(orders, Metric.IN_RANGE, "note", detail=Between(low=0.0))

    assert found.is_error
    assert "in_range is measured of numbers" in found.said


def test_a_column_that_the_other_table_lacks_is_looked_up_nowhere_else(orders: Engine) -> None:
    found = read(orders, Metric.REFERENCES, "id", detail=FoundIn("customers", "note"))

    assert found.is_error
    assert "note" in found.said


def test_where_nothing_is_approximated_the_count_is_exact_and_says_so(orders: Engine) -> None:
    asked = Measurement(metric=Metric.UNIQUENESS, columns=("note",), is_approximate=True)

    found = Table(orders).measure([asked], AS_OF)[asked]

    assert found == Reading(value=0.5, said="exact, there is no approximate count")


def test_what_cannot_be_measured_costs_nothing_else(orders: Engine) -> None:
    bad = Measurement(metric=Metric.CUSTOM, detail=Custom("sum(nowhere)"))
    rows = Measurement(metric=Metric.ROW_COUNT)
    largest = Measurement(metric=Metric.MAXIMUM, columns=("amount",))

    found = Table(orders).measure([rows, bad, largest], AS_OF)

    assert found[bad].is_error
    assert "nowhere" in found[bad].said
    assert (found[rows].value, found[largest].value) == (2, 2.5)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM orders",
        "SELECT 1; DROP TABLE orders",
        "SELECT 1; COMMIT; DROP TABLE orders",
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone",
        "CREATE TABLE more (id integer)",
    ],
)
@pytest.mark.parametrize("address", ["orders_file", "orders_url"])
def test_whatever_is_asked_nothing_is_written(
    request: pytest.FixtureRequest, address: str, statement: str
) -> None:
    with closing(database(request.getfixturevalue(address), "orders")) as engine:
        with pytest.raises(NotMeasured):
            engine.rows(statement)

        assert engine.rows("SELECT count(*) FROM orders") == [(2,)]


def test_a_query_of_ones_own_that_would_write_is_an_error(orders: Engine) -> None:
    found = read(orders, Metric.CUSTOM, detail=Custom("SELECT 1) AS x; DELETE FROM orders; --"))

    assert found.is_error
    assert read(orders, Metric.ROW_COUNT).value == 2


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT id FROM {table}", "more than one row"),
        ("SELECT id, note FROM {table} WHERE id = 1", "1 rows of 2 columns"),
        ("SELECT id FROM {table} WHERE id = 7", "no row"),
        ("SELECT note FROM {table} WHERE id = 1", "'a', which is no number"),
        ("SELECT max(amount) FROM {table} WHERE id = 7", "null"),
    ],
)
def test_a_query_of_ones_own_gives_one_number(orders: Engine, query: str, said: str) -> None:
    assert said in read(orders, Metric.CUSTOM, detail=Custom(query)).said


ENDLESS = {
    "orders_file": "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "orders_url": "SELECT count(pg_sleep(60))",
}


@pytest.mark.parametrize("address", ["orders_file", "orders_url"])
def test_what_takes_too_long_is_stopped_and_not_asked_again(
    request: pytest.FixtureRequest, address: str
) -> None:
    with closing(database(request.getfixturevalue(address), "orders", timeout_seconds=0.2)) as engine:
        found = read(engine, Metric.CUSTOM, detail=Custom(ENDLESS[address]))

        assert found == Reading(said="it took longer than 0.2 s and was stopped", is_error=True)
        with pytest.raises(NotMeasured) as stopped:
            engine.rows(ENDLESS[address])
        assert not stopped.value.is_statement
        assert engine.rows("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:geheim@127.0.0.1:1/db",
        "postgresql://ada:ge@heim@127.0.0.1:1/db",
        "postgresql://ada:geheim/x@127.0.0.1:1/db",
        "postgresql://ada:12/geheim@127.0.0.1:1/db",
        "postgresql://ada:geheim@127.0.0.1:port/db",
        "postgresql://ada@127.0.0.1:1/db?password=geheim&nonsense=1",
        "mssql+nodriver://ada:geheim@127.0.0.1:1/db",
        "unknown://ada:geheim@127.0.0.1:1/db",
        "mysql+pymysql://ada:ge%68eim@127.0.0.1:1/db",
    ],
)
def test_no_error_repeats_a_password(url: str) -> None:
    with pytest.raises(NotMeasured) as refused:
        database(url, "orders")

    assert "heim" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value) or "write it like" in str(refused.value)


def test_a_wrong_password_is_told_without_it(orders_url: str) -> None:
    before, _, after = orders_url.partition("@")
    wrong = f"{before.rpartition(':')[0]}:geheim@{after}"

    with pytest.raises(NotMeasured, match="password authentication failed") as refused:
        database(wrong, "orders")

    assert "geheim" not in str(refused.value)


def test_a_file_that_is_not_there_or_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("not a database at all, " * 100)

    with pytest.raises(NotMeasured, match="there is no file"):
        database(f"sqlite:///{tmp_path}/none.db", "orders")
    with pytest.raises(NotMeasured, match="an address like sqlite:///PATH"):
        database("sqlite://", "orders")
    engine = database(f"sqlite:///{tmp_path}/notes.db", "orders")
    with closing(engine), pytest.raises(NotMeasured, match="file is not a database"):
        engine.columns()
    assert not (tmp_path / "none.db").exists()


def test_a_file_of_duckdb_is_only_read_and_nothing_beside_it(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "orders.duckdb") as connection:
        for statement in ORDERS:
            connection.execute(statement)
    (tmp_path / "other.csv").write_text("a\n1\n")
    url = f"duckdb:///{tmp_path}/orders.duckdb"

    with pytest.raises(NotMeasured, match=r"Table with name ordrs does not exist"):
        database(url, "ordrs")
    with pytest.raises(NotMeasured, match=r"there is no file"):
        database(f"duckdb:///{tmp_path}/none.duckdb", "orders")
    with closing(database(url, "orders", beside={"people": "SELECT id FROM customers"})) as engine:
        assert read(engine, Metric.REFERENCES, "id", detail=FoundIn("people", "id")).value == 0.5
        for statement in ("DELETE FROM orders", f"FROM '{tmp_path}/other.csv'", "DETACH measured"):
            with pytest.raises(NotMeasured):
                engine.rows(statement)
        assert read(engine, Metric.ROW_COUNT).value == 2


def test_postgres_is_asked_one_query_for_all_that_is_wanted_of_a_table(
    postgres_alone: PostgresServer,
) -> None:
    write_postgres(postgres_alone.url, hostile_rows())
    with psycopg.connect(postgres_alone.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
    wanted = [one for one, _ in MEASURED.values() if not isinstance(one.detail, FoundIn)]
    simple = [one for one in wanted if not (isinstance(one.detail, Custom) and one.detail.is_query)]

    with closing(database(postgres_alone.url, "hostile")) as engine:
        Table(engine).measure(simple, AS_OF)

    log = Path(postgres_alone.folder, "log").read_text()
    asked = [line for line in log.splitlines() if 'FROM "hostile"' in line and "LIMIT 0" not in line]
    assert len(simple) > 30
    assert len(asked) == 1, asked


def test_types_of_postgres_are_as_it_writes_them_and_known_for_what_they_hold(
    fresh_postgres: str,
) -> None:
    with psycopg.connect(fresh_postgres) as connection:
        connection.execute("CREATE DOMAIN email AS varchar(80); CREATE TYPE mood AS ENUM ('ok', 'sad')")
        connection.execute(
            "CREATE TABLE t (a email, b mood, c numeric(8, 2), d int4range, e uuid, f timestamptz, g int[])"
        )
        connection.execute(
            "INSERT INTO t VALUES ('x@y.de', 'ok', 'NaN', '[1,2)', gen_random_uuid(), 'infinity', '{1}')"
        )
    with closing(database(fresh_postgres, "t")) as engine:
        types = [column.type for column in engine.columns()]
        assert types == [
            "character varying(80)", "mood", "numeric(8,2)", "int4range", "uuid", "timestamp with time zone",
            "integer[]",
        ]  # fmt: skip  # as the table has them
        assert read(engine, Metric.PATTERN_MATCH, "a", detail=Matching("@")).value == 1.0
        assert "NaN" in read(engine, Metric.MEAN, "c").said
        assert read(engine, Metric.IN_RANGE, "c", detail=Between(low=0.0)).value == 0.0
        assert "measured of numbers" in read(engine, Metric.MEAN, "d").said
        assert read(engine, Metric.PATTERN_MATCH, "e", detail=Matching("a")).is_error
        assert "beyond the calendar" in read(engine, Metric.FRESHNESS, "f").said
        assert read(engine, Metric.UNIQUENESS, "b").value == 1.0


def test_two_columns_of_a_select_with_one_name_are_told_apart_by_nobody(fresh_postgres: str) -> None:
    with closing(database(fresh_postgres, "SELECT 1 AS a, 2 AS a, 3 AS b")) as engine:
        assert "2 columns called 'a'" in read(engine, Metric.SUM, "a").said
        assert read(engine, Metric.SUM, "b").value == 3


def test_a_text_that_postgres_cannot_hold_is_told(orders_url: str) -> None:
    with closing(database(orders_url, "orders")) as engine:
        found = read(engine, Metric.PATTERN_MATCH, "note", detail=Matching("a\0b"))

    assert found.is_error
    assert "character 0" in found.said


def test_columns_of_sqlite_without_a_type_are_known_by_their_first_rows(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection, connection:
        connection.execute("CREATE TABLE t (a, b, c, d)")
        connection.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?)", [(None, "x", None, b"1"), (2.5, "y", None, b"2")]
        )
    with closing(database(f"sqlite:///{tmp_path}/t.db", "SELECT *, a + 1 AS e FROM t")) as engine:
        types = [column.type for column in engine.columns()]

        assert types == ["double", "text", "unknown", "blob", "double"]
        assert read(engine, Metric.SUM, "e").value == 3.5


def test_numbers_of_sqlite_that_are_texts_are_never_added_up(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection, connection:
        connection.execute("CREATE TABLE t (a integer, b real)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(1, 9e999), ("seven", 0.5)])
    with closing(database(f"sqlite:///{tmp_path}/t.db", "t")) as engine:
        assert read(engine, Metric.SUM, "a").said == "1 values are NaN, infinite or no numbers"
        assert read(engine, Metric.MAXIMUM, "b").is_error
        assert read(engine, Metric.IN_RANGE, "a", detail=Between(low=0.0)).value == 0.5


def test_instants_of_sqlite_are_texts_or_seconds_and_what_is_neither_is_told(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection, connection:
        connection.execute("CREATE TABLE t (a datetime, b datetime)")
        seconds = int(datetime(2026, 3, 10, 11, tzinfo=UTC).timestamp())
        connection.executemany("INSERT INTO t VALUES (?, ?)", [("2026-03-10 09:00", "soon"), (seconds, None)])
    with closing(database(f"sqlite:///{tmp_path}/t.db", "t")) as engine:
        assert read(engine, Metric.FRESHNESS, "a", detail=Age(3600.0)).value == 1.0
        assert read(engine, Metric.FRESHNESS, "b").said == "1 texts are no instant"


def test_a_quantile_or_a_deviation_of_nothing_is_none(orders_file: str) -> None:
    with closing(database(orders_file, "SELECT * FROM orders WHERE id > 7")) as engine:
        assert read(engine, Metric.QUANTILE, "amount", detail=Quantile(0.5)).value is None
        assert read(engine, Metric.STANDARD_DEVIATION, "amount").value is None


def test_too_large_a_quantile_is_told(orders_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.measure.sqlite.MAX_OF_QUANTILE", 1)
    with closing(database(orders_file, "orders")) as engine:
        assert "more than 1 values" in read(engine, Metric.QUANTILE, "amount", detail=Quantile(0.5)).said


def test_a_type_is_that_of_the_first_value_there_is() -> None:
    assert type_of([None, True, 1]) == "boolean"
    assert type_of([datetime(2026, 1, 1, tzinfo=UTC)]) == "timestamp with time zone"
    assert type_of([None]) == "unknown"
