"""Writes down what has become of records, as soon as it is so, and all that has come meanwhile at once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from math import inf
from typing import Final

from tocsin import clock
from tocsin.batch.history import History
from tocsin.batch.ledger import Buried, Ledger, weight_of
from tocsin.batch.state.base import Checkpoint, DeadLetter, RunRow, RunState
from tocsin.errors import StoreUnavailable

PATIENCE_SECONDS: Final = 60.0
TRIED_AGAIN_AFTER_SECONDS: Final = 1.0
SIGN_OF_LIFE_EVERY_SECONDS: Final = 2.0
LIVE_EVERY_SECONDS: Final = 1.0


class Keeper:
    """Keeps checkpoint, dead letters and history of one run, in one transaction after the other.

    A request is in flight until `written` says that its end is kept, so that a run that is killed repeats
    no more than what was in flight. `letter_ids` are the dead letters that the records are, by ordinal.
    `free` is told how many bytes need no memory any more, `live` is asked how the run does. `failure` is why
    nothing can be kept any more.
    """

    def __init__(
        self,
        state: RunState,
        run: RunRow,
        ledger: Ledger,
        *,
        redact: tuple[str, ...] = (),
        free: Callable[[int], None],
        history: History | None = None,
        live: Callable[[], bytes] = bytes,
        letter_ids: dict[int, int] | None = None,
    ) -> None:
        self.failure = ""
        self._state = state
        self._run = run
        self._ledger = ledger
        self._redact = redact
        self._history = history
        self._free = free
        self._live, self._live_bytes, self._looked_at = live, b"", -inf
        self._waiting: list[asyncio.Future[None]] = []
        self._letter_ids = {} if letter_ids is None else letter_ids
        self._task: asyncio.Task[None] | None = None

    def soon(self) -> None:
        """Write down what there is, without waiting for it."""
        if not self._waiting and (self._task is None or self._task.done()):
            loop = asyncio.get_running_loop()
            self._waiting.append(loop.create_future())
            self._task = loop.create_task(self._write())

    async def stay_known(self) -> None:
        """Write down now and then how far it has come, even where that is no further: until cancelled."""
        while True:
            await asyncio.sleep(SIGN_OF_LIFE_EVERY_SECONDS)
            self.soon()

    async def written(self) -> None:
        """Return when all that was so before is written down."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(future)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._write())
        await future

    async def _write(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            await self._write_once()
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    async def _write_once(self) -> None:
        ledger = self._ledger
        checkpoint = replace(checkpoint_of(ledger, clock.now()), live=self._live_now())
        buried, ledger.buried = ledger.buried, []
        batches = [] if self._history is None else self._history.take()
        fresh, ledger.fresh = ledger.fresh, []
        replayed = [
            self._letter_ids.pop(ordinal)
            for first, after in fresh
            if self._letter_ids
            for ordinal in range(first, after)
            if ordinal in self._letter_ids
        ]
        letters = [letter_of(one, self._run, self._redact, checkpoint.at) for one in buried]
        began = clock.monotonic()
        while not self.failure:
            try:
                await asyncio.to_thread(
                    self._state.save_checkpoint, self._run.id, checkpoint, letters, batches, replayed
                )
            except StoreUnavailable as error:
                if clock.monotonic() - began > PATIENCE_SECONDS:
                    self.failure = f"what is delivered cannot be written down: {error}"
                    return
                await asyncio.sleep(TRIED_AGAIN_AFTER_SECONDS)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the run must end rather than forget
                self.failure = f"what is delivered cannot be written down: {error}"
                return
            else:
                self._free(weight_of(buried))
                return

    def _live_now(self) -> bytes:
        """Return how the run does, asked for once a second."""
        now = clock.monotonic()
        if now - self._looked_at >= LIVE_EVERY_SECONDS:
            self._live_bytes, self._looked_at = self._live(), now
        return self._live_bytes


def checkpoint_of(ledger: Ledger, at: datetime) -> Checkpoint:
    """Return how far a run has come."""
    return Checkpoint(
        at=at,
        low_water=ledger.acked.low_water,
        ranges=ledger.acked.ranges,
        read=ledger.settled,
        delivered=ledger.delivered,
        skipped=ledger.skipped,
        dead=ledger.dead,
    )


def letter_of(buried: Buried, run: RunRow, redact: tuple[str, ...], at: datetime) -> DeadLetter:
    """Return the dead letter of a record that will not arrive."""
    reject = buried.reject
    return DeadLetter(
        pipeline=run.pipeline,
        run_id=run.id,
        ordinal=reject.ordinal,
        record_id=reject.record_id,
        payload=reject.payload,
        reason=reject.reason,
        category=reject.category,
        first_at=at,
        last_at=at,
        attempts=buried.attempts,
        is_encoded=reject.is_encoded,
        is_redacted=not reject.is_whole,
        redact=redact,
        key=reject.key,
    )
