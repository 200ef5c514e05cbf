"""Frames, tables and streams: from any row on, in plain values, known again."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from tocsin.batch.encoding import encode_json
from tocsin.batch.sources.bad_record import BadRecord
from tocsin.batch.sources.base import Source, source_of
from tocsin.batch.sources.fingerprints import changed
from tocsin.errors import InvalidPipeline, SourceFailed

COUNT = 3_000
ROWS = [{"n": n, "name": f"name {n}"} for n in range(COUNT)]
TABLE = pa.Table.from_pylist(ROWS)


class Streaming:
    """Something of another library that gives its rows as a stream of Arrow."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return TABLE.__arrow_c_stream__(requested_schema)


MAKERS: dict[str, Callable[[], object]] = {
    "pandas": TABLE.to_pandas,
    "polars": lambda: pl.from_arrow(TABLE),
    "polars lazy": lambda: cast("Any", pl.from_arrow(TABLE)).lazy(),
    "table": lambda: TABLE,
    "chunked table": lambda: pa.concat_tables([TABLE.slice(0, 7), TABLE.slice(7, 1_100), TABLE.slice(1_107)]),
    "reader": lambda: TABLE.to_reader(max_chunksize=700),
    "dataset": lambda: ds.dataset(TABLE),
    "filtered dataset": lambda: ds.dataset(TABLE).filter(pc.field("n") >= 0),
    "any stream": Streaming,
}


def source(given: object) -> Source:
    return cast("Source", source_of(given))


def read(given: object) -> list[Any]:
    return list(source(given).records(0))


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("start", [0, 1, 699, 1_024, 1_107, COUNT - 1, COUNT, COUNT + 1])
def test_from_any_ordinal_on_comes_what_comes_there_from_the_start(kind: str, start: int) -> None:
    assert list(source(MAKERS[kind]()).records(start)) == ROWS[start:]


@pytest.mark.parametrize("kind", ["pandas", "polars", "table"])
def test_what_lies_in_memory_knows_its_length_and_is_known_again(kind: str) -> None:
    made: Any = MAKERS[kind]()
    once = source(made)
    longer = pd.concat([made, made]) if kind == "pandas" else source_of(pa.concat_tables([TABLE, TABLE]))

    assert once.total == COUNT
    assert changed(once.fingerprint(), source(MAKERS[kind]()).fingerprint()) == ""
    assert changed(once.fingerprint(), source(longer).fingerprint()) != ""


def test_what_has_changed_of_a_frame_is_said_in_words() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3]})
    old = source(frame).fingerprint()

    assert changed(old, source(frame.iloc[:2]).fingerprint()) == (
        "the number of records was 3 and is now 2; what the first rows say is not what it was; "
        "what the last rows say is not what it was"
    )
    assert "the columns were a int64 and is now b int64" in changed(
        old, source(frame.rename(columns={"a": "b"})).fingerprint()
    )
    assert changed(old, source(frame.iloc[::-1]).fingerprint()).startswith("what the first rows say is not")


@pytest.mark.parametrize("kind", ["reader", "any stream"])
def test_of_a_stream_nothing_can_be_told_ahead(kind: str) -> None:
    stream = source(MAKERS[kind]())

    assert (stream.total, stream.total_bytes, stream.fingerprint()) == (None, None, "")


def test_a_reader_is_not_read_twice_as_if_it_were_empty() -> None:
    reader = source(TABLE.to_reader())
    list(reader.records(0))

    with pytest.raises(InvalidPipeline, match="can be read once"):
        reader.records(0)


def test_values_of_pandas_are_plain_and_what_is_missing_is_none() -> None:
    frame = pd.DataFrame(
        {
            "whole": [1, 2],
            "float": [1.5, np.nan],
            "text": ["a", None],
            "nullable": pd.array([1, None], dtype="Int64"),
            "at": pd.to_datetime(["2026-01-02T03:04:05", None], utc=True),
            "for": pd.to_timedelta(["1s", None]),
            "category": pd.Categorical(["x", None]),
            "month": pd.period_range("2026-01", periods=2, freq="M"),
            "mixed": [{"a": [1]}, np.int64(7)],
            "flag": [True, False],
            7: [Decimal("1.10"), pd.NA],
        }
    )

    first, second = read(frame)

    assert first == {
        "whole": 1,
        "float": 1.5,
        "text": "a",
        "nullable": 1,
        "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "for": timedelta(seconds=1),
        "category": "x",
        "month": "2026-01",
        "mixed": {"a": [1]},
        "flag": True,
        "7": Decimal("1.10"),
    }
    assert [key for key, value in second.items() if value is None] == [
        "float",
        "text",
        "nullable",
        "at",
        "for",
        "category",
        "7",
    ]
    assert [type(value) for value in (first["whole"], first["at"], first["for"], second["mixed"])] == [
        int,
        datetime,
        timedelta,
        int,
    ]
    assert encode_json(first)


def test_nanoseconds_are_kept_as_text_where_datetime_has_no_place_for_them() -> None:
    at = pd.Timestamp("2026-01-02T03:04:05.000000001")
    frame = pd.DataFrame({"at": [at, pd.Timestamp("2026-01-02")]})

    assert read(frame)[0] == {"at": "2026-01-02T03:04:05.000000001"}
    for given in (pa.Table.from_pandas(frame), pl.from_pandas(frame)):
        assert read(given) == [
            {"at": "2026-01-02T03:04:05.000000001"},
            {"at": "2026-01-02T00:00:00.000000000"},
        ]
    zoned = pa.table({"at": pa.array([at], pa.timestamp("ns", "Europe/Berlin"))})
    assert read(zoned) == [{"at": "2026-01-02T03:04:05.000000001Z"}]


def test_values_of_arrow_are_plain_ones_of_python() -> None:
    nanoseconds = pa.timestamp("ns", "UTC")
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    table = pa.table(
        {
            "at": pa.array([at], nanoseconds),
            "time": pa.array([time(1, 2)], pa.time64("ns")),
            "for": pa.array([timedelta(seconds=2)], pa.duration("ns")),
            "day": [date(2026, 1, 2)],
            "exact": [Decimal("1.10")],
            "bytes": [b"\xff"],
            "nested": pa.array([{"at": [at]}], pa.struct([("at", pa.list_(nanoseconds))])),
            "map": pa.array([[("a", at)]], pa.map_(pa.string(), nanoseconds)),
            "word": pa.array(["x"]).dictionary_encode(),
            "none": pa.array([None], pa.int64()),
        }
    )

    (row,) = read(table)

    assert row == {
        "at": at,
        "time": time(1, 2),
        "for": timedelta(seconds=2),
        "day": date(2026, 1, 2),
        "exact": Decimal("1.10"),
        "bytes": b"\xff",
        "nested": {"at": [at]},
        "map": {"a": at},
        "word": "x",
        "none": None,
    }
    assert [type(value) for value in (row["at"], row["for"], row["nested"]["at"][0], row["map"]["a"])] == [
        datetime,
        timedelta,
        datetime,
        datetime,
    ]


def test_a_row_that_python_cannot_say_is_a_bad_record_and_the_rest_is_read() -> None:
    buffers = [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffb")]
    table = pa.table({"n": [1, 2, 3], "text": pa.Array.from_buffers(pa.string(), 3, buffers)})

    first, bad, last = read(table)

    assert (first, last) == ({"n": 1, "text": "a"}, {"n": 3, "text": "b"})
    assert isinstance(bad, BadRecord)
    assert bad.reason.startswith("an Arrow table record 1: text: 'utf-8' codec can't decode")
    assert b'"n":2' in bad.raw
    assert b"xff" in bad.raw


def test_a_map_with_one_key_twice_is_a_bad_record() -> None:
    twice = pa.array([[("a", 1), ("a", 2)]], pa.map_(pa.string(), pa.int64()))

    (bad,) = read(pa.table({"map": twice}))

    assert isinstance(bad, BadRecord)


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(index=range(2)), pa.table({"a": [1, 2]}).select([])], ids=["pandas", "arrow"]
)
def test_rows_without_columns_are_counted_all_the_same(frame: object) -> None:
    assert read(frame) == [{}, {}]


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame({"a": []}), pa.table({"a": []}), pl.DataFrame({"a": []})],
    ids=["pandas", "arrow", "polars"],
)
def test_a_frame_may_be_empty(frame: object) -> None:
    assert read(frame) == []


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than one column is named 'a'"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "more than one column is named '1'"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "several levels"),
        (pa.Table.from_arrays([[1], [2]], names=["a", "a"]), "more than one column is named 'a'"),
        (pl.Series([1]), "a polars Series has no rows"),
        (pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)}), "columns of Python objects"),
        (pl.LazyFrame({"a": [1]}).select("b"), "a Polars query cannot be run"),
    ],
)
def test_what_has_no_rows_with_names_is_refused(given: object, fault: str) -> None:
    with pytest.raises(InvalidPipeline, match=fault):
        source_of(given)


def test_a_query_of_polars_that_fails_on_its_way_says_after_how_many_records() -> None:
    def breaking(value: int) -> int:
        raise ValueError("no such thing")

    query = pl.LazyFrame({"a": [1]}).select(pl.col("a").map_elements(breaking, return_dtype=pl.Int64))

    with pytest.raises(SourceFailed, match="a Polars query cannot be read on after 0 records"):
        read(query)


def test_a_dataset_of_files_knows_its_length_and_says_what_has_changed(tmp_path: Path) -> None:
    for part in range(3):
        pq.write_table(TABLE.slice(part * 1_000, 1_000), tmp_path / f"{part}.parquet")
    dataset = source(ds.dataset(tmp_path))
    old = dataset.fingerprint()

    assert (dataset.total, list(dataset.records(1_500))) == (COUNT, ROWS[1_500:])
    pq.write_table(TABLE, tmp_path / "3.parquet")
    assert changed(old, source(ds.dataset(tmp_path)).fingerprint()) == f"{tmp_path}/3.parquet is new"


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(InvalidPipeline, match=r"pip install 'tocsin\[lake\]'"):
        source_of(pl.DataFrame({"a": [1]}))
