"""What a task gets of a run, what it does with its partition, and what it gives back."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from tocsin import clock
from tocsin.batch.answering import OnReject
from tocsin.batch.config import BatchConfig
from tocsin.batch.encoding import readable
from tocsin.batch.keeper import letter_of
from tocsin.batch.preparing import Preparation
from tocsin.batch.report import RunReport
from tocsin.batch.running import Order, Running
from tocsin.batch.sources.arrow import ArrowSource, behind
from tocsin.batch.spark.held import HeldState
from tocsin.batch.spark.sharing import SharedSink, share_of_config, share_of_limits
from tocsin.batch.state.base import BatchRow, Checkpoint, DeadLetter, RunRow, RunStatus

ID_LETTERS: Final = 32
PARTITION_BITS: Final = 40
"""Ordinals of a partition begin at its number times two to this power, so that those of a run differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A run as it goes to the tasks, which share the rate: so many are `tasks`."""

    preparation: Preparation
    config: BatchConfig
    run: RunRow
    tasks: int = 1
    lanes: int = 0
    on_reject: OnReject = OnReject.DEAD_LETTER
    most_failed: int | None = None
    most_failed_percent: float = 5.0
    redact: tuple[str, ...] = ()
    operation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What has become of one partition; `tries` is how often it was begun before this time."""

    index: int
    tries: int
    report: RunReport
    letters: tuple[DeadLetter, ...] = ()
    batches: tuple[BatchRow, ...] = ()
    batches_left_out: int = 0


@dataclass(frozen=True, slots=True)
class RowId:
    """The id of a row that has none, made of its pipeline and all that is in it: the same in every task."""

    pipeline: str

    def __call__(self, record: object) -> str:
        """Return the id of a record."""
        return sha256(self.pipeline.encode() + b"\n" + readable(record)).hexdigest()[:ID_LETTERS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a task stands: its partition, and how often that was begun before."""

    index: int
    tries: int


def place_of_task() -> Place:
    """Return which partition this is, in which try."""
    from pyspark import TaskContext  # noqa: PLC0415 -- only a task has one

    context = TaskContext.get()
    assert context is not None  # noqa: S101 -- only ever called within a task
    return Place(index=context.partitionId(), tries=context.attemptNumber())


class Tap:
    """The batches of a partition, until it is closed; then nobody is in the middle of reading, nor begins to.

    `failure` is what reading them has raised.
    """

    def __init__(self, batches: Iterator[Any]) -> None:
        self.failure: BaseException | None = None
        self._batches = batches
        self._is_closed = False
        self._turn = threading.Lock()

    def __iter__(self) -> "Tap":
        return self

    def __next__(self) -> Any:  # noqa: ANN401 -- a record batch, published without types
        """Return the next batch."""
        with self._turn:
            if self._is_closed:
                raise StopIteration
            try:
                return next(self._batches)
            except StopIteration:
                raise
            except BaseException as error:  # told where the task ends; raised on
                self.failure = error
                raise

    def close(self) -> None:
        """Return when nobody reads any more."""
        with self._turn:
            self._is_closed = True


def deliver(work: Work, batches: Iterator[Any], place: Place) -> Part:
    """Deliver a partition, and return what has become of it; whatever is wrong with a record, it is in there.

    Raises what reading the partition raises, so that Spark runs the task once more, which sends the same ids.
    """
    tap = Tap(batches)
    task = _Task(work, tap, place)
    try:
        part = task.go()
    finally:
        tap.close()
    if tap.failure is not None:
        raise tap.failure
    return part


class _Task:
    """One run of the engine, over one partition."""

    def __init__(self, work: Work, tap: Tap, place: Place) -> None:
        self._work, self._place = work, place
        self._run = replace(
            work.run,
            namespace=f"{work.run.namespace}{place.index}-",
            checkpoint=Checkpoint(at=clock.now()),
        )
        sink = work.preparation.sink
        shared = SharedSink(sink, share_of_limits(sink.limits, work.tasks, place.index))
        self._held = HeldState(self._stop, most_failed_percent=work.most_failed_percent)
        self._running = Running(
            Order(
                sink=shared,
                source=ArrowSource(
                    f"partition {place.index}", lambda start: behind(tap, start), is_once=True
                ),
                preparation=replace(work.preparation, namespace=self._run.namespace),
                config=share_of_config(work.config, work.tasks, place.index),
                run=self._run,
                state=self._held,
                lanes=work.lanes,
                on_reject=work.on_reject,
                most_failed=work.most_failed,
                most_failed_percent=100.0,
                redact=work.redact,
                operation=work.operation,
            )
        )

    def go(self) -> Part:
        report = asyncio.run(self._running.go())
        if self._held.stopped_because:
            report = replace(report, status=RunStatus.FAILED, reason=self._held.stopped_because)
        now = clock.now()
        rest = [letter_of(one, self._run, self._work.redact, now) for one in self._running.ledger.buried]
        return Part(
            index=self._place.index,
            tries=self._place.tries,
            report=report,
            letters=tuple(self._in_the_frame(one) for one in (*self._held.letters, *rest)),
            batches=tuple(self._held.batches),
            batches_left_out=self._held.batches_left_out,
        )

    def _stop(self, reason: str) -> None:
        self._running.stop(reason)

    def _in_the_frame(self, letter: DeadLetter) -> DeadLetter:
        return replace(letter, ordinal=(self._place.index << PARTITION_BITS) + letter.ordinal)
