"""The how-tos on where data is: each command and each program finds it there."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import psycopg
import pytest
from deltalake import write_deltalake

from tests.docs.conftest import Served
from tests.docs.pages import SNIPPETS, snippets, text_of
from tests.docs.running import run

PLACE = "engines"
ORDERS = (
    "SELECT i AS order_id, 'c' || i % 9 AS customer, if(i % 9 = 0, NULL, i * 1.5::DOUBLE) AS amount, "
    "now() - to_minutes(i) AS placed_at FROM range(1, 50) t(i)"
)
TABLE = "CREATE TABLE orders (order_id INTEGER, customer VARCHAR(20), amount DOUBLE PRECISION)"
SCRIPTS = ("files.sh", "export.sh", "postgres.sh", "databases.sh")
PROGRAMS = ("frames.py", "assertion.py")
CHECKS = ("orders.checks.yaml", "export.checks.yaml", "shop.checks.yaml")
ON_SPARK = ("on_spark.py", "while_writing.py")  # in tests/client/test_spark_frames.py, which has a Spark
DATABASE = "postgresql://etl@db.example.com/shop"


@pytest.fixture
def folder(tmp_path: Path, fresh_postgres: str) -> Path:
    """A folder with the same orders as every kind of file and database that the pages name."""
    here = tmp_path / "here"
    (here / "orders").mkdir(parents=True)
    for name in CHECKS:
        (here / name).write_text(
            text_of(f"{PLACE}/{name}").replace(DATABASE, fresh_postgres), encoding="utf-8"
        )
    with duckdb.connect(str(here / "shop.duckdb")) as shop:
        shop.execute(f"CREATE TABLE orders AS {ORDERS}")
        shop.execute("CREATE TABLE customers AS SELECT DISTINCT customer AS name FROM orders")
        for file in ("orders.csv", "orders.jsonl.gz", "orders/1.parquet"):
            shop.execute(f"COPY orders TO '{here / file}'")
        shop.execute(f"COPY orders TO '{here / 'export.tsv'}' (FORMAT csv, DELIMITER '\t', NULLSTR 'NA')")
        shop.execute(f"COPY customers TO '{here / 'customers.csv'}'")
        write_deltalake(here / "lake" / "orders", shop.sql("FROM orders").to_arrow_table())
        rows = shop.execute("SELECT order_id, customer, amount FROM orders").fetchall()
    with closing(sqlite3.connect(here / "shop.db")) as small, small:
        small.execute(TABLE)
        small.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    with psycopg.connect(fresh_postgres) as large:
        large.execute(TABLE)
        large.cursor().executemany("INSERT INTO orders VALUES (%s, %s, %s)", rows)
        large.execute("CREATE TABLE customers AS SELECT DISTINCT customer AS name FROM orders")
    return here


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_command_finds_its_data_and_all_of_it_passes(
    name: str, folder: Path, fresh_postgres: str, served: Served
) -> None:
    done = run(["bash", "-euc", text_of(f"{PLACE}/{name}").replace(DATABASE, fresh_postgres)], served, folder)

    commands = text_of(f"{PLACE}/{name}").count("quality run")
    assert (done.returncode, done.stdout.count(" pass, in ")) == (0, commands), done.stdout + done.stderr


def test_what_the_file_of_checks_says_is_a_run_of_its_job(
    folder: Path, fresh_postgres: str, served: Served
) -> None:
    run(["tocsin", "quality", "run", "--checks", "shop.checks.yaml"], served, folder)

    job = served.ask("GET", "/api/v1/jobs/production/nightly_orders")[1]
    assert job["last_run"]["status"] == "success"


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_checks_its_frame(name: str, folder: Path, served: Served) -> None:
    done = run([sys.executable, str(SNIPPETS / PLACE / name)], served, folder)

    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "orders.parquet").exists() == (name == "frames.py")


def test_every_command_and_program_of_these_pages_is_run() -> None:
    there = {Path(name).name for name in snippets() if name.startswith(f"{PLACE}/")}

    assert there == {*SCRIPTS, *PROGRAMS, *CHECKS, *ON_SPARK}
