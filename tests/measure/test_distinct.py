"""Distinct values are counted to the last, close integers in a map of bits, or as nearly as is told."""

from contextlib import closing
from math import sqrt
from pathlib import Path

import duckdb
import pytest

from tests.measure.hostile import AS_OF
from tocsin.jobs.checks import Metric
from tocsin.measure.aggregate import Aggregate, Kind
from tocsin.measure.engine import Table
from tocsin.measure.files import MAX_SPAN, Files
from tocsin.measure.sql import Asking
from tocsin.quality.measurement import Measurement

ROWS = "SELECT {} FROM range({}) AS each(a)"
COLUMNS = (
    "a % 7 - 3 AS few",
    "CASE WHEN a % 3 = 0 THEN a END AS thirds",
    "a::TINYINT AS tiny",
    "a::SMALLINT - 5 AS small",
    "a * 1000003 AS wide",
    "NULL::INTEGER AS none",
    "a::UTINYINT AS unsigned",
    "a::VARCHAR AS text",
)
COUNTS = {
    "few": 7,
    "thirds": 34,
    "tiny": 100,
    "small": 100,
    "wide": 100,
    "none": 0,
    "unsigned": 100,
    "text": 100,
}


def write(path: Path, select: str) -> None:
    duckdb.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "a.parquet", ROWS.format(", ".join(COLUMNS), 100))
    return tmp_path


def of(column: str, **more: object) -> Measurement:
    return Measurement(metric=Metric.DISTINCT_COUNT, columns=(column,), **more)  # type: ignore[arg-type]  # told by the caller


def query(engine: Files, *columns: str) -> str:
    held = {column.name: column for column in engine.columns()}
    wanted = [Aggregate(kind=Kind.DISTINCT, columns=(held[name],)) for name in columns]
    return Asking(engine.dialect, engine.relation, engine.other).one_pass(wanted)


def counted(path: Path, *asked: Measurement) -> list[object]:
    with closing(Files(str(path))) as engine:
        read = Table(engine).measure(asked, AS_OF)
        return [read[one].segments or read[one].value for one in asked]


def test_they_come_to_what_a_table_of_all_values_comes_to(folder: Path) -> None:
    assert counted(folder / "a.parquet", *map(of, COUNTS)) == list(COUNTS.values())


def test_so_do_those_of_some_rows_and_those_of_none(folder: Path) -> None:
    where = [of("thirds", where="thirds < 30"), of("tiny", where="tiny > 200")]

    assert counted(folder / "a.parquet", *where) == [10, 0]


def test_so_do_those_of_several_files_whatever_each_of_them_holds(folder: Path) -> None:
    write(folder / "b.parquet", "SELECT (a + 500)::TINYINT % 100 AS tiny FROM range(0) AS each(a)")
    write(folder / "c.parquet", ROWS.format("a + 90 AS tiny, a - 5000 AS few", 100))

    assert counted(folder / "*.parquet", of("tiny"), of("few"), of("small")) == [190, 107, 100]


def test_only_integers_of_one_group_that_lie_close_together_are_counted_so(folder: Path) -> None:
    write(folder / "far.parquet", f"FROM (VALUES (1, 0), ({MAX_SPAN}, {MAX_SPAN})) AS ids(near, far)")
    with closing(Files(str(folder / "far.parquet"))) as engine:
        assert f'bit_count(bitstring_agg("near", 1, {MAX_SPAN}))' in query(engine, "near")
        assert query(engine, "far") == 'SELECT count(DISTINCT "far") FROM data'
    with closing(Files(str(folder / "a.parquet"))) as engine:
        assert "bitstring_agg" not in query(engine, "text", "none", "unsigned")
        held = {column.name: column for column in engine.columns()}
        asking = Asking(engine.dialect, engine.relation, engine.other)
        counts = [Aggregate(kind=Kind.DISTINCT, columns=(held["few"],))]
        assert "bitstring_agg" in asking.one_pass(counts)
        assert "bitstring_agg" not in asking.one_pass(counts, ["thirds"])


def test_nothing_is_asked_beforehand_of_a_file_that_has_no_such_figures(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n1\n2\n")
    with closing(Files(str(tmp_path / "a.csv"))) as engine:
        assert query(engine, "a") == 'SELECT count(DISTINCT "a") FROM data'


def test_approximate_counts_have_the_standard_error_that_is_told(tmp_path: Path) -> None:
    columns = [f"c{number}" for number in range(100)]
    drawn = ", ".join(f"hash(a, {number}) AS {name}" for number, name in enumerate(columns))
    write(tmp_path / "drawn.parquet", ROWS.format(drawn, 20_000))

    found = counted(tmp_path / "drawn.parquet", *(of(name, is_approximate=True) for name in columns))

    errors = [float(str(one)) / 20_000 - 1 for one in found]
    assert 0.02 < sqrt(sum(error**2 for error in errors) / len(errors)) < 0.035
