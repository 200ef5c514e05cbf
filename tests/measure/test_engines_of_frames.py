"""Frames give the same of the same rows as files and databases do: what plain Python works out."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from msgspec import structs
from pyarrow import parquet

from tests.batch.spark.session import Session
from tests.measure.expected import MEASURED, null_rate
from tests.measure.hostile import (
    AS_OF,
    Kept,
    Row,
    arrow_table,
    as_it_is,
    hostile_rows,
    parent_rows,
    without_nan,
)
from tocsin.jobs.checks import Metric
from tocsin.measure.engine import Engine, Table
from tocsin.measure.opening import opened
from tocsin.quality.measurement import FoundIn, Measurement, Reading

# PySpark warns of the pandas beside it, which nothing here uses, and leaves sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

Frame = Any
"""A frame of a library that is published without types."""


def _delta(table: pa.Table, folder: Path) -> Frame:
    write_deltalake(folder / "delta", table.slice(0, 50))
    write_deltalake(folder / "delta", table.slice(50), mode="append")
    return folder / "delta"


def _scanned(table: pa.Table, folder: Path) -> Frame:
    parquet.write_table(table, folder / "scanned.parquet")
    return pl.scan_parquet(folder / "scanned.parquet")


FRAMES: dict[str, tuple[Callable[[pa.Table, Path], Frame], Kept]] = {
    "arrow": (lambda table, _: table, as_it_is),
    "pandas": (lambda table, _: table.to_pandas(), without_nan),
    "lazy polars": (_scanned, as_it_is),
    "delta": (_delta, as_it_is),
}


def readings(engine: Engine) -> dict[str, Reading]:
    """Return what each of all measurements comes to."""
    asked = {name: _of_parents(one) for name, (one, _) in MEASURED.items()}
    found = Table(engine).measure(asked.values(), AS_OF)
    return {name: found[one] for name, one in asked.items()}


def _of_parents(one: Measurement) -> Measurement:
    return structs.replace(one, detail=FoundIn("parents", "key")) if isinstance(one.detail, FoundIn) else one


Measured = tuple[dict[str, Reading], list[Row], Engine]


@pytest.fixture(scope="module", params=[*FRAMES, "spark"])
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    yield from _measured(request, tmp_path_factory.mktemp("full"), hostile_rows())


@pytest.fixture(scope="module", params=["arrow", "lazy polars", "delta", "spark"])
def empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    yield from _measured(request, tmp_path_factory.mktemp("empty"), [])


def _measured(request: pytest.FixtureRequest, folder: Path, rows: list[Row]) -> Iterator[Measured]:
    table, parents = arrow_table(rows), pa.Table.from_pylist(parent_rows())
    kept: Kept = as_it_is
    if request.param == "spark":
        spark: Session = request.getfixturevalue("spark")
        frame, other = _of_spark(spark, table), spark.createDataFrame(parents)
    else:
        make, kept = FRAMES[request.param]
        frame, other = make(table, folder), parents
    with closing(opened(frame, beside={"parents": other})) as engine:
        yield readings(engine), [kept(row) for row in rows], engine


def _of_spark(spark: Session, table: pa.Table) -> Frame:
    frame = spark.createDataFrame(table)
    return frame.withColumn("local_at", frame["local_at"].cast("timestamp_ntz"))


@pytest.mark.parametrize("name", list(MEASURED))
def test_what_is_measured_of_hostile_rows_is_what_python_works_out(full: Measured, name: str) -> None:
    found, rows, _ = full

    assert not found[name].is_error, found[name].said
    worked_out = MEASURED[name][1](rows)
    assert found[name].value == (None if worked_out is None else pytest.approx(worked_out, rel=1e-9))


@pytest.mark.parametrize("name", list(MEASURED))
def test_of_an_empty_frame_rates_are_undefined_and_counts_are_nought(empty: Measured, name: str) -> None:
    found, _, _ = empty

    assert not found[name].is_error, found[name].said
    assert found[name].value == MEASURED[name][1]([])
    assert found[name].value is not None or found[name].said


def test_every_segment_is_measured_by_itself_that_of_nulls_too(full: Measured) -> None:
    _, rows, engine = full
    asked = Measurement(metric=Metric.NULL_RATE, columns=("note",), group_by=("country",))

    found = Table(engine).measure([asked], AS_OF)[asked]

    expected = {
        f"country={country}": null_rate("note")([row for row in rows if row["country"] == country])
        for country in (None, "DE", "AT", "C'H")
    }
    assert {one.name: one.value for one in found.segments} == pytest.approx(expected)
