"""A table of rows that are hard to measure, as every kind of file and database keeps it."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

QUOTED = """we"ird 'n%me'; -- ü"""
"""A column whose name means something to every language that it is written in."""
AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
PARENTS = ("P1", "P2", "P'3", "P4")
NOTES = (
    "plain", "two words", "", None, "O'Brien", 'say "hi"', "a\nb", "50%", "%s {0} {value}", "back\\slash",
    "ünïcödé", "日本語", "👩‍👩‍👧", "a,b;c\td", "-- DROP", "123", "٣٤٥", " blanks ", "NaN", "x@y.de", "Null",
)  # fmt: skip  # one under the other they would fill the screen

Row = dict[str, object]


def hostile_rows() -> list[Row]:
    """Return a hundred and twenty rows; no two of them are quite alike."""
    return [_row(number) for number in range(120)]


def _row(number: int) -> Row:
    away = timezone(timedelta(hours=number % 5 - 2))
    at = AS_OF - timedelta(hours=3, minutes=7 * number)
    local = datetime(2026, 3, 10, 1, 30) - timedelta(hours=number)  # noqa: DTZ001 -- naive on purpose
    return {
        "id": number,
        "code": f"C{number // 2}",
        "country": (None, "DE", "AT", "C'H")[number % 4],
        "parent": (*PARENTS, None, "P9")[number % 6],
        "amount": None if number % 7 == 0 else Decimal(number * number - 40).scaleb(-1),
        "ratio": None if number % 11 == 0 else number / 7 - 3,
        "broken": (0.5, float("nan"), None, float("inf"), 0.25, float("-inf"))[number % 6],
        "note": NOTES[number % len(NOTES)],
        "nothing": None,
        "day": None if number % 13 == 0 else date(2026, 3, 9) - timedelta(days=number),
        "at": None if number % 17 == 0 else at.astimezone(away),
        "local_at": local,
        "stamp": (at.astimezone(away).isoformat(), local.isoformat(" "))[number % 2],
        QUOTED: None if number % 3 else f"{number % 9}'\"",
        "flag": bool(number % 2),
    }


def parent_rows() -> list[Row]:
    """Return the table that `parent` refers to, a null among its keys."""
    return [{"key": key} for key in (*PARENTS, None)]


_ARROW = pa.schema(
    {
        "id": pa.int64(),
        "code": pa.string(),
        "country": pa.string(),
        "parent": pa.string(),
        "amount": pa.decimal128(12, 2),
        "ratio": pa.float64(),
        "broken": pa.float64(),
        "note": pa.string(),
        "nothing": pa.float64(),
        "day": pa.date32(),
        "at": pa.timestamp("us", tz="UTC"),
        "local_at": pa.timestamp("us"),
        "stamp": pa.string(),
        QUOTED: pa.string(),
        "flag": pa.bool_(),
    }
)


def arrow_table(rows: list[Row]) -> pa.Table:
    """Return the rows in Arrow."""
    return pa.Table.from_pylist(rows, schema=_ARROW)


def write_parquet(path: Path, rows: list[Row]) -> None:
    """Write the rows to a Parquet file, in several row groups."""
    pq.write_table(arrow_table(rows), path, row_group_size=50)


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Write the rows to a CSV file, in which a null is an empty field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(hostile_rows()[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_json_lines(path: Path, rows: Iterable[Row]) -> None:
    """Write the rows as lines of JSON, decimals as numbers and instants as texts."""
    lines = (
        json.dumps(without_broken(row), default=_as_json, ensure_ascii=False, allow_nan=False) for row in rows
    )
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _as_json(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)


_TYPES = {
    "id": "bigint",
    "code": "varchar(10)",
    "country": "text",
    "parent": "text",
    "amount": "numeric(12, 2)",
    "ratio": "double precision",
    "broken": "double precision",
    "note": "text",
    "nothing": "double precision",
    "day": "date",
    "at": "timestamp with time zone",
    "local_at": "timestamp",
    "stamp": "text",
    QUOTED: "text",
    "flag": "boolean",
}


def _declared() -> str:
    names = (f'"{name}"'.replace(QUOTED, QUOTED.replace('"', '""')) for name in _TYPES)
    return ", ".join(f"{name} {type_}" for name, type_ in zip(names, _TYPES.values(), strict=True))


def write_postgres(url: str, rows: list[Row]) -> None:
    """Write the rows to the table `hostile` of PostgreSQL, and the others to `parents` in a schema."""
    marks = ", ".join(["%s"] * len(_TYPES))
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE hostile ({_declared()})".encode())
        cursor.execute('CREATE SCHEMA "other one"; CREATE TABLE "other one".parents (key text)')
        into = f"INSERT INTO hostile VALUES ({marks})".encode()  # noqa: S608 -- the test's own
        cursor.executemany(into, [[*row.values()] for row in rows])
        cursor.executemany('INSERT INTO "other one".parents VALUES (%(key)s)', parent_rows())


def write_sqlite(path: Path, rows: list[Row]) -> None:
    """Write the rows to the table `hostile` of a SQLite file, and the others to `parents`."""
    marks = ", ".join("?" * len(_TYPES))
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE hostile ({_declared()})")
        connection.execute("CREATE TABLE parents (key text)")
        kept = [[_as_sqlite(value) for value in row.values()] for row in rows]
        connection.executemany(f"INSERT INTO hostile VALUES ({marks})", kept)  # noqa: S608 -- the test's own
        connection.executemany("INSERT INTO parents VALUES (:key)", parent_rows())
    connection.close()


def write_duckdb(path: Path, rows: list[Row]) -> None:
    """Write the rows to the table `hostile` of a file of DuckDB, and the others to `parents` in a schema."""
    arrow, parents = arrow_table(rows), pa.Table.from_pylist(parent_rows())
    with duckdb.connect(path) as connection:
        connection.register("arrow", arrow).execute("CREATE TABLE hostile AS SELECT * FROM arrow")
        connection.register("keys", parents).execute('CREATE SCHEMA "other one"')
        connection.execute('CREATE TABLE "other one".parents AS SELECT * FROM keys')


def _as_sqlite(value: object) -> object:
    return str(value) if isinstance(value, Decimal | date) else value


Kept = Callable[[Row], Row]
"""What a format makes of a row before anybody can measure it."""


def as_it_is(row: Row) -> Row:
    """Return the row."""
    return row


def without_empty_texts(row: Row) -> Row:
    """Return the row as CSV keeps it, where an empty text is a null."""
    return {name: None if value == "" else value for name, value in row.items()}


def without_nan(row: Row) -> Row:
    """Return the row as SQLite keeps it, where NaN is a null."""
    return {name: None if value != value else value for name, value in row.items()}  # noqa: PLR0124 -- NaN alone differs from itself


def without_broken(row: Row) -> Row:
    """Return the row as JSON can keep it, which knows neither NaN nor infinities."""
    return {**row, "broken": row["broken"] if row["broken"] in (0.5, 0.25) else None}
