"""What the answers of a real server mean that answers well, badly, half, or not at all."""

import asyncio
import json
from typing import Any

import pytest

from tests.batch.sinks.batches import batch_of
from tests.batch.sinks.server import Answer, Request, resets, says, sends, serving
from tocsin.batch.outcome import Delivered, Kind, Outcome, Partial, Refused
from tocsin.batch.sinks import http
from tocsin.batch.sinks.http import HTTPJSON

RECORDS = [{"n": 0}, {"n": 1}, {"n": 2}]
SECRET = "s3cret-key-0123"


async def outcome_of(
    *answers: Answer,
    **settings: Any,  # noqa: ANN401 -- settings of the sink, whichever a test needs
) -> Outcome:
    """Return what one request of three records comes to."""
    async with serving(*answers) as server, HTTPJSON(f"{server.url}/in", **settings) as sink:
        return await sink.send(batch_of(sink, RECORDS))


def refused(*answers: Answer, **settings: Any) -> Refused:  # noqa: ANN401 -- the same
    outcome = asyncio.run(outcome_of(*answers, **settings))
    assert isinstance(outcome, Refused)
    return outcome


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_what_is_accepted_is_delivered(status: int) -> None:
    assert asyncio.run(outcome_of(says(status))) == Delivered()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, Kind.THROTTLED),
        (408, Kind.TRANSIENT),
        (425, Kind.TRANSIENT),
        (500, Kind.TRANSIENT),
        (503, Kind.TRANSIENT),
        (599, Kind.TRANSIENT),
        (413, Kind.TOO_LARGE),
        (400, Kind.INVALID),
        (404, Kind.INVALID),
        (409, Kind.INVALID),
        (422, Kind.INVALID),
        (401, Kind.UNAUTHORIZED),
        (403, Kind.UNAUTHORIZED),
        (407, Kind.UNAUTHORIZED),
        (301, Kind.UNAUTHORIZED),
        (307, Kind.UNAUTHORIZED),
        (207, Kind.UNKNOWN),
        (799, Kind.UNKNOWN),
    ],
)
def test_every_status_has_its_meaning(status: int, kind: Kind) -> None:
    answered = refused(says(status, b"so it is"))

    assert (answered.kind, answered.status) == (kind, status)
    assert str(status) in answered.reason


def test_a_redirect_is_not_followed_and_says_where_it_leads_without_its_path() -> None:
    async def run() -> tuple[Outcome, int]:
        answer = says(308, headers={"Location": "https://elsewhere.example/in?key=abc"})
        async with serving(answer) as server, HTTPJSON(server.url) as sink:
            return await sink.send(batch_of(sink, RECORDS)), len(server.requests)

    answered, requests = asyncio.run(run())

    assert requests == 1
    assert isinstance(answered, Refused)
    assert "https://elsewhere.example/…" in answered.reason
    assert "abc" not in answered.reason


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("299", 299.0),
        ("86400", 300.0),
        ("999999999999999999", 300.0),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("nan", None),
        ("", None),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2099 12:00:00 GMT", 300.0),
        ("Sun, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_in_both_forms_and_bounded(
    status: int, header: str, seconds: float | None
) -> None:
    headers = {"Retry-After": header, "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}

    assert refused(says(status, headers=headers)).retry_after_seconds == seconds


def test_a_connection_that_breaks_off_is_transient() -> None:
    assert refused(resets).kind is Kind.TRANSIENT


def test_nobody_who_listens_is_transient() -> None:
    async def run() -> Outcome:
        async with serving(says(200)) as server:
            pass
        async with HTTPJSON(server.url) as sink:
            return await sink.send(batch_of(sink, RECORDS))

    answered = asyncio.run(run())

    assert isinstance(answered, Refused)
    assert answered.kind is Kind.TRANSIENT


@pytest.mark.parametrize("raw", [b"what?\r\n\r\n", b"HTTP/1.1 two hundred\r\n\r\n", b"\x00\xff" * 100])
def test_an_answer_that_is_no_http_is_unknown(raw: bytes) -> None:
    assert refused(sends(raw)).kind is Kind.UNKNOWN


def test_a_sink_that_hangs_can_be_cancelled_and_used_again() -> None:
    async def run() -> Outcome:
        async with serving() as server:
            server.answers = [server.hang, says(200)]
            async with HTTPJSON(server.url) as sink:
                batch = batch_of(sink, RECORDS)
                sending = asyncio.create_task(sink.send(batch))
                await server.asked.wait()
                sending.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await sending
                return await sink.send(batch)

    assert asyncio.run(run()) == Delivered()


def test_a_body_that_drips_takes_nothing_from_the_status_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "IDLE_BODY_SECONDS", 0.05)

    async def run() -> Outcome:
        async with serving() as server:
            server.answers = [server.drip]
            async with HTTPJSON(server.url) as sink:
                return await sink.send(batch_of(sink, RECORDS))

    assert asyncio.run(run()) == Delivered()


def test_a_body_that_drips_where_it_must_be_read_is_left_to_whoever_cancels() -> None:
    async def run() -> Outcome:
        async with serving() as server, HTTPJSON(server.url, errors_at="errors[].index") as sink:
            server.answers = [server.drip, says(200)]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await sink.send(batch_of(sink, RECORDS))
            return await sink.send(batch_of(sink, RECORDS))

    assert asyncio.run(run()) == Delivered()


async def too_large(request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer before the body has come, and close."""
    writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge")
    writer.close()


def test_a_refusal_before_the_body_was_read_is_heard_and_not_taken_for_a_reset() -> None:
    async def run() -> Outcome:
        async with serving(too_large) as server, HTTPJSON(server.url) as sink:
            server.reads_bodies = False
            return await sink.send(batch_of(sink, [{"text": "x" * 1_000_000}]))

    answered = asyncio.run(run())

    assert isinstance(answered, Refused)
    assert answered.kind is Kind.TOO_LARGE


@pytest.mark.parametrize(
    "body", [b"<html>hello</html>", b"\xff\xfe", b"[]", b"3", b'{"errors": 7}', b'{"errors": [7]}']
)
@pytest.mark.parametrize("status", [200, 207])
def test_garbage_is_no_consent_where_the_answer_names_bad_records(status: int, body: bytes) -> None:
    answered = refused(says(status, body), errors_at="errors[].index/message")

    assert answered.kind is Kind.UNKNOWN
    assert asyncio.run(outcome_of(says(200, body))) == Delivered()


@pytest.mark.parametrize(
    "raw",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"errors": []}',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nE\r\n{"errors": []}',
    ],
)
def test_an_answer_that_is_shorter_than_declared_is_no_consent_where_it_must_be_read(raw: bytes) -> None:
    assert refused(sends(raw), errors_at="errors[].index").kind is Kind.UNKNOWN
    assert asyncio.run(outcome_of(sends(raw))) == Delivered()


@pytest.mark.parametrize("index", [-1, 3, 10**30, "1", 1.0, True, None])
def test_an_index_that_is_none_of_the_request_leaves_all_its_records_in_doubt(index: object) -> None:
    body = json.dumps({"errors": [{"index": 1, "message": "no email"}, {"index": index}]}).encode()

    answered = refused(says(207, body), errors_at="errors[].index/message")

    assert answered.kind is Kind.UNKNOWN
    assert "none of the 3" in answered.reason


def test_bad_records_are_named_with_what_is_said_of_them() -> None:
    errors = [
        {"at": {"n": 1}, "batch_index": 2, "reason": "required", "field": "email", "message": "is\nmissing"},
        {"batch_index": 0, "message": f"see https://x.example/a?k={SECRET}"},
        {"batch_index": 0, "message": "said twice"},
    ]
    body = json.dumps({"data": {"errors": errors}}).encode()

    outcome = asyncio.run(
        outcome_of(says(207, body), errors_at="data.errors[].batch_index/reason,field,message")
    )

    assert outcome == Partial({2: "required: email: is missing", 0: "see https://x.example/…"})


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b'{"ok": true}', Delivered()),
        (200, b'{"errors": null}', Delivered()),
        (200, b'{"errors": []}', Delivered()),
        (207, b'{"errors": []}', Delivered()),
        (200, b"", Delivered()),
        (204, b"", Delivered()),
    ],
)
def test_an_answer_that_names_no_record_has_taken_all(status: int, body: bytes, outcome: Outcome) -> None:
    assert asyncio.run(outcome_of(says(status, body), errors_at="errors[].index/message")) == outcome


@pytest.mark.parametrize("body", [b"", b"{}", b'{"errors": null}'])
def test_a_207_without_its_list_is_no_consent(body: bytes) -> None:
    assert refused(says(207, body), errors_at="errors[].index").kind is Kind.UNKNOWN


def test_an_endless_answer_is_read_to_its_limit_only() -> None:
    body = b'{"errors": [' + b" " * (http.READ_LIMIT + 10) + b"]}"

    assert "more than" in refused(says(200, body), errors_at="errors[].index").reason
    assert len(refused(says(500, b"x" * (4 * http.SHOWN_LIMIT))).reason) < 300


def test_secrets_are_in_no_reason_and_no_text_of_the_sink() -> None:
    async def run(user: str, path: str, headers: dict[str, str]) -> tuple[Outcome, str]:
        async with serving(says(400, f"bad: /in/{SECRET}?token={SECRET} Bearer {SECRET}".encode())) as server:
            sink = HTTPJSON(f"http://{user}127.0.0.1:{server.port}{path}", headers=headers)
            async with sink:
                return await sink.send(batch_of(sink, RECORDS)), repr(sink) + sink.name + sink.limits.scope

    for user, path, headers in (
        (f"ada:{SECRET}@", "/in", {}),
        ("", f"/in/{SECRET}", {}),
        ("", f"/in?token={SECRET}", {}),
        ("", "/in", {"Authorization": f"Bearer {SECRET}"}),
        ("", "/in", {"X-Key": SECRET}),
    ):
        outcome, texts = asyncio.run(run(user, path, headers))
        assert isinstance(outcome, Refused)
        assert "bad: /in" in outcome.reason
        assert SECRET not in outcome.reason + texts


def test_what_a_sink_says_is_made_harmless() -> None:
    assert "\x1b" not in refused(says(500, b"\x1b[31mred\x00\r\nalert")).reason
