"""What is measured is what Great Expectations, Soda Core, Pointblank and queries by hand find in the same.

They have told it beforehand, each in its pinned version: `python -m benchmarks.quality.told`.
"""

import json
from pathlib import Path

import duckdb
import psycopg
import pytest
from msgspec import convert

from benchmarks.quality.beside import FAILS, SAMPLE, SPOILT
from benchmarks.quality.contenders import APPROXIMATE, EXACT, Said, unlike
from benchmarks.quality.orders import write, write_spoilt
from benchmarks.quality.peers import asked
from benchmarks.quality.told import KEPT
from tests.services.postgres import PostgresServer
from tocsin.checking import check

PEERS = convert(json.loads(KEPT.read_text()), dict[str, dict[str, Said]])
NAN_IS_NULL = {("orders", "Great Expectations (pandas)"): {"weight null"}}
EACH_OF_SEVERAL = {
    # Of values that come more than once they count none, and here the first of each is counted.
    ("spoilt", "Great Expectations (pandas)"): {"order unique"},
    ("spoilt", "Pointblank (Polars)"): {"order unique"},
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("orders")
    paths = {name: folder / f"{name}.parquet" for name in PEERS}
    write(paths["orders"], SAMPLE)
    write_spoilt(paths["spoilt"], SPOILT)
    return paths


def ours(path: Path | str, checks: Path = EXACT, table: str = "") -> Said:
    found = check(str(path), checks, table=table, as_of=asked.AS_OF).results
    return Said(
        values={one.check.check.id: one.judged.value for one in found},
        passed={one.check.check.id: not one.is_failed for one in found},
    )


@pytest.mark.parametrize("data", PEERS)
def test_every_value_is_the_one_that_all_others_find(files: dict[str, Path], data: str) -> None:
    said = ours(files[data])

    assert len(PEERS[data]) == 7
    for name, peer in PEERS[data].items():
        others = {**NAN_IS_NULL, **EACH_OF_SEVERAL}.get((data, name), set())
        assert unlike(peer, said) == others, name
        assert said.values.keys() == peer.values.keys()


@pytest.mark.parametrize("data", PEERS)
def test_every_verdict_is_the_one_that_all_others_come_to(files: dict[str, Path], data: str) -> None:
    said = ours(files[data])

    assert [name for name, passed in (said.passed or {}).items() if passed] == [
        name for name in asked.NAMES if data == "orders" and name != FAILS
    ]
    assert {name for name, peer in PEERS[data].items() if peer.passed not in (None, said.passed)} == set()


def test_those_who_find_more_nulls_take_nan_for_null(files: dict[str, Path]) -> None:
    (found,) = duckdb.execute(
        "SELECT avg((weight IS NULL OR isnan(weight))::INT) FROM read_parquet($1)", [str(files["orders"])]
    ).fetchall()

    assert PEERS["orders"]["Great Expectations (pandas)"].values["weight null"] == pytest.approx(found[0])


def test_a_count_that_is_approximate_is_within_what_is_told_of_it(files: dict[str, Path]) -> None:
    exact, roughly = ours(files["orders"]), ours(files["orders"], APPROXIMATE)

    assert unlike(roughly, exact) <= {"order unique"}
    assert roughly.values["order unique"] == pytest.approx(1, abs=2 * 0.03)


def test_the_same_checks_of_a_table_of_postgres_are_one_query_to_the_same_values(
    files: dict[str, Path], postgres_alone: PostgresServer
) -> None:
    csv = files["orders"].with_suffix(".csv")
    duckdb.read_parquet(str(files["orders"])).write_csv(str(csv))
    with psycopg.connect(postgres_alone.url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE orders (order_id bigint, customer_id text, sku text, email text, amount float8, "
            "quantity integer, status text, country text, weight float8, updated_at timestamptz)"
        )
        with connection.cursor().copy("COPY orders FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(csv.read_bytes())
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")

    said = ours(postgres_alone.url, table="orders")

    log = Path(postgres_alone.folder, "log").read_text()
    asked_for = [line for line in log.splitlines() if 'FROM "orders"' in line and "LIMIT 0" not in line]
    of_all, of_failed = asked_for
    assert "LIMIT" not in of_all
    assert of_failed.endswith("LIMIT 5")
    assert unlike(said, ours(files["orders"])) == set()
    assert said.passed == ours(files["orders"]).passed
