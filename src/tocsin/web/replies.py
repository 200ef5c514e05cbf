"""How an answer comes back from the writer thread to the event loop: one wake-up for each burst."""

import asyncio
import threading
from collections import deque
from contextlib import suppress

from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer

Reply = tuple[Answer, ...] | StoreUnavailable


class Replies:
    """Carries replies to the futures that wait for them.

    Waking the loop costs a system call and more than everything else about a reply, and one group commit
    answers many requests; so the first reply of a burst wakes it and the others ride along.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ready: deque[tuple[asyncio.Future[Reply], Reply]] = deque()
        self._waking = False
        self._lock = threading.Lock()

    def put(self, future: "asyncio.Future[Reply]", reply: Reply) -> None:
        """Hand over a reply, from any thread; dropped when the loop is gone, because nobody waits then."""
        with self._lock:
            self._ready.append((future, reply))
            wake, self._waking = not self._waking, True
        if wake:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        with self._lock:
            ready, self._ready = self._ready, deque()
            self._waking = False
        for future, reply in ready:
            if not future.done():
                future.set_result(reply)
