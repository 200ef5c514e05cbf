"""What requests report, handed to the engine in bursts, and its answers, brought back in bursts.

A thread that wakes another one costs more than everything else about a report, and each of the two
takes the caches from the other; so the loop and the writer work in turns that are as long as there is work.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from tocsin.engine.work import Reply
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer, CheckIn
from tocsin.web.faults import BUSY, UNAVAILABLE, Problem

# Long enough for the requests of some hundred connections, short enough to be nothing beside a commit.
HOLD_SECONDS: Final = 0.015
# Not more than the engine takes up at once at its slowest.
MAX_TOGETHER: Final = 50

Outcome = tuple[Answer, ...] | Problem
Waiting = tuple[Sequence[CheckIn], "asyncio.Future[Outcome]"]


class Intake:
    """Hands check-ins to `report`, which answers from another thread, and gives every request its own.

    What arrives while the loop is busy with requests goes over together, once it has come to rest or after
    HOLD_SECONDS. All of it happens on the loop but `_answered`.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, report: Callable[[Sequence[CheckIn], Reply], bool]
    ) -> None:
        self._loop = loop
        self._report = report
        self._waiting: list[Waiting] = []
        self._seen = 0
        self._since = 0.0

    def put(self, check_ins: Sequence[CheckIn]) -> "asyncio.Future[Outcome]":
        """Return what the answers will be set on once they are durable."""
        future: asyncio.Future[Outcome] = self._loop.create_future()
        if not self._waiting:
            self._since = self._loop.time()
            self._loop.call_soon(self._turn)
        self._waiting.append((check_ins, future))
        return future

    def _turn(self) -> None:
        more, self._seen = len(self._waiting) > self._seen, len(self._waiting)
        if more and self._loop.time() - self._since < HOLD_SECONDS:
            self._loop.call_soon(self._turn)
            return
        waiting, self._waiting, self._seen = self._waiting, [], 0
        start, weight = 0, 0
        for end, (check_ins, _) in enumerate(waiting, 1):
            weight += len(check_ins)
            if weight >= MAX_TOGETHER or end == len(waiting):
                self._hand_over(waiting[start:end])
                start, weight = end, 0

    def _hand_over(self, together: Sequence[Waiting]) -> None:
        check_ins = [one for check_ins, _ in together for one in check_ins]
        if not self._report(check_ins, partial(self._answered, together)):
            for _, future in together:
                _settle(future, BUSY)

    def _answered(self, together: Sequence[Waiting], reply: tuple[Answer, ...] | StoreUnavailable) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            self._loop.call_soon_threadsafe(self._deliver, together, reply)

    def _deliver(self, together: Sequence[Waiting], reply: tuple[Answer, ...] | StoreUnavailable) -> None:
        start = 0
        for check_ins, future in together:
            end = start + len(check_ins)
            _settle(future, UNAVAILABLE if isinstance(reply, StoreUnavailable) else reply[start:end])
            start = end


def _settle(future: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)
