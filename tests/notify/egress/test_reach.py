import socket
from collections.abc import Callable

import pytest

from tests.contracts.receivers import HttpReceiver, Receiver, SmtpReceiver
from tests.contracts.situations import Situation
from tests.notify.messages import AT, a_message
from tocsin.errors import ChannelError
from tocsin.notify.channel import Channel, Outcome, outcome_of
from tocsin.notify.channels.email import EmailChannel
from tocsin.notify.channels.slack import SlackChannel
from tocsin.notify.egress.reach import Reach, reach


@pytest.mark.parametrize(
    ("address", "written", "expected"),
    [
        ("203.0.113.7", "hooks.example.com", Reach.ALLOWED),
        ("10.1.2.3", "mail.internal", Reach.ALLOWED),
        ("fd12::7", "mail.internal", Reach.ALLOWED),
        ("127.0.0.1", "127.0.0.1", Reach.ALLOWED),
        ("127.0.0.1", "localhost", Reach.ALLOWED),
        ("::1", "[::1]", Reach.ALLOWED),
        ("::1", "LOCALHOST.", Reach.ALLOWED),
        ("127.0.0.1", "hooks.example.com", Reach.OURSELVES),
        ("127.8.9.1", "127.0.0.1.nip.example", Reach.OURSELVES),
        ("::1", "hooks.example.com", Reach.OURSELVES),
        ("::ffff:127.0.0.1", "hooks.example.com", Reach.OURSELVES),
        ("0.0.0.0", "hooks.example.com", Reach.OURSELVES),  # noqa: S104 - an address to be refused
        ("169.254.169.254", "hooks.example.com", Reach.METADATA),
        ("169.254.169.254", "169.254.169.254", Reach.METADATA),
        ("::ffff:169.254.169.254", "hooks.example.com", Reach.METADATA),
        ("fe80::1%eth0", "hooks.example.com", Reach.METADATA),
        ("fd00:ec2::254", "hooks.example.com", Reach.METADATA),
        ("100.100.100.200", "hooks.example.com", Reach.METADATA),
    ],
)
def test_it_is_asked_of_the_address_that_answers(address: str, written: str, expected: Reach) -> None:
    assert reach(address, written) is expected


def over_http(port: int) -> Channel:
    return SlackChannel(f"http://turned.example:{port}/services/x")


def over_smtp(port: int) -> Channel:
    return EmailChannel("turned.example", port, "none", sender="a@example.com", recipients=["b@example.com"])


@pytest.mark.parametrize(
    ("make", "build"), [(HttpReceiver, over_http), (SmtpReceiver, over_smtp)], ids=["http", "smtp"]
)
def test_a_name_that_is_turned_to_this_machine_is_told_nothing(
    make: type[Receiver],
    build: Callable[[int], Channel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with make(Situation.ACCEPTS) as receiver:
        answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
        with pytest.raises(ChannelError, match="leads to this machine itself") as caught:
            build(receiver.port).send(a_message(), at=AT)
        monkeypatch.undo()

    assert outcome_of(caught.value) is Outcome.TRY_AGAIN
    assert receiver.received == []
