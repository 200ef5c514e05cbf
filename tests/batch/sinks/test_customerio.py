"""Calls to Customer.io's Data Pipelines API, as its own description wants them."""

import asyncio
import base64
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.batch.sinks.batches import batch_of
from tests.batch.sinks.server import Answer, Server, says, serving
from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused, Rejected
from tocsin.batch.sinks import customerio as cio
from tocsin.batch.sinks.customerio import CustomerIO
from tocsin.errors import InvalidPipeline

KEY = "an-api-key-0123456789"
SINK = CustomerIO(KEY)
ADA = {"type": "track", "userId": "ada", "event": "bought"}


def encoded(record: object, sink: CustomerIO = SINK) -> dict[str, Any]:
    made = json.loads(sink.encode(record, "r-1"))
    assert isinstance(made, dict)
    return made


async def _sent(answer: Answer, records: list[object], settings: dict[str, Any]) -> tuple[Outcome, Server]:
    async with serving(answer) as server, CustomerIO(KEY, url=server.url, **settings) as sink:
        return await sink.send(batch_of(sink, records)), server


def sent(answer: Answer, *records: object, **settings: Any) -> tuple[Outcome, Server]:  # noqa: ANN401 -- any setting
    return asyncio.run(_sent(answer, list(records), settings))


def test_a_batch_goes_out_as_described_in_strict_mode_and_to_the_byte() -> None:
    outcome, server = sent(says(200, b"{}"), ADA, cio.identify("é", {"plan": "pro"}))
    request = server.requests[0]
    credentials = base64.b64encode(f"{KEY}:".encode()).decode()

    assert outcome == Delivered()
    assert (request.method, request.target) == ("POST", "/v1/batch")
    assert request.headers["authorization"] == f"Basic {credentials}"
    assert request.headers["x-strict-mode"] == "1"
    assert json.loads(request.body) == {
        "batch": [
            {"messageId": "r-0", "type": "track", "userId": "ada", "event": "bought"},
            {"messageId": "r-1", "type": "identify", "userId": "é", "traits": {"plan": "pro"}},
        ]
    }
    sink = CustomerIO(KEY)
    assert batch_of(sink, [ADA, cio.identify("é", {"plan": "pro"})]).size == len(request.body)


def test_context_and_integrations_stand_in_the_envelope_once() -> None:
    settings: dict[str, Any] = {"context": {"ip": "8.8.8.8"}, "integrations": {"All": True}}
    _, server = sent(says(200), ADA, **settings)
    body = json.loads(server.requests[0].body)

    assert (body["context"], body["integrations"], len(body["batch"])) == (
        {"ip": "8.8.8.8"},
        {"All": True},
        1,
    )
    assert batch_of(
        CustomerIO(KEY, context=settings["context"], integrations=settings["integrations"]), [ADA]
    ).size == len(server.requests[0].body)


def test_permissive_mode_is_asked_for_by_name() -> None:
    _, server = sent(says(200), ADA, strict=False)

    assert "x-strict-mode" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("region", "host"), [("us", "https://cdp.customer.io"), ("eu", "https://cdp-eu.customer.io")]
)
def test_each_region_has_its_host_and_its_own_rate(region: Any, host: str) -> None:  # noqa: ANN401 -- one of two
    sink = CustomerIO(KEY, region=region)

    assert repr(sink) == f"CustomerIO({host})"
    assert (sink.limits.max_bytes, sink.limits.max_record_bytes) == (475_000, 32_000)
    assert sink.limits.requests_per_second == 1_000
    assert sink.limits.scope.startswith(f"customerio:{region}:")
    assert sink.limits.scope != CustomerIO("another-key-012345", region=region).limits.scope


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Kind.INVALID), (401, Kind.UNAUTHORIZED), (413, Kind.TOO_LARGE), (429, Kind.THROTTLED)],
)
def test_a_refusal_says_what_the_service_says_and_hides_the_key(status: int, kind: Kind) -> None:
    said = json.dumps({"meta": {"errors": [f"bad call of {KEY}"]}}).encode()
    outcome, _ = sent(says(status, said), ADA)

    assert isinstance(outcome, Refused)
    assert outcome.kind is kind
    assert "bad call of" in outcome.reason
    assert KEY not in outcome.reason


@pytest.mark.parametrize(
    ("record", "word"),
    [
        ("text", "is an object"),
        ({}, "type is None"),
        ({"type": "buy", "userId": "a"}, "identify, track"),
        ({"type": ["track"], "userId": "a"}, "identify, track"),
        ({"type": "identify"}, "userId or anonymousId"),
        ({"type": "identify", "userId": ""}, "userId or anonymousId"),
        ({"type": "page", "userId": None}, "userId or anonymousId"),
        ({"type": "screen", "traits": {}}, "userId or anonymousId"),
        ({"type": "track", "userId": "a"}, "name of its event"),
        ({"type": "track", "userId": "a", "event": " "}, "name of its event"),
        ({"type": "track", "event": "e"}, "userId or anonymousId"),
        ({"type": "track", "anonymousId": "x", "event": "User Suppressed"}, "needs userId"),
        ({"type": "group", "userId": "a"}, "groupId"),
        ({"type": "group", "groupId": "g"}, "userId or anonymousId"),
        ({"type": "alias", "userId": "a"}, "previousId"),
        ({"type": "track", "userId": 1.5, "event": "e"}, "userId is a float"),
        ({"type": "track", "userId": True, "event": "e"}, "userId is a bool"),
        ({**ADA, "timestamp": "yesterday"}, "ISO 8601"),
        ({**ADA, "timestamp": "2026-11-22T10:00:00"}, "no zone"),
        ({**ADA, "timestamp": datetime(2026, 11, 22)}, "no zone"),  # noqa: DTZ001 -- that is the fault
        ({**ADA, "timestamp": 1_795_000_000}, "timestamp is an int"),
        ({**ADA, "properties": "none"}, "properties is a str"),
        ({**ADA, "properties": {"price": float("nan")}}, "JSON cannot say"),
        ({**ADA, "properties": {"text": "é" * 16_000}}, "takes 32000"),
    ],
)
def test_a_call_that_would_not_be_taken_is_rejected_before_it_is_sent(record: object, word: str) -> None:
    with pytest.raises(Rejected, match=word):
        SINK.encode(record, "r-1")


def test_a_call_may_be_as_large_as_the_limit_to_the_byte() -> None:
    empty = len(SINK.encode({**ADA, "properties": {"text": ""}}, "r-1"))

    exact = SINK.encode({**ADA, "properties": {"text": "x" * (32_000 - empty)}}, "r-1")

    assert len(exact) == 32_000
    with pytest.raises(Rejected, match="32001 bytes"):
        SINK.encode({**ADA, "properties": {"text": "x" * (32_001 - empty)}}, "r-1")


def test_instants_keep_their_zone_and_numbers_become_ids() -> None:
    at = datetime(2026, 11, 22, 10, tzinfo=timezone(timedelta(hours=2)))

    assert encoded({**ADA, "timestamp": at})["timestamp"] == "2026-11-22T10:00:00+02:00"
    assert encoded({**ADA, "timestamp": at.astimezone(UTC)})["timestamp"] == "2026-11-22T08:00:00+00:00"
    assert encoded({**ADA, "timestamp": "2026-11-22T10:00:00Z"})["timestamp"] == "2026-11-22T10:00:00Z"
    assert encoded({**ADA, "userId": 42})["userId"] == "42"


def test_the_id_of_the_record_is_the_message_id_unless_it_brings_its_own() -> None:
    assert encoded(ADA)["messageId"] == "r-1"
    assert encoded({**ADA, "messageId": "mine"})["messageId"] == "mine"
    assert encoded({**ADA, "messageId": ""})["messageId"] == "r-1"


def test_every_maker_of_calls_makes_what_is_taken() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    made = [
        cio.identify("ada", {"plan": "pro"}, timestamp=at),
        cio.identify(anonymous_id="x"),
        cio.track("ada", "bought", {"price": 3}),
        cio.page("ada", "home"),
        cio.screen(None, "start", anonymous_id="x"),
        cio.group("ada", "acme", {"name": "Acme"}),
        cio.alias("ada", "x"),
        cio.suppress("ada"),
        cio.unsuppress(7),
        cio.delete("ada"),
        {"type": "track", "groupId": "acme", "event": "Object Deleted"},
    ]

    calls = [encoded(one) for one in made]

    assert [call["type"] for call in calls[:7]] == [
        "identify",
        "identify",
        "track",
        "page",
        "screen",
        "group",
        "alias",
    ]
    assert [call["event"] for call in calls[7:10]] == ["User Suppressed", "User Unsuppressed", "User Deleted"]
    assert calls[8]["userId"] == "7"
    assert "userId" not in calls[4]


@pytest.mark.parametrize("key", ["", " ", "a b\n", "x ", None])
def test_a_key_that_is_none_is_told_at_once_and_not_repeated(key: Any) -> None:  # noqa: ANN401 -- an unset variable
    with pytest.raises(InvalidPipeline, match="api_key"):
        CustomerIO(key)


@pytest.mark.parametrize(
    "settings", [{"region": "de"}, {"api": "track"}, {"rate": "fast"}, {"context": {"a": float("nan")}}]
)
def test_a_setting_that_cannot_be_used_is_told_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidPipeline):
        CustomerIO(KEY, **settings)


@pytest.mark.parametrize(
    ("status", "kind"), [(200, None), (400, None), (401, Kind.UNAUTHORIZED), (503, Kind.TRANSIENT)]
)
def test_a_check_of_the_key_delivers_nothing(status: int, kind: Kind | None) -> None:
    async def run() -> tuple[Refused | None, Server]:
        async with serving(says(status, b"{}")) as server, CustomerIO(KEY, url=server.url) as sink:
            return await sink.check(), server

    found, server = asyncio.run(run())

    assert (found.kind if found else None) is kind
    assert json.loads(server.requests[0].body) == {"batch": []}
    assert server.requests[0].headers["x-strict-mode"] == "1"


def test_the_key_is_shown_nowhere_and_goes_with_the_sink_to_other_processes() -> None:
    copy = pickle.loads(pickle.dumps(SINK))  # noqa: S301 -- our own bytes

    assert KEY not in repr(copy) + str(copy.limits) + copy.name
    assert copy.limits == SINK.limits
    assert copy.encode(ADA, "r-1") == SINK.encode(ADA, "r-1")
