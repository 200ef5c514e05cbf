"""The table `batch_operations` as other programs read it."""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.batch.state.rows import AT, a_batch
from tocsin.batch.state import operations
from tocsin.batch.state.base import BatchStatus
from tocsin.batch.state.operations import write_delta, write_parquet
from tocsin.errors import InvalidPipeline, StoreBroken, StoreUnavailable

COLUMNS = {
    "job_id": "string",
    "batch_id": "string",
    "operation_type": "string",
    "status": "string",
    "total_records": "int64",
    "processed_records": "int64",
    "failed_records": "int64",
    "processing_time_seconds": "double",
    "throughput_rps": "double",
    "error_rate_percent": "double",
    "started_at": "timestamp[us, tz=UTC]",
    "completed_at": "timestamp[us, tz=UTC]",
    "metadata": "map<string, string>",
}
ROW = {
    "job_id": "nightly",
    "batch_id": "b1",
    "operation_type": "send",
    "status": "completed",
    "total_records": 500,
    "processed_records": 495,
    "failed_records": 5,
    "processing_time_seconds": 0.5,
    "throughput_rps": 990.0,
    "error_rate_percent": 1.0,
    "started_at": AT - timedelta(seconds=0.5),
    "completed_at": AT,
    "metadata": [
        ("sink", "local"),
        ("run_id", "r1"),
        ("worker", "2"),
        ("retries", "1"),
        ("bytes", "100000"),
        ("cpu_seconds", "0.25"),
        ("memory_bytes", "50000000"),
    ],
}


def types(table: pa.Table) -> dict[str, str]:
    return {field.name: str(field.type).replace(" ('metadata')", "") for field in table.schema}


def test_a_parquet_file_has_the_columns_and_types_of_the_table(tmp_path: Path) -> None:
    path = tmp_path / "batches.parquet"

    assert write_parquet(path, [a_batch(failed=5)]) == 1

    table = pa.parquet.read_table(path)
    assert types(table) == COLUMNS
    assert table.to_pylist() == [ROW]
    assert [file.name for file in tmp_path.iterdir()] == ["batches.parquet"]


def test_a_history_without_batches_is_a_table_without_rows(tmp_path: Path) -> None:
    assert write_parquet(tmp_path / "none.parquet", []) == 0
    assert write_delta(tmp_path / "none", []) == 0

    assert pa.parquet.read_table(tmp_path / "none.parquet").num_rows == 0
    assert deltalake.DeltaTable(str(tmp_path / "none")).to_pyarrow_table().num_rows == 0


def test_rows_are_written_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "PORTION", 3)
    batches = [a_batch(number) for number in range(8)]

    assert write_parquet(tmp_path / "b.parquet", batches) == 8
    assert write_delta(tmp_path / "b", batches) == 8
    assert pa.parquet.ParquetFile(tmp_path / "b.parquet").num_row_groups == 3


def test_a_delta_table_grows_by_what_it_does_not_have(tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    assert write_delta(folder, [a_batch(1, failed=5), a_batch(2)]) == 2

    assert write_delta(folder, [a_batch(2), a_batch(3), replace(a_batch(1), job_id="weekly")]) == 2

    table = deltalake.DeltaTable(str(folder))
    assert table.metadata().name == "batch_operations"
    rows = table.to_pyarrow_table()
    assert types(rows) == COLUMNS
    assert sorted((row["job_id"], row["batch_id"]) for row in rows.to_pylist()) == [
        ("nightly", "b1"),
        ("nightly", "b2"),
        ("nightly", "b3"),
        ("weekly", "b1"),
    ]
    first = next(row for row in rows.to_pylist() if (row["job_id"], row["batch_id"]) == ("nightly", "b1"))
    assert {**first, "metadata": sorted(first["metadata"])} == {**ROW, "metadata": sorted(ROW["metadata"])}  # type: ignore[call-overload]  # its values are of all kinds


def test_a_batch_that_was_tried_again_replaces_what_a_delta_table_says_of_it(tmp_path: Path) -> None:
    tried = replace(a_batch(), status=BatchStatus.RETRYING, processed_records=0)
    later = replace(a_batch(at=AT + timedelta(minutes=1)), retries=2)
    write_delta(tmp_path / "lake", [tried, a_batch(2)])

    assert write_delta(tmp_path / "lake", [later, a_batch(2)]) == 1
    assert write_delta(tmp_path / "lake", [tried]) == 0

    rows = deltalake.DeltaTable(str(tmp_path / "lake")).to_pyarrow_table().to_pylist()
    told = {
        row["batch_id"]: (row["status"], row["processed_records"], dict(row["metadata"])["retries"])
        for row in rows
    }
    assert told == {"b1": ("completed", 500, "2"), "b2": ("completed", 500, "1")}


def test_a_batch_without_an_end_has_none_in_the_table_until_it_comes_to_one(tmp_path: Path) -> None:
    steps = [
        (BatchStatus.PENDING, 1),
        (BatchStatus.PENDING, 0),
        (BatchStatus.PROCESSING, 1),
        (BatchStatus.COMPLETED, 1),
        (BatchStatus.PROCESSING, 0),
    ]
    ends = []
    for number, (status, changed) in enumerate(steps):
        batch = replace(a_batch(at=AT + timedelta(minutes=number)), status=status)
        assert write_delta(tmp_path / "lake", [batch]) == changed
        (row,) = deltalake.DeltaTable(str(tmp_path / "lake")).to_pyarrow_table().to_pylist()
        ends.append(row["completed_at"])

    assert ends == [None, None, None, AT + timedelta(minutes=3), AT + timedelta(minutes=3)]


def test_a_delta_table_of_something_else_is_left_alone(tmp_path: Path) -> None:
    theirs = pa.table({"id": [1, 2]})
    deltalake.write_deltalake(str(tmp_path / "theirs"), theirs)

    with pytest.raises(StoreBroken, match="theirs: "):
        write_delta(tmp_path / "theirs", [a_batch()])

    assert deltalake.DeltaTable(str(tmp_path / "theirs")).to_pyarrow_table().num_rows == 2


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"none/b\.parquet cannot be written: No such file"):
        write_parquet(tmp_path / "none" / "b.parquet", [a_batch()])
    (tmp_path / "file").touch()
    with pytest.raises((StoreUnavailable, StoreBroken), match="file"):
        write_delta(tmp_path / "file", [a_batch()])


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)

    with pytest.raises(InvalidPipeline, match=r"need deltalake: pip install 'tocsin\[lake\]'"):
        write_delta(tmp_path / "lake", [a_batch()])
