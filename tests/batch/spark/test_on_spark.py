"""The same pipeline on a Spark frame: every row arrives, and its end comes back to the driver."""

import asyncio
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.batch.spark.session import Session
from tests.batch.spark.shelf import Shelf, arrived, lines
from tests.batch.spark.shop import answering
from tests.batch.stories import QUICK, adds_up, letters
from tocsin.batch.config import BatchConfig
from tocsin.batch.limits import Limits
from tocsin.batch.outcome import Category
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.spark import frames
from tocsin.batch.state import open_state
from tocsin.batch.state.base import RunStatus
from tocsin.errors import InvalidPipeline

# PySpark warns of the pandas beside it, which nothing here uses, and leaves sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


SNIPPETS = Path(__file__).parents[3] / "docs" / "snippets"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest.fixture(params=["written", "collected"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Spark 4 writes; where it cannot, one collect has to do."""
    if request.param == "collected":
        monkeypatch.setattr(frames, "can_be_written", lambda _frame: False)
    return str(request.param)


def numbered(record: dict[str, Any]) -> dict[str, Any]:
    return {"n": record["id"]}


def test_every_row_arrives_once_and_all_ends_are_kept_on_the_driver(
    spark: Session, way: str, shelf: Path, state: Path
) -> None:
    frame = spark.range(0, 2_000, numPartitions=5)

    report = Pipeline("plain", Shelf(shelf), map=numbered, id="id", state=state, config=QUICK).run(frame)

    assert (report.status, report.read, report.delivered) == (RunStatus.COMPLETED, 2_000, 2_000), (
        report.reason
    )
    assert sorted(map(int, arrived(shelf))) == list(range(2_000))
    assert report.warnings == ()
    kept = open_state(state)
    try:
        run, history = kept.runs()[0], list(kept.batches())
    finally:
        kept.close()
    assert (run.id, run.status, run.checkpoint.delivered) == (report.run_id, RunStatus.COMPLETED, 2_000)
    assert len(history) == report.requests == len(lines(shelf))
    assert {batch.batch_id for batch in history} == {line.batch for line in lines(shelf)}


def test_more_partitions_than_share_the_rate_are_read_by_as_many_tasks_and_fewer_have_all_of_it(
    spark: Session, shelf: Path, state: Path
) -> None:
    pipeline = Pipeline("share", Shelf(shelf), id="id", state=state, config=QUICK)

    one = pipeline.run(spark.range(0, 100, numPartitions=1))
    many = pipeline.run(spark.range(100, 1_000, numPartitions=9))

    rate = 0.97 * 2_000
    assert one.requests_per_second == pytest.approx(min(rate, 1_000))
    assert many.requests_per_second == pytest.approx(min(rate, 1_000))
    assert len({line.task for line in lines(shelf)}) == 2


def test_bad_rows_become_dead_letters_on_the_driver_and_cost_nothing_else(
    spark: Session, way: str, shelf: Path, state: Path
) -> None:
    frame = spark.sql(
        "SELECT id, CASE WHEN id = 700 THEN 'poison' ELSE 'good' END AS text, "
        "CASE WHEN id = 3 THEN double('NaN') ELSE 1.5D END AS number FROM range(0, 1000, 1, 4)"
    )

    def checked(record: dict[str, Any]) -> dict[str, Any] | None:
        if record["id"] == 500:
            raise ValueError("it is too round")
        return record if record["id"] % 10 != 9 else None

    report = Pipeline("bad", Shelf(shelf), map=checked, id="id", state=state, config=QUICK).run(frame)

    assert (report.status, report.skipped, report.dead) == (RunStatus.COMPLETED, 100, 3), report.reason
    assert adds_up(report)
    assert report.read == 1_000
    assert len(set(arrived(shelf))) == report.delivered == 897
    dead = {letter.record_id: letter for letter in letters(state)}
    assert set(dead) == {"3", "500", "700"}
    assert {letter.run_id for letter in dead.values()} == {report.run_id}
    assert "NaN" in dead["3"].reason.replace("nan", "NaN")
    assert "too round" in dead["500"].reason
    assert dead["700"].is_encoded
    assert dead["700"].category is Category.VALIDATION


def test_dead_letters_of_a_run_on_spark_are_replayed_without_it(
    spark: Session, shelf: Path, state: Path
) -> None:
    def halved(record: dict[str, Any]) -> dict[str, Any]:
        if not (shelf / "mended").exists() and record["id"] % 100 == 0:
            raise ValueError("not now")
        return record

    pipeline = Pipeline("replay", Shelf(shelf), map=halved, id="id", state=state, config=QUICK)
    assert pipeline.run(spark.range(0, 500, numPartitions=2)).dead == 5
    (shelf / "mended").touch()

    report = pipeline.replay()

    assert (report.read, report.delivered) == (5, 5)
    assert sorted(map(int, arrived(shelf))) == list(range(500))


def test_a_task_that_dies_is_begun_again_and_sends_the_same_ids_in_the_same_order(
    spark: Session, shelf: Path, state: Path
) -> None:
    sink = Shelf(shelf, dies_after=3)
    frame = spark.range(0, 1_000, numPartitions=1)

    report = Pipeline(
        "again", sink, state=state, config=replace(QUICK, parallel_workers=1), map=numbered
    ).run(frame)

    assert (report.status, report.read, report.delivered) == (RunStatus.COMPLETED, 1_000, 1_000), (
        report.reason
    )
    tries: dict[int, list[str]] = {}
    for line in lines(shelf):
        tries.setdefault(line.task, []).extend(line.ids)
    first, second = sorted(tries.values(), key=len)
    assert len(first) == 150
    assert first == second[:150]
    assert len(set(second)) == 1_000
    named: dict[str, set[tuple[str, ...]]] = {}
    for line in lines(shelf):
        named.setdefault(line.batch, set()).add(line.ids)
    assert all(len(ids) == 1 for ids in named.values())
    assert any("begun again" in one for one in report.warnings)


def test_rows_without_an_id_have_one_of_what_is_in_them_in_every_run(
    spark: Session, shelf: Path, state: Path
) -> None:
    pipeline = Pipeline("ids", Shelf(shelf), state=state, config=QUICK)

    first = pipeline.run(spark.range(0, 300, numPartitions=2))
    once = sorted(arrived(shelf))
    pipeline.run(spark.range(0, 300, numPartitions=3).orderBy("id", ascending=False))

    assert len(set(once)) == 300
    assert sorted(arrived(shelf)) == sorted(once * 2)
    assert any("no id= is given" in one for one in first.warnings)


def test_a_sink_that_lets_nobody_in_ends_the_run_with_nothing_lost(
    spark: Session, way: str, shelf: Path, state: Path
) -> None:
    sink = Shelf(shelf, is_locked=True)

    report = Pipeline("locked", sink, id="id", state=state, config=QUICK).run(
        spark.range(0, 200_000, numPartitions=2)
    )

    assert report.status is RunStatus.FAILED
    assert "401" in report.reason
    assert (report.delivered, report.dead) == (0, 0)
    assert (arrived(shelf), letters(state)) == ([], [])


def test_too_large_a_share_of_bad_rows_ends_the_run(spark: Session, shelf: Path, state: Path) -> None:
    def refused(record: dict[str, Any]) -> dict[str, Any]:
        if record["id"] % 4 == 0:
            raise ValueError("bad")
        return record

    strict = BatchConfig(rate_limit_rps=1_000, error_threshold_percent=5)
    report = Pipeline("share", Shelf(shelf), map=refused, id="id", state=state, config=strict).run(
        spark.range(0, 4_000, numPartitions=2)
    )

    assert report.status is RunStatus.FAILED
    assert "% of the records failed" in report.reason
    assert len(letters(state)) == report.dead


def test_one_bad_row_of_a_small_partition_is_judged_with_all_the_others(
    spark: Session, shelf: Path, state: Path
) -> None:
    def refused(record: dict[str, Any]) -> dict[str, Any]:
        if record["id"] == 0:
            raise ValueError("bad")
        return record

    frame = spark.range(0, 3, numPartitions=1).union(spark.range(10, 1_000, numPartitions=1))
    strict = BatchConfig(rate_limit_rps=1_000, error_threshold_percent=5)
    report = Pipeline("small", Shelf(shelf), map=refused, id="id", state=state, config=strict).run(frame)

    assert (report.status, report.dead, report.delivered) == (RunStatus.COMPLETED, 1, 992), report.reason


@pytest.mark.parametrize("part", ["map", "validate", "id"])
def test_a_part_that_cannot_be_copied_is_named_before_anything_is_sent(
    spark: Session, shelf: Path, state: Path, part: str
) -> None:
    lock = threading.Lock()

    def holding(record: dict[str, Any]) -> str:
        with lock:
            return str(record)

    functions: dict[str, Any] = {"id": "id", part: holding}
    pipeline = Pipeline("locks", Shelf(shelf), state=state, config=QUICK, **functions)

    with pytest.raises(InvalidPipeline, match=f"^{part} cannot be copied .*lock"):
        pipeline.run(spark.range(10))

    assert arrived(shelf) == []


def test_a_python_without_our_packages_is_told_in_one_sentence(
    spark: Session, way: str, shelf: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = shelf / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    monkeypatch.setattr(spark.sparkContext, "pythonExec", str(bare / "bin" / "python"))

    with pytest.raises(InvalidPipeline, match=r"has no module .*tocsin\[batch,spark\].*PYSPARK_PYTHON"):
        Pipeline("bare", Shelf(shelf), id="id", state=state, config=QUICK).run(spark.range(10))

    kept = open_state(state)
    try:
        assert kept.runs()[0].status is RunStatus.FAILED
    finally:
        kept.close()


def test_a_frame_that_spark_cannot_compute_is_a_failed_run_with_its_reason(
    spark: Session, way: str, shelf: Path, state: Path
) -> None:
    frame = spark.sql("SELECT id, assert_true(id < 900, 'nine hundred') FROM range(0, 1000, 1, 2)")

    report = Pipeline("broken", Shelf(shelf), id="id", state=state, config=QUICK).run(
        frame.toDF("id", "checked")
    )

    assert report.status is RunStatus.FAILED
    assert "Spark gave up" in report.reason


def test_what_cannot_be_delivered_at_all_is_refused_in_words(
    spark: Session, shelf: Path, state: Path
) -> None:
    pipeline = Pipeline("words", Shelf(shelf), id="id", state=state, config=QUICK)
    frame = spark.range(10)

    with pytest.raises(InvalidPipeline, match="run it again"):
        pipeline.run(frame, resume=True)
    with pytest.raises(InvalidPipeline, match="more than one column named id"):
        pipeline.run(frame.join(spark.range(5).withColumnRenamed("id", "x"), how="cross").toDF("id", "id"))
    with pytest.raises(InvalidPipeline, match="foreachBatch"):
        pipeline.run(spark.readStream.format("rate").load())


def test_an_empty_frame_is_a_complete_run_without_a_request(spark: Session, shelf: Path, state: Path) -> None:
    frame = spark.range(0)

    report = Pipeline("empty", Shelf(shelf), id="id", state=state, config=QUICK).run(frame)

    assert (report.status, report.read, arrived(shelf)) == (RunStatus.COMPLETED, 0, [])


def test_a_shuffled_frame_is_computed_once(spark: Session, way: str, shelf: Path, state: Path) -> None:
    computed = spark.sparkContext.accumulator(0)

    def counting(rows: Iterator[Session]) -> Iterator[Session]:
        for batch in rows:
            computed.add(batch.num_rows)
            yield batch

    frame = spark.range(0, 400, numPartitions=2).mapInArrow(counting, "id long").repartition(3, "id")
    report = asyncio.run(Pipeline("once", Shelf(shelf), id="id", state=state, config=QUICK).arun(frame))

    assert (report.reason, report.delivered, computed.value) == ("", 400, 400)


def test_the_program_of_the_page_about_spark_delivers_its_events(
    spark: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOCSIN_BATCH_STATE", str(tmp_path / "batch.db"))
    monkeypatch.delenv("TOCSIN_URL", raising=False)
    spark.range(0, 1_200, numPartitions=3).selectExpr("id AS event_id", "id % 2 AS total").write.parquet(
        (tmp_path / "events.parquet").as_uri()
    )
    # A relative path of Spark is one of the folder in which its JVM was started, here that of the tests.
    monkeypatch.setattr(
        "pyspark.sql.DataFrameReader.parquet",
        lambda reader, path: reader.format("parquet").load((tmp_path / path).as_uri()),
    )
    with answering() as shop:
        monkeypatch.setenv("SHOP_URL", shop.url)
        runpy.run_path(str(SNIPPETS / "spark" / "events.py"), run_name="__main__")

    assert sorted(one["event_id"] for one in shop.records) == list(range(1, 1_200, 2))
    assert "600 delivered of 600 read" in capsys.readouterr().out


def test_a_limit_of_the_sink_is_divided_and_kept_by_all_tasks_together(
    spark: Session, shelf: Path, state: Path
) -> None:
    sink = Shelf(shelf, limits=Limits(max_records=10, requests_per_second=20))

    report = Pipeline("slow", sink, id="id", state=state, config=QUICK).run(
        spark.range(0, 300, numPartitions=2)
    )

    assert report.requests_per_second == pytest.approx(0.97 * 20)
    assert report.waited["rate"] > 0.5
