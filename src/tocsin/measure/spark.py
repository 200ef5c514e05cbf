"""Frames of Spark, measured where they lie: one SELECT over all of a frame, for a cluster as for a laptop."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import Any, Final
from uuid import uuid4

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS, stopped_after, took_too_long
from tocsin.measure.dialect import Dialect
from tocsin.measure.engine import Row
from tocsin.measure.spark_pattern import java_pattern
from tocsin.measure.table import Column

_AGAIN_SECONDS: Final = 0.5
_STATEMENT_STATES: Final = ("22", "42")
"""So begins the SQLSTATE of a question that cannot be answered of this data, where another may be."""


def _text(text: str) -> str:
    """Return a text as Spark reads it, in which nothing is put in for a variable."""
    marks = {"\\": "\\\\", "'": "\\'", "$": "\\u0024", "\n": "\\n", "\r": "\\r"}
    return f"'{''.join(marks.get(mark, mark) for mark in text)}'"


SPARK: Final = Dialect(
    name="Spark",
    name_of=lambda name: f"`{name.replace('`', '``')}`",
    text_of=_text,
    pattern_of=java_pattern,
    matches="{value} RLIKE {pattern}",
    # Percentile is exact; sum and mean of numbers that are exact would overflow, or be rounded.
    quantile="percentile({value}, {share})",
    mean="avg(CAST({value} AS DOUBLE))",
    sum="coalesce(try_sum({value}), sum(CAST({value} AS DOUBLE)))",
    roughly="approx_count_distinct({value}, 0.02)",
    counts_apart=True,
    is_not_finite="{value} IN (double('NaN'), double('Infinity'), double('-Infinity'))",
    second=(
        "unix_micros(TRY_CAST(concat(CAST(CAST({value} AS TIMESTAMP_NTZ) AS STRING), ' ', {zone}) "
        "AS TIMESTAMP)) / 1e6"
    ),
    second_with_zone="unix_micros({value}) / 1e6",
    # What has a zone has none after another is added; a day alone becomes its first hour.
    instant_of_text=(
        "coalesce(TRY_CAST(concat({value}, if(length({value}) = 10, ' 00:00:00 ', ' '), {zone}) "
        "AS TIMESTAMP), TRY_CAST({value} AS TIMESTAMP))"
    ),
)


def is_spark(source: object) -> bool:
    """Return whether this is a frame of Spark, of a session of any kind."""
    kinds = ((kind.__name__, kind.__module__) for kind in type(source).__mro__)
    return any(name == "DataFrame" and module.startswith("pyspark.sql.") for name, module in kinds)


class SparkTable:
    """A frame of Spark as an engine: nothing of it is kept or changed, and the view that it is asked by goes.

    Each query is one pass over the frame. Exact counts of distinct values take one more for each set of
    columns, for several in one pass cost a copy of all rows for each; `remarks` tells how many there were.
    `beside` are further frames, by the names by which checks refer to them; other names are tables of the
    session. Needs Spark 3.5 or later. Raises NotMeasured for a stream.
    """

    dialect: Dialect = SPARK

    def __init__(
        self,
        frame: Any,  # noqa: ANN401 -- published without types
        *,
        beside: Mapping[str, object] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        if frame.isStreaming:
            raise NotMeasured("this frame is a stream; measure each of its batches, in foreachBatch")
        self._session, self._timeout = frame.sparkSession, timeout_seconds
        self._types = asked_of_spark(lambda: frame.dtypes)
        self._views = list[str]()
        self._passes = 0
        try:
            self.relation = self._view(frame)
            self._beside = {name: self._view(other) for name, other in (beside or {}).items()}
        except NotMeasured:
            self.close()
            raise

    def other(self, table: str) -> str:
        """Return what stands for another table, of which schema and catalogue may be named."""
        return self._beside.get(table) or ".".join(self.dialect.name_of(part) for part in table.split("."))

    def columns(self) -> tuple[Column, ...]:
        """Return the columns of the frame."""
        return tuple(Column(name, type_, knows_zone=type_ == "timestamp") for name, type_ in self._types)

    def rows(self, query: str) -> list[Row]:
        """Return what a query gives; anything but one SELECT is refused."""
        # As a part of another nothing but a SELECT can be read.
        asked = f"SELECT * FROM (\n{query}\n)"
        with _stopped(self._session, self._timeout) as stopped:
            try:
                found = asked_of_spark(lambda: self._session.sql(asked).collect())
            except NotMeasured:
                if stopped():
                    raise NotMeasured(took_too_long(self._timeout)) from None
                raise
        self._passes += 1
        return [tuple(row) for row in found]

    def remarks(self) -> tuple[str, ...]:
        """Return how often the frame was gone through, where that was more than once."""
        if self._passes <= 1:
            return ()
        told = (
            f"the frame was gone through {self._passes} times: each exact count of distinct values, each "
            "other group_by and each SELECT takes a pass of its own"
        )
        return (told,)

    def close(self) -> None:
        """Let go of the views."""
        for view in self._views:
            try:
                self._session.catalog.dropTempView(view)
            except Exception:  # noqa: BLE001, S112 -- a session that has ended has none
                continue

    def _view(self, frame: Any) -> str:  # noqa: ANN401 -- as above
        if not is_spark(frame):
            raise NotMeasured(f"Spark frames can refer to Spark frames alone, not to {type(frame).__name__}")
        name = f"tocsin_{uuid4().hex}"
        asked_of_spark(lambda: frame.createOrReplaceTempView(name))
        self._views.append(name)
        return name


def asked_of_spark(ask: Any) -> Any:  # noqa: ANN401 -- a call into Spark, whatever it gives
    """Return what Spark answers; raises NotMeasured with its reason."""
    try:
        return ask()
    except Exception as error:  # Spark raises errors of Python, of Java and of its own
        raise NotMeasured(_first_line(error), is_statement=_is_statement(error)) from error


def _is_statement(error: Exception) -> bool:
    """Return whether it is about this question, and not about the data or the cluster as a whole."""
    state = getattr(error, "getSqlState", lambda: None)()
    return type(error).__name__ in ("AnalysisException", "ParseException") or str(state).startswith(
        _STATEMENT_STATES
    )


def _first_line(error: Exception) -> str:
    line = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    return line.partition(" SQLSTATE: ")[0]


@contextmanager
def _stopped(session: Any, seconds: float) -> Iterator[Callable[[], bool]]:  # noqa: ANN401 -- as above
    """Stop what is asked within when it takes too long; gives whether that has happened.

    It is stopped again and again until it has ended: what Spark was still planning has no job that could be.
    """
    tag, over, ended = f"tocsin-{uuid4().hex}", Event(), Event()
    if ".connect." in type(session).__module__:
        begin, stop, end = session.addTag, session.interruptTag, session.removeTag
    else:
        context = session.sparkContext
        begin, stop, end = context.addJobTag, context.cancelJobsWithTag, context.removeJobTag

    def too_long() -> None:
        over.set()
        while not ended.is_set():
            stop(tag)
            ended.wait(_AGAIN_SECONDS)

    begin(tag)
    try:
        with stopped_after(seconds, too_long):
            yield over.is_set
    finally:
        ended.set()
        end(tag)
