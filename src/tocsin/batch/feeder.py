"""Reads a source ahead of what is sent, in a thread of its own, and never further than the memory budget."""

import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice
from typing import Final

from tocsin import clock
from tocsin.batch.acked import Range
from tocsin.batch.calling import raised
from tocsin.batch.preparing import Portion, Preparation
from tocsin.batch.words import counted

PORTION_RECORDS: Final = 512
PORTION_BYTES: Final = 131_072
PORTION_SECONDS: Final = 0.05
MOST_AT_ONCE: Final = 128
FEW_AT_ONCE: Final = 8
SLOW_SECONDS: Final = 0.005
_DONE: Final = object()


class Budget:
    """Bytes of records on their way, to the sink or to the dead letters; who reads waits while it is used up.

    It waits as well while `is_enough`: what is read long before it can be sent only takes up memory.
    """

    def __init__(self, most: int, is_enough: Callable[[], bool] = lambda: False) -> None:
        self.most = most
        self._is_enough = is_enough
        self.held = 0
        self.is_waited_for = False
        self._freed = threading.Condition()
        self._wanted: int | None = None
        self._is_over = False

    def take(self, size: int) -> None:
        """Take up bytes, once there is room; what is larger than all of it goes alone.

        One thread at a time may wait.
        """
        with self._freed:
            self.is_waited_for = self.held + size > self.most
            self._wanted = size
            self._freed.wait_for(lambda: self._has_room(size))
            self._wanted, self.is_waited_for = None, False
            self.held += size

    def _has_room(self, size: int) -> bool:
        fits = not self.held or (self.held + size <= self.most and not self._is_enough())
        return self._is_over or fits

    def give(self, size: int) -> None:
        """Give bytes back, or none when fewer wait."""
        with self._freed:
            self.held -= size
            # To wake a thread that has to wait on costs more than to look.
            if self._wanted is not None and self._has_room(self._wanted):
                self._freed.notify()

    def end(self) -> None:
        """Let nobody wait any more."""
        with self._freed:
            self._is_over = True
            self._freed.notify_all()


class Feeder:
    """Takes records from a source from the ordinal `start` on, but for those that are settled already.

    `deliver` is called with each portion, in the thread that reads or in that of the run, and with the reason
    why there are no more: empty when the source is at its end, else what it raised. `seconds_in_source` and
    `seconds_encoding` say where its time went; `is_in_source` where it is now.
    """

    def __init__(
        self,
        preparation: Preparation,
        budget: Budget,
        deliver: Callable[[Portion, str | None], None],
        *,
        start: int = 0,
        settled: tuple[Range, ...] = (),
    ) -> None:
        self.seconds_in_source = 0.0
        self.seconds_encoding = 0.0
        self.is_in_source = False
        self._preparation = preparation
        self._budget = budget
        self._deliver = deliver
        self._ordinal = start
        self._settled = sorted(settled, reverse=True)
        self._is_stopped = False
        self._portion_bytes = min(PORTION_BYTES, budget.most // 4)
        # What is read and not made ready yet; filled by one thread, and emptied by whoever holds the lock.
        self._pulled: deque[object] = deque()
        self._held = threading.Lock()
        self._portion = Portion()
        self._since = 0.0

    def start(self, records: Iterator[object]) -> None:
        """Read in a thread; `records` begins at the ordinal `start`."""
        threading.Thread(target=self._read, args=(records,), name="tocsin-batch-source", daemon=True).start()

    def stop(self) -> None:
        """Read no more."""
        self._is_stopped = True
        self._budget.end()

    def _read(self, records: Iterator[object]) -> None:
        why, at_once = "", 1
        try:
            while not self._is_stopped:
                before = self._count()
                asked_at = self._ask()
                self._pulled.extend(islice(records, at_once))
                got_at = self._got(asked_at)
                has_ended = self._count() - before < at_once
                with self._held:
                    self._make_ready(got_at)
                at_once = self._at_once(at_once, clock.monotonic() - asked_at)
                if has_ended:
                    break
                self._flush_if_full(got_at)
        except BaseException as error:  # noqa: BLE001 -- a source may fail in any way; nothing is lost by it
            with self._held:
                self._make_ready(clock.monotonic())
            why = self._why(error)
        self.is_in_source = False
        self._flush("" if self._is_stopped else why, waits=True)

    def _ask(self) -> float:
        """Take down that the source is asked, and return when."""
        self.is_in_source = True
        return clock.monotonic()

    def _got(self, asked_at: float) -> float:
        """Take down that the source has answered, and return when."""
        self.is_in_source, got_at = False, clock.monotonic()
        self.seconds_in_source += got_at - asked_at
        return got_at

    def _count(self) -> int:
        with self._held:
            return self._ordinal + len(self._pulled)

    def _at_once(self, before: int, seconds: float) -> int:
        """Return how many records to read at a time: many where they are quick and small, else one."""
        if seconds > SLOW_SECONDS:
            return 1
        portion = self._portion
        count, weight = len(portion.entries) + len(portion.rejects), portion.weight
        fit = self._portion_bytes * count // weight if weight else MOST_AT_ONCE
        most = MOST_AT_ONCE if self._preparation.is_plain else FEW_AT_ONCE
        return max(1, min(2 * before, most, fit))

    async def read_async(
        self, records: AsyncIterator[object], room: Callable[[int], Awaitable[object]]
    ) -> None:
        """Read an asynchronous source in the event loop; `room` waits until so many bytes fit in."""
        why = ""
        try:
            while not self._is_stopped:
                asked_at = self._ask()
                record = await anext(records, _DONE)
                got_at = self._got(asked_at)
                if record is _DONE:
                    break
                self._pulled.append(record)
                self._make_ready(got_at)
                if self._is_full(got_at):
                    await room(self._portion.weight)
                    self._flush(None, waits=False)
        except Exception as error:  # noqa: BLE001 -- as in a thread
            why = self._why(error)
        self.is_in_source = False
        await room(self._portion.weight)
        self._flush("" if self._is_stopped else why, waits=False)

    def _why(self, error: BaseException) -> str:
        return f"the source failed after {counted(self._ordinal)}: {raised(error)}"

    def _make_ready(self, now: float) -> None:
        """Map and encode what was read; only one at a time."""
        if not self._portion.read:
            self._since = now
        next_pulled = self._pulled.popleft
        records = [next_pulled() for _ in range(len(self._pulled))]
        if self._settled:
            self._take_unsettled(records)
        elif records:
            self._ordinal = self._preparation.take_each(self._ordinal, records, self._portion)
        self.seconds_encoding += clock.monotonic() - now

    def _take_unsettled(self, records: list[object]) -> None:
        settled = self._settled
        for record in records:
            ordinal = self._ordinal
            self._ordinal = ordinal + 1
            while settled and settled[-1][1] <= ordinal:
                settled.pop()
            if not settled or ordinal < settled[-1][0]:
                self._preparation.take(ordinal, record, self._portion)

    def _is_full(self, now: float) -> bool:
        portion = self._portion
        return (
            portion.read >= PORTION_RECORDS
            or portion.weight >= self._portion_bytes
            or (portion.read > 0 and now - self._since >= PORTION_SECONDS)
        )

    def _flush_if_full(self, now: float) -> None:
        if self._is_full(now):
            self._flush(None, waits=True)

    def _flush(self, why: str | None, *, waits: bool) -> None:
        """Hand over what was read, once it fits; `why` there is no more, None while there may be."""
        with self._held:
            portion, self._portion = self._portion, Portion()
        if portion.weight and waits:
            self._budget.take(portion.weight)
        elif portion.weight:
            self._budget.give(-portion.weight)
        self._deliver(portion, why)

    def hand_over_what_waits(self) -> None:
        """Hand over what was read while the source keeps us waiting for more."""
        if not (self._pulled or self._portion.read) or not self._held.acquire(blocking=False):
            return
        try:
            # Functions of the user are called in one thread alone: not every connection bears another.
            if self._preparation.is_plain:
                self._make_ready(clock.monotonic())
            portion, self._portion = self._portion, Portion()
        finally:
            self._held.release()
        if portion.read:
            self._budget.give(-portion.weight)
            self._deliver(portion, None)
