"""The front door: a pipeline is defined once, and run, resumed, replayed or planned."""

import asyncio
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tocsin import clock
from tocsin.batch.alarms import Alarms
from tocsin.batch.answering import OnReject
from tocsin.batch.bar import Bar
from tocsin.batch.calling import raised
from tocsin.batch.config import BatchConfig
from tocsin.batch.defining import ALL_MAY_FAIL, MayFail, check, may_fail
from tocsin.batch.moment import Watcher
from tocsin.batch.planning import Plan, obstacle_of, planned
from tocsin.batch.preparing import Of, Preparation
from tocsin.batch.replaying import Letters, name_of
from tocsin.batch.report import RunReport
from tocsin.batch.reporting import Telling, listening, reported
from tocsin.batch.running import Order, Running
from tocsin.batch.sink import Sink
from tocsin.batch.sources.base import AsyncSource, Source, source_of
from tocsin.batch.sources.fingerprints import changed
from tocsin.batch.sources.iterables import Once
from tocsin.batch.spark.driving import Frame, run_on_spark
from tocsin.batch.spark.frames import is_frame
from tocsin.batch.spark.work import Work
from tocsin.batch.state import open_state
from tocsin.batch.state.base import Checkpoint, DeadLetterQuery, RunRow, RunStatus, State
from tocsin.batch.state.called import meant
from tocsin.batch.stopped import ON_AGAIN, RunElsewhere, RunStopped
from tocsin.batch.watching import Thresholds, allowed_rps
from tocsin.client.client import Client
from tocsin.client.run import Run
from tocsin.errors import InvalidPipeline, RunTaken, StoreError

LANES: Final = 8

# In the loop of somebody else signals are theirs.
_IN_OUR_LOOP: Final = ContextVar("tocsin_batch_in_our_loop", default=False)


class Pipeline:
    """Records from a source to a sink, in batches.

    `map` makes of a record what is sent: one, a list of several, or None to leave it out. `key` names the
    field by which order is kept, `id` the one that tells records apart, so that a sink can recognise one that
    comes twice; both are read of the record as the source has it, or are functions of it. `sanitize` and
    `validate` see what `map` has made. `on_reject` says what becomes of a record that cannot be delivered;
    `max_rejects`, a number or a share such as "2%", how many may, before the run stops: without it
    `config.error_threshold_percent`. `lanes`: so many keys are under way at a time. `state` is where
    checkpoints and dead letters are kept, a path or the address of a PostgreSQL; `redact` are fields that
    nobody is shown of a dead letter. `operation` is the name of its batches in the history; that of its sink
    by default. Where a client is given, or TOCSIN_URL is set, its runs are reported as those of the job
    `job`, by default the name of the pipeline; inside a run that is reported already they are a part of
    that. `progress` shows a bar, by default on a terminal. `alarms` says from when on the job `<job>.batches`
    tells that batches do badly.

    Every record arrives at least once. What was in flight when a run was killed is sent again with the same
    ids, so that it arrives once where the sink removes what has the same id. Raises InvalidPipeline.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        *,
        map: Callable[[Any], Any] | None = None,  # noqa: A002 -- that is what everybody calls it
        key: Of | None = None,
        id: Of | None = None,  # noqa: A002 -- that is what everybody calls it
        sanitize: Callable[[Any], Any] | None = None,
        validate: Callable[[Any], str | None] | None = None,
        on_reject: str = OnReject.DEAD_LETTER,
        max_rejects: str | int | None = None,
        config: BatchConfig | None = None,
        lanes: int = LANES,
        state: str | Path | State | None = None,
        redact: Sequence[str] = (),
        operation: str = "",
        job: str = "",
        client: Client | None = None,
        progress: bool | None = None,
        alarms: Thresholds | None = None,
    ) -> None:
        check(
            {
                "name": name,
                "sink": sink,
                "map": map,
                "sanitize": sanitize,
                "validate": validate,
                "key": key,
                "id": id,
                "on_reject": on_reject,
                "max_rejects": max_rejects,
                "lanes": lanes,
                "config": config,
                "redact": redact,
                "state": state,
            }
        )
        self.name = name
        self.sink = sink
        self.config = config or BatchConfig()
        self._map, self._key, self._id = map, key, id
        self._sanitize, self._validate = sanitize, validate
        self._on_reject = OnReject(on_reject)
        self._may_fail = may_fail(max_rejects, self.config.error_threshold_percent)
        self._lanes = lanes if key is not None else 0
        self._state = state
        self._redact = tuple(redact)
        self._operation = operation
        self._job, self._client, self._progress = job or name, client, progress
        self._alarms = alarms or Thresholds()

    def run(self, source: object, *, resume: bool = False) -> RunReport:
        """Deliver every record of a source, and return what has come of it.

        `source`: an iterable of records, a path (`jsonl`, `csv`, `parquet`, also compressed) or a glob of
        them, a cursor, a data frame, an Arrow table, or a frame of Spark, of which each task sends a part.
        `resume` goes on with the last run of this pipeline that did not come to its end, if there is one;
        without it a run begins anew. Raises InvalidPipeline when the source has changed meanwhile, RunTaken
        while another process is at work on it, and RunStopped when a signal has stopped it.
        """
        if is_frame(source):
            return self._on_spark(source, resume=resume)
        return _in_a_loop(lambda: self.arun(source, resume=resume), "arun")

    async def arun(self, source: object, *, resume: bool = False) -> RunReport:
        """Do what `run` does, in the event loop of the caller; a source may be asynchronous."""
        if is_frame(source):
            return await asyncio.to_thread(self._on_spark, source, resume=resume)
        state = self._opened()
        try:
            read = source_of(source)
            run = self._run_of(read, state, resume=resume)
            return await self._go(read, run, state)
        finally:
            if state is not self._state:
                state.close()

    def replay(self, query: DeadLetterQuery | None = None) -> RunReport:
        """Deliver dead letters of this pipeline, those of a query or all, and return what came of it.

        One that was encoded is sent as it was; one that never came so far goes through `map` again. One that
        fails again is a new dead letter in the place of the old one, and however many do, the others are
        tried: neither `max_rejects` nor `error_threshold_percent` ends a replay. Of a run the first letters
        of its id are enough. Raises RunTaken while anybody else replays them, and InvalidPipeline where the
        query names no run, or several.
        """
        return _in_a_loop(lambda: self.areplay(query), "areplay")

    async def areplay(self, query: DeadLetterQuery | None = None) -> RunReport:
        """Do what `replay` does, in the event loop of the caller."""
        state = self._opened()
        try:
            with state.replaying(self.name, name_of(self.name)):
                letters = Letters(state, meant(state, query or DeadLetterQuery()), self.name)
                return await self._go(letters, self._new_run(letters), state)
        finally:
            if state is not self._state:
                state.close()

    def plan(self, source: object, *, most: int | None = None, check: bool = False) -> Plan:
        """Return what a run would do, and send nothing: how much, in how many requests, how long, what fails.

        `most`: look at so many records only. The source is read. `check` asks the sink, too, whether it would
        let anything in: whether it is there, and the credentials are right.
        """
        read = source_of(source)
        if isinstance(read, Once):
            raise InvalidPipeline(
                f"{read.name} can be read once, and a plan would use it up: give a list or a file"
            )
        plan = planned(
            read, self._preparation(_namespace(uuid.uuid4().hex)), self.config, lanes=self._lanes, most=most
        )
        return replace(plan, obstacle=obstacle_of(self.sink, self.config.timeout_seconds)) if check else plan

    def _on_spark(self, frame: Frame, *, resume: bool) -> RunReport:
        if resume:
            raise InvalidPipeline(
                "a frame of Spark is not resumed: run it again; rows have the same ids, by which a sink "
                "can leave out what it has already"
            )
        run = self._begun("a frame of Spark")
        work = Work(
            preparation=self._preparation(run.namespace),
            config=self.config,
            run=run,
            lanes=self._lanes,
            on_reject=self._on_reject,
            most_failed=self._may_fail.records,
            most_failed_percent=self._may_fail.percent,
            redact=self._redact,
            operation=self._operation,
        )
        state = self._opened()
        try:
            with (
                reported(self._job, self._client) if self.config.enable_monitoring else nullcontext() as told
            ):
                report = run_on_spark(frame, work, state)
                if told is not None:
                    Telling(told).tell(report)
            return report
        finally:
            if state is not self._state:
                state.close()

    def _opened(self) -> State:
        given = self._state
        return open_state(given) if given is None or isinstance(given, str | Path) else given

    def _preparation(self, namespace: str) -> Preparation:
        limits, framing = self.sink.limits, self.sink.framing
        most = min(self.config.max_batch_bytes, limits.max_bytes or self.config.max_batch_bytes)
        most -= framing.overhead
        return Preparation(
            sink=self.sink,
            namespace=namespace,
            map=self._map,
            key=self._key,
            id=self._id,
            sanitize=self._sanitize,
            validate=self._validate,
            max_record_bytes=min(most, limits.max_record_bytes or most),
        )

    def _run_of(self, source: Source | AsyncSource, state: State, *, resume: bool) -> RunRow:
        """Return the run to go on with, or a new one."""
        before = state.last_unfinished(self.name, source.name) if resume else None
        if before is None:
            return self._new_run(source)
        difference = changed(before.fingerprint, source.fingerprint())
        if difference:
            raise InvalidPipeline(
                f"{source.name} is not what run {before.id} was reading: {difference}; "
                "run it without resume to begin anew, which sends what was delivered once more"
            )
        return before

    def _new_run(self, source: Source | AsyncSource) -> RunRow:
        return replace(
            self._begun(source.name),
            fingerprint=source.fingerprint(),
            total=source.total,
            error_threshold_percent=self._judged_by(source).percent,
        )

    def _judged_by(self, source: Source | AsyncSource) -> MayFail:
        """Return how many records may fail; of letters all, which have failed before."""
        return ALL_MAY_FAIL if isinstance(source, Letters) else self._may_fail

    def _begun(self, source: str) -> RunRow:
        now = clock.now()
        run_id = uuid.uuid4().hex
        return RunRow(
            id=run_id,
            pipeline=self.name,
            source=source,
            started_at=now,
            checkpoint=Checkpoint(at=now),
            namespace=_namespace(run_id),
            error_threshold_percent=self._may_fail.percent,
            allowed_rps=allowed_rps(self.sink.limits, self.config),
        )

    async def _go(self, source: Source | AsyncSource, run: RunRow, state: State) -> RunReport:
        is_reported = self.config.enable_monitoring
        is_shown = sys.stderr.isatty() if self._progress is None else self._progress
        with (
            reported(self._job, self._client) if is_reported else nullcontext() as told,
            Bar(self.name) if is_shown else nullcontext() as bar,
        ):
            shown = () if bar is None else (bar,)
            percent = self._judged_by(source).percent
            try:
                return await self._watched(source, run, state, (*shown, *self._watchers(told, percent)))
            except RunStopped as stopped:
                if not is_shown:
                    sys.stderr.write(f"tocsin: {stopped.report}; {ON_AGAIN[isinstance(source, Letters)]}\n")
                raise

    def _watchers(self, told: Run | None, percent: float) -> tuple[Watcher, ...]:
        client = listening(self._client)
        if told is None or client is None:
            return () if told is None else (Telling(told),)
        return Telling(told), Alarms(self._job, client, self._alarms, error_threshold_percent=percent)

    async def _watched(
        self,
        source: Source | AsyncSource,
        run: RunRow,
        state: State,
        watchers: tuple[Watcher, ...],
    ) -> RunReport:
        # It may have come further since it was looked for, in the hands of another that has let it go.
        run = replace(run, checkpoint=await asyncio.to_thread(state.begin, run))
        try:
            holds = self._on_reject is OnReject.HOLD_KEY
            judged_by = self._judged_by(source)
            held_keys = await asyncio.to_thread(state.held_keys, run.id) if holds else {}
            running = Running(
                Order(
                    sink=self.sink,
                    source=source,
                    preparation=self._preparation(run.namespace),
                    config=self.config,
                    run=run,
                    state=state,
                    lanes=self._lanes,
                    on_reject=self._on_reject,
                    most_failed=judged_by.records,
                    most_failed_percent=judged_by.percent,
                    redact=self._redact,
                    operation=self._operation,
                    letter_ids=source.ids if isinstance(source, Letters) else {},
                    held_keys=held_keys,
                    watchers=watchers,
                    heeds_signals=_IN_OUR_LOOP.get(),
                )
            )
            report = await running.go()
        except BaseException as error:  # the run ends in the state too; raised on
            with suppress(StoreError):
                state.finish(run.id, status=RunStatus.FAILED, at=clock.now(), reason=raised(error))
            raise
        report = _finished(report, state)
        running.tell(report)
        if running.stopped_by is not None:
            raise RunStopped(report, running.stopped_by)
        return report


def _namespace(run_id: str) -> str:
    """Return what is in front of the ids that are made of ordinals; as long in a plan as in a run."""
    return f"{run_id[:12]}-"


def _finished(report: RunReport, state: State) -> RunReport:
    """Keep how a run has ended, and return its report, which says so where that cannot be done."""
    try:
        state.finish(
            report.run_id,
            status=report.status,
            at=clock.now(),
            reason=report.reason,
            report=report.to_json(),
        )
    except StoreError as error:
        if report.is_complete:
            why = f"how it has ended cannot be written down: {error}"
            return replace(report, status=RunStatus.FAILED, reason=why)
    return report


def _in_a_loop(made: Callable[[], Any], name: str) -> RunReport:
    """Run a coroutine to its end in an event loop of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        is_free = True
    else:
        is_free = False
    if not is_free:
        raise InvalidPipeline(f"an event loop is running here: await pipeline.{name}(...) instead")

    async def go() -> RunReport:
        _IN_OUR_LOOP.set(True)
        report: RunReport = await made()
        return report

    try:
        return asyncio.run(go())
    except RunTaken as taken:
        # A thread that ends the program's way ends without a word.
        if threading.current_thread() is threading.main_thread():
            raise RunElsewhere(taken) from None
        raise
