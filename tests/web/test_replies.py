import asyncio
import threading
from collections.abc import Callable
from typing import Any

from tocsin.jobs.checkin import Answer, Answered
from tocsin.web.replies import Replies, Reply


class CountingLoop:
    """Counts how often a thread wakes the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.woken = 0

    def call_soon_threadsafe(self, call: Callable[[], Any]) -> None:
        self.woken += 1
        self._loop.call_soon_threadsafe(call)


def answer(number: int) -> tuple[Answer, ...]:
    return (Answer(status=Answered.ACCEPTED, run=f"r{number}"),)


def test_a_burst_wakes_the_loop_once_and_everybody_hears_their_own() -> None:
    async def burst() -> tuple[int, list[Reply]]:
        loop = asyncio.get_running_loop()
        counting = CountingLoop(loop)
        replies = Replies(counting)  # type: ignore[arg-type]  # the one method that is called
        futures: list[asyncio.Future[Reply]] = [loop.create_future() for _ in range(100)]

        def put_all() -> None:
            for number, future in enumerate(futures):
                replies.put(future, answer(number))

        thread = threading.Thread(target=put_all)
        thread.start()
        thread.join()
        return counting.woken, await asyncio.gather(*futures)

    woken, heard = asyncio.run(burst())

    assert woken == 1
    assert heard == [answer(number) for number in range(100)]


def test_whoever_left_keeps_nobody_else_waiting() -> None:
    async def leave() -> Reply:
        loop = asyncio.get_running_loop()
        replies = Replies(loop)
        gone: asyncio.Future[Reply] = loop.create_future()
        waiting: asyncio.Future[Reply] = loop.create_future()
        gone.cancel()
        replies.put(gone, answer(1))
        replies.put(waiting, answer(2))
        return await waiting

    assert asyncio.run(leave()) == answer(2)


def test_a_reply_after_the_end_of_the_loop_is_dropped() -> None:
    loop = asyncio.new_event_loop()
    replies = Replies(loop)
    future: asyncio.Future[Reply] = loop.create_future()
    loop.close()

    replies.put(future, answer(1))

    assert not future.done()
