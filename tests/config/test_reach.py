"""What the file allows notifications to reach is what every kind of channel reaches."""

from contextlib import suppress

import pytest

from tests.config.conftest import ELSEWHERE, Load
from tests.contracts.receivers import HttpReceiver, Receiver, SmtpReceiver
from tests.contracts.situations import Situation
from tests.notify.messages import AT, a_message
from tocsin.errors import ChannelError

SID = "AC" + "0123456789abcdef" * 2
TWILIO = f"account_sid: {SID}, auth_token: 0123456789abcdef, from: '+14155550100', to: '+4915112345678'"
WAYS = [
    ("webhook", "url: 'http://{host}:{port}/x'"),
    ("slack", "url: 'http://{host}:{port}/x'"),
    ("slack", "token: xoxb-0123456789, channel: C0123456789, api_url: 'http://{host}:{port}/api'"),
    ("teams", "url: 'http://{host}:{port}/x'"),
    ("pagerduty", "routing_key: '0123456789abcdef0123456789abcdef', url: 'http://{host}:{port}/v2/enqueue'"),
    ("sms", TWILIO + ", url: 'http://{host}:{port}'"),
    ("phone", TWILIO + ", url: 'http://{host}:{port}'"),
    ("email", "host: {host}, port: {port}, tls: none, from: a@example.com, to: b@example.com"),
]


def told(load: Load, kind: str, way: str, text: str) -> int:
    """Send through the channel that a file describes, and return how much has arrived."""
    receiver: Receiver = (SmtpReceiver if kind == "email" else HttpReceiver)(Situation.ACCEPTS)
    with receiver:
        way = way.format(host=ELSEWHERE, port=receiver.port)
        loaded = load(f"{text}\nreceivers:\n  - {{name: on-call, {kind}: {{{way}}}}}\n")
        with suppress(ChannelError):
            loaded.channels[f"on-call/{kind}"].send(a_message(), at=AT)
        return len(receiver.received)


@pytest.mark.parametrize(("kind", "way"), WAYS)
def test_a_name_that_leads_to_this_machine_is_told_only_where_that_is_allowed(
    misled: None, load: Load, kind: str, way: str
) -> None:
    assert told(load, kind, way, "retention: {days: 30}") == 0
    assert told(load, kind, way, "delivery: {allow_addresses: 127.0.0.0/8}") == 1
