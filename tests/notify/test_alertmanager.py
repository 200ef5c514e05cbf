import json
from typing import Any

import pytest

from tests.contracts.situations import Situation
from tests.contracts.vendors import Alertmanager
from tests.notify.messages import AT, a_hostile_message, a_message
from tocsin.notify.alertmanager import alertmanager_body
from tocsin.notify.channels.webhook import Form, WebhookChannel
from tocsin.notify.message import Link, Message, MessageKind


def document(message: Message) -> Any:  # noqa: ANN401 - a JSON document
    """Return what a receiver of Alertmanager's webhooks took."""
    with Alertmanager(Situation.ACCEPTS) as receiver:
        WebhookChannel(f"{receiver.url}/hook", form=Form.ALERTMANAGER).send(message, at=AT)
    return json.loads(receiver.received[0].body)


def test_a_firing_alert_is_a_group_of_one() -> None:
    links = (
        Link(name="alert", url="https://t.example/alerts/alert-7f3"),
        Link(name="runbook", url="https://wiki.example.com/etl"),
    )
    labels = {
        "env": "prod",
        "team": "data",
        "alertname": "sla_breach",
        "job": "daily_etl",
        "environment": "production",
        "severity": "critical",
        "fingerprint": "e917c75310021897",
    }
    annotations = {
        "deadline": "06:00 CEST",
        "progress": "43 %",
        "summary": "daily_etl missed its deadline 06:00",
        "description": "The run of 30 March was due at 06:00 and is still working.",
        "likely_cause": "The source was late.",
        "next_step": "Look at the slow query.",
        "owner": "team data",
        "runbook_url": "https://wiki.example.com/etl",
        "log": "reading\nstill reading",
    }

    assert document(a_message(links=links)) == {
        "version": "4",
        "groupKey": '{}:{alertname="sla_breach", environment="production", '
        'fingerprint="e917c75310021897", job="daily_etl"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "tocsin",
        "groupLabels": {
            "alertname": "sla_breach",
            "environment": "production",
            "fingerprint": "e917c75310021897",
            "job": "daily_etl",
        },
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "https://t.example",
        "alerts": [
            {
                "status": "firing",
                "labels": labels,
                "annotations": annotations,
                "startsAt": "2026-03-30T04:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "https://t.example/alerts/alert-7f3",
                "fingerprint": "e917c75310021897",
            }
        ],
    }


def test_its_end_closes_the_same_group() -> None:
    began, ended = document(a_message()), document(a_message(kind=MessageKind.RESOLVED))

    assert began["groupKey"] == ended["groupKey"]
    assert (ended["status"], ended["alerts"][0]["status"]) == ("resolved", "resolved")
    assert ended["alerts"][0]["endsAt"] == "2026-03-30T05:30:02Z"


@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_kind_of_message_can_be_told_so(kind: MessageKind) -> None:
    assert document(a_message(kind=kind))["version"] == "4"


def test_names_that_prometheus_does_not_take_are_changed_and_none_of_ours_is_taken_over() -> None:
    labels = (("data.source", "x"), ("9lives", "y"), ("severity", "none"), ("alertname", "mine"))
    found = document(a_message(labels=labels, evidence=(("bad runs", "3"),)))

    assert found["commonLabels"]["data_source"] == "x"
    assert found["commonLabels"]["_9lives"] == "y"
    assert found["commonLabels"]["severity"] == "critical"
    assert found["commonLabels"]["alertname"] == "sla_breach"
    assert found["commonAnnotations"]["bad_runs"] == "3"


def test_hostile_text_breaks_out_of_nothing() -> None:
    found = json.loads(alertmanager_body(a_hostile_message(job='a", b="c')))

    assert 'job="a\\", b=\\"c"' in found["groupKey"]


def test_it_is_signed_like_our_own_form() -> None:
    with Alertmanager(Situation.ACCEPTS) as receiver:
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        WebhookChannel(f"{receiver.url}/hook", (secret,), form=Form.ALERTMANAGER).send(a_message(), at=AT)

    assert receiver.received[0].headers["webhook-id"] == "alert-7f3:firing:1"
    assert receiver.received[0].headers["webhook-signature"].startswith("v1,")
