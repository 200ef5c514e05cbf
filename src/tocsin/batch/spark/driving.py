"""The driver's side: one job of Spark sends a whole frame, and its parts become one run."""

import importlib
import pickle
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tocsin import clock
from tocsin.batch.report import RunReport
from tocsin.batch.spark import frames
from tocsin.batch.spark.parts import report_of, warnings_of
from tocsin.batch.spark.sharing import most_tasks
from tocsin.batch.spark.work import Part, RowId, Work, deliver, place_of_task
from tocsin.batch.state.base import Checkpoint, RunStatus, State
from tocsin.errors import InvalidPipeline, StoreError, StoreUnavailable

PATIENCE_SECONDS: Final = 60.0
TRIED_AGAIN_AFTER_SECONDS: Final = 1.0
MAX_REASON: Final = 500
_NO_MODULE: Final = re.compile(r"No module named '([^']+)'")
_INVALID: Final = re.compile(r"tocsin\.errors\.InvalidPipeline: (.+)")
_VERSIONS: Final = re.compile(r"PYTHON_VERSION_MISMATCH\]\s*(.+)")
_SAYS_NOTHING: Final = "An error occurred while calling"
_CAUSE: Final = "Caused by: "
_OURS: Final = frozenset({"aiohttp", "msgspec", "pyarrow", "tocsin"})
_PARTS: Final = ("sink", "map", "key", "id", "sanitize", "validate")


Frame = Any
"""A `DataFrame` of PySpark, which is published without types that this could be checked with."""


def run_on_spark(frame: Frame, work: Work, state: State) -> RunReport:
    """Deliver every row of a frame in one job of Spark, keep what has come of it, and return that.

    `work` is the run without its division into tasks. Raises InvalidPipeline where nothing can be sent.
    """
    frames.check(frame)
    _check_parts(work)
    has_id = work.preparation.id is not None
    if not has_id:
        work = replace(work, preparation=replace(work.preparation, id=RowId(work.run.pipeline)))
    slots, known = frames.slots_of(frame), frames.partitions_of(frame)
    most = most_tasks(work.preparation.sink.limits, work.config, slots)
    work = replace(work, tasks=most if known is None else max(1, min(most, known)))
    state.begin(work.run)
    try:
        return _run(frame, work, state, has_id=has_id)
    except BaseException as error:  # the run ends in the state too; raised on
        is_stopped = isinstance(error, KeyboardInterrupt)
        status = RunStatus.CANCELLED if is_stopped else RunStatus.FAILED
        with suppress(StoreError):
            state.finish(
                work.run.id, status=status, at=clock.now(), reason=f"{type(error).__name__}: {error}"
            )
        raise


def _run(frame: Frame, work: Work, state: State, *, has_id: bool) -> RunReport:
    began = clock.monotonic()
    send = _written if frames.can_be_written(frame) else _collected
    # Fewer partitions stay as they are; more are read one after the other by as many tasks as share the rate.
    parts, failure = send(frame.coalesce(work.tasks), work)
    report = report_of(work, parts, seconds=clock.monotonic() - began, failure=failure)
    told = warnings_of(work, parts, has_id=has_id, is_speculative=frames.is_speculative(frame))
    report = replace(report, warnings=told)
    unkept = _keep(work, report, parts, state)
    if unkept:
        report = replace(report, status=RunStatus.FAILED, reason=unkept)
    state.finish(
        work.run.id, status=report.status, at=clock.now(), reason=report.reason, report=report.to_json()
    )
    return report


def _written(frame: Frame, work: Work) -> tuple[list[Part], str]:
    """Send as Spark 4 writes; return what has become of the partitions, and why not of all."""
    writer = importlib.import_module("tocsin.batch.spark.writer")
    frame.sparkSession.dataSource.register(writer.TocsinSource)
    with tempfile.TemporaryDirectory(prefix="tocsin-spark-") as name:
        folder = Path(name)
        (folder / writer.WORK_FILE).write_bytes(_pickled(work))
        failure = ""
        try:
            with frames.active(frame.sparkSession):
                frame.write.format(writer.FORMAT).mode("append").option(writer.FOLDER_OPTION, name).save()
        except Exception as error:  # noqa: BLE001 -- Spark's own, of many kinds
            failure = _why(error)
        kept = folder / writer.PARTS_FILE
        parts = pickle.loads(kept.read_bytes()) if kept.exists() else []  # noqa: S301 -- Spark's of this machine
        return parts, failure


def _collected(frame: Frame, work: Work) -> tuple[list[Part], str]:
    """Send where Spark cannot write like that; exactly one action, as another would send all of it again."""

    def sent(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa  # noqa: PLC0415 -- runs in a task

        part = deliver(work, batches, place_of_task())
        yield pa.RecordBatch.from_pydict({"part": [pickle.dumps(part)]})

    try:
        rows = frame.mapInArrow(sent, "part binary").collect()
    except Exception as error:  # noqa: BLE001 -- Spark's own, of many kinds
        return [], _why(error)
    return [pickle.loads(row[0]) for row in rows], ""  # noqa: S301 -- made by our own tasks


def _check_parts(work: Work) -> None:
    """Raise InvalidPipeline for what cannot be copied to the tasks, by its name."""
    for name in _PARTS:
        part = getattr(work.preparation, name)
        try:
            _pickled(part)
        except Exception as error:  # noqa: BLE001 -- whatever a part raises when it is copied
            raise InvalidPipeline(
                f"{name} cannot be copied to the tasks of Spark: {error}; make what it holds open within it, "
                "when it is first called or in __aenter__"
            ) from None


def _pickled(what: object) -> bytes:
    """Return anything as bytes, functions of a notebook too."""
    try:
        pickling = importlib.import_module("pyspark.cloudpickle")
    except ImportError:
        raise InvalidPipeline(frames.MISSING) from None
    pickled: bytes = pickling.dumps(what)
    return pickled


def _why(error: Exception) -> str:
    """Return why a job has failed; raises InvalidPipeline where it is for want of something there."""
    text = str(error)
    if found := _INVALID.search(text):
        raise InvalidPipeline(found[1].strip()) from None
    if found := _VERSIONS.search(text):
        raise InvalidPipeline(f"{found[1].strip()} Set PYSPARK_PYTHON before the session starts") from None
    if found := _NO_MODULE.search(text):
        raise InvalidPipeline(_no_module(found[1])) from None
    lines = [line.strip().removeprefix(": ") for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(_SAYS_NOTHING)] or [type(error).__name__]
    causes = [line for line in lines if line.startswith(_CAUSE)]
    told = f"{lines[0][:MAX_REASON]}; {causes[-1][:MAX_REASON]}" if causes else lines[0][:MAX_REASON]
    return f"Spark gave up: {told}"


def _no_module(name: str) -> str:
    room = name.partition(".")[0]
    where = "the Python in which Spark runs its tasks"
    if room in _OURS:
        return (
            f"{where} has no module {name}: install 'tocsin[batch,spark]' there, or name another "
            "by PYSPARK_PYTHON before the session starts"
        )
    return (
        f"{where} has no module {name}, which this pipeline uses: install it there, or spark.addArtifact it"
    )


def _keep(work: Work, report: RunReport, parts: Sequence[Part], state: State) -> str:
    """Keep counts, dead letters and history in one transaction; return why not, if that cannot be done."""
    checkpoint = Checkpoint(
        at=clock.now(),
        low_water=report.read,
        read=report.read,
        delivered=report.delivered,
        skipped=report.skipped,
        dead=report.dead,
    )
    letters = [letter for part in parts for letter in part.letters]
    batches = [batch for part in parts for batch in part.batches]
    began = clock.monotonic()
    while True:
        try:
            state.save_checkpoint(work.run.id, checkpoint, letters, batches)
        except StoreUnavailable as error:
            if clock.monotonic() - began > PATIENCE_SECONDS:
                return f"what is delivered cannot be written down: {error}"
            threading.Event().wait(TRIED_AGAIN_AFTER_SECONDS)
        except StoreError as error:
            return f"what is delivered cannot be written down: {error}"
        else:
            return ""
