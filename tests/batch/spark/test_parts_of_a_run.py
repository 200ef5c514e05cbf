"""Shares, parts and what a task holds: what needs no Spark to be looked at."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batch.spark.shelf import Shelf, arrived, lines
from tests.batch.stories import QUICK, adds_up
from tocsin.batch.config import BatchConfig
from tocsin.batch.encoding import encode_json
from tocsin.batch.limits import Limits
from tocsin.batch.preparing import Preparation
from tocsin.batch.spark import held
from tocsin.batch.spark.driving import _why
from tocsin.batch.spark.frames import is_frame, is_speculative
from tocsin.batch.spark.parts import report_of, warnings_of
from tocsin.batch.spark.sharing import most_tasks, share_of_config, share_of_limits, whole_part
from tocsin.batch.spark.work import Place, RowId, Work, deliver
from tocsin.batch.state.base import Checkpoint, RunRow, RunStatus
from tocsin.errors import InvalidPipeline, SourceFailed

AT = datetime(2026, 11, 22, tzinfo=UTC)
FIRST = Place(index=0, tries=0)


def work_of(folder: Path, **given: Any) -> Work:  # noqa: ANN401 -- fields of Work and Preparation
    sink = Shelf(folder)
    run = RunRow(
        id="run", pipeline="p", source="s", started_at=AT, checkpoint=Checkpoint(at=AT), namespace="n-"
    )
    preparation = Preparation(sink=sink, namespace="n-", id=given.pop("id", "id"), map=given.pop("map", None))
    return Work(preparation=preparation, run=run, **{"config": QUICK, "most_failed_percent": 100.0, **given})


def batches(count: int, size: int = 100) -> Iterator[Any]:
    for first in range(0, count, size):
        yield pa.RecordBatch.from_pydict({"id": list(range(first, min(count, first + size)))})


class _Counting(Shelf):
    """Encodes many at once, and takes down how many."""

    def encode(self, record: object, record_id: str) -> bytes:
        raise AssertionError(f"{record_id} was encoded alone: {record}")

    def encode_each(self, records: Sequence[object], ids: Sequence[str]) -> Iterable[bytes]:
        return [encode_json({"id": one, "of": record}) for one, record in zip(ids, records, strict=True)]


def test_a_task_encodes_many_records_at_once_where_its_sink_can(tmp_path: Path) -> None:
    work = work_of(tmp_path)
    work = replace(work, preparation=replace(work.preparation, sink=_Counting(tmp_path)))

    part = deliver(work, batches(300), FIRST)

    assert (part.report.delivered, part.report.dead) == (300, 0)


def test_what_tasks_warn_of_is_told_with_their_partitions_up_to_a_few(tmp_path: Path) -> None:
    rows = [pa.RecordBatch.from_pydict({"id": [7, 7]})]
    parts = [deliver(work_of(tmp_path), iter(rows), replace(FIRST, index=index)) for index in range(9)]

    told = warnings_of(work_of(tmp_path), parts, has_id=True, is_speculative=False)

    assert len(told) == 4
    assert told[0].startswith("partition 0: in 1 request several records had the same id")
    assert told[-1] == "and 6 more warnings of partitions"


@given(much=st.integers(1, 20), tasks=st.integers(1, 20))
def test_the_parts_of_all_tasks_make_up_the_whole(much: int, tasks: int) -> None:
    parts = [whole_part(much, tasks, index) for index in range(tasks)]

    assert sum(parts) == max(much, tasks)
    assert max(parts) - min(parts) <= 1


@given(
    rate=st.floats(0.1, 5_000) | st.none(),
    rps=st.floats(1, 1_000),
    workers=st.integers(1, 20),
    most=st.integers(1, 50) | st.none(),
    slots=st.integers(1, 500) | st.none(),
)
def test_all_tasks_together_never_have_more_than_the_pipeline(
    rate: float | None, rps: float, workers: int, most: int | None, slots: int | None
) -> None:
    limits = Limits(requests_per_second=rate, max_concurrency=most)
    config = BatchConfig(rate_limit_rps=rps, parallel_workers=workers)

    tasks = most_tasks(limits, config, slots)
    shares = [share_of_config(config, tasks, index) for index in range(tasks)]
    parts = [share_of_limits(limits, tasks, index) for index in range(tasks)]

    assert sum(one.parallel_workers for one in shares) == workers
    assert sum(one.rate_limit_rps for one in shares) == pytest.approx(rps)
    assert slots is None or tasks <= slots
    assert most is None or sum(one.max_concurrency or 0 for one in parts) == most
    assert rate is None or sum(one.requests_per_second or 0 for one in parts) == pytest.approx(rate)


def test_a_partition_is_delivered_by_the_same_engine_without_spark(tmp_path: Path) -> None:
    part = deliver(work_of(tmp_path), batches(1_000), FIRST)

    assert (part.report.status, part.report.delivered) == (RunStatus.COMPLETED, 1_000)
    assert sorted(map(int, arrived(tmp_path))) == list(range(1_000))
    assert {one.run_id for one in part.batches} == {"run"}


def test_two_tries_of_a_partition_name_the_same_requests_alike_and_no_others(tmp_path: Path) -> None:
    work = work_of(tmp_path)

    deliver(work, batches(200), FIRST)
    deliver(work, batches(200), replace(FIRST, tries=1))
    deliver(work, (batch.slice(20) for batch in batches(200)), replace(FIRST, tries=2))

    named: dict[str, set[tuple[str, ...]]] = {}
    for line in lines(tmp_path):
        named.setdefault(line.batch, set()).add(line.ids)
    assert all(len(records) == 1 for records in named.values())
    assert len(lines(tmp_path)) > len(named) >= 4


def test_what_reading_a_partition_raises_is_raised_so_that_spark_begins_it_again(tmp_path: Path) -> None:
    def broken() -> Iterator[Any]:
        yield from batches(100)
        raise OSError("the other side went away")

    with pytest.raises(OSError, match="went away"):
        deliver(work_of(tmp_path), broken(), FIRST)


def test_more_dead_letters_than_a_task_can_hold_end_it_and_none_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "MAX_LETTERS", 300)

    def bad(record: dict[str, Any]) -> None:
        raise ValueError(f"{record['id']} is bad")

    part = deliver(work_of(tmp_path, map=bad), batches(1_000_000), FIRST)

    assert part.report.status is RunStatus.FAILED
    assert "a task can hold 300" in part.report.reason
    assert 300 < len(part.letters) == part.report.dead < 1_000_000
    assert adds_up(part.report)


def test_dead_letters_of_two_partitions_have_different_ordinals(tmp_path: Path) -> None:
    def bad(record: dict[str, Any]) -> None:
        raise ValueError("bad")

    work = work_of(tmp_path, map=bad)
    parts = [deliver(work, batches(50), replace(FIRST, index=index)) for index in (0, 1)]

    assert len({letter.ordinal for part in parts for letter in part.letters}) == 100
    assert {letter.run_id for part in parts for letter in part.letters} == {"run"}


def test_a_history_of_too_many_batches_is_cut_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "MAX_BATCHES", 3)

    work = work_of(tmp_path)
    part = deliver(work, batches(500), FIRST)

    assert (len(part.batches), part.batches_left_out) == (3, 7)
    told = warnings_of(work, [part], has_id=True, is_speculative=False)
    assert told == ("the history leaves out 7 batches, of which there were too many in a task",)


def test_parts_make_one_report_that_counts_every_record_once(tmp_path: Path) -> None:
    work = work_of(tmp_path, tasks=2)
    parts = [
        deliver(work, batches(count), replace(FIRST, index=index)) for index, count in ((0, 70), (1, 300))
    ]

    report = report_of(work, parts, seconds=2.0)

    assert (report.read, report.delivered, report.status) == (370, 370, RunStatus.COMPLETED)
    assert report.records_per_second == 185.0
    assert report.requests == sum(part.report.requests for part in parts)
    assert report.sent_bytes == sum(part.report.sent_bytes for part in parts)


def test_a_limit_is_found_when_every_task_has_met_its_part_of_it(tmp_path: Path) -> None:
    work = work_of(tmp_path, tasks=2)
    part = deliver(work, batches(10), FIRST)
    met = replace(part, report=replace(part.report, found_requests_per_second=20.0))

    assert report_of(work, [met, met], seconds=1.0).found_requests_per_second == 40.0
    assert report_of(work, [met, part], seconds=1.0).found_requests_per_second is None


def test_a_run_is_no_better_than_its_worst_partition(tmp_path: Path) -> None:
    work = work_of(tmp_path, tasks=2)
    good = deliver(work, batches(70), FIRST)
    away = replace(
        good, index=1, report=replace(good.report, status=RunStatus.SUSPENDED, reason="the sink was away")
    )

    report = report_of(work, [good, away], seconds=1.0)

    assert (report.status, report.reason) == (RunStatus.SUSPENDED, "partition 1: the sink was away")
    assert report_of(work, [good], seconds=1.0, failure="Spark gave up").status is RunStatus.FAILED


def test_too_many_failed_records_are_judged_over_all_partitions(tmp_path: Path) -> None:
    def odd(record: dict[str, Any]) -> dict[str, Any]:
        if record["id"] % 2:
            raise ValueError("odd")
        return record

    parts = [deliver(work_of(tmp_path, map=odd), batches(40), replace(FIRST, index=n)) for n in (0, 1)]

    strict = report_of(work_of(tmp_path, most_failed_percent=10.0), parts, seconds=1.0)
    counted = report_of(work_of(tmp_path, most_failed=39), parts, seconds=1.0)

    assert (strict.status, strict.reason) == (RunStatus.FAILED, "50 % of the records failed; 10 % may")
    assert counted.reason == "40 records failed; 39 may"


def test_an_id_made_of_a_row_is_the_same_everywhere_and_differs_by_pipeline() -> None:
    row = {"id": 1, "at": AT, "number": float("nan"), "text": "zürich"}

    assert RowId("p")(row) == RowId("p")(dict(row))
    assert RowId("p")(row) != RowId("q")(row)
    assert RowId("p")(row) != RowId("p")({**row, "id": 2})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "... ModuleNotFoundError: No module named 'msgspec'\n at",
            r"module msgspec: install 'tocsin\[batch,",
        ),
        ("... ModuleNotFoundError: No module named 'acme.shop'\n", "acme.shop, which this pipeline uses"),
        ("[PYTHON_VERSION_MISMATCH] Python in worker has 3.10 and driver 3.12.", "PYSPARK_PYTHON before"),
        ("x\ntocsin.errors.InvalidPipeline: this sink needs a package\n at", "^this sink needs a package$"),
    ],
)
def test_what_is_to_blame_in_the_surroundings_is_told_in_one_sentence(text: str, told: str) -> None:
    with pytest.raises(InvalidPipeline, match=told):
        _why(RuntimeError(text))


def test_whatever_else_spark_says_is_a_reason_of_one_line() -> None:
    assert _why(RuntimeError("\n Job aborted.\n\tat org.apache")) == "Spark gave up: Job aborted."
    java = "An error occurred while calling o7.save.\n: x.Y: Job aborted.\nCaused by: a\nCaused by: b"
    assert _why(RuntimeError(java)) == "Spark gave up: x.Y: Job aborted.; Caused by: b"
    assert _why(SourceFailed("")) == "Spark gave up: SourceFailed"


class _Session:
    def __init__(self, value: str) -> None:
        self.sparkSession = self
        self.conf = {"spark.speculation": value}


def test_speculation_is_warned_of(tmp_path: Path) -> None:
    told = warnings_of(work_of(tmp_path), [], has_id=True, is_speculative=is_speculative(_Session("true")))

    assert "spark.speculation is on" in told[0]
    assert not is_speculative(_Session("false"))
    assert not is_frame([1])
