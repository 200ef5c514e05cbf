"""A frame of Spark measured while its job writes it, so that it need not be read once more."""

from collections.abc import Iterable
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

from tocsin.errors import NotMeasured
from tocsin.measure.aggregate import Aggregate, Kind
from tocsin.measure.engine import Table, not_measured, read_off
from tocsin.measure.spark import SPARK, SparkTable, asked_of_spark
from tocsin.measure.sql import Asking
from tocsin.measure.table import Column, Holds, called
from tocsin.quality.measurement import Custom, FoundIn, Measurement, OneOf, Reading

WAIT_SECONDS: Final = 30.0
"""So long after the write Spark may take to tell what it has seen."""


class Observed:
    """A frame with its measurements: write `frame` in place of the other, then ask `measure` what came of it.

    The first action on `frame` must be the one that writes it, for that alone is seen. What could make the
    write fail, or needs a pass of its own, is not measured and says so: exact counts of distinct values,
    `group_by`, references, and SQL of the user's own. Raises NotMeasured for a stream.
    """

    def __init__(self, frame: Any, measurements: Iterable[Measurement]) -> None:  # noqa: ANN401 -- published without types
        engine = SparkTable(frame)
        try:
            table = Table(engine)
            # A SELECT of the user's own would be asked at once.
            wanted = dict.fromkeys(measurements)
            planned = dict(table.planned(one for one in wanted if not isinstance(one.detail, Custom)))
        finally:
            engine.close()
        self._order, self._readings = tuple(wanted), dict[Measurement, Reading]()
        self._kinds = dict[Measurement, dict[Kind, Aggregate]]()
        for one in wanted:
            kinds = planned.get(one, {})
            if isinstance(kinds, Reading):
                self._readings[one] = kinds
            elif why := _why_not(one, kinds, table.columns):
                self._readings[one] = not_measured(
                    f"{why} cannot be measured while the frame is written; {_INSTEAD}"
                )
            else:
                self._kinds[one] = kinds
        self._aggregates = list(
            dict.fromkeys(one for kinds in self._kinds.values() for one in kinds.values())
        )
        self._observation: Any = None
        self.frame = frame
        try:
            self.frame = self._watched(frame) if self._aggregates else frame
        except NotMeasured as error:
            self._readings |= dict.fromkeys(self._kinds, not_measured(str(error)))
            self._kinds = {}

    def _watched(self, frame: Any) -> Any:  # noqa: ANN401 -- as above
        from pyspark.sql import Observation  # noqa: PLC0415 -- an extra, loaded where it is used
        from pyspark.sql.functions import expr  # noqa: PLC0415 -- the same

        answers = Asking(SPARK, "", SPARK.name_of).answers(self._aggregates)
        self._observation = Observation()
        columns = [expr(answer).alias(_name(place)) for place, answer in enumerate(answers)]
        watched = asked_of_spark(lambda: frame.observe(self._observation, *columns))
        # A session of Spark Connect finds mistakes no earlier than it is asked for something.
        asked_of_spark(lambda: watched.schema)
        return watched

    def measure(self, as_of: datetime, *, wait_seconds: float = WAIT_SECONDS) -> dict[Measurement, Reading]:
        """Return what each measurement came to; before anything was written, none can be told."""
        readings = dict(self._readings)
        try:
            row = self._seen(wait_seconds) if self._kinds else []
        except NotMeasured as error:
            return {one: readings.get(one) or not_measured(str(error)) for one in self._order}
        places = {aggregate: place for place, aggregate in enumerate(self._aggregates)}
        readings |= {one: read_off(one, kinds, row, places, as_of) for one, kinds in self._kinds.items()}
        return {one: readings[one] for one in self._order}

    def _seen(self, wait_seconds: float) -> list[object]:
        """Return the answers; Spark itself would wait for them for ever."""
        answered = SimpleQueue[dict[str, object] | NotMeasured]()

        def wait() -> None:
            try:
                answered.put(asked_of_spark(lambda: self._observation.get))
            except NotMeasured as error:
                answered.put(error)

        Thread(target=wait, daemon=True, name="tocsin-observed").start()
        try:
            found = answered.get(timeout=wait_seconds)
        except Empty:
            found = {}
        if isinstance(found, NotMeasured):
            raise found
        if not found:
            raise NotMeasured("the frame has not been written, or not through `frame` of what observes it")
        return [found[_name(place)] for place in range(len(self._aggregates))]


_INSTEAD: Final = "measure the frame itself, in a pass of its own"


def _name(place: int) -> str:
    return f"tocsin_{place}"


def _why_not(one: Measurement, kinds: dict[Kind, Aggregate], table: tuple[Column, ...]) -> str:
    """Return what keeps a measurement from being taken while the frame is written; empty: nothing."""
    if one.group_by:
        return "group_by"
    if isinstance(one.detail, Custom) or one.where:
        return "SQL of your own, which could make the write fail,"
    if isinstance(one.detail, FoundIn):
        return "what refers to another table"
    if isinstance(one.detail, OneOf) and not _are_alike(one.detail, called(one.columns[0], table)):
        return "a column among values of another type, which could make the write fail,"
    return "an exact count of distinct values" if Kind.DISTINCT in kinds else ""


def _are_alike(listed: OneOf, column: Column | str) -> bool:
    """Return whether values can be compared with those of a column without being converted."""
    if isinstance(column, str):
        return False
    if column.type == "boolean":
        return all(isinstance(value, bool) for value in listed.values)
    kinds: dict[Holds, type | tuple[type, ...]] = {Holds.TEXT: str, Holds.NUMBERS: (int, float)}
    return all(
        isinstance(value, kinds.get(column.holds, ())) and not isinstance(value, bool)
        for value in listed.values
    )
