"""Frames of Spark checked by the job that has them, also while it writes them."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tocsin
from tests.batch.spark.session import Session, running
from tests.client.listener import Listener
from tests.docs.pages import SNIPPETS

# PySpark warns of the pandas beside it, which nothing here uses, and leaves sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]
ROWS = {"metric": "row_count", "threshold_min": 1000, "severity": "critical"}
NULLS = {"metric": "null_rate", "column": "rare", "threshold_max": 0.5}
UNIQUE = {"metric": "uniqueness", "column": "id", "threshold_min": 1}


@pytest.fixture(scope="module")
def spark() -> Iterator[Session]:
    """A session of Spark."""
    with running() as session:
        yield session


@pytest.fixture
def frame(spark: Session) -> Session:
    """A hundred rows in two parts, each of which is counted when it is read."""
    return spark.range(0, 100, numPartitions=2).selectExpr("id", "if(id % 4 = 0, NULL, id) AS rare")


def ended(server: Listener) -> dict[str, Any]:
    server.wait_until(lambda listener: len(listener.taken) >= 2)
    return dict(server.taken[1])


def test_what_is_written_is_checked_without_being_read_again(
    spark: Session, frame: Session, default: Listener, tmp_path: Path
) -> None:
    read = spark.sparkContext.accumulator(0)

    def counted(rows: Iterator[Session]) -> Iterator[Session]:
        for batch in rows:
            read.add(batch.num_rows)
            yield batch

    orders = frame.mapInArrow(counted, "id long, rare long")
    with tocsin.job("orders") as run, run.observe(orders, [ROWS, NULLS]) as observed:
        observed.write.parquet((tmp_path / "orders").as_uri())

    end = ended(default)
    assert end["metrics"] == {"row_count": 100.0, "rare_null_rate": 0.25}
    assert end["kind"] == "success"
    assert [check["metric"] for check in end["checks"]] == ["row_count", "null_rate"]
    assert read.value == 100
    assert spark.read.parquet((tmp_path / "orders").as_uri()).count() == 100


def test_what_cannot_be_measured_meanwhile_is_said_and_costs_no_other(
    frame: Session, default: Listener, tmp_path: Path
) -> None:
    with tocsin.job("orders") as run, run.observe(frame, [UNIQUE, NULLS]) as observed:
        observed.write.parquet((tmp_path / "orders").as_uri())

    end = ended(default)
    assert end["metrics"] == {"rare_null_rate": 0.25, "id_uniqueness": None}
    assert "cannot be measured while the frame is written" in str(end["metric_notes"])


def test_a_frame_is_written_also_where_the_checks_cannot_be_used(
    spark: Session, frame: Session, default: Listener, tmp_path: Path
) -> None:
    with tocsin.job("orders") as run, run.observe(frame, [{"metric": "row_cont"}]) as observed:
        observed.write.parquet((tmp_path / "orders").as_uri())

    end = ended(default)
    assert end["kind"] == "fail"
    assert "data was not checked: " in str(end["error"])
    assert spark.read.parquet((tmp_path / "orders").as_uri()).count() == 100


@pytest.mark.parametrize("name", ["on_spark.py", "while_writing.py"])
def test_the_programs_of_the_page_about_spark_check_their_orders(
    name: str, spark: Session, default: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = spark.range(0, 100).selectExpr(
        "id AS order_id", "concat('c', id) AS customer", "id * 1.5 AS amount"
    )
    rows.write.parquet((tmp_path / "orders.parquet").as_uri())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.checks.yaml").write_bytes((SNIPPETS / "engines" / "orders.checks.yaml").read_bytes())
    # A relative path of Spark is one of the folder in which its JVM was started, here that of the tests.
    for way, do in (("DataFrameReader", "load"), ("DataFrameWriter", "save")):
        monkeypatch.setattr(
            f"pyspark.sql.{way}.parquet",
            lambda one, path, do=do: getattr(one.format("parquet"), do)((tmp_path / path).as_uri()),
        )

    runpy.run_path(str(SNIPPETS / "engines" / name))

    end = ended(default)
    assert end["kind"] == "success"
    assert end["metrics"]["row_count"] == (100.0 if name == "on_spark.py" else 99.0)
    assert "metric_notes" not in end
