"""Frames of every library, measured as they are; what is odd in one costs nothing else of it."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from polars.io.plugins import register_io_source
from pyarrow import dataset, parquet

from tocsin.errors import NotMeasured
from tocsin.jobs.checks import Metric
from tocsin.measure.arrow import WAYS
from tocsin.measure.engine import Table
from tocsin.measure.frames import WAYS as KNOWN
from tocsin.measure.frames import Frames, way_of
from tocsin.quality.measurement import Age, FoundIn, Matching, Measurement, Reading

Frame = Any
"""A frame of a library that is published without types."""
AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)
ROWS = pa.table(
    {
        "id": pa.array([1, 2, 3, None], pa.int64()),
        "name": ["ann", "bob", None, "ann"],
        "paid": pa.array([Decimal("0.10"), None, Decimal("9.99"), Decimal("-1.00")], pa.decimal128(10, 2)),
        "at": pa.array([datetime(2026, 3, 10, 9, tzinfo=UTC)] * 4, pa.timestamp("us", "UTC")),
    }
)
ASKED = {
    Measurement(metric=Metric.ROW_COUNT): 4.0,
    Measurement(metric=Metric.NULL_RATE, columns=("name",)): 0.25,
    Measurement(metric=Metric.UNIQUENESS, columns=("name",)): 2 / 3,
    Measurement(metric=Metric.UNIQUENESS, columns=("id", "name")): 1.0,
    Measurement(metric=Metric.SUM, columns=("paid",)): 9.09,
    Measurement(metric=Metric.MAXIMUM, columns=("id",)): 3.0,
    Measurement(metric=Metric.FRESHNESS, columns=("at",), detail=Age(3600.0)): 3.0,
    Measurement(metric=Metric.PATTERN_MATCH, columns=("name",), detail=Matching("^a")): 2 / 3,
    Measurement(metric=Metric.REFERENCES, columns=("name",), detail=FoundIn("people", "who")): 2 / 3,
}
PEOPLE = pa.table({"who": ["ann", "cid"]})


def measured(frame: object, asked: Sequence[Measurement], **beside: object) -> list[Reading]:
    with closing(Frames(frame, beside=beside)) as engine:
        return list(Table(engine).measure(asked, AS_OF).values())


def only(frame: object, metric: Metric, column: str) -> Reading:
    return measured(frame, [Measurement(metric=metric, columns=(column,))])[0]


@pytest.fixture
def relation() -> Iterator[Frame]:
    with duckdb.connect() as connection:
        connection.register("rows", ROWS)
        yield connection.table("rows")


@pytest.fixture(
    params=["table", "batch", "reader", "dataset", "pandas", "polars", "lazy", "relation", "delta", "stream"]
)
def frame(request: pytest.FixtureRequest, tmp_path: Path) -> Frame:
    match request.param:
        case "batch":
            return ROWS.to_batches()[0]
        case "reader":
            return ROWS.to_reader(max_chunksize=1)
        case "dataset":
            parquet.write_table(ROWS, tmp_path / "rows.parquet")
            return dataset.dataset(tmp_path / "rows.parquet")
        case "pandas":
            return ROWS.to_pandas()
        case "polars":
            return pl.from_arrow(ROWS)
        case "lazy":
            parquet.write_table(ROWS, tmp_path / "rows.parquet")
            return pl.scan_parquet(tmp_path / "rows.parquet")
        case "relation":
            return request.getfixturevalue("relation")
        case "delta":
            write_deltalake(tmp_path / "rows", ROWS.slice(0, 2), partition_by=["name"])
            write_deltalake(tmp_path / "rows", ROWS.slice(2), mode="append")
            return DeltaTable(tmp_path / "rows")
        case "stream":
            write_deltalake(tmp_path / "rows", ROWS)
            return DeltaTable(tmp_path / "rows").scan()
        case _:
            return ROWS


def test_every_kind_of_frame_gives_the_same_values(frame: Frame) -> None:
    read = measured(frame, list(ASKED), people=PEOPLE)

    assert not any(one.is_error for one in read), read
    assert [one.value for one in read] == pytest.approx(list(ASKED.values()))


def test_all_that_is_known_by_name_can_be_made_arrow() -> None:
    assert frozenset(WAYS) - {""} == KNOWN


def test_a_subclass_of_a_frame_is_read_as_that_frame() -> None:
    class Places(pd.DataFrame):  # type: ignore[misc]  # published without types
        """As geopandas makes them."""

    assert way_of(Places({"id": [1]})) == "pandas.DataFrame"
    assert only(Places({"id": [1, 2]}), Metric.MAXIMUM, "id").value == 2.0


@pytest.mark.parametrize("known", [5, "text", None, [1, 2], {"id": [1]}])
def test_what_is_no_frame_is_refused_by_its_type(known: object) -> None:
    with pytest.raises(NotMeasured, match=f"^{type(known).__name__} is no data frame$"):
        Frames(known)


@pytest.mark.parametrize("nothing", [pd.DataFrame(), pl.DataFrame(), pa.table({})])
def test_a_frame_without_columns_is_refused(nothing: object) -> None:
    with pytest.raises(NotMeasured, match="no column that can be measured"):
        Frames(nothing)


def test_columns_of_one_name_are_told_of_and_cost_the_others_nothing() -> None:
    once = pd.DataFrame({"id": [1, 2], "paid": [1.5, 2.5]})
    twice = pd.concat([once, once[["paid"]]], axis=1)

    paid, id_ = measured(
        twice,
        [Measurement(metric=Metric.SUM, columns=("paid",)), Measurement(metric=Metric.SUM, columns=("id",))],
    )

    assert paid.is_error
    assert paid.said == "there are 2 columns called 'paid'; give each a name of its own"
    assert id_.value == 3.0


@pytest.mark.parametrize("name", ["Paid", "paid"])
def test_columns_that_differ_in_capitals_alone_are_never_taken_for_each_other(name: str) -> None:
    alike = pa.table({"Paid": [1], "paid": [2], "id": [3]})

    read = only(alike, Metric.MAXIMUM, name)

    assert (read.value, read.said) == (
        None,
        f"column {name!r} is called like another but for capitals; give it a name of its own",
    )
    assert only(alike, Metric.MAXIMUM, "id").value == 3.0


def test_a_column_of_mixed_values_is_told_of_without_its_values_and_costs_the_others_nothing() -> None:
    mixed = pd.DataFrame({"id": [1, 2], "who": pd.Series([7, "secret"], dtype=object)})

    who = only(mixed, Metric.NULL_RATE, "who")

    assert who.is_error
    assert who.said == "column 'who' is object, and its values have no one type of Arrow in common"
    assert only(mixed, Metric.MAXIMUM, "id").value == 2.0


def test_columns_that_polars_alone_has_words_for_are_told_of() -> None:
    odd = pl.DataFrame(
        {"id": [1], "thing": pl.Series([object()], dtype=pl.Object), "big": pl.Series([1], dtype=pl.Int128)}
    )

    assert "is Object" in only(odd, Metric.NULL_RATE, "thing").said
    assert "is Int128" in only(odd, Metric.NULL_RATE, "big").said
    assert only(odd, Metric.MAXIMUM, "id").value == 1.0


def test_types_that_duckdb_does_not_read_are_told_of(tmp_path: Path) -> None:
    odd = pa.table({"id": [1], "small": pa.array([1.5], pa.float16())})

    for frame in (odd, odd.to_reader()):
        asked = [Measurement(metric=Metric.NULL_RATE, columns=(one,)) for one in ("small", "id")]
        small, id_ = measured(frame, asked)
        assert small.said == "column 'small' is halffloat, which DuckDB does not read"
        assert id_.value == 0.0


def test_what_pandas_calls_missing_is_null() -> None:
    frame = pd.DataFrame({"x": [1.0, float("nan")], "t": pd.to_datetime(["2026-03-10", None])})

    assert only(frame, Metric.NULL_RATE, "x").value == 0.5
    assert only(frame, Metric.NULL_RATE, "t").value == 0.5
    assert only(frame, Metric.MAXIMUM, "x").value == 1.0


def test_a_lazy_frame_collects_only_the_columns_that_are_asked_for() -> None:
    asked_for = list[list[str] | None]()

    def source(columns: list[str] | None, *_: object) -> Iterator[Any]:
        asked_for.append(columns)
        yield pl.DataFrame({"id": [1, 2], "dear": ["x", "y"]}).select(columns or pl.all())

    lazy = register_io_source(source, schema={"id": pl.Int64, "dear": pl.String})
    with closing(Frames(lazy)) as engine:
        table = Table(engine)
        asked_for.clear()
        asked = Measurement(metric=Metric.MAXIMUM, columns=("id",))
        assert table.measure([asked], AS_OF)[asked].value == 2.0

    assert asked_for == [["id"]]


def test_a_column_of_a_lazy_frame_that_cannot_be_worked_out_costs_the_others_nothing() -> None:
    lazy = pl.LazyFrame({"id": ["1", "x"], "paid": [1, 2]}).with_columns(pl.col("id").cast(pl.Int64))

    id_, paid = measured(lazy, [Measurement(metric=Metric.SUM, columns=(name,)) for name in ("id", "paid")])

    assert id_.is_error
    assert "conversion from `str` to `i64` failed" in id_.said
    assert paid.value == 3.0


def test_a_lazy_frame_of_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match=r"the frame cannot be read: .*gone\.parquet"):
        Frames(pl.scan_parquet(tmp_path / "gone.parquet"))


def test_deleted_rows_of_a_delta_table_are_not_measured(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "rows", ROWS)
    table = DeltaTable(tmp_path / "rows")
    table.delete("name = 'ann'")

    asked = Measurement(metric=Metric.ROW_COUNT)

    assert measured(DeltaTable(tmp_path / "rows"), [asked])[0].value == 2.0
    assert measured(DeltaTable(tmp_path / "rows", version=0), [asked])[0].value == 4.0


def test_a_relation_leaves_nothing_behind_on_its_connection(relation: Frame) -> None:
    with duckdb.connect() as other:
        before = relation.query("one", "SHOW ALL TABLES").fetchall()
        measured(relation, list(ASKED), people=other.sql("SELECT 'ann' AS who"))

    assert relation.query("one", "SHOW ALL TABLES").fetchall() == before


def test_a_relation_whose_connection_is_closed_cannot_be_read() -> None:
    with duckdb.connect() as connection:
        relation = connection.sql("SELECT 1 AS id")

    with pytest.raises(NotMeasured, match=r"the frame cannot be read: .*closed"):
        Frames(relation)


def test_a_frame_can_refer_to_files(tmp_path: Path) -> None:
    parquet.write_table(PEOPLE, tmp_path / "people.parquet")
    asked = Measurement(metric=Metric.REFERENCES, columns=("name",), detail=FoundIn("people", "who"))

    assert measured(ROWS, [asked], people=str(tmp_path / "people.parquet"))[0].value == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "query", ["SELECT * FROM ROWS", "SELECT * FROM '{file}'", "SELECT * FROM read_text('{file}')"]
)
def test_sql_reaches_neither_files_nor_variables_of_the_program(query: str, tmp_path: Path) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("a\n1\n")

    with closing(Frames(ROWS)) as engine, pytest.raises(NotMeasured):
        engine.rows(query.format(file=file))


@pytest.mark.parametrize("query", ["DROP VIEW data", "COPY data TO 'out.csv'", "SELECT 1; SELECT 2"])
def test_sql_that_is_no_single_select_is_refused(query: str) -> None:
    with closing(Frames(ROWS)) as engine, pytest.raises(NotMeasured, match="only a single SELECT"):
        engine.rows(query)


def test_a_reader_larger_than_the_memory_is_put_aside_on_disk() -> None:
    batch = pa.record_batch(
        {"id": list(range(100_000)), "text": [f"{place:064}" for place in range(100_000)]}
    )
    reader = pa.RecordBatchReader.from_batches(batch.schema, (batch for _ in range(20)))

    with closing(Frames(reader, memory_limit="64MiB")) as engine:
        asked = Measurement(metric=Metric.SUM, columns=("id",))
        assert Table(engine).measure([asked], AS_OF)[asked].value == 20 * sum(range(100_000))


def test_no_library_is_imported_to_find_out_what_something_is() -> None:
    program = (
        "import sys; from tocsin.measure.opening import opened\n"
        "try: opened(5)\n"
        "except Exception as error: print(error)\n"
        "print([name for name in ('duckdb', 'pyarrow', 'pandas', 'polars', 'deltalake', 'pyspark') "
        "if name in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said.splitlines()[0].startswith("int is nothing that can be measured: give the path")
    assert said.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "empty",
    [
        pd.DataFrame({"a": [None, None]}),
        pl.DataFrame({"a": [None, None]}),
        pa.table({"a": pa.nulls(2)}),
    ],
    ids=["pandas", "polars", "arrow"],
)
@pytest.mark.parametrize("metric", [Metric.MEAN, Metric.VALUE_RANGE, Metric.PATTERN_MATCH, Metric.FRESHNESS])
def test_a_column_of_nulls_alone_is_measured_as_one_that_happens_to_have_no_value(
    empty: Frame, metric: Metric
) -> None:
    detail = (
        Matching("x") if metric is Metric.PATTERN_MATCH else Age() if metric is Metric.FRESHNESS else None
    )
    asked = Measurement(metric=metric, columns=("a",), detail=detail)

    assert measured(empty, [asked]) == [Reading(said="there are no values that are not null")]
    assert only(empty, Metric.NULL_RATE, "a").value == 1.0
