"""Notifications go where the configuration says, not where a name server leads them."""

import socket
from ipaddress import ip_network

import pytest

from tests.contracts.receivers import HttpReceiver, SmtpReceiver
from tests.contracts.situations import Situation
from tests.notify.messages import AT, a_message
from tocsin.errors import ChannelError
from tocsin.notify.channel import Outcome, outcome_of
from tocsin.notify.channels.email import EmailChannel
from tocsin.notify.channels.webhook import WebhookChannel
from tocsin.notify.egress.reach import OUTWARD, Reach, read_network


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("93.184.216.34", "hooks.example.com"),
        ("10.1.2.3", "chat.internal"),
        ("192.168.1.4", "192.168.1.4"),
        ("172.16.0.9", "hooks"),
        ("fd12::1", "chat.internal"),
        ("2606:2800:220:1::1", "hooks.example.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        ("::1", "localhost"),
        ("::1", "[::1]"),
        ("::1", "LOCALHOST."),
        ("::ffff:127.0.0.1", "127.0.0.1"),
    ],
)
def test_what_an_operator_may_mean_is_reached(address: str, host: str) -> None:
    assert OUTWARD.refusal(address, host) == ""


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1", "hooks.example.com"),
        ("127.8.8.8", "localhost.example.com"),
        ("127.8.9.1", "127.0.0.1.nip.example"),
        ("::1", "hooks.example.com"),
        ("::ffff:127.0.0.1", "hooks.example.com"),
        ("169.254.169.254", "hooks.example.com"),
        ("169.254.169.254", "169.254.169.254"),
        ("::ffff:169.254.169.254", "hooks.example.com"),
        ("64:ff9b::a9fe:a9fe", "hooks.example.com"),
        ("2002:a9fe:a9fe::1", "hooks.example.com"),
        ("fe80::1%eth0", "hooks.example.com"),
        ("fd00:ec2::254", "hooks.example.com"),
        ("100.100.100.200", "hooks.example.com"),
        ("168.63.129.16", "hooks.example.com"),
        ("0.0.0.0", "hooks.example.com"),  # noqa: S104 - nobody binds to it here
        ("::", "hooks.example.com"),
        ("224.0.0.1", "hooks.example.com"),
    ],
)
def test_where_nobody_means_to_go_is_refused(address: str, host: str) -> None:
    assert "it leads to " in OUTWARD.refusal(address, host)
    assert "delivery.allow_addresses" in OUTWARD.refusal(address, host)


def test_what_is_allowed_is_reached() -> None:
    reach = Reach(allowed=(ip_network("169.254.10.0/24"), ip_network("127.0.0.1/32")))

    assert reach.refusal("169.254.10.7", "hooks.example.com") == ""
    assert reach.refusal("::ffff:127.0.0.1", "hooks.example.com") == ""
    assert reach.refusal("169.254.169.254", "hooks.example.com") != ""


@pytest.mark.parametrize("text", ["169.254.10.1/24", "x", "", "10.0.0.0/33"])
def test_a_network_that_is_none_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="must be an address or a network"):
        read_network(text)


@pytest.fixture
def misled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that leads hooks.example.com to this machine."""
    real = socket.getaddrinfo

    def misleading(host: str, *more: object, **named: object) -> object:
        return real("127.0.0.1" if host == "hooks.example.com" else host, *more, **named)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(socket, "getaddrinfo", misleading)


def test_a_name_that_leads_to_this_machine_is_sent_nothing(misled: None) -> None:
    with HttpReceiver(Situation.ACCEPTS) as receiver:
        url = f"http://hooks.example.com:{receiver.port}/x"
        with pytest.raises(ChannelError, match=r"nothing was sent: it leads to 127\.0\.0\.1") as caught:
            WebhookChannel(url).send(a_message(), at=AT)

        assert outcome_of(caught.value) is Outcome.TRY_AGAIN
        assert receiver.received == []


def test_one_that_is_allowed_to_is_told(misled: None) -> None:
    reach = Reach(allowed=(ip_network("127.0.0.0/8"),))
    with HttpReceiver(Situation.ACCEPTS) as receiver:
        WebhookChannel(f"http://hooks.example.com:{receiver.port}/x", reach=reach).send(a_message(), at=AT)

        assert len(receiver.received) == 1


def test_a_mail_server_that_is_this_machine_by_another_name_is_sent_nothing(misled: None) -> None:
    with SmtpReceiver(Situation.ACCEPTS) as receiver:
        channel = EmailChannel(
            "hooks.example.com",
            receiver.port,
            "none",
            sender="tocsin@example.com",
            recipients=["maria@example.com"],
        )
        with pytest.raises(ChannelError, match=r"nothing was sent: it leads to 127\.0\.0\.1") as caught:
            channel.send(a_message(), at=AT)

        assert outcome_of(caught.value) is Outcome.TRY_AGAIN
        assert receiver.received == []
