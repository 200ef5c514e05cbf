"""What every sink keeps to that is delivered, and what a pipeline can rely on with any of them."""

import asyncio
import functools
import gzip
import json
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.batch.sinks.batches import batch_of
from tests.batch.sinks.server import Answer, Server, resets, says, serving
from tocsin.batch.config import BatchConfig
from tocsin.batch.outcome import Delivered, Rejected
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.planning import Plan
from tocsin.batch.sink import Checkable, Sink, encoding_of
from tocsin.batch.sinks.customerio import CustomerIO
from tocsin.batch.sinks.customerio_track import CustomerIOTrack
from tocsin.batch.sinks.file import FileSink
from tocsin.batch.sinks.http import HTTPJSON
from tocsin.batch.sinks.sql import SQLTable
from tocsin.batch.state.base import RunStatus

KEY = "s3cret-key-0123456789"
QUICK = BatchConfig(rate_limit_rps=1_000, retry_backoff_seconds=0.1, max_batch_size=50, max_wait_seconds=0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One sink: how it is made in a folder with a server, a record of it by number, and what has arrived."""

    make: Callable[[Path, str], Sink]
    record: Callable[[int], dict[str, Any]]
    arrived: Callable[[Path, Server], list[int]] = field(default=lambda _, server: bodies(server))


def bodies(server: Server) -> list[int]:
    """Return the numbers of the records in all requests."""
    found: list[int] = []
    for request in server.requests:
        body = json.loads(request.body)
        found += [_number(one) for one in (body["batch"] if isinstance(body, dict) else body)]
    return found


def _number(record: dict[str, Any]) -> int:
    return int(record.get("userId") or record.get("identifiers", record)["id"])


def rows(folder: Path, _: Server) -> list[int]:
    connection = sqlite3.connect(folder / "x.db")
    try:
        return [number for (number,) in connection.execute("SELECT id FROM t")]
    finally:
        connection.close()


def table(folder: Path, _: str) -> SQLTable:
    connection = sqlite3.connect(folder / "x.db")
    connection.execute("CREATE TABLE IF NOT EXISTS t (id integer PRIMARY KEY, name text)")
    connection.close()
    return SQLTable(functools.partial(sqlite3.connect, folder / "x.db"), "t", ("id", "name"), key="id")


def lines(folder: Path, _: Server) -> list[int]:
    return [
        json.loads(line)["id"]
        for line in gzip.decompress((folder / "out.jsonl.gz").read_bytes()).splitlines()
    ]


CASES = {
    "http": Case(
        make=lambda _, url: HTTPJSON(url, headers={"Authorization": f"Bearer {KEY}"}),
        record=lambda number: {"id": number, "name": "é"},
    ),
    "customerio": Case(
        make=lambda _, url: CustomerIO(KEY, url=url),
        record=lambda number: {"type": "track", "userId": number, "event": "bought"},
    ),
    "track": Case(
        make=lambda _, url: CustomerIOTrack(KEY, KEY, url=url),
        record=lambda number: {"type": "person", "action": "delete", "identifiers": {"id": number}},
    ),
    "http with ids": Case(
        make=lambda _, url: HTTPJSON(url, id_field="of", headers={"Authorization": f"Bearer {KEY}"}),
        record=lambda number: {"id": number, "name": "é"},
    ),
    "file": Case(
        make=lambda folder, _: FileSink(folder / "out.jsonl.gz"),
        record=lambda number: {"id": number},
        arrived=lines,
    ),
    "sql": Case(make=table, record=lambda number: {"id": number, "name": "é"}, arrived=rows),
}


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[str(request.param)]


def test_a_sink_is_what_the_protocol_says_and_shows_no_secret(case: Case, tmp_path: Path) -> None:
    sink = case.make(tmp_path, "http://127.0.0.1:1")

    assert isinstance(sink, Checkable)
    assert sink.name
    assert sink.limits.scope
    assert KEY not in repr(sink) + sink.name + repr(sink.limits) + repr(sink.framing)


def test_the_size_of_a_batch_is_that_of_its_body_and_the_body_can_be_read(case: Case, tmp_path: Path) -> None:
    sink = case.make(tmp_path, "http://127.0.0.1:1")

    for count in (1, 2, 50):
        batch = batch_of(sink, [case.record(number) for number in range(count)])
        assert batch.size == len(batch.body)
        assert b"\n" not in b"".join(batch.records)
        json.loads(batch.body) if sink.framing.separator == b"," else [
            json.loads(one) for one in batch.records
        ]


def test_a_record_has_the_same_bytes_whenever_and_wherever_it_is_encoded(case: Case, tmp_path: Path) -> None:
    sink = case.make(tmp_path, "http://127.0.0.1:1")
    copy = pickle.loads(pickle.dumps(sink))  # noqa: S301 -- our own bytes
    record = case.record(7)
    before = json.dumps(record)

    assert sink.encode(record, "r-7") == sink.encode(record, "r-7") == copy.encode(record, "r-7")
    assert json.dumps(record) == before
    assert (copy.limits, copy.framing, copy.name) == (sink.limits, sink.framing, sink.name)


@pytest.mark.parametrize("bad_at", [0, 3, 7, None])
@pytest.mark.parametrize("bad", [float("nan"), object(), 7])
def test_many_records_are_encoded_as_each_is_alone_up_to_the_first_that_is_refused(
    case: Case, tmp_path: Path, bad_at: int | None, bad: object
) -> None:
    sink = case.make(tmp_path, "http://127.0.0.1:1")
    records: list[object] = [case.record(number) for number in range(8)]
    ids = [f"r-{number}" for number in range(8)]
    if bad_at is not None:
        records[bad_at] = bad if bad == 7 else {**case.record(1), next(reversed(case.record(1))): bad}
    together, alone = list[bytes](), list[bytes]()

    with suppress(Rejected):
        together.extend(encoding_of(sink)(records, ids))
    with suppress(Rejected):
        alone.extend(map(sink.encode, records, ids))

    assert together == alone


@pytest.mark.parametrize("value", [float("nan"), object(), {1, object()}, "\ud800"])
def test_what_json_cannot_say_is_rejected(case: Case, tmp_path: Path, value: object) -> None:
    sink = case.make(tmp_path, "http://127.0.0.1:1")
    field_name = next(reversed(case.record(1)))

    with pytest.raises(Rejected):
        sink.encode({**case.record(1), field_name: value}, "r-1")


def test_a_sink_that_is_not_open_says_so(case: Case, tmp_path: Path) -> None:
    sink = case.make(tmp_path, "http://127.0.0.1:1")

    with pytest.raises(RuntimeError, match="not open"):
        asyncio.run(sink.send(batch_of(sink, [case.record(1)])))


def test_a_sink_can_be_opened_again_and_shared(case: Case, tmp_path: Path) -> None:
    async def run() -> list[int]:
        async with serving(says(200, b"{}")) as server:
            sink = case.make(tmp_path, server.url)
            async with sink, sink:
                assert await sink.send(batch_of(sink, [case.record(1)])) == Delivered()
            async with sink:
                assert await sink.send(batch_of(sink, [case.record(2)], first=2)) == Delivered()
            return case.arrived(tmp_path, server)

    assert asyncio.run(run()) == [1, 2]


def test_a_pipeline_delivers_every_record_through_it(case: Case, tmp_path: Path) -> None:
    async def run() -> tuple[Any, list[int]]:
        async with serving(says(200, b"{}")) as server:
            sink = case.make(tmp_path, server.url)
            pipeline = Pipeline("every", sink, state=tmp_path / "state.db", config=QUICK, progress=False)
            report = await pipeline.arun([case.record(number) for number in range(1, 131)])
            return report, case.arrived(tmp_path, server)

    report, arrived = asyncio.run(run())

    assert (report.status, report.delivered, report.dead) == (RunStatus.COMPLETED, 130, 0)
    assert sorted(arrived) == list(range(1, 131))


@pytest.mark.parametrize(
    "fault", [resets, says(503), says(429, headers={"Retry-After": "0"}), says(207, b"what?")]
)
def test_a_fault_on_the_way_costs_no_record(fault: Answer, tmp_path: Path) -> None:
    async def run() -> tuple[Any, set[int]]:
        async with serving(fault, says(200, b"{}")) as server:
            sink = CustomerIOTrack(KEY, KEY, url=server.url)
            config = BatchConfig(rate_limit_rps=1_000, retry_backoff_seconds=0.1, max_wait_seconds=0.05)
            pipeline = Pipeline("fault", sink, state=tmp_path / "state.db", config=config, progress=False)
            report = await pipeline.arun([CASES["track"].record(number) for number in range(1, 31)])
            return report, set(bodies(server))

    report, arrived = asyncio.run(run())

    assert (report.status, report.delivered) == (RunStatus.COMPLETED, 30)
    assert arrived == set(range(1, 31))


def test_records_that_the_service_names_are_the_dead_letters_and_no_others(tmp_path: Path) -> None:
    bad = json.dumps({"errors": [{"batch_index": 3, "reason": "invalid", "message": "no"}]}).encode()

    async def run() -> Any:  # noqa: ANN401 -- the report
        async with serving(says(207, bad), says(200, b"{}")) as server:
            sink = CustomerIOTrack(KEY, KEY, url=server.url)
            pipeline = Pipeline("named", sink, state=tmp_path / "state.db", config=QUICK, progress=False)
            return await pipeline.arun([CASES["track"].record(number) for number in range(1, 41)])

    report = asyncio.run(run())

    assert (report.delivered, report.dead) == (39, 1)


def asked(answer: Answer, folder: Path) -> Plan:
    """Return the plan of one record for a service that answers a check like this."""

    async def run() -> Plan:
        async with serving(answer) as server:
            pipeline = Pipeline("plan", CustomerIO(KEY, url=server.url), state=folder / "state.db")
            records = [CASES["customerio"].record(1)]
            assert pipeline.plan(records).obstacle == ""
            assert server.requests == []
            return await asyncio.to_thread(pipeline.plan, records, check=True)

    return asyncio.run(run())


def test_a_plan_can_ask_the_sink_whether_its_key_is_right(tmp_path: Path) -> None:
    wrong = asked(says(401, b"who are you?"), tmp_path)

    assert "401: who are you?" in wrong.obstacle
    assert "nothing would get through" in str(wrong)
    assert asked(says(200, b"{}"), tmp_path).obstacle == ""


def test_a_pipeline_that_compresses_has_its_sink_compress(tmp_path: Path) -> None:
    async def run() -> Server:
        async with serving(says(200)) as server:
            config = BatchConfig(enable_compression=True, max_wait_seconds=0.05)
            pipeline = Pipeline(
                "gzip", HTTPJSON(server.url), state=tmp_path / "state.db", config=config, progress=False
            )
            await pipeline.arun([{"n": 1}])
            return server

    request = asyncio.run(run()).requests[0]

    assert request.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(request.body)) == [{"n": 1}]
