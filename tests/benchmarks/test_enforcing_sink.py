"""The sink that batches are measured against: it permits what it says, and its books are right."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.batch.desk import Answer, Desk
from benchmarks.batch.ledger import POISON, Ledger, events_of
from benchmarks.batch.sink import Sink, listening
from benchmarks.batch.terms import Allowance, Answers, Terms

STEPS = Terms(requests_per_second=40, then=((10, 20), (20, 40)))
AMPLE = Terms(requests_per_second=1e6, latency_seconds=0)


def body(*numbers: int, bad: tuple[int, ...] = (), key: str = "ada") -> bytes:
    return json.dumps(
        [
            {"messageId": f"e-{n}", "userId": key, "event": POISON if n in bad else "seen", "properties": {}}
            for n in numbers
        ]
    ).encode()


def asked(terms: Terms, bodies: list[bytes], every: float = 1.0) -> tuple[Desk, list[Answer]]:
    desk = Desk(terms)
    return desk, [desk.receive(one, 100 + index * every) for index, one in enumerate(bodies)]


def test_what_is_permitted_is_the_integral_of_the_limit() -> None:
    assert STEPS.permitted(0, 30) == 40 * 10 + 20 * 10 + 40 * 10
    assert STEPS.permitted(5, 12) == 40 * 5 + 20 * 2
    assert STEPS.permitted(25, 100) == 40 * 75
    assert STEPS.permitted(7, 7) == 0


def test_a_sender_that_never_waits_gets_the_limit_and_the_burst_once() -> None:
    allowance = Allowance(Terms())

    taken = sum(allowance.take(step / 1_000) for step in range(10_001))

    assert taken == 40 * 10 + 4


def test_a_sender_that_keeps_its_pace_is_never_refused() -> None:
    allowance = Allowance(Terms())

    assert all(allowance.take(step / 40) for step in range(4_000))


def test_the_limit_changes_when_its_schedule_says_so() -> None:
    allowance = Allowance(STEPS)
    taken = [step / 1_000 for step in range(30_000) if allowance.take(step / 1_000)]

    assert sum(10.2 <= at < 20 for at in taken) == pytest.approx(20 * 9.8, abs=1)
    assert sum(20 <= at < 30 for at in taken) == pytest.approx(40 * 10, abs=1)


@given(
    waits=st.lists(st.floats(0, 3), max_size=200),
    rate=st.floats(1, 100),
    then=st.lists(
        st.tuples(st.floats(0.1, 30), st.floats(1, 100)), max_size=3, unique_by=lambda step: step[0]
    ),
)
def test_no_sequence_of_requests_gets_more_than_the_integral_and_a_burst(
    waits: list[float], rate: float, then: list[tuple[float, float]]
) -> None:
    terms = Terms(requests_per_second=rate, then=tuple(sorted(then)))
    allowance, at, taken = Allowance(terms), 0.0, []
    for wait in waits:
        at += wait
        if allowance.take(at):
            taken.append(at)
    most = max(1.0, max(one for _, _, one in terms.rates()) * terms.burst_seconds)

    for first in range(len(taken)):
        assert len(taken) - first <= terms.permitted(taken[first], at) + most + 1e-6


def test_a_request_over_the_limit_is_told_when_to_come_back_and_nothing_of_it_is_kept() -> None:
    desk, answers = asked(Terms(requests_per_second=1), [body(1), body(2)], every=0.1)

    assert [one.status for one in answers] == [200, 429]
    assert answers[1].retry_after_seconds == 1
    assert list(desk.ledger.times) == ["e-1"]


def test_the_ledger_knows_how_often_each_record_was_kept() -> None:
    desk, _ = asked(AMPLE, [body(1, 2), body(2, 3), body(2)])

    assert desk.ledger.times == {"e-1": 1, "e-2": 3, "e-3": 1}
    assert desk.ledger.repeated == 2
    assert desk.ledger.timeline == [(0, 2), (1, 1), (2, 0)]


def test_order_is_counted_by_key_and_a_repetition_breaks_none() -> None:
    ledger = Ledger()
    for events in (body(1, 5), body(3, key="bob"), body(5, 6), body(1, 7)):
        ledger.keep(events_of(events), 0)
    assert ledger.out_of_order == 0

    ledger.keep(events_of(body(4, 8)), 0)
    assert ledger.out_of_order == 1


@pytest.mark.parametrize(
    ("answers", "status", "kept"),
    [(Answers.STRICT, 400, []), (Answers.PERMISSIVE, 200, []), (Answers.INDEXED, 207, ["e-1", "e-3"])],
)
def test_a_bad_record_costs_what_the_way_of_answering_says(
    answers: Answers, status: int, kept: list[str]
) -> None:
    desk, (answer,) = asked(replace(AMPLE, answers=answers), [body(1, 2, 3, bad=(2,))])

    assert answer.status == status
    assert list(desk.ledger.times) == kept
    assert answer.kept == len(kept)
    if status == 207:
        assert [one["batch_index"] for one in json.loads(answer.body)["errors"]] == [1]
    assert desk.tally["dropped_records"] == (3 if answers is Answers.PERMISSIVE else 0)


def test_what_is_too_large_or_no_list_of_records_is_refused() -> None:
    terms = replace(AMPLE, max_records=2, max_bytes=1_000)

    _, answers = asked(terms, [body(1, 2), body(1, 2, 3), b" " * 999 + body(1), b'{"no":1}', b"\xff", b""])

    assert [one.status for one in answers] == [200, 413, 413, 400, 400, 400]


def test_an_envelope_is_read_as_a_list_is() -> None:
    assert [one.messageId for one in events_of(b'{"sentAt":"x","batch":' + body(1, 2) + b"}")] == [
        "e-1",
        "e-2",
    ]


def test_faults_come_at_their_share_and_the_same_for_the_same_seed() -> None:
    terms = replace(AMPLE, failing=0.02, resetting=0.02, stalling=0.01, seed=7)
    bodies = [body(number) for number in range(10_000)]

    desk, answers = asked(terms, bodies)

    assert [answers, desk.tally] == [*asked(terms, bodies)[1:], asked(terms, bodies)[0].tally]
    assert desk.tally["failed"] == pytest.approx(200, abs=50)
    assert desk.tally["reset"] == pytest.approx(200, abs=50)
    assert desk.tally["stalled"] == pytest.approx(100, abs=40)
    assert desk.tally["reset_after_keeping"] == pytest.approx(desk.tally["reset"] / 2, abs=30)
    kept = len(bodies) - desk.tally["failed"] - desk.tally["reset"] + desk.tally["reset_after_keeping"]
    assert len(desk.ledger.times) == kept == sum(one.kept for one in answers)
    assert {one.delay_seconds for one in answers if one.status == 200} == {0, 2}


def test_a_sink_that_is_down_cuts_everything_off_and_comes_back() -> None:
    desk, answers = asked(replace(AMPLE, down=(2, 4)), [body(number) for number in range(6)])

    assert [one.status for one in answers] == [200, 200, 0, 0, 200, 200]
    assert desk.tally["down"] == 2


Answered = tuple[int, Mapping[str, str], Any]
Post = Callable[..., Awaitable[Answered]]


@asynccontextmanager
async def open_sink(terms: Terms) -> AsyncIterator[tuple[Post, Sink]]:
    """Yield a way to ask a real sink, over real connections, and the sink."""
    sink = Sink(terms)
    server = await listening(sink, 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with aiohttp.ClientSession() as session:

        async def ask(path: str, data: bytes | None = None, **headers: str) -> Answered:
            method = "GET" if data is None else "POST"
            async with session.request(method, url + path, data=data, headers=headers) as answer:
                return answer.status, answer.headers, await answer.json()

        yield ask, sink
    server.close()


def over_http(terms: Terms, scene: Callable[[Post, Sink], Awaitable[None]]) -> None:
    async def played() -> None:
        async with open_sink(terms) as (ask, sink):
            await scene(ask, sink)

    asyncio.run(asyncio.wait_for(played(), 20))


def test_it_speaks_http_and_shows_its_books() -> None:
    async def scene(ask: Post, _: Sink) -> None:
        assert (await ask("/v1/batch", body(1, 2)))[0] == 200
        status, headers, _said = await ask("/v1/batch", body(3))
        assert (status, headers["retry-after"]) == (429, "1")
        packed = {"content-encoding": "gzip"}
        await ask("/reset", b'{"latency_seconds": 0}')
        assert (await ask("/", gzip.compress(body(7)), **packed))[0] == 200
        assert (await ask("/", b"not packed", **packed))[0] == 400
        assert (await ask("/ledger"))[2] == {"e-7": 1}
        stats = (await ask("/stats"))[2]
        assert stats["requests"] == {"all": 2, "accepted": 1, "unreadable": 1}
        assert stats["lost_in_flight"] == []

    over_http(Terms(requests_per_second=0.001, burst_seconds=0, latency_seconds=0), scene)


def test_only_as_many_requests_as_it_has_hands_are_worked_on_at_once() -> None:
    async def scene(ask: Post, sink: Sink) -> None:
        await asyncio.gather(*(ask("/", body(number)) for number in range(6)))
        assert len(sink.day.desk.ledger.times) == 6
        assert sink.day.most_in_flight == 6
        moments = [at for at, _ in sink.day.desk.ledger.timeline]
        assert all(later - earlier >= 0.04 for earlier, later in pairwise(moments[::2]))

    over_http(Terms(requests_per_second=1e6, slots=2, latency_seconds=0.05), scene)


def test_a_connection_that_is_cut_off_after_keeping_leaves_its_sender_in_the_dark() -> None:
    async def scene(ask: Post, sink: Sink) -> None:
        for number in range(20):
            with pytest.raises(aiohttp.ClientError):
                await ask("/", body(number))
        assert 0 < len(sink.day.desk.ledger.times) < 20
        assert sink.day.lost_in_flight == []

    over_http(replace(AMPLE, resetting=1.0), scene)


def test_what_a_client_that_died_could_not_know_is_written_down() -> None:
    async def scene(ask: Post, sink: Sink) -> None:
        asking = asyncio.ensure_future(ask("/", body(*range(30))))
        while not (await ask("/ledger"))[2]:
            pass  # asked again, over a connection of its own
        asking.cancel()
        while not (await ask("/stats"))[2]["lost_in_flight"]:
            pass
        assert sink.day.lost_in_flight == [30]

    over_http(Terms(latency_seconds=5), scene)


def test_random_traffic_loses_no_count() -> None:
    chance = Random(3)
    numbers = [chance.randrange(500) for _ in range(2_000)]

    desk, _ = asked(AMPLE, [body(number) for number in numbers], every=0.01)

    assert sum(desk.ledger.times.values()) == 2_000
    assert desk.ledger.repeated == 2_000 - len(set(numbers))
