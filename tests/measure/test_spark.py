"""A real Spark frame is measured in one pass, and nothing is left of that in its session."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.batch.spark.session import Session
from tocsin.errors import NotMeasured
from tocsin.jobs.checks import Metric
from tocsin.measure.engine import Table
from tocsin.measure.observed import Observed
from tocsin.measure.opening import opened
from tocsin.measure.spark import SparkTable, is_spark
from tocsin.quality.measurement import (
    Age,
    Between,
    Custom,
    FoundIn,
    Matching,
    Measurement,
    OneOf,
    Quantile,
    Reading,
)

# PySpark warns of the pandas beside it, which nothing here uses, and leaves sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

Frame = Any
"""A frame of Spark, which is published without types."""
AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)
PARTS = 4
ROW_COUNT = Measurement(metric=Metric.ROW_COUNT)
ROUGHLY = Measurement(metric=Metric.DISTINCT_COUNT, columns=("name",), is_approximate=True)
IN_ONE_PASS = {
    ROW_COUNT: 1000.0,
    Measurement(metric=Metric.NULL_RATE, columns=("rare",)): 0.5,
    Measurement(metric=Metric.SUM, columns=("id",)): 499_500.0,
    Measurement(metric=Metric.QUANTILE, columns=("id",), detail=Quantile(0.5)): 499.5,
    Measurement(metric=Metric.PATTERN_MATCH, columns=("name",), detail=Matching(r"^n\d$")): 1.0,
    Measurement(metric=Metric.ACCEPTED_VALUES, columns=("name",), detail=OneOf(("n1", "n2"))): 0.2,
    Measurement(metric=Metric.IN_RANGE, columns=("id",), detail=Between(low=0, high=99)): 0.1,
    Measurement(metric=Metric.FRESHNESS, columns=("at",), detail=Age(3600.0)): 3.0,
    ROUGHLY: 10.0,
}
UNIQUE = tuple(Measurement(metric=Metric.UNIQUENESS, columns=(name,)) for name in ("id", "name"))


@pytest.fixture
def frame(spark: Session) -> Frame:
    return spark.range(0, 1000, numPartitions=PARTS).selectExpr(
        "id",
        "concat('n', id % 10) AS name",
        "if(id % 2 = 0, id, NULL) AS rare",
        "timestamp'2026-03-10T09:00:00Z' AS at",
    )


class Jobs:
    """The jobs of Spark that were run within."""

    def __init__(self) -> None:
        self.tasks = list[int]()


@contextmanager
def jobs_of(spark: Session) -> Iterator[Jobs]:
    context, jobs = spark.sparkContext, Jobs()
    group = f"group-{uuid4()}"
    context.setJobGroup(group, group)
    yield jobs
    tracker = context.statusTracker()
    for job in sorted(tracker.getJobIdsForGroup(group)):
        info = tracker.getJobInfo(job)
        stages = [tracker.getStageInfo(stage) for stage in info.stageIds]
        jobs.tasks.append(sum(stage.numCompletedTasks for stage in stages if stage))


@contextmanager
def planned_ahead(spark: Session) -> Iterator[None]:
    """Let Spark plan a query as a whole: else it counts the half before the exchange as a job of its own."""
    spark.conf.set("spark.sql.adaptive.enabled", "false")
    yield
    spark.conf.unset("spark.sql.adaptive.enabled")


def measured(frame: Frame, *asked: Measurement, **beside: Frame) -> list[Reading]:
    with closing(opened(frame, beside=beside)) as engine:
        return list(Table(engine).measure(asked, AS_OF).values())


def test_all_that_is_wanted_of_a_frame_is_one_job(spark: Session, frame: Frame) -> None:
    with planned_ahead(spark), jobs_of(spark) as jobs:
        read = measured(frame, *IN_ONE_PASS)

    assert [one.value for one in read] == list(IN_ONE_PASS.values())
    assert jobs.tasks == [PARTS + 1]


def test_also_a_query_that_is_planned_as_it_runs_reads_each_part_once(spark: Session, frame: Frame) -> None:
    with jobs_of(spark) as jobs:
        measured(frame, *IN_ONE_PASS)

    assert sum(jobs.tasks) == PARTS + 1


def test_each_exact_count_is_a_pass_of_its_own_and_said(spark: Session, frame: Frame) -> None:
    with closing(opened(frame)) as engine, planned_ahead(spark), jobs_of(spark) as jobs:
        read = Table(engine).measure([*UNIQUE, ROW_COUNT], AS_OF)
        remarks = engine.remarks()

    assert [one.value for one in read.values()] == [1.0, 0.01, 1000.0]
    assert len(jobs.tasks) == 3
    (told,) = remarks
    assert told.startswith(
        "the frame was gone through 3 times: each exact count of distinct values, each other"
    )


def test_one_pass_is_nothing_to_remark(frame: Frame) -> None:
    with closing(opened(frame)) as engine:
        Table(engine).measure([ROW_COUNT, ROUGHLY], AS_OF)

        assert engine.remarks() == ()


def test_the_view_by_which_a_frame_is_asked_goes_with_the_engine(spark: Session, frame: Frame) -> None:
    engine = opened(frame, beside={"other": frame})
    during = len(spark.catalog.listTables())
    engine.close()
    engine.close()

    assert (during, len(spark.catalog.listTables())) == (2, 0)


def test_a_frame_can_refer_to_frames_and_to_tables_of_the_session(spark: Session, frame: Frame) -> None:
    spark.createDataFrame([("n1",), ("n2",)], "who string").createOrReplaceTempView("people")
    refers = [
        Measurement(metric=Metric.REFERENCES, columns=("name",), detail=FoundIn(table, "who"))
        for table in ("people", "others")
    ]

    read = measured(frame, *refers, others=spark.createDataFrame([("n3",)], "who string"))

    spark.catalog.dropTempView("people")
    assert [one.value for one in read] == [0.2, 0.1]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH one AS (SELECT 1) INSERT INTO {table} SELECT 1",
        "SELECT 1) UNION (DROP TABLE {table}",
        "SELECT 1; DROP TABLE {table}",
    ],
)
def test_sql_that_is_no_single_select_is_refused(frame: Frame, sql: str) -> None:
    (read,) = measured(frame, Measurement(metric=Metric.CUSTOM, detail=Custom(sql)))

    assert read.is_error
    assert read.said


def test_what_cannot_be_measured_says_why_in_one_line_and_costs_the_others_nothing(frame: Frame) -> None:
    custom = (Custom("nofunction(id)"), Custom("sum(int(name))"), Custom("sum(id) / count(*)"))

    unknown, malformed, mean = measured(
        frame, *(Measurement(metric=Metric.CUSTOM, detail=one) for one in custom)
    )

    assert unknown.said.startswith("[UNRESOLVED_ROUTINE] Cannot resolve routine `nofunction`")
    assert malformed.said.startswith("[CAST_INVALID_INPUT] The value ")
    assert all("\n" not in one.said and "SQLSTATE" not in one.said for one in (unknown, malformed))
    assert mean.value == 499.5


def test_columns_of_one_name_are_told_of_and_cost_the_others_nothing(frame: Frame) -> None:
    twice = frame.selectExpr("id", "name", "rare AS name", "1 AS alike", "2 AS ALIKE")
    asked = [Measurement(metric=Metric.NULL_RATE, columns=(one,)) for one in ("name", "alike", "id")]

    name, alike, id_ = measured(twice, *asked)

    assert name.said == "there are 2 columns called 'name'; give each a name of its own"
    assert "AMBIGUOUS_REFERENCE" in alike.said
    assert id_.value == 0.0


def test_what_takes_too_long_is_stopped(spark: Session) -> None:
    endless = spark.range(0, 10**15, numPartitions=PARTS)
    asked = Measurement(metric=Metric.SUM, columns=("id",))

    with closing(SparkTable(endless, timeout_seconds=0.5)) as engine:
        read = Table(engine).measure([asked], AS_OF)[asked]
        assert (read.is_error, read.said) == (True, "it took longer than 0.5 s and was stopped")


def test_what_is_still_being_planned_when_its_time_is_over_is_stopped_too(spark: Session) -> None:
    endless = spark.range(0, 10**15, numPartitions=PARTS)
    asked = Measurement(metric=Metric.SUM, columns=("id",))

    with closing(SparkTable(endless, timeout_seconds=0.0)) as engine:
        assert Table(engine).measure([asked], AS_OF)[asked].said.endswith("was stopped")


def test_a_stream_is_refused_with_what_to_do(spark: Session) -> None:
    stream = spark.readStream.format("rate").load()

    with pytest.raises(NotMeasured, match="a stream; measure each of its batches, in foreachBatch"):
        opened(stream)


def test_a_frame_of_another_library_is_nothing_that_spark_can_refer_to(frame: Frame) -> None:
    with pytest.raises(NotMeasured, match="Spark frames alone, not to dict"):
        opened(frame, beside={"people": {}})

    assert frame.sparkSession.catalog.listTables() == []


def test_a_frame_of_spark_connect_is_known_by_its_name() -> None:
    connected = type("DataFrame", (), {"__module__": "pyspark.sql.connect.dataframe"})

    assert is_spark(connected())
    assert not is_spark(type("DataFrame", (), {"__module__": "pandas"})())


@pytest.mark.parametrize("sessions_zone", ["America/New_York", "UTC"])
def test_the_zone_of_the_session_changes_no_instant(spark: Session, sessions_zone: str) -> None:
    zone = Age(3600.0, "Europe/Berlin")
    texts = {
        "2026-03-10T09:00:00": 4.0,
        "2026-03-10 09:00:00Z": 3.0,
        "2026-03-10": 13.0,
        "2026-03-10T09:00:00+02:00": 5.0,
    }
    spark.conf.set("spark.sql.session.timeZone", sessions_zone)
    frame = spark.range(1).selectExpr(
        "timestamp_ntz'2026-03-10T09:00:00' AS local",
        "date'2026-03-10' AS day",
        *(f"'{text}' AS t{place}" for place, text in enumerate(texts)),
    )

    read = measured(
        frame, *(Measurement(metric=Metric.FRESHNESS, columns=(one,), detail=zone) for one in frame.columns)
    )

    spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert [one.value for one in read] == [4.0, 13.0, *texts.values()]


def test_what_is_measured_while_a_frame_is_written_costs_no_other_job(
    spark: Session, frame: Frame, tmp_path: Path
) -> None:
    observed = Observed(frame, IN_ONE_PASS)

    with jobs_of(spark) as jobs:
        observed.frame.write.parquet(str(tmp_path / "written"))

    read = observed.measure(AS_OF)
    assert [one.value for one in read.values()] == list(IN_ONE_PASS.values())
    assert jobs.tasks == [PARTS]
    assert spark.read.parquet(str(tmp_path / "written")).count() == 1000


def test_what_could_fail_the_write_or_needs_a_pass_is_not_measured_with_it(frame: Frame) -> None:
    asked = {
        UNIQUE[0]: "an exact count of distinct values",
        Measurement(metric=Metric.ROW_COUNT, group_by=("name",)): "group_by",
        Measurement(metric=Metric.ROW_COUNT, where="int(name) > 1"): "SQL of your own",
        Measurement(metric=Metric.CUSTOM, detail=Custom("sum(int(name))")): "SQL of your own",
        Measurement(metric=Metric.CUSTOM, detail=Custom("SELECT 1")): "SQL of your own",
        Measurement(metric=Metric.REFERENCES, columns=("name",), detail=FoundIn("a", "b")): "another table",
        Measurement(metric=Metric.ACCEPTED_VALUES, columns=("id",), detail=OneOf(("a",))): "of another type",
        Measurement(metric=Metric.NULL_RATE, columns=("gone",)): "there is no column 'gone'",
    }

    observed = Observed(frame, asked)

    assert observed.frame is frame
    read = observed.measure(AS_OF)
    assert list(read) == list(asked)
    assert all(one.is_error and re.search(asked[key], one.said) for key, one in read.items())


def test_a_frame_that_was_never_written_has_nothing_to_tell(frame: Frame) -> None:
    observed = Observed(frame, [ROW_COUNT])

    read = observed.measure(AS_OF, wait_seconds=0.1)[ROW_COUNT]

    assert (read.is_error, read.said) == (
        True,
        "the frame has not been written, or not through `frame` of what observes it",
    )


def test_a_frame_that_cannot_be_observed_is_written_as_it_is(frame: Frame) -> None:
    alike = frame.selectExpr("1 AS alike", "2 AS ALIKE")

    observed = Observed(alike, [Measurement(metric=Metric.NULL_RATE, columns=("alike",))])

    assert observed.frame is alike
    (read,) = observed.measure(AS_OF).values()
    assert "AMBIGUOUS_REFERENCE" in read.said
