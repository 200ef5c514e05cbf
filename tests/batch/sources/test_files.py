"""Files as sources: found, refused, skipped, known again."""

import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.batch.sources.bad_record import BadRecord
from tocsin.batch.sources.base import Source, source_of
from tocsin.batch.sources.files import Files, FileSource
from tocsin.batch.sources.fingerprints import changed
from tocsin.errors import InvalidPipeline, SourceFailed

ROWS = [{"n": str(number)} for number in range(10)]


def json_text(rows: list[dict[str, str]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def csv_text(rows: list[dict[str, str]]) -> bytes:
    return b"n\n" + b"".join(row["n"].encode() + b"\n" for row in rows)


def zst_frames(content: bytes) -> bytes:
    half = len(content) // 2
    return zstandard.compress(content[:half]) + zstandard.compress(content[half:])


WRITERS: dict[str, Callable[[list[dict[str, str]]], bytes]] = {
    "jsonl": json_text,
    "ndjson": json_text,
    "csv": csv_text,
    "tsv": csv_text,
    "jsonl.gz": lambda rows: gzip.compress(json_text(rows)),
    "csv.gz": lambda rows: gzip.compress(csv_text(rows)),
    "jsonl.zst": lambda rows: zst_frames(json_text(rows)),
    "csv.zst": lambda rows: zst_frames(csv_text(rows)),
}


def source(given: object) -> Source:
    return cast("Source", source_of(given))


def write(folder: Path, name: str, rows: list[dict[str, str]]) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(WRITERS[name.partition(".")[2]](rows))
    return path


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("start", [0, 1, 9, 10, 11])
def test_each_format_is_read_from_any_ordinal_on(tmp_path: Path, suffix: str, start: int) -> None:
    assert list(source(write(tmp_path, f"f.{suffix}", ROWS)).records(start)) == ROWS[start:]


@pytest.mark.parametrize("suffix", WRITERS)
def test_each_format_may_be_empty(tmp_path: Path, suffix: str) -> None:
    empty = tmp_path / f"f.{suffix}"
    empty.touch()

    assert list(source(empty).records(0)) == []
    assert list(source(write(tmp_path, f"g.{suffix}", [])).records(0)) == []


@settings(max_examples=30)
@given(counts=st.lists(st.integers(0, 4), min_size=1, max_size=5), start=st.integers(0, 22))
def test_a_glob_is_one_range_of_ordinals_in_the_order_of_names(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], start: int
) -> None:
    folder = tmp_path_factory.mktemp("glob")
    rows = [{"n": str(number)} for number in range(sum(counts))]
    suffixes = ["jsonl", "csv.gz", "jsonl.zst"]
    for index, count in enumerate(counts):
        first = sum(counts[:index])
        write(folder, f"part-{index}.{suffixes[index % 3]}", rows[first : first + count])

    globbed = source(f"{folder}/part-*")

    assert list(globbed.records(start)) == rows[start:]
    assert globbed.bytes_read() == globbed.total_bytes


def test_a_bad_line_is_named_with_its_file(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", ROWS)
    (tmp_path / "b.jsonl").write_bytes(b"{}\n{oops\n")

    (bad,) = [r for r in source(f"{tmp_path}/*.jsonl").records(0) if isinstance(r, BadRecord)]

    assert bad.reason.startswith("b.jsonl line 2: not JSON")


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path) -> None:
    assert list(source(write(tmp_path, "events[1].jsonl", ROWS)).records(0)) == ROWS


def test_folders_below_are_searched_where_the_glob_says_so(tmp_path: Path) -> None:
    write(tmp_path, "b/x.jsonl", ROWS[5:])
    write(tmp_path, "a/x.jsonl", ROWS[:5])

    below = source(f"{tmp_path}/**/*.jsonl")

    assert list(below.records(0)) == ROWS
    assert below.name == "**/*.jsonl"


def test_a_glob_is_called_the_same_whatever_it_finds_so_that_its_run_is_found_again(tmp_path: Path) -> None:
    write(tmp_path, "a/x-1.jsonl", ROWS)
    name = source(f"{tmp_path}/a/x-*.jsonl").name
    write(tmp_path, "a/x-2.jsonl", ROWS)

    assert source(f"{tmp_path}/a/x-*.jsonl").name == name == "x-*.jsonl"


@pytest.mark.parametrize("suffix", WRITERS)
def test_progress_counts_up_to_the_size_on_disk(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, f"f.{suffix}", ROWS * 5_000)
    file = source(path)
    assert (file.total_bytes, file.bytes_read()) == (path.stat().st_size, 0)

    seen = [file.bytes_read() for _ in file.records(0)]

    assert seen == sorted(seen)
    assert seen[0] > 0
    assert file.bytes_read() == file.total_bytes


def test_a_file_can_be_read_again(tmp_path: Path) -> None:
    file = source(write(tmp_path, "f.jsonl", ROWS))

    assert list(file.records(3)) == list(file.records(3))
    assert file.bytes_read() == file.total_bytes


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json_text(ROWS))))
    stdin = source("-")

    assert (stdin.name, stdin.total_bytes, stdin.fingerprint()) == ("stdin", None, "")
    assert list(stdin.records(2)) == ROWS[2:]
    with pytest.raises(InvalidPipeline, match="can be read once"):
        stdin.records(0)


def test_standard_input_may_be_of_another_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(csv_text(ROWS)))))

    assert list(source(Files("-", format="csv.gz")).records(0)) == ROWS


def test_a_named_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    piped = source(pipe)
    writer = os.open(pipe, os.O_RDWR)
    records = piped.records(0)
    os.write(writer, b'{"n":1}\n')

    assert next(records) == {"n": 1}
    assert piped.fingerprint() == ""
    os.close(writer)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("missing.jsonl", "missing.jsonl cannot be read: No such file or directory"),
        ("missing-*.jsonl", r"there is no file .*missing-\*.jsonl"),
        ("folder", "folder is a directory; give a glob, such as .*folder/"),
        ("f.json", "one JSON document where lines are wanted"),
        ("f.txt", "its name ends in none of jsonl"),
        ("f.jsonl.bz2", "compressed with bzip2; only gz and zst are read"),
        ("f.parquet.gz", "Parquet compresses by itself"),
        ("not.jsonl.gz", "not.jsonl.gz cannot be read: Not a gzipped file"),
        ("not.jsonl.zst", "not.jsonl.zst cannot be read"),
        ("two.csv", "two.csv: more than one column is named 'a'"),
        ("link.jsonl", "link.jsonl cannot be read"),
        ("nul\0.jsonl", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_sent(
    tmp_path: Path, name: str, fault: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "nowhere")
    for file in ("f.json", "f.txt", "f.jsonl.bz2", "f.parquet.gz", "not.jsonl.gz", "not.jsonl.zst"):
        (tmp_path / file).write_bytes(b"{}\n")
    (tmp_path / "two.csv").write_bytes(b"a,a\n")

    with pytest.raises(InvalidPipeline, match=fault):
        source_of(f"{tmp_path}/{name}")


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "f.jsonl", ROWS)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # a test may run as somebody who may read everything

    with pytest.raises(InvalidPipeline, match=r"f.jsonl cannot be read: Permission denied"):
        source_of(path)


def test_a_format_that_is_not_known_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "f.jsonl", ROWS)

    with pytest.raises(InvalidPipeline, match="format 'xml' is not known"):
        source_of(Files(f"{tmp_path}/f.jsonl", format="xml"))


@pytest.mark.parametrize("suffix", ["jsonl.gz", "jsonl.zst", "csv.gz", "csv.zst"])
def test_a_file_that_was_cut_off_says_so_after_its_last_good_record(tmp_path: Path, suffix: str) -> None:
    rows = [{"n": os.urandom(20).hex()} for _ in range(40_000)]
    path = write(tmp_path, f"f.{suffix}", rows)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    read: list[object] = []

    with pytest.raises(SourceFailed, match=rf"f\.{suffix} cannot be read on: "):
        read.extend(iter(source(path).records(0).__next__, None))

    good = [record for record in read if not isinstance(record, BadRecord)]
    assert len(good) > 10_000
    assert good == rows[: len(good)]


def test_what_unpacks_to_very_much_is_unpacked_piece_by_piece(tmp_path: Path) -> None:
    line = b'{"n":"' + b"x" * 1_000_000 + b'"}\n'
    for name, packed in (
        ("f.jsonl.gz", gzip.compress(line * 60)),
        ("f.jsonl.zst", zstandard.compress(line * 60)),
    ):
        (tmp_path / name).write_bytes(packed)

        assert sum(1 for _ in source(tmp_path / name).records(0)) == 60


def mark(path: Path) -> str:
    return source(path).fingerprint()


def test_a_file_is_known_again_wherever_the_process_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "f.jsonl", ROWS)
    monkeypatch.chdir(tmp_path)

    assert changed(mark(path), source("f.jsonl").fingerprint()) == ""


def test_what_has_changed_of_a_file_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"1" * 10_000_000)
    old = mark(path)

    path.write_bytes(b"1" * 12_000_000)
    assert changed(old, mark(path)) == "events.jsonl has grown from 10 to 12 MB"
    assert changed(mark(path), old) == "events.jsonl has shrunk from 12 to 10 MB"
    path.write_bytes(b"1" * 10_000_001)
    assert changed(old, mark(path)) == "events.jsonl has grown from 10,000,000 to 10,000,001 bytes"
    path.write_bytes(b"1" * 9_999_999 + b"2")
    assert changed(old, mark(path)) == "events.jsonl has other content of the same size"
    path.write_bytes(b"1" * 10_000_000)
    os.utime(path, ns=(0, 0))
    assert changed(old, mark(path)) == (
        "events.jsonl was written to since then, though its size and its ends are the same"
    )


def test_files_that_came_and_went_are_named(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path, f"part-{number}.jsonl", ROWS)
    old = source(f"{tmp_path}/*").fingerprint()
    (tmp_path / "part-1.jsonl").unlink()
    write(tmp_path, "part-0003.jsonl", ROWS)

    assert (
        changed(old, source(f"{tmp_path}/*").fingerprint()) == "part-0003.jsonl is new; part-1.jsonl is gone"
    )


def test_of_many_changes_the_first_are_named_and_the_others_counted(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", ROWS)
    old = source(f"{tmp_path}/*").fingerprint()
    for number in range(5):
        write(tmp_path, f"b-{number}.jsonl", ROWS)

    assert changed(old, source(f"{tmp_path}/*").fingerprint()) == (
        "b-0.jsonl is new; b-1.jsonl is new; b-2.jsonl is new; and 2 more changes"
    )


def test_a_file_that_is_read_otherwise_is_another_source(tmp_path: Path) -> None:
    path = str(write(tmp_path, "f.csv", ROWS))
    said = changed(source(path).fingerprint(), source(Files(path, delimiter=";")).fingerprint())

    assert said.startswith("it was read with format by name, delimiter as usual")
    assert "delimiter ;" in said


def test_another_kind_of_source_is_named(tmp_path: Path) -> None:
    file = source(write(tmp_path, "f.jsonl", ROWS)).fingerprint()

    assert changed(file, source([1]).fingerprint()) == "the source was f.jsonl and is now a list"
    assert changed("", file) == (
        "the source was one that cannot be known again, such as an iterator and is now f.jsonl"
    )
    assert changed("", "") == ""


def test_what_is_said_of_a_file_can_be_said_otherwise_in_a_program(tmp_path: Path) -> None:
    path = tmp_path / "people"
    path.write_bytes(b"1;'a'\n")

    source = FileSource(Files(str(path), format="csv", delimiter=";", quote="'", header=("id", "name")))

    assert list(source.records(0)) == [{"id": "1", "name": "a"}]
