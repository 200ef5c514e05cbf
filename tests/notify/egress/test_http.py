import socket

import pytest

from tests.contracts.receivers import HttpReceiver, request
from tests.contracts.situations import Situation
from tocsin.clock import monotonic
from tocsin.errors import ChannelError
from tocsin.notify.channel import Outcome, outcome_of
from tocsin.notify.egress import http
from tocsin.notify.egress.answer import Answer
from tocsin.notify.egress.endpoint import endpoint

SECRET = "B0SECRETSECRET"


class Scripted(HttpReceiver):
    """A web server that answers with these bytes, and then drips or ends."""

    def __init__(self, answer: bytes, *, drips: bool = False, reads: bool = True) -> None:
        super().__init__(Situation.ACCEPTS)
        self._answer = answer
        self._drips = drips
        self._reads = reads

    def talk(self, connection: socket.socket) -> None:
        """Say what was given."""
        if self._reads:
            self.received.append(request(connection))
        connection.sendall(self._answer)
        if not self._reads:
            connection.shutdown(
                socket.SHUT_WR
            )  # first its end, then the break: the sender finds a broken pipe
        if self._drips:
            self.drip(connection)


def post(receiver: HttpReceiver, body: bytes = b"{}", timeout_seconds: float = 30.0) -> Answer:
    where = endpoint(f"{receiver.url}/{SECRET}")
    return http.post(where, body, headers={}, timeout_seconds=timeout_seconds)


def test_an_answer_whose_body_never_ends_counts_by_its_status() -> None:
    with Scripted(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100000\r\n\r\n", drips=True) as receiver:
        began = monotonic()

        assert post(receiver, timeout_seconds=0.5).status == 202
        assert monotonic() - began < 5


def test_of_a_long_answer_only_the_start_is_read() -> None:
    body = b"x" * 10_000_000
    with Scripted(b"HTTP/1.1 500 Oops\r\n\r\n" + body) as receiver:
        assert len(post(receiver).body) == http.ANSWER_LIMIT


def test_an_answer_that_promises_more_than_it_holds_counts() -> None:
    with Scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort") as receiver:
        assert post(receiver).status == 200


def test_a_redirect_is_not_followed() -> None:
    with Scripted(b"HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n") as receiver:
        assert post(receiver).status == 307
        assert len(receiver.received) == 1


def test_a_receiver_that_hangs_up_without_reading_on_cannot_have_the_message() -> None:
    with (
        Scripted(b"", reads=False) as receiver,
        pytest.raises(ChannelError, match="not sent in full") as caught,
    ):
        post(receiver, b"x" * 50_000_000)

    assert outcome_of(caught.value) is Outcome.TRY_AGAIN


def test_a_receiver_that_answers_without_reading_on_is_heard() -> None:
    with Scripted(b"HTTP/1.1 413 Too Long\r\nContent-Length: 0\r\n\r\n", reads=False) as receiver:
        assert post(receiver, b"x" * 50_000_000).status == 413


def test_a_malformed_header_does_not_show_the_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with Scripted(b"HTTP/1.1 200 OK\r\nbroken header\r\nContent-Length: 0\r\n\r\n") as receiver:
        assert post(receiver).status == 200

    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "flood",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX-Y: " + b"z" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 " + b"2" * 1_000_000,
        b"\x16\x03\x01\x02\x00" * 100,
    ],
    ids=["headers", "header", "status", "noise"],
)
def test_an_answer_without_bounds_ends_the_wait(flood: bytes) -> None:
    with Scripted(flood) as receiver, pytest.raises(ChannelError) as caught:
        post(receiver)

    assert caught.value.outcome_unknown


def test_every_delivery_says_who_we_are_and_keeps_no_connection() -> None:
    with HttpReceiver(Situation.ACCEPTS) as receiver:
        post(receiver)

    headers = receiver.received[0].headers
    assert headers["user-agent"] == "Tocsin"
    assert headers["connection"] == "close"
    assert headers["accept-encoding"] == "identity"


def test_a_name_that_does_not_exist_is_said_so() -> None:
    with pytest.raises(ChannelError, match="the name of the host does not resolve") as caught:
        http.post(endpoint("http://no-such-host.invalid/x"), b"", headers={}, timeout_seconds=30.0)

    assert not caught.value.outcome_unknown
    assert not caught.value.permanent
