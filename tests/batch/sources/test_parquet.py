"""Parquet files: skipped by row group, plain values, damage told."""

from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.batch.sources.base import Source, source_of
from tocsin.batch.sources.files import Files
from tocsin.batch.sources.fingerprints import changed
from tocsin.errors import InvalidPipeline, SourceFailed


def source(given: object) -> Source:
    return cast("Source", source_of(given))


def write(path: Path, count: int, group: int = 4, first: int = 0) -> Path:
    numbers = range(first, first + count)
    table = pa.table({"n": list(numbers), "name": [f"name {n}" for n in numbers]})
    pq.write_table(table, path, row_group_size=group)
    return path


def rows(count: int) -> list[dict[str, object]]:
    return [{"n": n, "name": f"name {n}"} for n in range(count)]


@settings(max_examples=30)
@given(
    counts=st.lists(st.integers(0, 11), min_size=1, max_size=3),
    start=st.integers(0, 40),
    group=st.integers(1, 5),
)
def test_from_any_ordinal_on_comes_what_comes_there_from_the_start(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], start: int, group: int
) -> None:
    folder = tmp_path_factory.mktemp("parquet")
    for index, count in enumerate(counts):
        write(folder / f"{index}.parquet", count, group, sum(counts[:index]))
    files = source(f"{folder}/*.parquet")

    assert files.total == sum(counts)
    assert list(files.records(start)) == rows(sum(counts))[start:]
    assert files.bytes_read() == files.total_bytes


def test_groups_that_are_passed_over_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = source(write(tmp_path / "f.parquet", 12))
    read: list[Any] = []
    iter_batches = pq.ParquetFile.iter_batches

    def watched(self: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- as it is published
        read.append(options["row_groups"])
        return iter_batches(self, *args, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", watched)

    assert list(file.records(9)) == rows(12)[9:]
    assert read == [[2]]


def test_only_the_columns_that_are_asked_for_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "f.parquet", 2)

    assert list(source(Files(path, columns=("n",))).records(0)) == [{"n": 0}, {"n": 1}]
    with pytest.raises(InvalidPipeline, match=r"f\.parquet has no column m; it has n, name"):
        source_of(Files(path, columns=["m"]))


def test_progress_follows_the_rows(tmp_path: Path) -> None:
    file = source(write(tmp_path / "f.parquet", 20_000, 1_000))
    records = file.records(0)
    for _ in range(10_001):
        next(records)

    assert file.total_bytes is not None
    assert 0.4 < file.bytes_read() / file.total_bytes < 0.6


def test_what_is_no_parquet_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "f.parquet").write_bytes(b"no parquet")
    (tmp_path / "empty.parquet").touch()
    (tmp_path / "folder.parquet").mkdir()

    with pytest.raises(InvalidPipeline, match=r"f\.parquet cannot be read"):
        source_of(tmp_path / "f.parquet")
    with pytest.raises(InvalidPipeline, match=r"empty\.parquet cannot be read"):
        source_of(tmp_path / "empty.parquet")
    with pytest.raises(InvalidPipeline, match=r"folder\.parquet/\*\.parquet"):
        source_of(f"{tmp_path}/folder*")
    with pytest.raises(InvalidPipeline, match=r"a pipe cannot be"):
        source_of(Files("-", format="parquet"))


def test_a_file_that_is_damaged_within_says_so_after_its_last_good_record(tmp_path: Path) -> None:
    path = write(tmp_path / "f.parquet", 9_000, 3_000)
    content = bytearray(path.read_bytes())
    middle = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    content[middle : middle + 200] = b"\xff" * 200
    path.write_bytes(content)
    read: list[object] = []

    with pytest.raises(SourceFailed, match=r"f\.parquet cannot be read on after 3,000 records"):
        read.extend(iter(source(path).records(0).__next__, None))

    assert read == rows(3_000)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_arrays([[1], [2]], names=["a", "a"]), tmp_path / "f.parquet")

    with pytest.raises(InvalidPipeline, match=r"more than one column is named 'a'"):
        source_of(tmp_path / "f.parquet")


def test_a_file_is_known_again(tmp_path: Path) -> None:
    old = source(write(tmp_path / "f.parquet", 3)).fingerprint()

    assert changed(old, source(tmp_path / "f.parquet").fingerprint()) == ""
    assert "f.parquet has grown from" in changed(old, source(write(tmp_path / "f.parquet", 9)).fingerprint())
