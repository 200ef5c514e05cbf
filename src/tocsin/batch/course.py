"""One run on its way: sends what can be sent, and waits for what it has to wait for."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from tocsin import clock
from tocsin.batch.answering import Answering
from tocsin.batch.batcher import Batcher, Parcel
from tocsin.batch.config import BatchConfig, Strategy
from tocsin.batch.failures import refusal_of
from tocsin.batch.feeder import Budget, Feeder
from tocsin.batch.history import History
from tocsin.batch.keeper import Keeper
from tocsin.batch.ledger import Ledger
from tocsin.batch.outcome import Kind, Outcome, Refused
from tocsin.batch.pace import Pace
from tocsin.batch.parcel import Batch
from tocsin.batch.preparing import Portion
from tocsin.batch.sink import Sink
from tocsin.batch.state.base import RunStatus
from tocsin.batch.tally import Share, Tally
from tocsin.batch.words import counted

ENDING_SECONDS: Final = 10.0
MAX_INBOX: Final = 8
MAX_UNKEPT: Final = 10_000
_LONGEST_WAIT_SECONDS: Final = 1.0
_FEWEST_JUDGED: Final = 100


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run has ended, and why if it did not come to the end of its source."""

    status: RunStatus
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Wait:
    share: Share
    until: float | None = None
    wants_records: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a course is made of; each part decides on its own.

    The batcher says what is next, `pace` whether it may go, `answering` what an answer means, the ledger what
    has become of every record. `most_failed` records may fail, and `most_failed_percent` of them.
    Why one did is told with the end that this leads to, unless it could have what nobody may see.
    `has_own_ids`: the records bring their ids, which need not be different then.
    """

    run_id: str
    sink: Sink
    config: BatchConfig
    batcher: Batcher
    feeder: Feeder
    budget: Budget
    ledger: Ledger
    pace: Pace
    answering: Answering
    keeper: Keeper | None
    history: History | None
    tally: Tally
    most_failed_percent: float
    most_failed: int | None = None
    shows_reasons: bool = True
    has_own_ids: bool = False


class Course:
    """One run on its way, in one event loop; `go` takes it to its end.

    Here is only what needs an event loop; whatever is to be decided is decided by the parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._inbox: deque[tuple[Portion, str | None]] = deque()
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._out: dict[asyncio.Task[None], Parcel] = {}
        self._sending = 0
        self._source_end: str | None = None
        self._ending: Ending | None = None
        self._held: Parcel | None = None
        # While it waits for something else, a few portions are taken up together, with what it waits for.
        self._wants_records = True
        self._fed = 0.0, 0.0
        self._free_workers = list(range(parts.config.parallel_workers))
        if parts.history is not None:
            parts.history.under_way = self._under_way

    @property
    def has_full_hands(self) -> bool:
        """Whether more portions of the source have come than are taken up at a time."""
        return len(self._inbox) > MAX_INBOX

    def deliver(self, portion: Portion, why: str | None) -> None:
        """Take a portion from the source, in any thread; `why` there is no more, None while there may be."""
        self._inbox.append((portion, why))
        is_news = why is not None or portion.rejects or portion.skipped
        if is_news or self._wants_records or len(self._inbox) > MAX_INBOX // 2:
            # A source that was in the middle of reading when the run ended finds its loop closed.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._news.set)

    @property
    def in_flight(self) -> int:
        """Return how many requests are on their way."""
        return self._sending

    @property
    def trouble(self) -> str:
        """Return what the sink said when it last refused a request."""
        return self._parts.answering.last_reason

    def call(self, what: Callable[[], None]) -> None:
        """Have something done in the event loop of the run, from any thread."""
        self._loop.call_soon_threadsafe(what)

    def wake(self) -> None:
        """Look again at what can be sent."""
        self._news.set()

    async def room(self, size: int) -> None:
        """Return when so many bytes fit into the budget."""
        while (
            self._parts.budget.held
            and self._parts.budget.held + size > self._parts.budget.most
            and self._ending is None
        ):
            self._parts.budget.is_waited_for = True
            await asyncio.sleep(0.005)
        self._parts.budget.is_waited_for = False

    def end(self, status: RunStatus, reason: str) -> None:
        """Send nothing more; what is in flight comes to its end."""
        if self._ending is None:
            self._ending = Ending(status, reason)
        self._parts.feeder.stop()
        self._news.set()

    def abandon(self) -> None:
        """Wait for nothing any more; what is in flight is sent again when the run is resumed."""
        for task in self._out:
            task.cancel()

    async def go(self) -> Ending:
        """Run to the end, and return how it was."""
        while (ending := self._judged(now := clock.monotonic())) is None:
            wait = self._step(now)
            if wait is not None:
                await self._wait(wait, now)
        self._parts.feeder.stop()
        self._parts.pace.leave()
        out = [*self._out.values()]
        if self._out:
            await asyncio.wait(self._out, timeout=ENDING_SECONDS)
            self.abandon()
            await asyncio.gather(*self._out, return_exceptions=True)
        if self._parts.history is not None:
            held = [] if self._held is None else [self._held]
            flying = (one for one in out if one.sent_at is not None)
            self._parts.history.cancel([*flying, *held, *self._parts.batcher.left()])
        keeper = self._parts.keeper
        if keeper is not None:
            await keeper.written()
            if keeper.failure and ending.status is RunStatus.COMPLETED:
                return Ending(RunStatus.FAILED, keeper.failure)
        return ending

    def _under_way(self) -> Iterator[Parcel]:
        """Return what is on its way or waits to be sent."""
        yield from (one for one in self._out.values() if one.sent_at is not None)
        yield from self._parts.batcher.waiting()

    def _judged(self, now: float) -> Ending | None:
        """Take up what the source has brought, and return how the run ends, if it is to end."""
        self._take_in(now)
        self._judge(now)
        return self._ending

    def _take_in(self, now: float) -> None:
        """Take up what the source has brought."""
        if (
            self._parts.ledger.buried
            and len(self._parts.ledger.buried) >= MAX_UNKEPT
            and self._parts.keeper is not None
        ):
            return
        has_room = not self.has_full_hands
        # Only what is there now: a quick source would else keep the run from being judged until it ends.
        for _ in range(len(self._inbox)):
            portion, why = self._inbox.popleft()
            portion.rejects = self._parts.answering.refuse(portion.rejects)
            if portion.rejects and self._parts.history is not None:
                self._parts.history.refuse(portion.rejects)
            self._parts.ledger.take(portion)
            self._parts.batcher.add(portion.entries, now)
            if portion.rejects or portion.skipped:
                self._write_down()
            if why is not None:
                self._source_end = why
        if not has_room:
            self._parts.budget.give(0)
        self._parts.batcher.ripen(now, all_of_it=self._source_end is not None)

    def _write_down(self) -> None:
        if self._parts.keeper is not None:
            self._parts.keeper.soon()
        else:
            self._parts.budget.give(self._parts.ledger.forget())

    def _judge(self, now: float) -> None:
        """End the run where it must not go on."""
        ledger = self._parts.ledger
        if self._parts.keeper is not None and self._parts.keeper.failure:
            self.end(RunStatus.FAILED, self._parts.keeper.failure)
        elif self._parts.answering.stop is not None:
            self.end(*self._parts.answering.stop)
        elif self._parts.most_failed is not None and ledger.dead_now > self._parts.most_failed:
            self._end_of_failures(f"{counted(ledger.dead_now)} failed; {self._parts.most_failed:,} may")
        elif ledger.failed_percent > self._parts.most_failed_percent and (
            self._is_over or ledger.delivered + ledger.dead >= _FEWEST_JUDGED
        ):
            share = f"{ledger.failed_percent:.3g} % of the records failed"
            self._end_of_failures(f"{share}; {self._parts.most_failed_percent:g} % may")
        elif self._parts.pace.outage_seconds(now) > self._parts.config.max_outage_seconds:
            why = f"the sink was away for {self._parts.pace.outage_seconds(now):,.0f} s"
            self.end(RunStatus.SUSPENDED, f"{why}: {self._parts.answering.last_reason}")
        elif self._is_over:
            self.end(RunStatus.FAILED if self._source_end else RunStatus.COMPLETED, self._source_end or "")

    def _end_of_failures(self, why: str) -> None:
        last = self._parts.ledger.last_reason
        self.end(RunStatus.FAILED, f"{why}; the last one: {last}" if self._parts.shows_reasons else why)

    @property
    def _is_over(self) -> bool:
        """Whether the source is at its end, and all that it has brought is settled."""
        has_ended = self._source_end is not None and not self._inbox
        return has_ended and self._parts.batcher.is_empty and not self._out and self._held is None

    def _step(self, now: float) -> _Wait | None:
        """Send the next batch if one may go; else return what there is to wait for, and until when."""
        if (
            self._sending >= self._parts.pace.concurrency
            or len(self._out) >= self._parts.config.parallel_workers
        ):
            self._parts.pace.leave()
            return _Wait(self._who_is_slow())
        if self._held is None:
            self._held = self._next(now)
        parcel = self._held
        if parcel is None:
            return self._wait_for_records()
        blocked = self._parts.pace.ask(parcel, now, in_flight=self._sending)
        if blocked is not None:
            return _Wait(blocked.share, blocked.until)
        self._held = None
        self._send(parcel, now)
        return None

    def _next(self, now: float) -> Parcel | None:
        is_fresh_first = self._parts.pace.tries_fresh_first
        while True:
            parcel = self._parts.batcher.next(now, is_fresh_first=is_fresh_first)
            if parcel is None and self._is_memory_short() and not self._parts.batcher.has_ready:
                self._parts.batcher.close_largest(now)
                parcel = self._parts.batcher.next(now)
            if parcel is None or self._parts.answering.sieve(parcel):
                return parcel
            self._write_down()

    def _is_memory_short(self) -> bool:
        """Whether batches are to go as they are, so that the source can be read on."""
        budget = self._parts.budget
        if budget.is_waited_for:
            return True
        return self._parts.config.strategy is Strategy.MEMORY_BASED and 2 * budget.held >= budget.most

    def _wait_for_records(self) -> _Wait:
        until = self._parts.batcher.ripe_at()
        if self._parts.batcher.has_ready:
            share = Share.CONCURRENCY if self._out else Share.OUTAGE
            return _Wait(share, until, wants_records=True)
        if self._source_end is not None:
            return _Wait(Share.SINK, until)
        self._parts.feeder.hand_over_what_waits()
        share = Share.SOURCE if self._parts.feeder.is_in_source and not self._inbox else Share.ENCODE
        return _Wait(share, until, wants_records=True)

    def _who_is_slow(self) -> Share:
        if self._sending < len(self._out) and self._sending < self._parts.pace.concurrency:
            return Share.STATE
        at_most = self._parts.pace.concurrency >= self._parts.pace.most_concurrency
        return Share.CONCURRENCY if at_most else Share.SINK

    async def _wait(self, wait: _Wait, now: float) -> None:
        """Wait for news, but no longer than until then, and take up for what."""
        longest = _LONGEST_WAIT_SECONDS
        until = now + longest if wait.until is None else min(wait.until, now + longest)
        self._wants_records = wait.wants_records
        if self._wants_records and self._inbox:  # it has come before anybody knew that it is news
            until = now
        if until > now:
            timer = self._loop.call_later(until - now, self._news.set)
            await self._news.wait()
            timer.cancel()
        else:
            await asyncio.sleep(0)
        self._wants_records = False
        self._news.clear()
        self._take_up(wait.share, clock.monotonic() - now)

    def _take_up(self, share: Share, seconds: float) -> None:
        """Take up for what was waited; for records, by what the feeder has done meanwhile."""
        feeder, tally = self._parts.feeder, self._parts.tally
        reading, encoding = feeder.seconds_in_source, feeder.seconds_encoding
        read, encoded = reading - self._fed[0], encoding - self._fed[1]
        self._fed = reading, encoding
        if share not in {Share.SOURCE, Share.ENCODE} or read + encoded <= 0:
            tally.wait(share, seconds)
            return
        of_source = seconds * read / (read + encoded)
        tally.wait(Share.SOURCE, of_source)
        tally.wait(Share.ENCODE, seconds - of_source)

    def _send(self, parcel: Parcel, now: float) -> None:
        self._sending += 1
        parcel.worker, parcel.sent_at = heappop(self._free_workers), now
        is_again = parcel.attempts + parcel.throttled > 0
        size = self._parts.sink.framing.size(len(parcel), parcel.size)
        self._parts.tally.send(len(parcel), size, is_again=is_again, in_flight=self._sending)
        if self._parts.has_own_ids and not is_again:
            ids = parcel.entries.ids
            self._parts.tally.requests_with_twins += len(set(ids)) < len(ids)
        task = self._loop.create_task(self._travel(parcel, now))
        self._out[task] = parcel
        self._parts.budget.give(0)
        task.add_done_callback(self._is_back)

    def _is_back(self, task: asyncio.Task[None]) -> None:
        heappush(self._free_workers, self._out.pop(task).worker)
        self._news.set()
        if not task.cancelled() and task.exception() is not None:
            self.end(RunStatus.FAILED, f"a fault of ours: {task.exception()!r}")

    async def _travel(self, parcel: Parcel, sent_at: float) -> None:
        """Send a batch, take up what became of it, and come back once that is written down."""
        try:
            outcome = await self._outcome_of(parcel)
        finally:
            self._sending -= 1
        now, parcel.sent_at = clock.monotonic(), None
        self._parts.tally.answered(now - sent_at)
        self._parts.answering.take(parcel, outcome, sent_at, now)
        self._news.set()
        if self._parts.keeper is not None:
            await self._parts.keeper.written()
        else:
            self._parts.budget.give(self._parts.ledger.forget())

    async def _outcome_of(self, parcel: Parcel) -> Outcome:
        batch = Batch(
            id=parcel.id_in(self._parts.run_id),
            records=[*parcel.entries.bodies],
            ids=[*parcel.entries.ids],
            framing=self._parts.sink.framing,
            compress=self._parts.config.enable_compression,
        )
        limit = self._parts.config.timeout_seconds
        try:
            async with asyncio.timeout(limit):
                return await self._parts.sink.send(batch)
        except asyncio.CancelledError:
            # Whoever has cancelled this run is obeyed; a sink that says so by itself has failed.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return Refused(Kind.UNKNOWN, "the sink was cancelled")
        except TimeoutError:
            return Refused(Kind.TRANSIENT, f"no answer within {limit:g} s")
        except Exception as error:  # noqa: BLE001 -- whatever a sink raises is its answer; a run goes on
            return refusal_of(error)
