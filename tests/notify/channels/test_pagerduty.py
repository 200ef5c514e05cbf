import json
from datetime import timedelta
from typing import Any

import pytest

from tests.contracts.situations import Situation
from tests.contracts.vendors import PagerDuty
from tests.notify.messages import AT, a_hostile_message, a_message
from tocsin.errors import ChannelError
from tocsin.notify.channels.pagerduty import ADDRESSES, PagerDutyChannel
from tocsin.notify.message import Link, Message, MessageKind

KEY = "e93facc04764012d7bfb002500d5d1a6"


def sent(*messages: Message) -> list[Any]:
    """Return the events that PagerDuty took."""
    with PagerDuty(Situation.ACCEPTS) as receiver:
        channel = PagerDutyChannel(KEY, url=f"{receiver.url}/v2/enqueue")
        for message in messages:
            assert channel.send(message, at=AT).detail == "HTTP 202"
    return [json.loads(one.body) for one in receiver.received]


def test_a_trigger_says_what_where_and_how_bad() -> None:
    [event] = sent(a_message(links=(Link(name="alert", url="https://t.example/alerts/alert-7f3"),)))

    assert event == {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "tocsin/alert-7f3",
        "client": "Tocsin",
        "client_url": "https://t.example/alerts/alert-7f3",
        "links": [{"href": "https://t.example/alerts/alert-7f3", "text": "Alert"}],
        "payload": {
            "summary": "CRITICAL: daily_etl missed its deadline 06:00",
            "source": "daily_etl",
            "severity": "critical",
            "timestamp": "2026-03-30T05:30:02Z",
            "component": "daily_etl",
            "group": "batch-jobs",
            "class": "sla_breach",
            "custom_details": {
                "label env": "prod",
                "label team": "data",
                "text": "The run of 30 March was due at 06:00 and is still working.",
                "deadline": "06:00 CEST",
                "progress": "43 %",
                "since": "2026-03-30 06:00:00 CEST (Europe/Berlin), for 1 h 30 min",
                "likely cause": "The source was late.",
                "do now": "Look at the slow query.",
                "owner": "team data",
                "severity": "critical",
                "environment": "production",
                "alert": "alert-7f3",
                "fingerprint": "e917c75310021897",
                "log": "reading\nstill reading",
            },
        },
    }


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("info", "info"),
        ("warning", "warning"),
        ("critical", "critical"),
        ("page", "critical"),
        ("odd", "error"),
    ],
)
def test_severities_are_those_that_pagerduty_knows(ours: str, theirs: str) -> None:
    assert sent(a_message(severity=ours))[0]["payload"]["severity"] == theirs


def test_the_whole_life_of_an_alert_bears_one_key() -> None:
    kinds = (
        MessageKind.FIRING,
        MessageKind.LOUDER,
        MessageKind.REPEAT,
        MessageKind.ACKNOWLEDGED,
        MessageKind.RESOLVED,
    )
    events = sent(*(a_message(key=f"k{number}", kind=kind) for number, kind in enumerate(kinds)))

    assert [event["event_action"] for event in events] == ["trigger"] * 3 + ["acknowledge", "resolve"]
    assert {event["dedup_key"] for event in events} == {"tocsin/alert-7f3"}
    assert events[-1] == {"routing_key": KEY, "event_action": "resolve", "dedup_key": "tocsin/alert-7f3"}


def test_the_longest_and_the_most_hostile_message_is_within_the_limits() -> None:
    many = tuple((f"{number}" + "\u2603" * 99, '"' * 300) for number in range(64))
    longest = a_hostile_message(
        alert_id="\u2603" * 200,
        job="\u2603" * 200,
        title="\u2603" * 200,
        text="\u2603" * 2000,
        log_tail="\u2603" * 3000,
        labels=many,
        evidence=many[:30],
        links=tuple(Link(name="x" * 100, url="https://x.example/" + "y" * 1900) for _ in range(10)),
    )

    assert len(sent(longest, a_hostile_message())) == 2


def test_of_many_jobs_none_is_named_as_the_one() -> None:
    [event] = sent(a_message(job="299 more jobs", title="failed", tells_of_many=True))

    assert event["payload"]["summary"] == "CRITICAL: 299 more jobs failed"
    assert event["payload"]["component"] == event["payload"]["source"] == "several jobs"


def test_without_texts_nothing_is_made_up() -> None:
    [event] = sent(a_message(links=(), text="", log_tail="", owner="", evidence=(), labels=()))

    assert "links" not in event
    assert "client_url" not in event
    assert "owner" not in event["payload"]["custom_details"]


@pytest.mark.parametrize("key", ["", "short", KEY + "0", KEY[:-1] + "!", KEY[:-1] + "\u2603"])
def test_what_is_no_integration_key_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="32 letters and digits") as caught:
        PagerDutyChannel(key)

    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("region", ["us", "eu"])
def test_a_region_has_its_own_address(region: str) -> None:
    assert (
        repr(PagerDutyChannel(KEY, region))
        == f"PagerDutyChannel({ADDRESSES[region].removesuffix('/v2/enqueue')})"
    )


def test_who_sends_too_much_is_told_when_to_come_back() -> None:
    with PagerDuty(Situation.BUSY) as receiver, pytest.raises(ChannelError) as caught:
        PagerDutyChannel(KEY, url=f"{receiver.url}/v2/enqueue").send(a_message(), at=AT)

    assert caught.value.retry_after == timedelta(minutes=2)
