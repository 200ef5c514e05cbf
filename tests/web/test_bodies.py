import gzip
import json
import zlib
from collections.abc import Callable

import pytest

from tests.web.served import Served, fresh
from tocsin.web.body import MAX_SENT, MAX_UNPACKED

CHECK_INS = "/api/v1/check-ins"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"job=a&kind=start",
        b'{"job": "a", "kind": "start"',
        b'{"job": "\xff", "kind": "start"}',
        b"[1, 2",
    ],
)
def test_what_is_not_json_is_refused(served: Served, body: bytes) -> None:
    answer = served.ask("POST", CHECK_INS, body)

    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_json")


@pytest.mark.parametrize("opening", [b"[", b'{"job":"a","kind":"start","metadata":{"a":', b'{"a":'])
def test_deep_nesting_is_refused(served: Served, opening: bytes) -> None:
    answer = served.ask("POST", CHECK_INS, opening * 50_000)

    assert answer.status == 400
    assert "nested too deeply" in answer.json["error"]["message"]


@pytest.mark.parametrize(("count", "status"), [(0, 422), (1_000, 202), (1_001, 413)])
def test_a_list_holds_one_to_a_thousand(served: Served, count: int, status: int) -> None:
    job = fresh()

    assert (
        served.ask("POST", CHECK_INS, [{"job": job, "kind": "heartbeat", "run": "r"}] * count).status
        == status
    )


def test_a_thousand_unknown_fields_are_refused_without_listing_them(served: Served) -> None:
    body = {"job": fresh(), "kind": "start"} | {f"field{number}": 1 for number in range(100_000)}

    answer = served.ask("POST", CHECK_INS, body)

    assert answer.status == 422
    assert len(answer.body) < 1_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"job":"x","kind":"start",' + b",".join([b'"a":1'] * 2_700_000) + b"}",
        b"[" + b",".join([b"[]"] * 5_000_000) + b"]",
        b"[" + b",".join([b"[" * 100 + b"]" * 100] * 80_000) + b"]",
        b"["
        + b",".join([b'{"job":"x","kind":"start",' + b",".join([b'"a":1'] * 2_600) + b"}"] * 1_000)
        + b"]",
        b'["' + b'\\\\","' * 3_000_000 + b'"]',
    ],
    ids=["fields", "lists", "nested lists", "check-ins", "strings"],
)
def test_few_bytes_that_would_become_a_gigabyte_are_refused(served: Served, body: bytes) -> None:
    answer = served.ask("POST", CHECK_INS, gzip.compress(body, 1), {"content-encoding": "gzip"})

    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")
    assert "250,000 values" in answer.json["error"]["message"]


def test_commas_in_a_log_are_no_values(served: Served) -> None:
    tail = '"a","b",[{' * 40_000

    results = served.report(*({"job": fresh(), "kind": "log", "log_tail": tail} for _ in range(7)))

    assert {result["status"] for result in results} == {"accepted"}


def big(size: int, job: str) -> bytes:
    one = {"job": job, "kind": "log", "run": "r", "log_tail": ""}
    return json.dumps(one | {"log_tail": "x" * (size - len(json.dumps(one)))}).encode()


@pytest.mark.parametrize(("size", "status"), [(MAX_SENT, 202), (MAX_SENT + 1, 413), (3 * MAX_SENT, 413)])
def test_a_body_has_at_most_four_mebibytes_on_the_wire(served: Served, size: int, status: int) -> None:
    assert served.ask("POST", CHECK_INS, big(size, fresh())).status == status


@pytest.mark.parametrize(("size", "status"), [(MAX_UNPACKED, 202), (MAX_UNPACKED + 1, 413)])
def test_a_body_has_at_most_sixteen_mebibytes_unpacked(served: Served, size: int, status: int) -> None:
    packed = gzip.compress(big(size, fresh()), 1)

    assert served.ask("POST", CHECK_INS, packed, {"content-encoding": "gzip"}).status == status


def test_a_bomb_is_defused_long_before_it_is_unpacked(served: Served) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"\0" * 2**20) for _ in range(300)) + packer.flush()

    answer = served.ask("POST", CHECK_INS, bomb, {"content-encoding": "gzip"})

    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_packed_bodies_are_unpacked(served: Served, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    body = json.dumps({"job": fresh(), "kind": "start"}).encode()

    assert served.ask("POST", CHECK_INS, pack(body), {"content-encoding": encoding}).status == 202


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"not packed", 400),
        ("gzip", gzip.compress(b"{}")[:-9], 400),
        ("gzip", gzip.compress(b"") * 100_000, 400),
        ("br", b"{}", 415),
        ("gzip, gzip", b"{}", 415),
    ],
    ids=["plain", "cut", "many members", "unknown", "twice"],
)
def test_what_cannot_be_unpacked_is_refused(served: Served, encoding: str, body: bytes, status: int) -> None:
    assert served.ask("POST", CHECK_INS, body, {"content-encoding": encoding}).status == status


def test_a_body_in_chunks_is_read_whole(served: Served) -> None:
    body = json.dumps({"job": fresh(), "kind": "start", "log_tail": "x" * 100_000}).encode()
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[i : i + 7_000]), body[i : i + 7_000]) for i in range(0, len(body), 7_000)
    )

    answer = served.ask("POST", CHECK_INS, chunks + b"0\r\n\r\n", {"transfer-encoding": "chunked"})

    assert answer.status == 202
