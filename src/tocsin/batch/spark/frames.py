"""What can be told of a Spark frame before anything is read of it."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tocsin.errors import InvalidPipeline

MISSING = "a Spark frame needs a package: pip install 'tocsin[spark]'"


def is_frame(given: object) -> bool:
    """Return whether this is a frame of Spark, of a session of any kind."""
    kind = type(given)
    return kind.__name__ == "DataFrame" and kind.__module__.startswith("pyspark.sql.")


def is_remote(frame: Any) -> bool:  # noqa: ANN401 -- published without types
    """Return whether its session is one of Spark Connect."""
    return ".connect." in type(frame).__module__


def can_be_written(frame: Any) -> bool:  # noqa: ANN401 -- as above
    """Return whether Spark can write it to a sink that is written in Python."""
    if is_remote(frame):
        return False
    try:
        source = importlib.import_module("pyspark.sql.datasource")
        importlib.import_module("pyarrow")
    except ImportError:
        return False
    return hasattr(source, "DataSourceArrowWriter")


def check(frame: Any) -> None:  # noqa: ANN401 -- as above
    """Raise InvalidPipeline where a frame cannot be delivered."""
    if frame.isStreaming:
        raise InvalidPipeline(
            "this frame is a stream; deliver each of its batches: "
            "frame.writeStream.foreachBatch(lambda batch, number: pipeline.run(batch))"
        )
    if not frame.columns:
        raise InvalidPipeline("this frame has no columns")
    again = sorted({name for name in frame.columns if frame.columns.count(name) > 1})
    if again:
        raise InvalidPipeline(f"this frame has more than one column named {', '.join(again)}")
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        raise InvalidPipeline(MISSING) from None


def slots_of(frame: Any) -> int | None:  # noqa: ANN401 -- as above
    """Return how many tasks can run at once; None where the session does not tell."""
    if is_remote(frame):
        return None
    return max(1, int(frame.sparkSession.sparkContext.defaultParallelism))


def partitions_of(frame: Any) -> int | None:  # noqa: ANN401 -- as above
    """Return how many partitions a frame has, where that is known without computing anything of it."""
    if is_remote(frame):
        return None
    try:
        execution = frame._jdf.queryExecution()  # noqa: SLF001 -- nothing public tells it without running a shuffle
        if "Exchange" in (plan := execution.executedPlan().toString()) or "AdaptiveSparkPlan" in plan:
            return None
        return int(execution.toRdd().getNumPartitions())
    except Exception:  # noqa: BLE001 -- what cannot be told is not known; Spark itself says what is wrong later
        return None


def is_speculative(frame: Any) -> bool:  # noqa: ANN401 -- as above
    """Return whether Spark may run the same task twice at a time."""
    try:
        return str(frame.sparkSession.conf.get("spark.speculation", "false")).lower() == "true"
    except Exception:  # noqa: BLE001 -- a session that does not tell
        return False


@contextmanager
def active(session: Any) -> Iterator[None]:  # noqa: ANN401 -- as above
    """Make this the session of the thread for a while, as Spark looks for sinks in Python there alone."""
    sessions = session._get_j_spark_session_class(session._jvm)  # noqa: SLF001 -- nothing public sets it
    before = sessions.getActiveSession()
    sessions.setActiveSession(session._jsparkSession)  # noqa: SLF001 -- the same
    try:
        yield
    finally:
        if before.isDefined():
            sessions.setActiveSession(before.get())
        else:
            sessions.clearActiveSession()
