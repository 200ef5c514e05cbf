import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from tocsin.engine.work import Reply
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer, Answered, CheckIn, CheckInKind
from tocsin.web.faults import BUSY, UNAVAILABLE
from tocsin.web.intake import MAX_TOGETHER, Intake, Outcome

AT = datetime(2026, 11, 22, tzinfo=UTC)
T = TypeVar("T")


def check_in(number: int) -> CheckIn:
    return CheckIn(job=f"job_{number}", kind=CheckInKind.SUCCESS, at=AT, received_at=AT, run=f"r{number}")


def answers(check_ins: Sequence[CheckIn]) -> tuple[Answer, ...]:
    return tuple(Answer(status=Answered.ACCEPTED, run=one.run) for one in check_ins)


class AnsweringEngine:
    """Answers whatever it is handed from a thread of its own, and remembers what came together."""

    def __init__(self) -> None:
        self.handed: list[Sequence[CheckIn]] = []
        self.is_busy = False
        self.is_broken = False

    def report(self, check_ins: Sequence[CheckIn], reply: Reply) -> bool:
        if self.is_busy:
            return False
        self.handed.append(check_ins)
        answer = StoreUnavailable("no disk") if self.is_broken else answers(check_ins)
        threading.Thread(target=reply, args=(answer,)).start()
        return True


def with_intake(engine: AnsweringEngine, use: Callable[[Intake], Awaitable[T]]) -> T:
    async def run() -> T:
        return await use(Intake(asyncio.get_running_loop(), engine.report))

    return asyncio.run(asyncio.wait_for(run(), 10))


async def all_of(intake: Intake, requests: Sequence[Sequence[CheckIn]]) -> list[Outcome]:
    return await asyncio.gather(*[intake.put(request) for request in requests])


def test_requests_that_come_at_once_go_over_together_and_each_hears_its_own() -> None:
    engine = AnsweringEngine()
    requests = [[check_in(number)] for number in range(MAX_TOGETHER)]

    heard = with_intake(engine, lambda intake: all_of(intake, requests))

    assert len(engine.handed) == 1
    assert heard == [answers(request) for request in requests]


def test_a_request_with_several_check_ins_gets_all_of_its_answers() -> None:
    requests = [[check_in(1)], [check_in(2), check_in(3), check_in(4)], [check_in(5)]]

    heard = with_intake(AnsweringEngine(), lambda intake: all_of(intake, requests))

    assert heard == [answers(request) for request in requests]


def test_no_more_goes_over_at_once_than_the_slowest_engine_takes_up() -> None:
    engine = AnsweringEngine()
    requests = [[check_in(10 * number + more) for more in range(4)] for number in range(100)]

    heard = with_intake(engine, lambda intake: all_of(intake, requests))

    assert all(len(together) < MAX_TOGETHER + 4 for together in engine.handed)
    assert [one for together in engine.handed for one in together] == [one for r in requests for one in r]
    assert heard == [answers(request) for request in requests]


def test_a_later_request_is_not_held_back_by_an_earlier_one() -> None:
    engine = AnsweringEngine()

    async def one_after_the_other(intake: Intake) -> list[Outcome]:
        return [await intake.put([check_in(number)]) for number in range(3)]

    heard = with_intake(engine, one_after_the_other)

    assert [len(together) for together in engine.handed] == [1, 1, 1]
    assert heard == [answers([check_in(number)]) for number in range(3)]


def test_while_too_much_waits_everybody_is_told_to_come_again() -> None:
    engine = AnsweringEngine()
    engine.is_busy = True

    heard = with_intake(engine, lambda intake: all_of(intake, [[check_in(1)], [check_in(2)]]))

    assert heard == [BUSY, BUSY]


def test_while_the_store_is_away_everybody_is_told_so() -> None:
    engine = AnsweringEngine()
    engine.is_broken = True

    heard = with_intake(engine, lambda intake: all_of(intake, [[check_in(1)], [check_in(2)]]))

    assert heard == [UNAVAILABLE, UNAVAILABLE]


def test_whoever_left_keeps_nobody_else_waiting_and_what_they_said_still_counts() -> None:
    engine = AnsweringEngine()

    async def leave(intake: Intake) -> Outcome:
        gone, waiting = intake.put([check_in(1)]), intake.put([check_in(2)])
        gone.cancel()
        return await waiting

    heard = with_intake(engine, leave)

    assert heard == answers([check_in(2)])
    assert engine.handed == [[check_in(1), check_in(2)]]


def test_an_answer_after_the_end_of_the_loop_is_dropped() -> None:
    async def hand_over() -> Reply:
        loop = asyncio.get_running_loop()
        handed: asyncio.Future[Reply] = loop.create_future()

        def keep(_check_ins: Sequence[CheckIn], reply: Reply) -> bool:
            handed.set_result(reply)
            return True

        Intake(loop, keep).put([check_in(1)])
        return await handed

    reply = asyncio.run(hand_over())

    reply(answers([check_in(1)]))
