"""The programs of the pages about sinks deliver what the pages say."""

import asyncio
import gzip
import json
import runpy
import sqlite3
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.batch.sinks.server import Server, says, serving
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sinks import customerio, customerio_track
from tocsin.batch.sinks.customerio import CustomerIO
from tocsin.batch.sinks.customerio_track import CustomerIOTrack
from tocsin.batch.sinks.http import HTTPJSON

KEY = "a-key-of-the-reader"
SNIPPETS = Path(__file__).parents[3] / "docs" / "snippets" / "sinks"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOCSIN_BATCH_STATE", str(tmp_path / "state.db"))
    for name in ("CIO_API_KEY", "CIO_SITE_ID", "SHOP_TOKEN"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.delenv("TOCSIN_URL", raising=False)
    return tmp_path


def shown(name: str) -> dict[str, Any]:
    return runpy.run_path(str(SNIPPETS / name))


def delivered(pipeline: Pipeline, records: list[Any], answer: bytes, status: int = 200) -> tuple[Any, Server]:
    """Run a documented pipeline against a service on this machine; only the address is another."""

    async def run() -> tuple[Any, Server]:
        async with serving(says(status, answer)) as server:
            sink = pipeline.sink
            if isinstance(sink, HTTPJSON):
                form: dict[str, Any] = {"wrap": "orders", "errors_at": "errors[].index/field,message"}
                pipeline.sink = HTTPJSON(f"{server.url}/api/orders", max_records=500, **form)
            elif isinstance(sink, CustomerIOTrack):
                pipeline.sink = CustomerIOTrack("a-site-id", KEY, url=server.url)
            else:
                pipeline.sink = CustomerIO(KEY, url=server.url)
            return await pipeline.arun(records), server

    return asyncio.run(run())


def test_customers_become_calls_in_the_order_of_each_customer() -> None:
    page = shown("customers.py")

    report, server = delivered(page["pipeline"], page["CUSTOMERS"], b"{}")
    calls = [call for request in server.requests for call in json.loads(request.body)["batch"]]

    assert (report.delivered, report.dead, len(calls)) == (3, 0, 4)
    assert [call["type"] for call in calls if call["userId"] == "7"] == ["identify", "track"]
    assert [call["event"] for call in calls if call["userId"] == "9"] == [customerio.SUPPRESSED]
    assert page["pipeline"].plan(page["CUSTOMERS"]).rejected == 0


def test_entities_go_to_the_track_api() -> None:
    page = shown("entities.py")

    report, server = delivered(page["pipeline"], page["ENTITIES"], b"{}")

    assert (report.delivered, report.dead) == (4, 0)
    assert [request.target for request in server.requests] == ["/api/v2/batch"]
    assert customerio_track.HOSTS["eu"] in repr(shown("entities.py")["pipeline"].sink)


def test_orders_go_to_an_api_in_its_own_form() -> None:
    page = shown("shop.py")
    plan = page["pipeline"].plan(page["ORDERS"])

    report, server = delivered(page["pipeline"], page["ORDERS"], b'{"errors": []}')

    assert (plan.requests, report.delivered) == (3, 1_200)
    assert sum(len(json.loads(request.body)["orders"]) for request in server.requests) == 1_200


def test_readings_are_written_to_a_file_once(here: Path) -> None:
    page = shown("readings.py")

    page["pipeline"].run(page["READINGS"])

    assert len(gzip.decompress((here / "readings.jsonl.gz").read_bytes()).splitlines()) == 2_500


def test_orders_become_rows_and_the_one_without_a_name_a_dead_letter(here: Path) -> None:
    page = shown("rows.py")

    report = page["pipeline"].run(page["ORDERS"])
    connection = sqlite3.connect(here / "shop.db")
    rows = connection.execute("SELECT id, what FROM orders ORDER BY id").fetchall()
    connection.close()

    assert (report.delivered, report.dead) == (2, 1)
    assert rows == [("o1", "tea"), ("o3", "milk")]


def test_a_function_is_a_sink(monkeypatch: pytest.MonkeyPatch) -> None:
    page = shown("stock.py")
    real = urllib.request.urlopen

    async def run() -> tuple[Any, Server]:
        async with serving(says(200, b"[]")) as server:

            def here(request: urllib.request.Request, timeout: float) -> object:
                request.full_url = f"{server.url}/in"
                return real(request, timeout=timeout)

            monkeypatch.setattr(urllib.request, "urlopen", here)
            return await page["pipeline"].arun([{"item": number} for number in range(700)]), server

    report, server = asyncio.run(run())

    assert (report.delivered, len(server.requests)) == (700, 2)


def test_a_sink_of_ones_own_writes_its_letters(here: Path) -> None:
    pipeline = shown("letters.py")["pipeline"]

    assert pipeline.plan([{"to": "ada", "text": "hello"}], check=True).obstacle == ""
    report = pipeline.run([{"to": "ada", "text": "hello"}, {"to": "", "text": "hello?"}, {"to": "bob"}])

    assert (report.delivered, report.dead) == (1, 2)
    assert [json.loads(one.read_bytes())["to"] for one in (here / "letters").iterdir()] == ["ada"]
