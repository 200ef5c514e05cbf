"""Files are measured where they lie; what is wrong with them is told, and nothing else is read."""

import gzip
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.faults.disk import files_of_at_most
from tests.measure.hostile import AS_OF, hostile_rows, write_parquet
from tocsin.errors import NotMeasured
from tocsin.jobs.checks import Metric
from tocsin.measure.bounded import MOST_BYTES, bounded_memory
from tocsin.measure.engine import Table
from tocsin.measure.files import Files, found_at, reader_of
from tocsin.measure.table import Holds
from tocsin.quality.measurement import Age, Between, Custom, FoundIn, Matching, Measurement, Reading

ROWS = Measurement(metric=Metric.ROW_COUNT)


@contextmanager
def table(path: Path | str, **options: object) -> Iterator[Table]:
    with closing(Files(str(path), **options)) as engine:  # type: ignore[arg-type]  # told by the caller
        yield Table(engine)


def read(path: Path | str, asked: Measurement, **options: object) -> Reading:
    with table(path, **options) as opened:
        return opened.measure([asked], AS_OF)[asked]


def of(metric: Metric, *columns: str, detail: object = None, **more: object) -> Measurement:
    return Measurement(metric=metric, columns=columns, detail=detail, **more)  # type: ignore[arg-type]  # told by the caller


def write(path: Path, columns: Mapping[str, object]) -> Path:
    pq.write_table(pa.table(dict(columns)), path)
    return path


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="there is no file"):
        Files(str(tmp_path / "none.parquet"))


def test_a_folder_is_told_how_to_name_its_files(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match=r"is a folder; name its files with a pattern: .*\*\.parquet"):
        Files(str(tmp_path))


def test_a_kind_of_file_that_nobody_reads_is_told_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "orders.xlsx").touch()

    with pytest.raises(NotMeasured, match="known are parquet, csv, tsv"):
        Files(str(tmp_path / "orders.xlsx"))


def test_a_parquet_that_is_cut_in_half_is_told(tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    write_parquet(whole, hostile_rows())
    half = tmp_path / "half.parquet"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    with pytest.raises(NotMeasured, match=r"half\.parquet cannot be read: .*"):
        Files(str(half))


def test_a_parquet_that_is_damaged_in_the_middle_is_an_error_of_whatever_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "damaged.parquet"
    pq.write_table(pa.table({"a": [f"{n * 7919:x}" for n in range(50_000)]}), path, compression="zstd")
    damaged = bytearray(path.read_bytes())
    damaged[1_000:60_000] = bytes(59_000)
    path.write_bytes(damaged)

    assert read(path, of(Metric.DISTINCT_COUNT, "a")).is_error


def test_lines_of_csv_that_are_broken_are_left_out_counted_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    good = "".join(f"{number},{number / 4}\n" for number in range(30_000))
    path.write_text(f"id,amount\n{good}7,1.5,too,many\n8\n9,abc\n")

    with closing(Files(str(path))) as engine:
        found = Table(engine).measure([ROWS, of(Metric.MAXIMUM, "amount")], AS_OF)
        remarks = engine.remarks()

    assert found[ROWS].value == 30_000
    assert remarks[0] == "3 lines could not be read and are left out"
    assert [remark.partition(": ")[0] for remark in remarks[1:]] == [
        f"{path}:{line}" for line in (30_002, 30_003, 30_004)
    ]


def test_a_csv_of_which_nothing_but_the_columns_was_asked_has_no_remarks(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id\n1\n", encoding="utf-8")

    with closing(Files(str(tmp_path / "orders.csv"))) as engine:
        assert [column.name for column in engine.columns()] == ["id"]
        assert engine.remarks() == ()


def test_texts_that_stand_for_null_in_csv_leave_numbers_numbers(tmp_path: Path) -> None:
    for name in ("jan", "feb"):
        (tmp_path / f"{name}.csv").write_text("id,delay\n1,5\n2,NA\n3,\n", encoding="utf-8")
    asked = of(Metric.NULL_RATE, "delay"), of(Metric.MEAN, "delay")

    for path in ("jan.csv", "*.csv"):
        with table(tmp_path / path, null_values=("NA",)) as opened:
            found = opened.measure(asked, AS_OF)
        assert [round(found[one].value or 0, 3) for one in asked] == [0.667, 5.0]


def test_texts_that_stand_for_null_are_refused_where_there_is_no_csv(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.parquet", {"id": [1]})

    with pytest.raises(NotMeasured, match=r"null_values are for CSV, and .*orders\.parquet is none"):
        Files(str(path), null_values=("NA",))


def test_broken_lines_of_several_files_are_told_with_their_file(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("a,b\n" + "1,2\n" * 25_000 + "1,2,3,4\n")

    with closing(Files(str(tmp_path / "*.csv"))) as engine:
        assert Table(engine).measure([ROWS], AS_OF)[ROWS].value == 50_000
        remarks = engine.remarks()

    assert [remark.partition(": ")[0] for remark in remarks[1:]] == [
        f"{tmp_path}/{name}:25002" for name in ("a.csv", "b.csv")
    ]


def test_a_whole_csv_has_no_remarks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")

    with closing(Files(str(tmp_path / "a.csv"))) as engine:
        assert Table(engine).measure([ROWS], AS_OF)[ROWS].value == 1
        assert engine.remarks() == ()


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_files_of_a_pattern_are_one_table_whose_columns_are_matched_by_name(
    tmp_path: Path, ending: str
) -> None:
    texts = {
        "csv": ("a,b\n1,x\n2,y\n", "b,a,c\nz,3,q\n"),
        "jsonl": ('{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', '{"b": "z", "a": 3, "c": "q"}\n'),
    }
    for number, text in enumerate(texts[ending]):
        (tmp_path / f"part {number}'s.{ending}").write_text(text)

    with table(tmp_path / f"part*.{ending}") as opened:
        asked = [ROWS, of(Metric.SUM, "a"), of(Metric.NULL_RATE, "c"), of(Metric.DISTINCT_COUNT, "b")]
        found = opened.measure(asked, AS_OF)

    assert [found[one].value for one in asked] == [3, 6, pytest.approx(2 / 3), 3]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst", "a.jsonl.gz", "a.tsv.gz"])
def test_files_may_be_packed(tmp_path: Path, name: str) -> None:
    text = {"csv": b"a,b\n1,2\n3,4\n", "jso": b'{"a": 1}\n{"a": 3}\n', "tsv": b"a\tb\n1\t2\n3\t4\n"}[
        name[2:5]
    ]
    packed = gzip.compress(text) if name.endswith("gz") else zstandard.compress(text)
    (tmp_path / name).write_bytes(packed)

    assert read(tmp_path / name, of(Metric.SUM, "a")).value == 4


def test_columns_with_one_name_are_made_two_by_csv_and_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b,a\n1,2,3\n")

    with table(tmp_path / "a.csv") as opened:
        assert len({column.name for column in opened.columns}) == 3


def test_ten_thousand_columns_are_measured(tmp_path: Path) -> None:
    wide = write(tmp_path / "wide.parquet", {f"c{number}": [number, None] for number in range(10_000)})
    asked = [of(Metric.NULL_RATE, f"c{number}") for number in range(0, 10_000, 50)]

    with table(wide) as opened:
        found = opened.measure(asked, AS_OF)

    assert len(opened.columns) == 10_000
    assert {one.value for one in found.values()} == {0.5}


def test_a_pattern_that_re2_refuses_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": ["x", "y"]})
    bad = of(Metric.PATTERN_MATCH, "a", detail=Matching("(?=x)"))
    good = of(Metric.PATTERN_MATCH, "a", detail=Matching("x"))

    with table(path) as opened:
        found = opened.measure([bad, good], AS_OF)

    assert found[bad].is_error
    assert "'(?=x)' is not valid RE2" in found[bad].said
    assert found[good].value == 0.5


def test_a_range_of_texts_and_a_column_that_is_not_there_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"price": ["x", "y"]})

    assert "is measured of numbers" in read(path, of(Metric.IN_RANGE, "price", detail=Between(low=0.0))).said
    assert "did you mean 'price'?" in read(path, of(Metric.NULL_RATE, "Prise")).said


def test_an_empty_file_has_nothing_to_measure(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": pa.array([], pa.float64())})

    assert read(path, ROWS).value == 0
    assert read(path, of(Metric.NULL_RATE, "a")) == Reading(said="there are no rows")
    assert read(path, of(Metric.MEAN, "a")) == Reading(said="there are no values that are not null")


def test_no_other_file_can_be_read_nor_anything_be_written(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": [1]})
    secret = write(tmp_path / "secret.parquet", {"a": [42]})

    with closing(Files(str(path))) as engine:
        for query in (
            f"FROM '{secret}'",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            "SELECT 1; SELECT 2",
            "SET enable_external_access = true",
            "ATTACH ':memory:' AS more",
        ):
            with pytest.raises(NotMeasured):
                engine.rows(query)
        assert read(path, of(Metric.REFERENCES, "a", detail=FoundIn(str(secret), "a"))).is_error
    assert not (tmp_path / "out.csv").exists()


def test_another_file_that_is_named_beforehand_can_be_referred_to(tmp_path: Path) -> None:
    orders = write(tmp_path / "orders.parquet", {"customer": [1, 2, 2, None], "id": [1, 2, 3, 4]})
    customers = write(tmp_path / "customers.parquet", {"id": [1, None]})
    known = of(Metric.REFERENCES, "customer", detail=FoundIn("customers", "id"))
    unknown = of(Metric.REFERENCES, "customer", detail=FoundIn("customers", "customer"))

    assert read(orders, known, beside={"customers": str(customers)}).value == pytest.approx(1 / 3)
    assert read(orders, unknown, beside={"customers": str(customers)}).is_error


def test_what_takes_too_long_is_stopped(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": list(range(1_000))})
    endless = Custom(
        "SELECT count(*) FROM {table} a, {table} b, {table} c, {table} d WHERE a.a + b.a < c.a * d.a"
    )

    found = read(path, of(Metric.CUSTOM, detail=endless), timeout_seconds=0.2)

    assert found == Reading(said="it took longer than 0.2 s and was stopped", is_error=True)


def test_too_many_segments_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": list(range(2_000)), "b": [1] * 2_000})

    assert "more than 1,000 segments" in read(path, of(Metric.NULL_RATE, "b", group_by=("a",))).said


def test_instants_in_the_future_are_told_unless_clocks_explain_them(tmp_path: Path) -> None:
    soon = write(tmp_path / "a.parquet", {"a": [datetime(2026, 3, 10, 12, 4, tzinfo=UTC)]})
    later = write(tmp_path / "b.parquet", {"a": [datetime(2026, 3, 10, 12, 6, tzinfo=UTC)]})

    assert read(soon, of(Metric.FRESHNESS, "a", detail=Age())).value == 0
    assert "lies in the future" in read(later, of(Metric.FRESHNESS, "a", detail=Age())).said


def test_texts_that_are_no_instants_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": ["2026-03-10T10:00:00Z", "soon", "later", None]})

    assert read(path, of(Metric.FRESHNESS, "a", detail=Age())).said == "2 texts are no instant"


def test_an_approximate_count_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": list(range(10_000))})

    found = read(path, of(Metric.DISTINCT_COUNT, "a", is_approximate=True))

    assert found.said == "approximate"
    assert found.value == pytest.approx(10_000, rel=0.1)


def test_a_pipe_or_a_device_is_refused_before_anything_is_read_of_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")

    for name in ("pipe.csv", "zero.csv", "*.csv"):
        with pytest.raises(NotMeasured, match="is no file but a folder, a pipe or a device"):
            Files(str(tmp_path / name))


@pytest.mark.parametrize("path", ["x" * 5_000 + ".csv", "no\0name.csv", "/proc/self/mem/a.csv"])
def test_a_path_that_no_file_can_have_is_told(path: str) -> None:
    with pytest.raises(NotMeasured, match=r"cannot be read|there is no file"):
        Files(path)


def test_files_of_csv_with_the_same_columns_are_read_at_once_and_all_of_them_tell_the_types(
    tmp_path: Path,
) -> None:
    for number in range(40):
        (tmp_path / f"{number:02}.csv").write_text(f"id,v\n{number},{number}\n")
    (tmp_path / "40.csv").write_text('id,v\n40,"x, and ""y"""\n')
    (tmp_path / "41.csv").write_text("id,v\n")
    (tmp_path / "42.csv").write_bytes(b"v,extra,id\r\n7,1,42\r\n")
    path = str(tmp_path / "*.csv")

    reader = reader_of(path, found_at(path))
    with table(path) as opened:
        asked = [ROWS, of(Metric.SUM, "id"), of(Metric.MAXIMUM, "extra"), of(Metric.DISTINCT_COUNT, "v")]
        found = opened.measure(asked, AS_OF)

    assert reader.count("read_csv") == 2
    assert [found[one].value for one in asked] == [42, sum(range(41)) + 42, 1, 41]
    assert {column.name: column.holds for column in opened.columns}["v"] is Holds.TEXT


def test_a_file_of_csv_without_rows_makes_no_text_of_the_numbers_of_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n")
    (tmp_path / "b.csv").write_text("id,v\n1,2.5\n")

    assert read(tmp_path / "*.csv", of(Metric.MEAN, "v")).value == 2.5


def test_of_a_line_that_is_too_long_it_is_told_why_it_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1," + "x" * 3_000_000 + "\n")

    with pytest.raises(NotMeasured, match="Line: 1: Maximum line size"):
        Files(str(tmp_path / "a.csv"))


@pytest.mark.parametrize("becomes", ["nothing", "half", "another"])
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_file_that_changes_while_it_is_measured_costs_its_values_and_nothing_else(
    tmp_path: Path, ending: str, becomes: str
) -> None:
    path = tmp_path / f"a.{ending}"
    duckdb.execute(f"COPY (SELECT i AS a, 'x' || i AS b FROM range(50000) t(i)) TO '{path}'")  # noqa: S608 -- our own file
    content = path.read_bytes()
    asked = of(Metric.SUM, "a")

    with table(path) as opened:
        match becomes:
            case "nothing":
                path.unlink()
            case "half":
                path.write_bytes(content[: len(content) // 2])
            case _:
                path.write_bytes(b"no,data\n" * 10)
        found = opened.measure([asked], AS_OF)[asked]

    assert found.is_error or (ending == "csv" and becomes == "half")


def test_a_single_text_that_is_larger_than_all_memory_fails_its_own_check(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": [1, 2]})
    huge = of(Metric.CUSTOM, detail=Custom("SELECT max(length(repeat('x', 3000000000 + a))) FROM {table}"))

    with bounded_memory(MOST_BYTES), table(path) as opened:
        found = opened.measure([huge, ROWS], AS_OF)

    assert "more memory than it may have" in found[huge].said
    assert found[ROWS].value == 2


def test_a_disk_without_room_for_what_memory_cannot_hold_fails_the_check_that_needs_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.parquet"
    duckdb.execute(f"COPY (SELECT md5(i::text) AS a FROM range(1500000) t(i)) TO '{path}'")  # noqa: S608 -- our own file
    many = of(Metric.DISTINCT_COUNT, "a")

    with table(path, memory_limit="60MB") as opened, files_of_at_most(100_000):
        found = opened.measure([many, ROWS], AS_OF)

    assert found[many].is_error
    assert found[ROWS].value == 1_500_000


def test_a_place_for_temporary_files_that_cannot_be_written_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.parquet", {"a": [1]})
    monkeypatch.setattr(tempfile, "tempdir", "/proc/self")

    with pytest.raises(
        NotMeasured, match=r"cannot be put aside in /proc/self: .*; name a folder .* by TMPDIR"
    ):
        Files(str(path))
