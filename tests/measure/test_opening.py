"""Which engine is for what: told by what is given, and what is nothing that is known is refused in words."""

import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyarrow import parquet

from tocsin.errors import NotMeasured
from tocsin.jobs.checks import Metric
from tocsin.measure.delta import is_delta
from tocsin.measure.engine import Table
from tocsin.measure.opening import opened
from tocsin.quality.measurement import FoundIn, Measurement

AS_OF = datetime(2026, 3, 10, tzinfo=UTC)
ROWS = pa.table({"id": [1, 2, 3], "who": ["ann", "bob", None]})
COUNT = Measurement(metric=Metric.ROW_COUNT)
REFERENCES = Measurement(metric=Metric.REFERENCES, columns=("who",), detail=FoundIn("people", "who"))


def value_of(source: object, asked: Measurement = COUNT, **beside: object) -> float | None:
    with closing(opened(source, beside=beside)) as engine:
        read = Table(engine).measure([asked], AS_OF)[asked]
    assert not read.is_error, read.said
    return read.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file and a Delta table with the same rows, the table written over once."""
    parquet.write_table(ROWS, tmp_path / "rows.parquet")
    write_deltalake(tmp_path / "delta", pa.table({"id": [9], "who": ["old"]}))
    write_deltalake(tmp_path / "delta", ROWS, mode="overwrite")
    return tmp_path


def test_a_path_a_pattern_a_delta_table_and_a_frame_are_opened_by_one_door(folder: Path) -> None:
    assert value_of(folder / "rows.parquet") == 3.0
    assert value_of(str(folder / "*.parquet")) == 3.0
    assert value_of(folder / "delta") == 3.0
    assert value_of(str(folder / "delta")) == 3.0
    assert value_of(ROWS) == 3.0


@pytest.mark.parametrize("kind", ["frame", "delta", "file"])
def test_what_is_checked_can_refer_to_another_kind_of_table(folder: Path, kind: str) -> None:
    source = {"frame": ROWS, "delta": folder / "delta", "file": folder / "rows.parquet"}[kind]
    parquet.write_table(pa.table({"who": ["ann"]}), folder / "people.parquet")

    assert value_of(source, REFERENCES, people=str(folder / "people.parquet")) == 0.5


def test_a_frame_and_a_delta_table_can_refer_to_each_other(folder: Path) -> None:
    people = pd.DataFrame({"who": ["bob"]})

    assert value_of(folder / "delta", REFERENCES, people=people) == 0.5
    assert value_of(people, REFERENCES, people=folder / "delta") == 1.0


def test_files_cannot_refer_to_frames_and_say_so(folder: Path) -> None:
    with pytest.raises(NotMeasured, match="files can refer to files alone, and 'people' is of another kind"):
        opened(folder / "rows.parquet", beside={"people": ROWS})


@pytest.mark.parametrize("unknown", [5, object(), [1], b"rows.parquet"])
def test_what_is_nothing_that_is_known_is_refused_with_what_is(unknown: object) -> None:
    with pytest.raises(NotMeasured, match=f"{type(unknown).__name__} is nothing that can be measured: give"):
        opened(unknown)


@pytest.mark.parametrize("source", [ROWS, "sqlite:///orders.db"])
def test_texts_that_stand_for_null_are_of_csv_alone(source: object) -> None:
    with pytest.raises(NotMeasured, match=r"null_values are for CSV, and (Table|sqlite://) is none"):
        opened(source, table="orders", null_values=("NA",))


def test_an_address_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(NotMeasured, match="ftp:// is no address that is known"):
        opened("ftp://lake/rows.parquet")


def test_a_table_of_a_database_may_refer_to_others_by_names_of_their_own(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "rows.db")) as connection, connection:
        connection.execute("CREATE TABLE rows AS SELECT 1 AS person UNION ALL SELECT 2")
        connection.execute("CREATE TABLE everybody AS SELECT 2 AS id UNION ALL SELECT 3")
    address = f"sqlite:///{tmp_path}/rows.db"
    known = Measurement(metric=Metric.REFERENCES, columns=("person",), detail=FoundIn("people", "id"))

    for people in ("everybody", "SELECT id FROM everybody"):
        with closing(opened(address, table="rows", beside={"people": people})) as engine:
            assert Table(engine).measure([known], AS_OF)[known].value == 0.5


def test_a_database_without_its_driver_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tocsin.measure.postgres", None)

    with pytest.raises(NotMeasured, match=r"^postgresql://host/db cannot be read: .* is not installed$"):
        opened("postgresql://ada:geheim@host/db", table="rows")


def test_a_damaged_delta_table_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    (tmp_path / "rows" / "_delta_log").mkdir(parents=True)
    (tmp_path / "rows" / "_delta_log" / "00000000000000000000.json").write_text("{nonsense")

    with pytest.raises(NotMeasured, match="rows cannot be read as a Delta table: "):
        opened(tmp_path / "rows")


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("s3://lake/orders", True),
        ("s3://lake/orders/", True),
        ("s3://lake/orders/*.parquet", False),
        ("s3://lake/orders/*", False),
        ("s3://lake/orders.parquet", False),
        ("https://host/rows.csv.gz", False),
        ("orders", False),
    ],
)
def test_an_address_that_names_no_files_is_that_of_a_delta_table(path: str, *, is_one: bool) -> None:
    assert is_delta(path) is is_one
