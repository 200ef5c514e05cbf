import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.contracts.receivers import HttpReceiver, Received
from tests.contracts.situations import Situation
from tests.notify.messages import AT, a_message
from tocsin.clock import now
from tocsin.notify.channels.webhook import WebhookChannel, secret_bytes
from tocsin.notify.message import MessageKind


def a_secret(fill: str, length: int = 32) -> str:
    return "whsec_" + base64.b64encode(fill.encode() * length).decode()


def received(*secrets: str, at: datetime | None = None, kind: MessageKind = MessageKind.FIRING) -> Received:
    """Return one delivery as its receiver got it."""
    with HttpReceiver(Situation.ACCEPTS) as receiver:
        WebhookChannel(f"{receiver.url}/hook?a=b", secrets).send(a_message(kind=kind), at=at or now())
    return receiver.received[0]


@pytest.mark.parametrize("secret", [a_secret("a", 24), a_secret("b", 32), a_secret("c", 64)])
def test_the_signature_holds_before_the_specifications_own_verifier(secret: str) -> None:
    delivery = received(secret)

    assert Webhook(secret).verify(delivery.body, delivery.headers) == json.loads(delivery.body)


def test_the_verifier_refuses_another_secret_another_body_and_another_time() -> None:
    secret = a_secret("a")
    delivery = received(secret)
    later = {**delivery.headers, "webhook-timestamp": str(int(now().timestamp()) + 1)}

    with pytest.raises(WebhookVerificationError):
        Webhook(a_secret("b")).verify(delivery.body, delivery.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(delivery.body.replace(b"daily_etl", b"other_etl"), delivery.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(delivery.body, later)
    stale = received(secret, at=now() - timedelta(hours=1))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify(stale.body, stale.headers)


def test_while_a_secret_is_changed_both_verify() -> None:
    old, new = a_secret("o"), a_secret("n")
    delivery = received(new, old)

    assert len(delivery.headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        Webhook(secret).verify(delivery.body, delivery.headers)


def test_without_a_secret_nothing_is_signed_and_the_key_is_still_told() -> None:
    delivery = received()

    assert "webhook-signature" not in delivery.headers
    assert delivery.headers["webhook-id"] == "alert-7f3:firing:1"


def test_a_retry_has_the_same_id_and_body_and_the_time_of_its_own_try() -> None:
    first = received(a_secret("a"), at=AT)
    second = received(a_secret("a"), at=AT + timedelta(seconds=30))

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 30


def test_the_body_is_the_documented_version_1() -> None:
    delivery = received(at=datetime(2026, 3, 30, 5, 31, tzinfo=UTC))

    assert delivery.first == "POST /hook?a=b HTTP/1.1"
    assert delivery.headers["content-type"] == "application/json"
    assert json.loads(delivery.body) == {
        "version": 1,
        "key": "alert-7f3:firing:1",
        "kind": "firing",
        "at": "2026-03-30T05:30:02Z",
        "may_repeat": False,
        "alert": {
            "id": "alert-7f3",
            "fingerprint": "e917c75310021897",
            "job": "daily_etl",
            "environment": "production",
            "condition": "sla_breach",
            "severity": "critical",
            "title": "missed its deadline 06:00",
            "text": "The run of 30 March was due at 06:00 and is still working.",
            "opened_at": "2026-03-30T04:00:00Z",
            "timezone": "Europe/Berlin",
            "owner": "team data",
            "labels": {"env": "prod", "team": "data"},
            "evidence": [
                {"name": "deadline", "value": "06:00 CEST"},
                {"name": "progress", "value": "43 %"},
            ],
            "likely_cause": "The source was late.",
            "next_step": "Look at the slow query.",
            "links": [
                {"name": "job", "url": "http://127.0.0.1:8080/jobs/daily_etl"},
                {"name": "runbook", "url": "https://wiki.example.com/etl?a=1&b=2"},
            ],
            "log_tail": "reading\nstill reading",
        },
    }


@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_kind_of_message_is_named(kind: MessageKind) -> None:
    assert json.loads(received(kind=kind).body)["kind"] == kind.value


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "a long passphrase that somebody typed",
        base64.b64encode(b"x" * 32).decode(),
        a_secret("x", 23),
        a_secret("x", 65),
        "whsec_not base64 at all!" + "x" * 30,
        "whsec_schlüssel" + "x" * 30,
    ],
)
def test_what_is_no_secret_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and the base64 of 24 to 64 bytes; make one with") as caught:
        WebhookChannel("https://example.com/", (secret,))

    assert secret.removeprefix("whsec_") == "" or secret.removeprefix("whsec_") not in str(caught.value)


def test_the_line_end_of_a_secret_file_is_no_part_of_the_secret() -> None:
    assert secret_bytes(a_secret("a") + "\n") == b"a" * 32
