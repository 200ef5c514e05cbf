"""Entities of Customer.io's Track API: what is taken, what is rejected, and what the service names."""

import asyncio
import base64
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.batch.sinks.batches import batch_of
from tests.batch.sinks.server import Answer, Server, says, serving
from tocsin.batch.outcome import Delivered, Kind, Outcome, Partial, Refused, Rejected
from tocsin.batch.sinks import customerio_track as cio
from tocsin.batch.sinks.customerio_track import CustomerIOTrack
from tocsin.batch.sinks.ulid import ulid_of
from tocsin.errors import InvalidPipeline

KEYS = ("a-site-id-0123", "an-api-key-0123456789")
SINK = CustomerIOTrack(*KEYS)
AT = 1_795_341_600
OPENED = {
    "type": "delivery",
    "action": "event",
    "identifiers": {"id": "d"},
    "name": "opened",
    "attributes": {"device_token": "t"},
}
BOUGHT = cio.track("bought", {"price": 3}, id="42")


def encoded(record: object, record_id: str = "r-1") -> dict[str, Any]:
    made = json.loads(SINK.encode(record, record_id))
    assert isinstance(made, dict)
    return made


def sent(answer: Answer, *records: object) -> tuple[Outcome, Server]:
    async def run() -> tuple[Outcome, Server]:
        async with serving(answer) as server, CustomerIOTrack(*KEYS, url=server.url) as sink:
            return await sink.send(batch_of(sink, records, compress=True)), server

    return asyncio.run(run())


def named(*errors: object) -> Answer:
    return says(207, json.dumps({"errors": errors}).encode())


def test_a_batch_goes_out_as_described_to_the_byte_and_never_compressed() -> None:
    outcome, server = sent(
        says(200, b"{}"), cio.identify({"plan": "pro"}, id=42), cio.suppress(email="a@b.c")
    )
    request = server.requests[0]

    assert outcome == Delivered()
    assert (request.method, request.target) == ("POST", "/api/v2/batch")
    assert request.headers["authorization"] == "Basic " + base64.b64encode(":".join(KEYS).encode()).decode()
    assert "content-encoding" not in request.headers
    assert json.loads(request.body) == {
        "batch": [
            {
                "type": "person",
                "action": "identify",
                "identifiers": {"id": "42"},
                "attributes": {"plan": "pro"},
            },
            {"type": "person", "action": "suppress", "identifiers": {"email": "a@b.c"}},
        ]
    }
    assert (
        len(request.body)
        == batch_of(SINK, [cio.identify({"plan": "pro"}, id=42), cio.suppress(email="a@b.c")]).size
    )


def test_records_that_the_service_names_are_rejected_and_the_others_delivered() -> None:
    error = {"batch_index": 1, "reason": "invalid", "field": "timestamp", "message": "is in the future"}

    outcome, _ = sent(named(error), BOUGHT, BOUGHT, BOUGHT)

    assert outcome == Partial({1: "invalid: timestamp: is in the future"})


@pytest.mark.parametrize(
    "answer",
    [
        named({"batch_index": 3, "reason": "x"}),
        named({"batch_index": -1, "reason": "x"}),
        named({"batch_index": 0, "reason": "x"}, {"reason": "of nobody"}),
        named("bad"),
        named(),
        says(207),
        says(207, b"{}"),
        says(207, b"<html>"),
        says(207, b'{"errors": {"0": "x"}}'),
        says(207, b'{"errors": [', {"Content-Length": "12"}),
    ],
)
def test_an_answer_that_makes_no_sense_calls_no_record_delivered(answer: Answer) -> None:
    outcome, _ = sent(answer, BOUGHT, BOUGHT, BOUGHT)

    assert isinstance(outcome, Refused)
    assert outcome.kind is Kind.UNKNOWN


def test_an_acceptance_of_all_needs_no_reading() -> None:
    assert sent(says(200, b"<html>"), BOUGHT)[0] == Delivered()


@pytest.mark.parametrize(
    ("record", "word"),
    [
        (7, "is an object"),
        ({"type": "robot"}, "person, object, delivery"),
        ({"type": "person", "action": "greet"}, "identify, delete"),
        (cio.person("identify"), "exactly one of id, email, phone, cio_id"),
        (cio.person("identify", id="1", email="a@b.c"), "exactly one"),
        (cio.identify(id=""), "identifiers.id is empty"),
        (cio.identify(id=None), "identifiers.id is empty"),
        (cio.identify(id=1.5), "identifiers.id is a float"),
        (cio.identify(id="é" * 76), "152 bytes"),
        (cio.identify({str(n): n for n in range(301)}, id="1"), "301 attributes"),
        (cio.identify({"n" * 151: 1}, id="1"), "151 bytes"),
        (cio.identify({"bio": "é" * 501}, id="1"), "attribute bio has 1002 bytes"),
        (cio.identify({"list": ["x" * 999]}, id="1"), "attribute list has 1003"),
        (cio.person("identify", id="1", attributes="none"), "attributes is a str"),
        (cio.person("event", id="1"), "needs a name"),
        (cio.track("é" * 51, id="1"), "name has 102 bytes"),
        (cio.track("e", id="1", timestamp="soon"), "ISO 8601"),
        (cio.track("e", id="1", timestamp=1_795_000_000_000), "seconds since 1970"),
        (cio.track("e", id="1", timestamp=-1), "seconds since 1970"),
        (cio.track("e", id="1", timestamp=True), "timestamp is a bool"),
        (cio.track("e", id="1", timestamp=datetime(2026, 1, 1)), "no zone"),  # noqa: DTZ001 -- that is the fault
        (cio.person("merge", primary={"id": "1"}), "secondary has exactly one"),
        (cio.person("add_device", id="1"), "device with its token"),
        (cio.person("add_relationships", id="1", cio_relationships=[]), "cio_relationships"),
        (
            {"type": "object", "action": "delete", "identifiers": {"object_id": "1"}},
            "object_type_id and object_id",
        ),
        ({"type": "delivery", "action": "event", "identifiers": {"id": "d"}, "name": "seen"}, "opened"),
        (
            {"type": "delivery", "action": "event", "identifiers": {"id": "d"}, "name": "opened"},
            "device_token",
        ),
        (cio.track("e", {"text": "x" * 32_000}, id="1"), "takes 32000"),
        (cio.track("e", {"x": float("inf")}, id="1"), "JSON cannot say"),
    ],
)
def test_an_entity_that_would_not_be_taken_is_rejected_before_it_is_sent(record: object, word: str) -> None:
    with pytest.raises(Rejected, match=word):
        SINK.encode(record, "r-1")


def test_everything_that_the_service_describes_is_taken() -> None:
    people = {"identifiers": {"id": "1"}, "relationship_attributes": {"role": "admin"}}
    taken = [
        cio.identify({"plan": None, "old": False, "text": "x" * 1_000}, cio_id="a1"),
        cio.identify(
            {"cio_subscription_preferences": {"topics": {f"topic_{n}": True for n in range(99)}}}, id="1"
        ),
        cio.delete(id="1"),
        cio.unsuppress(phone="+14155552671"),
        cio.person("page", id="1", name="/pricing"),
        cio.person("screen", id="1", name="Start"),
        cio.person("merge", primary={"id": 1}, secondary={"email": "a@b.c"}),
        cio.person("add_device", id="1", device={"token": "t", "platform": "ios"}),
        cio.person("delete_device", id="1", device={"token": "t"}),
        cio.thing("identify", 1, "acme", attributes={"seats": 50}),
        cio.thing("add_relationships", 1, "acme", cio_relationships=[people]),
        {"type": "object", "action": "delete", "identifiers": {"cio_object_id": "o1"}},
        OPENED,
    ]

    made = [encoded(one) for one in taken]

    assert made[6]["primary"] == {"id": "1"}
    assert made[9]["identifiers"] == {"object_type_id": "1", "object_id": "acme"}
    assert [one for one in made if one["action"] not in {"page", "screen"} and "id" in one] == []


@pytest.mark.parametrize(
    "timestamp",
    [
        AT,
        "2026-11-22T10:00:00Z",
        "2026-11-22T12:00:00+02:00",
        datetime(2026, 11, 22, 10, tzinfo=UTC),
    ],
)
def test_instants_become_seconds_since_1970(timestamp: object) -> None:
    assert encoded(cio.track("e", id="1", timestamp=timestamp))["timestamp"] == AT


def test_an_event_has_an_id_of_its_record_that_is_a_ulid_and_the_same_every_time() -> None:
    one, again = encoded(BOUGHT, "r-1")["id"], encoded(BOUGHT, "r-1")["id"]
    other = encoded(BOUGHT, "r-2")["id"]
    later = encoded(cio.track("e", id="1", timestamp=AT), "r-1")["id"]

    assert one == again != other
    assert len(one) == 26
    assert later[10:] == one[10:]
    assert later > one
    assert encoded(BOUGHT, "01ARZ3NDEKTSV4RRFFQ69G5FAV")["id"] == "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert encoded({**BOUGHT, "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})["id"] == "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def test_a_ulid_begins_with_its_instant_as_the_specification_has_it() -> None:
    assert ulid_of("x", 1_469_918_176_385).startswith("01ARYZ6S41")  # the specification's own example
    assert ulid_of("x", 0).startswith("0000000000")


@pytest.mark.parametrize(("region", "host"), [("us", "track.customer.io"), ("eu", "track-eu.customer.io")])
def test_each_region_has_its_host(region: Any, host: str) -> None:  # noqa: ANN401 -- one of two
    assert repr(CustomerIOTrack(*KEYS, region=region)) == f"CustomerIOTrack(https://{host})"


@pytest.mark.parametrize(
    ("answer", "kind", "word"),
    [
        (says(200, b'{"region": "us", "url": "https://track.customer.io"}'), None, ""),
        (says(200, b'{"region": "eu"}'), Kind.UNAUTHORIZED, "the workspace is in the region eu"),
        (says(401, b"no"), Kind.UNAUTHORIZED, "401"),
        (says(200, b"<html>"), Kind.UNKNOWN, "no JSON"),
        (says(200, b"[]"), Kind.UNKNOWN, "no JSON"),
        (says(500), Kind.TRANSIENT, "500"),
    ],
)
def test_a_check_tells_wrong_keys_and_those_of_another_region(
    answer: Answer, kind: Kind | None, word: str
) -> None:
    async def run() -> tuple[Refused | None, Server]:
        async with serving(answer) as server, CustomerIOTrack(*KEYS, url=server.url) as sink:
            return await sink.check(), server

    found, server = asyncio.run(run())

    assert (found.kind if found else None) is kind
    assert word in (found.reason if found else "")
    assert (server.requests[0].method, server.requests[0].target) == ("GET", "/api/v1/accounts/region")


def test_the_keys_are_shown_nowhere_and_go_with_the_sink_to_other_processes() -> None:
    copy = pickle.loads(pickle.dumps(SINK))  # noqa: S301 -- our own bytes

    assert not [key for key in KEYS if key in repr(copy) + str(copy.limits) + copy.name]
    assert copy.encode(BOUGHT, "r-1") == SINK.encode(BOUGHT, "r-1")
    for keys in (("", "x"), ("x", "")):
        with pytest.raises(InvalidPipeline, match="is empty"):
            CustomerIOTrack(*keys)
