import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.dialects.pagerduty import DEDUP_KEY_PREFIX, Heard, Unheard, Word, hear
from tocsin.notify.channels import pagerduty

SECRET = b"k7Rr2qpBhEMcIqd9h0sJzUQm4p0y"
OTHER = b"another secret of the same length"
NOW = datetime(2026, 3, 30, 5, 40, tzinfo=UTC)


def a_delivery(**changes: Any) -> bytes:  # noqa: ANN401 - a test changes any field
    """Return what PagerDuty sends when somebody acknowledges an incident."""
    event = {
        "id": "5ac64822-4adc-4fda-ade0-410becf0de4f",
        "event_type": "incident.acknowledged",
        "resource_type": "incident",
        "occurred_at": "2026-03-30T05:39:22.169Z",
        "agent": {
            "html_url": "https://acme.pagerduty.com/users/PLH1HKV",
            "id": "PLH1HKV",
            "summary": "Maria Sch\u00f6n",
            "type": "user_reference",
        },
        "client": {"name": "PagerDuty"},
        "data": {
            "id": "PGR0VU2",
            "type": "incident",
            "number": 2,
            "incident_key": "tocsin/a1b2",
            "title": "x",
        },
        **changes,
    }
    return json.dumps({"event": event}).encode()


def signed(body: bytes, secret: bytes = SECRET) -> str:
    return "v1=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def heard(body: bytes, now: datetime = NOW) -> Heard | Unheard:
    return hear(body, signed(body), [SECRET], now)


def test_who_did_what_to_which_alert_is_heard() -> None:
    assert heard(a_delivery()) == Heard(
        word=Word.ACKNOWLEDGED,
        alert_id="a1b2",
        who="Maria Sch\u00f6n (PagerDuty)",
        event_id="5ac64822-4adc-4fda-ade0-410becf0de4f",
        occurred_at=datetime(2026, 3, 30, 5, 39, 22, 169000, tzinfo=UTC),
    )


def test_what_nobody_in_particular_did_was_done_by_pagerduty() -> None:
    found = heard(a_delivery(event_type="incident.resolved", agent=None))

    assert isinstance(found, Heard)
    assert (found.word, found.who) == (Word.RESOLVED, "PagerDuty")


def test_the_incident_is_the_one_that_the_channel_has_opened() -> None:
    assert pagerduty.DEDUP_KEY_PREFIX == DEDUP_KEY_PREFIX


def test_while_a_secret_is_changed_one_of_its_signatures_is_enough() -> None:
    body = a_delivery()
    both = f"{signed(body, OTHER)},{signed(body)}"

    assert isinstance(hear(body, both, [SECRET], NOW), Heard)
    assert isinstance(hear(body, signed(body), [OTHER, SECRET], NOW), Heard)


@pytest.mark.parametrize(
    ("signatures", "reason"),
    [
        ("", Unheard.NOT_SIGNED),
        ("v1", Unheard.NOT_SIGNED),
        ("v2=" + "0" * 64, Unheard.NOT_SIGNED),
        ("v1=" + "0" * 64, Unheard.WRONG_SIGNATURE),
        ("v1=\u2603", Unheard.WRONG_SIGNATURE),
        (signed(a_delivery(), OTHER), Unheard.WRONG_SIGNATURE),
        (signed(a_delivery() + b" "), Unheard.WRONG_SIGNATURE),
        (signed(a_delivery()).removeprefix("v1="), Unheard.NOT_SIGNED),
        (",".join(["v1=" + "0" * 64] * 10 + [signed(a_delivery())]), Unheard.WRONG_SIGNATURE),
    ],
)
def test_what_is_not_signed_by_its_secret_is_not_read(signatures: str, reason: Unheard) -> None:
    assert hear(a_delivery(), signatures, [SECRET], NOW) is reason


def test_without_a_secret_nothing_is_believed() -> None:
    body = a_delivery()

    assert hear(body, signed(body, b""), [], NOW) is Unheard.WRONG_SIGNATURE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"event": null}',
        b'{"event": {"id": 7}}',
        b"[" * 100_000,
        a_delivery(occurred_at="yesterday"),
        a_delivery(occurred_at="2026-03-30T05:39:22"),
        a_delivery(data=None),
    ],
)
def test_what_is_no_event_is_refused_whoever_signed_it(body: bytes) -> None:
    assert heard(body) is Unheard.UNREADABLE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"event_type": "incident.annotated"}, Unheard.OTHER_EVENT),
        ({"event_type": "pagey.ping", "data": {"message": "Hello", "type": "ping"}}, Unheard.OTHER_EVENT),
        ({"data": {"incident_key": "d3640fbd41094207"}}, Unheard.OTHER_INCIDENT),
        ({"data": {"incident_key": None}}, Unheard.OTHER_INCIDENT),
        ({"data": {"incident_key": "tocsin/a\x00b"}}, Unheard.OTHER_INCIDENT),
        (
            {"agent": {"type": "events_api_v2_inbound_integration_reference", "summary": "Tocsin"}},
            Unheard.OWN_ECHO,
        ),
    ],
)
def test_what_does_not_concern_us_is_left_alone(changes: dict[str, Any], reason: Unheard) -> None:
    assert heard(a_delivery(**changes)) is reason


@pytest.mark.parametrize(
    ("later", "is_fresh"),
    [
        (timedelta(), True),
        (timedelta(minutes=59), True),
        (timedelta(hours=1, seconds=1), False),
        (timedelta(minutes=-4), True),
        (timedelta(minutes=-6), False),
    ],
)
def test_what_is_repeated_long_after_is_worth_nothing(later: timedelta, is_fresh: bool) -> None:  # noqa: FBT001 - the expected answer
    body = a_delivery(occurred_at=NOW.isoformat())

    assert isinstance(heard(body, NOW + later), Heard) is is_fresh
    assert is_fresh or heard(body, NOW + later) is Unheard.NOT_FRESH
