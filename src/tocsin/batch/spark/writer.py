"""A sink as Spark 4 writes to one: tasks send, and give back what has become of their rows when all are done.

Spark makes writers, and commits, in Python processes of its own beside the driver, so that both the work and
what has become of it go through a folder that only the driver's user can enter. Loaded where PySpark is.
"""

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage

from tocsin.batch.spark.work import Part, Work, deliver, place_of_task

FORMAT: Final = "tocsin"
FOLDER_OPTION: Final = "folder"
WORK_FILE: Final = "work.pickle"
PARTS_FILE: Final = "parts.pickle"


@dataclass
class PartMessage(WriterCommitMessage):  # type: ignore[misc] # published without types
    """What a task gives back."""

    part: Part


class TocsinSource(DataSource):  # type: ignore[misc] # as above
    """Where a pipeline writes; its only option is the folder with its work."""

    @classmethod
    def name(cls) -> str:
        """Return by which name Spark knows it."""
        return FORMAT

    def writer(self, schema: Any, overwrite: bool) -> "Writer":  # noqa: ANN401, ARG002, FBT001 -- as Spark has it
        """Return what is sent to the tasks."""
        folder = Path(self.options[FOLDER_OPTION])
        return Writer(pickle.loads((folder / WORK_FILE).read_bytes()), folder)  # noqa: S301 -- the driver's own file


class Writer(DataSourceArrowWriter):  # type: ignore[misc] # as above
    """Sends a partition in each task."""

    def __init__(self, work: Work, folder: Path) -> None:
        self._work = work
        self._folder = folder

    def write(self, iterator: Iterator[Any]) -> PartMessage:
        """Deliver a partition."""
        return PartMessage(deliver(self._work, iterator, place_of_task()))

    def commit(self, messages: Sequence[WriterCommitMessage | None]) -> None:
        """Give what has become of all partitions to the driver."""
        parts = [one.part for one in messages if isinstance(one, PartMessage)]
        (self._folder / PARTS_FILE).write_bytes(pickle.dumps(parts))

    def abort(self, messages: Sequence[WriterCommitMessage | None]) -> None:
        """Give what has become of those partitions that came to an end."""
        self.commit(messages)
