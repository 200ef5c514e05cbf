"""Puts the parts of one run together, and takes it from its first record to its report."""

import asyncio
import random
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from tocsin import clock
from tocsin.batch import learned
from tocsin.batch.acked import Acked
from tocsin.batch.answering import Answering, OnReject
from tocsin.batch.batcher import Batcher
from tocsin.batch.calling import raised
from tocsin.batch.config import BatchConfig, Strategy
from tocsin.batch.course import Course, Ending, Parts
from tocsin.batch.feeder import Budget, Feeder
from tocsin.batch.history import History
from tocsin.batch.keeper import Keeper
from tocsin.batch.lately import Lately
from tocsin.batch.ledger import Ledger
from tocsin.batch.machine import cpu_seconds, peak_memory_bytes
from tocsin.batch.moment import Meter, Moment, Watcher
from tocsin.batch.pace import Pace
from tocsin.batch.preparing import Portion, Preparation
from tocsin.batch.report import RunReport
from tocsin.batch.sink import Sink
from tocsin.batch.sources.base import AsyncSource, Source
from tocsin.batch.state.base import RunRow, RunState, RunStatus
from tocsin.batch.tally import Tally
from tocsin.batch.watching import written
from tocsin.batch.words import counted
from tocsin.errors import StoreError

WATCHED_EVERY_SECONDS: Final = 0.25
LANE_BATCHES: Final = 4
"""So many batches for each lane are read ahead: keys come in heaps, and a lane sends one at a time."""


@runtime_checkable
class _Measured(Protocol):
    """A source that knows how many bytes it has."""

    @property
    def total_bytes(self) -> int | None: ...

    def bytes_read(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be run: the pipeline's own parts, and the run as the state keeps it."""

    sink: Sink
    source: Source | AsyncSource
    preparation: Preparation
    config: BatchConfig
    run: RunRow
    state: RunState | None
    lanes: int = 0
    on_reject: OnReject = OnReject.DEAD_LETTER
    most_failed: int | None = None
    most_failed_percent: float = 5.0
    redact: tuple[str, ...] = ()
    operation: str = ""
    letter_ids: dict[int, int] = field(default_factory=dict)
    held_keys: dict[str, int] = field(default_factory=dict)
    watchers: tuple[Watcher, ...] = ()
    heeds_signals: bool = False


class Running:
    """One run: `go` takes it to its end, `stop` ends it early from any thread or signal."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._course: Course | None = None
        self.tally = Tally()
        self.ledger = _ledger_of(order.run)
        self.began_at = clock.monotonic()
        self.stopped_by: signal.Signals | None = None
        self._lately = Lately(error_threshold_percent=order.most_failed_percent)
        self._meter = Meter(self.ledger, self.tally, self.began_at)
        self._cpu_before = cpu_seconds()
        self._unclosed = ""

    async def go(self) -> RunReport:
        """Run to the end, and return what has come of it; raises only what is a fault of the program."""
        pace = await self._pace()
        try:
            return await self._go(pace)
        finally:
            pace.end(clock.monotonic())

    async def _go(self, pace: Pace) -> RunReport:
        order, config, framing = self._order, self._order.config, self._order.sink.framing
        history = self._history()
        batcher = Batcher(
            framing=framing,
            max_records=pace.records,
            max_bytes=pace.bytes,
            lanes=order.lanes,
            max_wait_seconds=config.max_wait_seconds if config.strategy in _BY_TIME else None,
        )
        budget = Budget(config.memory_budget_bytes, self._is_enough(batcher))
        keeper = self._keeper(history, budget.give)
        answering = Answering(
            batcher=batcher,
            ledger=self.ledger,
            pace=pace,
            tally=self.tally,
            config=config,
            free=budget.give,
            note=(lambda *_: None) if history is None else history.note,
            on_reject=order.on_reject,
            held_since=order.held_keys,
        )
        start, settled = self.ledger.acked.low_water, self.ledger.acked.ranges
        feeder = Feeder(order.preparation, budget, self._deliver, start=start, settled=settled)
        parts = Parts(
            run_id=order.run.id,
            sink=order.sink,
            config=config,
            batcher=batcher,
            feeder=feeder,
            budget=budget,
            ledger=self.ledger,
            pace=pace,
            answering=answering,
            keeper=keeper,
            history=history,
            tally=self.tally,
            most_failed_percent=order.most_failed_percent,
            most_failed=order.most_failed,
            shows_reasons=not order.redact,
            has_own_ids=order.preparation.id is not None,
        )
        ending = await self._ended(parts, start)
        await self._keep_learned(pace)
        return self._report(ending, pace, feeder)

    async def _ended(self, parts: Parts, start: int) -> Ending:
        """Open the sink, go through the source from a record on, and return how that has ended."""
        self._course = course = Course(parts)
        self.began_at = clock.monotonic()
        ending: Ending | None = None
        try:
            async with parts.sink:
                reading = self._read(parts.feeder, course, start)
                loop, keeper = asyncio.get_running_loop(), parts.keeper
                watching = loop.create_task(self._watch(parts.pace))
                living = None if keeper is None else loop.create_task(keeper.stay_known())
                try:
                    with self._heeding_signals(course):
                        ending = await course.go()
                finally:
                    parts.feeder.stop()
                    course.abandon()
                    parts.pace.leave()
                    for task in (watching, living, reading):
                        if task is not None:
                            task.cancel()
        except Exception as error:  # a sink raises what it likes as it closes; a warning of the report
            if ending is None:
                raise
            # Every record has its end by now; that the sink is a bad loser costs no report.
            self._unclosed = f"the sink could not be closed: {raised(error)}"
        return ending

    def tell(self, report: RunReport) -> None:
        """Tell whoever watches how the run has ended."""
        for watcher in self._order.watchers:
            watcher.end(self._moment(report.requests_per_second), str(report), failed=not report.is_complete)

    async def _watch(self, pace: Pace) -> None:
        """Show how the run gets on, for as long as it does."""
        while True:
            moment = self._moment(pace.requests_per_second)
            for watcher in (self._lately, *self._order.watchers):
                watcher.look(moment)
            await asyncio.sleep(WATCHED_EVERY_SECONDS)

    def _moment(self, allowed: float | None) -> Moment:
        source, share = self._order.source, None
        if isinstance(source, _Measured) and source.total_bytes:
            share = min(1.0, source.bytes_read() / source.total_bytes)
        return self._meter.moment(
            clock.monotonic(),
            total=source.total,
            share_read=share,
            in_flight=0 if self._course is None else self._course.in_flight,
            allowed=allowed,
            declared=self._order.run.allowed_rps,
            trouble="" if self._course is None else self._course.trouble,
        )

    async def _pace(self) -> Pace:
        """Return what says how fast to go, with what earlier runs have learned of the sink."""
        order = self._order
        kept = None
        if order.state is not None:
            kept = await asyncio.to_thread(order.state.learned, self._scope)
        return Pace(
            order.sink.limits,
            order.config,
            wake=self._wake,
            chance=random.Random(),  # noqa: S311 -- spreads retries
            learned=learned.read(kept, clock.now()),
            now=clock.monotonic(),
        )

    async def _keep_learned(self, pace: Pace) -> None:
        if self._order.state is None:
            return
        now = clock.now()
        value = learned.written(pace.learned(now))
        # That the next run begins with less knowledge is no reason to call this one failed.
        with suppress(StoreError):
            await asyncio.to_thread(self._order.state.keep_learned, self._scope, value, now)

    @property
    def _scope(self) -> str:
        """Return under which name is kept what was learned of the sink."""
        return self._order.sink.limits.scope or f"pipeline {self._order.run.pipeline}"

    def _live(self) -> bytes:
        live = self._lately.live
        return b"" if live is None else written(live)

    def stop(self, reason: str) -> None:
        """Read and send nothing more; what is in flight comes to its end. From any thread."""
        course = self._course
        if course is not None:
            course.call(lambda: course.end(RunStatus.CANCELLED, reason))

    def _is_enough(self, batcher: Batcher) -> Callable[[], bool]:
        """Return how it is seen that enough is read: for the next requests, and to fill every lane."""
        ahead = self._order.config.parallel_workers + LANE_BATCHES * self._order.lanes

        def is_enough() -> bool:
            has_full_hands = self._course is not None and self._course.has_full_hands
            return has_full_hands or batcher.waiting_records >= ahead * batcher.max_records

        return is_enough

    def _deliver(self, portion: Portion, why: str | None) -> None:
        assert self._course is not None  # noqa: S101 -- nothing is read before there is a course
        self._course.deliver(portion, why)

    def _wake(self) -> None:
        if self._course is not None:
            # Another pipeline with the same limits may say so, in a thread of its own.
            self._course.call(self._course.wake)

    def _read(self, feeder: Feeder, course: Course, start: int) -> "asyncio.Task[None] | None":
        records = self._order.source.records(start)
        if isinstance(records, AsyncIterator):
            return asyncio.get_running_loop().create_task(feeder.read_async(records, course.room))
        feeder.start(records)
        return None

    def _history(self) -> History | None:
        order = self._order
        if order.state is None or not order.config.enable_monitoring:
            return None
        operation = order.operation or order.sink.name
        return History(order.run, operation, order.sink.framing, keeps_order=order.lanes > 0)

    def _keeper(self, history: History | None, free: Callable[[int], None]) -> Keeper | None:
        order = self._order
        if order.state is None:
            return None
        return Keeper(
            order.state,
            order.run,
            self.ledger,
            redact=order.redact,
            history=history,
            free=free,
            live=self._live,
            letter_ids=order.letter_ids,
        )

    @contextmanager
    def _heeding_signals(self, course: Course) -> Iterator[None]:
        """End the run when somebody wants it to end: in order at the first signal, at once at the second."""
        if not self._order.heeds_signals or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()

        def heed(number: signal.Signals) -> None:
            if self.stopped_by is not None:
                course.abandon()
            self.stopped_by = number
            course.end(RunStatus.CANCELLED, f"stopped by {number.name}")

        before = {number: signal.getsignal(number) for number in _SIGNALS}
        for number in _SIGNALS:
            loop.add_signal_handler(number, heed, number)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    def _report(self, ending: Ending, pace: Pace, feeder: Feeder) -> RunReport:
        ledger, tally, order = self.ledger, self.tally, self._order
        if ending.status is RunStatus.COMPLETED and not ledger.is_whole:
            missing = f"{ledger.before + ledger.read:,} records were read and {ledger.settled:,} have an end"
            ending = Ending(RunStatus.FAILED, f"a fault of ours: {missing}")
        seconds = clock.monotonic() - self.began_at
        own = ledger.delivered - order.run.checkpoint.delivered
        return RunReport(
            pipeline=order.run.pipeline,
            run_id=order.run.id,
            source=order.run.source,
            status=ending.status,
            reason=ending.reason,
            read=ledger.settled,
            delivered=ledger.delivered,
            dead=ledger.dead,
            skipped=ledger.skipped,
            resent=tally.resent_records,
            requests=tally.requests,
            sent_bytes=tally.sent_bytes,
            seconds=seconds,
            records_per_second=own / seconds if seconds > 0 else 0.0,
            waited={share.value: spent for share, spent in tally.waited.items() if spent},
            retries={category.value: count for category, count in tally.retries.items()},
            rejected={category.value: count for category, count in ledger.by_category.items()},
            batch_seconds=tally.sink_seconds / tally.requests if tally.requests else 0.0,
            slowest_batch_seconds=tally.slowest_seconds,
            records_per_batch=tally.sent_records / tally.requests if tally.requests else 0.0,
            bytes_per_record=tally.sent_bytes / tally.sent_records if tally.sent_records else 0.0,
            most_in_flight=tally.most_in_flight,
            requests_per_second=pace.requests_per_second,
            found_requests_per_second=pace.found_requests_per_second,
            read_now=ledger.read,
            seconds_in_source=feeder.seconds_in_source,
            seconds_encoding=feeder.seconds_encoding,
            limits=order.sink.limits,
            cpu_seconds=cpu_seconds() - self._cpu_before,
            peak_memory_bytes=peak_memory_bytes(),
            config=order.config,
            resumed_at=order.run.checkpoint.low_water,
            warnings=tuple(filter(None, (_told_of_twins(tally), self._unclosed))),
        )


def _told_of_twins(tally: Tally) -> str:
    if not tally.requests_with_twins:
        return ""
    where = f"in {counted(tally.requests_with_twins, 'request')} several records had the same id"
    return f"{where}, of which a sink that removes duplicates keeps one: is id= what tells records apart?"


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_BY_TIME: Final = frozenset({Strategy.TIME_BASED, Strategy.ADAPTIVE})


def _ledger_of(run: RunRow) -> Ledger:
    at = run.checkpoint
    return Ledger(
        acked=Acked(at.low_water, at.ranges),
        before=at.delivered + at.dead + at.skipped,
        delivered=at.delivered,
        dead=at.dead,
        skipped=at.skipped,
        dead_before=at.dead,
        skipped_before=at.skipped,
    )
