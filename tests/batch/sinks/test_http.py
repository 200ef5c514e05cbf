"""HTTPJSON: what it sends and is told to, and its life as an object."""

import asyncio
import gzip
import json
import pickle
import re
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.batch.sinks.batches import batch_of
from tests.batch.sinks.server import Server, says, serving
from tocsin.batch.limits import Framing
from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused, Rejected
from tocsin.batch.sinks.http import HTTPJSON
from tocsin.errors import InvalidPipeline

RECORDS = [{"n": 0}, {"n": 1}, {"n": 2}]
SECRET = "s3cret-key-0123"


@pytest.mark.parametrize(
    "url", ["http://example.com/in", "ftp://x/y", "//x", "https://", "https://x/a b", "x", ""]
)
def test_an_address_that_is_unsafe_or_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidPipeline) as fault:
        HTTPJSON(url.replace("example.com", f"ada:{SECRET}@example.com"))

    assert SECRET not in str(fault.value)


def test_http_is_taken_for_this_machine_and_elsewhere_where_it_is_meant() -> None:
    for url in ("http://localhost:1/", "http://127.0.0.1/", "http://[::1]/", "http://a.localhost/"):
        assert HTTPJSON(url).name

    assert HTTPJSON("http://example.com/in", allow_http=True).name == "example.com"


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"headers": {"X": "a\r\nB: c"}}, "header X"),
        ({"headers": {"X:": "a"}}, "name of a header"),
        ({"method": "GET"}, "POST, PUT, PATCH"),
        ({"framing": "xml"}, "array, lines, single"),
        ({"framing": "lines", "wrap": "records"}, "wrap"),
        ({"beside": {"a": 1}}, "wrap"),
        ({"wrap": "records", "beside": {"a": float("nan")}}, "beside"),
        ({"errors_at": "errors"}, "errors[].index/message"),
        ({"rate": "fast"}, "rate"),
        ({"idempotency_header": "a b"}, "header"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_at_once(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidPipeline, match=re.escape(word)):
        HTTPJSON("https://example.com", **settings)


def test_a_certificate_is_verified_and_one_of_an_authority_that_is_named_is_taken(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)

    async def run() -> list[Outcome]:
        async with serving(says(200), context=context) as server:
            outcomes = []
            for ca_file in (None, str(tmp_path / "ca.pem")):
                async with HTTPJSON(f"https://localhost:{server.port}", ca_file=ca_file) as sink:
                    outcomes.append(await sink.send(batch_of(sink, RECORDS)))
            return outcomes

    stranger, known = asyncio.run(run())

    assert isinstance(stranger, Refused)
    assert stranger.kind is Kind.UNAUTHORIZED
    assert "the certificate was not accepted: unable to get local issuer certificate" in stranger.reason
    assert known == Delivered()


def test_a_ca_file_that_is_none_is_told_when_the_sink_is_opened() -> None:
    async def run() -> None:
        async with HTTPJSON("https://example.com", ca_file="missing.pem"):
            pass

    with pytest.raises(InvalidPipeline, match=r"missing\.pem"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("settings", "body", "content"),
    [
        ({}, b'[{"n":0},{"n":1},{"n":2}]', "application/json"),
        ({"framing": "lines"}, b'{"n":0}\n{"n":1}\n{"n":2}\n', "application/x-ndjson"),
        ({"wrap": "records"}, b'{"records":[{"n":0},{"n":1},{"n":2}]}', "application/json"),
        (
            {"wrap": "r", "beside": {"é": 1}},
            '{"é":1,"r":[{"n":0},{"n":1},{"n":2}]}'.encode(),
            "application/json",
        ),
        ({"framing": Framing(prefix=b"<", suffix=b">")}, b'<{"n":0},{"n":1},{"n":2}>', "application/json"),
        ({"headers": {"content-type": "text/plain"}}, b'[{"n":0},{"n":1},{"n":2}]', "text/plain"),
        (
            {"id_field": "id"},
            b'[{"id":"r-0","n":0},{"id":"r-1","n":1},{"id":"r-2","n":2}]',
            "application/json",
        ),
    ],
)
@pytest.mark.parametrize("compress", [False, True])
def test_what_goes_over_the_wire_is_what_was_reckoned(
    settings: dict[str, Any], body: bytes, content: str, *, compress: bool
) -> None:
    async def run() -> tuple[Server, int]:
        async with (
            serving(says(200)) as server,
            HTTPJSON(f"{server.url}/in?a=1", **{**settings, "headers": headers}) as sink,
        ):
            batch = batch_of(sink, RECORDS, compress=compress, name="b-77")
            assert await sink.send(batch) == Delivered()
            return server, batch.size

    headers = {"X-A": "b", **settings.get("headers", {})}
    server, size = asyncio.run(run())
    request = server.requests[0]

    assert (gzip.decompress(request.body) if compress else request.body) == body
    assert size == len(body)
    assert request.headers.get("content-encoding") == ("gzip" if compress else None)
    assert (request.method, request.target) == ("POST", "/in?a=1")
    assert request.headers["content-type"] == content
    assert (request.headers["idempotency-key"], request.headers["x-a"]) == ("b-77", "b")


def test_a_single_record_a_request_is_a_limit_of_the_sink() -> None:
    sink = HTTPJSON("https://example.com", framing="single")

    assert sink.limits.max_records == 1
    assert batch_of(sink, RECORDS[:1]).body == b'{"n":0}'


def test_a_large_body_is_compressed_as_well() -> None:
    async def run() -> bytes:
        async with serving(says(200)) as server, HTTPJSON(server.url, compress=True) as sink:
            await sink.send(batch_of(sink, [{"text": "x" * 90_000}]))
            return server.requests[0].body

    body = asyncio.run(run())

    assert len(body) < 2_000
    assert json.loads(gzip.decompress(body)) == [{"text": "x" * 90_000}]


def test_connections_are_used_again() -> None:
    async def run() -> int:
        async with serving(says(200, b"{}"), says(400, b"no"), says(200)) as server:
            async with HTTPJSON(server.url) as sink:
                for _ in range(5):
                    await sink.send(batch_of(sink, RECORDS))
            return server.connections

    assert asyncio.run(run()) == 1


def test_a_sink_that_several_pipelines_have_open_closes_with_the_last_of_them() -> None:
    async def run() -> Outcome:
        async with serving(says(200)) as server:
            sink = HTTPJSON(server.url)
            async with sink:
                async with sink:
                    pass
                return await sink.send(batch_of(sink, RECORDS))

    assert asyncio.run(run()) == Delivered()


def test_a_sink_that_is_open_can_be_copied_to_another_process() -> None:
    async def run() -> None:
        async with serving(says(200)) as server, HTTPJSON(server.url, errors_at="errors[].index") as sink:
            copy = pickle.loads(pickle.dumps(sink))  # noqa: S301 -- our own bytes
            with pytest.raises(RuntimeError, match="not open"):
                await copy.send(batch_of(copy, RECORDS))
            async with copy:
                assert await copy.send(batch_of(copy, RECORDS)) == Delivered()

    asyncio.run(run())


def test_a_record_that_is_too_large_is_refused_before_it_is_sent() -> None:
    sink = HTTPJSON("https://example.com", max_record_bytes=20)

    assert sink.encode({"a": "é" * 6}, "1") == '{"a":"éééééé"}'.encode()
    with pytest.raises(Rejected, match="it has 22 bytes"):
        sink.encode({"a": "é" * 7}, "1")
    with pytest.raises(Rejected, match="no field id"):
        HTTPJSON("https://example.com", id_field="id").encode(7, "1")


def test_two_accounts_of_one_service_share_no_rate() -> None:
    ada, bob, again = (
        HTTPJSON("https://example.com", headers={"Authorization": f"Bearer {who}"}, rate="100/s")
        for who in ("ada-ada", "bob-bob", "ada-ada")
    )

    assert ada.limits.scope == again.limits.scope != bob.limits.scope
    assert ada.limits.requests_per_second == 100


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, None),
        (405, None),
        (400, None),
        (501, None),
        (401, Kind.UNAUTHORIZED),
        (301, Kind.UNAUTHORIZED),
        (503, Kind.TRANSIENT),
    ],
)
def test_a_check_sends_no_record_and_tells_what_would_be_in_the_way(status: int, kind: Kind | None) -> None:
    async def run() -> tuple[Refused | None, Server]:
        async with serving(says(status, b"x")) as server, HTTPJSON(server.url) as sink:
            return await sink.check(), server

    found, server = asyncio.run(run())

    assert (found.kind if found else None) is kind
    assert [(request.method, request.body) for request in server.requests] == [("HEAD", b"")]
