"""One thread for what blocks and must not be done twice at a time, such as a file or a connection."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")


class OneThread:
    """Does things one after the other in a thread of its own, while it is open.

    Whoever is cancelled while waiting leaves what is being done to its end, and takes back what is not begun.
    It can be opened several times, is closed with the last, and is copied to other processes closed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._opened = 0

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]  # a copy begins anew

    async def open(self, begin: Callable[[], None]) -> None:
        """Open it, and do this first if it was closed; what that raises leaves it closed."""
        with self._lock:
            self._opened += 1
            first = self._opened == 1
            if first:
                self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sink")
        if first:
            try:
                await self.do(begin)
            except BaseException:  # the thread ends whatever happened; raised on
                await self.close(lambda: None)
                raise

    async def do(self, work: Callable[[], _T]) -> _T:
        """Return what this returns, done in the thread; raises RuntimeError if it is not open."""
        return await asyncio.get_running_loop().run_in_executor(self.opened(), work)

    def opened(self) -> ThreadPoolExecutor:
        """Return the thread; raises RuntimeError if it is not open."""
        if self._executor is None:
            raise RuntimeError("the sink is not open: send within `async with`")
        return self._executor

    async def close(self, end: Callable[[], None]) -> None:
        """Close it, and do this before if nobody else has it open."""
        with self._lock:
            self._opened -= 1
            if self._opened:
                return
            executor, self._executor = self._executor, None
        if executor is not None:
            try:
                await asyncio.get_running_loop().run_in_executor(executor, end)
            finally:
                executor.shutdown(wait=False)
