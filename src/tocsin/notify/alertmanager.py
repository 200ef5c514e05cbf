"""A message as Alertmanager's webhook would tell it, version 4, for receivers that know that form already.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config; one alert is one group.
"""

import re
from datetime import datetime
from typing import Final

import msgspec

from tocsin.notify import wording
from tocsin.notify.message import Message, MessageKind

VERSION: Final = "4"
RECEIVER: Final = "tocsin"
NOT_ENDED: Final = "0001-01-01T00:00:00Z"
GROUPED_BY: Final = ("alertname", "environment", "fingerprint", "job")

_NO_NAME: Final = re.compile("[^a-zA-Z0-9_]")


class _Alert(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime | str
    generator_url: str = msgspec.field(name="generatorURL")
    fingerprint: str


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version: str
    group_key: str
    truncated_alerts: int
    status: str
    receiver: str
    group_labels: dict[str, str]
    common_labels: dict[str, str]
    common_annotations: dict[str, str]
    external_url: str = msgspec.field(name="externalURL")
    alerts: list[_Alert]


def alertmanager_body(message: Message) -> bytes:
    """Return the JSON document of version 4."""
    is_over = message.kind is MessageKind.RESOLVED
    status = "resolved" if is_over else "firing"
    labels, annotations = _labels(message), _annotations(message)
    page = next((link.url for link in message.links if link.name == "alert"), "")
    alert = _Alert(
        status=status,
        labels=labels,
        annotations=annotations,
        starts_at=message.opened_at,
        ends_at=message.at if is_over else NOT_ENDED,
        generator_url=page,
        fingerprint=message.fingerprint,
    )
    grouped = {name: labels[name] for name in GROUPED_BY}
    return msgspec.json.encode(
        _Body(
            version=VERSION,
            group_key=_group_key(grouped),
            truncated_alerts=0,
            status=status,
            receiver=RECEIVER,
            group_labels=grouped,
            common_labels=labels,
            common_annotations=annotations,
            external_url=page.partition("/alerts/")[0],
            alerts=[alert],
        )
    )


def _labels(message: Message) -> dict[str, str]:
    """Return the labels under names that Prometheus takes; what Tocsin sets wins over a job's own."""
    return {
        **{_name(name): value for name, value in message.labels},
        "alertname": message.condition,
        "job": message.job,
        "environment": message.environment,
        "severity": message.severity,
        "fingerprint": message.fingerprint,
    }


def _annotations(message: Message) -> dict[str, str]:
    runbook = next((link.url for link in message.links if link.name == "runbook"), "")
    drill = f"{wording.DRILL_NOTE}: " if message.is_drill else ""
    facts = (
        *((_name(name), value) for name, value in message.evidence),
        ("summary", f"{drill}{wording.subject(message)} {wording.title(message)}"),
        ("description", message.text),
        ("likely_cause", message.likely_cause),
        ("next_step", message.next_step),
        ("owner", message.owner),
        ("runbook_url", runbook),
        ("log", message.log_tail),
    )
    return {name: value for name, value in facts if value}


def _name(name: str) -> str:
    plain = _NO_NAME.sub("_", name)
    return f"_{plain}" if plain[:1].isdigit() or not plain else plain


def _group_key(labels: dict[str, str]) -> str:
    quoted = ", ".join(f"{name}={msgspec.json.encode(value).decode()}" for name, value in labels.items())
    return f"{{}}:{{{quoted}}}"
