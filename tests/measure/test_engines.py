"""Every engine measures the same of the same rows, and what it comes to is what plain Python works out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import structs

from tests.measure import hostile
from tests.measure.expected import MEASURED, null_rate
from tests.measure.hostile import AS_OF, Kept, Row
from tests.services.postgres import PostgresServer
from tocsin.jobs.checks import Metric
from tocsin.measure.databases import database
from tocsin.measure.engine import Engine, Table
from tocsin.measure.files import Files
from tocsin.quality.measurement import FoundIn, Measurement, Reading

Opened = Callable[[Path, PostgresServer, list[Row]], tuple[Engine, str]]
"""Writes rows, and returns the engine over them and the name of the table that they refer to."""


def _file(name: str, write: Callable[[Path, list[Row]], None]) -> Opened:
    def opened(folder: Path, _server: PostgresServer, rows: list[Row]) -> tuple[Engine, str]:
        parents = folder / "parents.jsonl"
        parents.write_text(
            "".join(f'{{"key": "{row["key"]}"}}\n' for row in hostile.parent_rows() if row["key"])
        )
        write(folder / name, rows)
        return Files(str(folder / name), beside={"parents": str(parents)}), "parents"

    return opened


def _sqlite(table: str) -> Opened:
    def opened(folder: Path, _server: PostgresServer, rows: list[Row]) -> tuple[Engine, str]:
        hostile.write_sqlite(folder / "hostile 100%.db", rows)
        return database(f"sqlite:///{folder}/hostile 100%.db", table), "parents"

    return opened


def _duckdb(table: str) -> Opened:
    def opened(folder: Path, _server: PostgresServer, rows: list[Row]) -> tuple[Engine, str]:
        hostile.write_duckdb(folder / "hostile's.duckdb", rows)
        return database(f"duckdb:///{folder}/hostile's.duckdb", table), '"other one".parents'

    return opened


def _postgres(table: str, scheme: str = "postgresql") -> Opened:
    def opened(_folder: Path, server: PostgresServer, rows: list[Row]) -> tuple[Engine, str]:
        url = server.url_of(server.create_database())
        hostile.write_postgres(url, rows)
        return database(url.replace("postgresql", scheme), table), '"other one".parents'

    return opened


def _any(folder: Path, server: PostgresServer, rows: list[Row]) -> tuple[Engine, str]:
    """Return PostgreSQL as a database of which nothing is known but that SQLAlchemy has a driver for it."""
    from tocsin.measure.alchemy import AnyTable  # noqa: PLC0415 -- of this engine alone

    url = server.url_of(server.create_database())
    hostile.write_postgres(url, rows)
    return AnyTable(url.replace("postgresql", "postgresql+psycopg"), "public.hostile"), '"other one".parents'


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of engine: how it is opened, what its format makes of a row, and what it cannot measure."""

    opened: Opened
    kept: Kept = hostile.as_it_is
    cannot: tuple[str, ...] = ()
    counts_exactly: bool = True


_SELECT = "SELECT * FROM hostile WHERE id >= 0 -- all;"
ENGINES = {
    "parquet": Kind(opened=_file("hostile's.parquet", hostile.write_parquet), counts_exactly=False),
    "csv": Kind(
        opened=_file("hostile.csv", hostile.write_csv), kept=hostile.without_empty_texts, counts_exactly=False
    ),
    "json lines": Kind(
        opened=_file("hostile.jsonl", hostile.write_json_lines),
        kept=hostile.without_broken,
        counts_exactly=False,
    ),
    "sqlite": Kind(opened=_sqlite("hostile"), kept=hostile.without_nan),
    "select of sqlite": Kind(opened=_sqlite(_SELECT), kept=hostile.without_nan),
    "duckdb": Kind(opened=_duckdb("main.hostile")),
    "select of duckdb": Kind(opened=_duckdb(_SELECT)),
    "postgres": Kind(opened=_postgres("hostile")),
    "schema of postgres": Kind(opened=_postgres("public.hostile", "postgresql+psycopg2")),
    "select of postgres": Kind(opened=_postgres(_SELECT)),
    "any database": Kind(opened=_any, cannot=("pattern", "freshness of texts")),
}
TYPED = ("parquet", "sqlite", "duckdb", "postgres", "any database")
"""Those whose tables have types though they have no rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The readings of all that is measured of some rows by one engine."""

    kind: Kind
    rows: list[Row]
    table: Table
    readings: dict[str, Reading]
    parents: str


def measured(kind: Kind, folder: Path, server: PostgresServer, rows: list[Row], held: ExitStack) -> Measured:
    engine, parents = kind.opened(folder, server, rows)
    held.enter_context(closing(engine))
    table = Table(engine)
    asked = {name: _of_parents(one, parents) for name, (one, _) in MEASURED.items()}
    found = table.measure(asked.values(), AS_OF)
    readings = {name: found[one] for name, one in asked.items()}
    kept = [kind.kept(row) for row in rows]
    return Measured(kind=kind, rows=kept, table=table, readings=readings, parents=parents)


def _of_parents(one: Measurement, parents: str) -> Measurement:
    if not isinstance(one.detail, FoundIn):
        return one
    return structs.replace(one, detail=FoundIn(parents, one.detail.column))


@pytest.fixture(scope="module", params=list(ENGINES))
def full(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[Measured]:
    with ExitStack() as held:
        folder = tmp_path_factory.mktemp("full")
        yield measured(ENGINES[request.param], folder, postgres_server, hostile.hostile_rows(), held)


@pytest.fixture(scope="module", params=TYPED)
def empty(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[Measured]:
    with ExitStack() as held:
        folder = tmp_path_factory.mktemp("empty")
        yield measured(ENGINES[request.param], folder, postgres_server, [], held)


@pytest.mark.parametrize("name", list(MEASURED))
def test_what_is_measured_of_hostile_rows_is_what_python_works_out(full: Measured, name: str) -> None:
    read = full.readings[name]

    if name.startswith(full.kind.cannot):
        assert read.is_error
        assert "it is not known how" in read.said
        return
    assert not read.is_error, read.said
    worked_out = MEASURED[name][1](full.rows)
    assert read.value == (None if worked_out is None else pytest.approx(worked_out, rel=1e-9))


@pytest.mark.parametrize("name", list(MEASURED))
def test_of_an_empty_table_rates_are_undefined_and_counts_are_nought(empty: Measured, name: str) -> None:
    read = empty.readings[name]

    if not name.startswith(empty.kind.cannot):
        assert not read.is_error, read.said
    assert read.value == MEASURED[name][1]([])
    assert read.value is not None or read.said


def test_every_segment_is_measured_by_itself_that_of_nulls_too(full: Measured) -> None:
    asked = Measurement(metric=Metric.NULL_RATE, columns=("note",), group_by=("country",))

    found = full.table.measure([asked], AS_OF)[asked]

    expected = {
        f"country={country}": null_rate("note")([row for row in full.rows if row["country"] == country])
        for country in (None, "DE", "AT", "C'H")
    }
    assert {one.name: one.value for one in found.segments} == pytest.approx(expected)
