"""Does what blocks in a thread that nobody has to wait for, not even the end of the program."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


async def aside(work: Callable[[], _T]) -> _T:
    """Return what a function returns that may block, or raise what it raises.

    It has a thread of its own, which is left alone when whoever waits for it is cancelled: a function that
    never returns must keep neither the others nor the end of the program.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(told: Callable[[], None]) -> None:
        if not future.done():
            told()

    def tell(told: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, told)

    def run() -> None:
        try:
            result = context.run(work)
        except BaseException as error:  # noqa: BLE001 -- it is raised where it is waited for
            # A future takes everything but what ends an iteration.
            raised = RuntimeError(repr(error)) if isinstance(error, StopIteration) else error
            tell(lambda: future.set_exception(raised))
        else:
            tell(lambda: future.set_result(result))

    threading.Thread(target=run, name="tocsin-batch-sink", daemon=True).start()
    return await future
