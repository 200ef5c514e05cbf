import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime

import pytest

from tocsin import clock
from tocsin.client.http1 import Answer, NoAnswer, Target, parse_target, post

PATH = "/api/v1/check-ins"
Script = Callable[[socket.socket], None]


@contextmanager
def speaking(script: Script) -> Iterator[Target]:
    """Run a server that reads a request's head and then does what the script says."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            channel, _ = server.accept()
            with channel:
                seen = b""
                while b"\r\n\r\n" not in seen:
                    seen += channel.recv(65536)
                script(channel)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Target(tls=False, host="127.0.0.1", port=server.getsockname()[1], path=PATH)
        thread.join(10)
        assert not thread.is_alive()


def saying(answer: bytes) -> Script:
    return lambda channel: channel.sendall(answer)


def ask(script: Script, *, seconds: float = 5, body: bytes = b"[]", key: str = "") -> Answer | NoAnswer:
    with speaking(script) as target:
        return post(target, body, key=key, timeout_seconds=seconds)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nhello and more", 202, b"hello"),
        (b"HTTP/1.1 202\r\ncontent-length: 0\r\n\r\n", 202, b""),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, b"ok"),
        (
            b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n9;x\r\n123456789\r\n0\r\n\r\n",
            202,
            b"abc123456789",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Away\r\nContent-Length: 1\r\n\r\nx", 503, b"x"),
    ],
)
def test_every_form_of_an_answer_is_read(answer: bytes, status: int, body: bytes) -> None:
    found = ask(saying(answer))

    assert isinstance(found, Answer)
    assert (found.status, found.body) == (status, body)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 202 Accepted\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 202 " + b"x" * 100_000,
    ],
)
def test_what_is_no_answer_is_a_reason_and_raises_nothing(answer: bytes) -> None:
    found = ask(saying(answer))

    assert isinstance(found, NoAnswer)
    assert found.reason


def test_an_answer_without_end_is_cut_off() -> None:
    def endless(channel: socket.socket) -> None:
        channel.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                channel.sendall(b"x" * 65536)
        except OSError:
            return

    assert ask(endless) == NoAnswer("the answer is too large")


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\n"])
def test_a_server_that_drips_is_left_when_the_time_is_up(first: bytes) -> None:
    gone = threading.Event()

    def drip(channel: socket.socket) -> None:
        channel.sendall(first or b"H")
        while not gone.wait(0.02):
            try:
                channel.sendall(b"" if first else b"x")
            except OSError:
                return

    with speaking(drip) as target:
        began = clock.monotonic()
        found = post(target, b"[]", key="", timeout_seconds=0.3)
        took = clock.monotonic() - began
        gone.set()

    assert found == NoAnswer("no answer within 0.3 s")
    assert 0.25 < took < 1.5


def test_a_refused_connection_is_a_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    found = post(Target(tls=False, host="127.0.0.1", port=port, path=PATH), b"[]", key="", timeout_seconds=2)

    assert found == NoAnswer("Connection refused")


def test_a_name_that_does_not_resolve_is_a_reason() -> None:
    target = Target(tls=False, host="nowhere.invalid", port=80, path=PATH)

    assert isinstance(post(target, b"[]", key="", timeout_seconds=30), NoAnswer)


def test_what_a_server_says_before_it_hangs_up_on_the_body_is_heard() -> None:
    def impatient(channel: socket.socket) -> None:
        channel.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        channel.shutdown(socket.SHUT_WR)
        while channel.recv(1 << 20):
            pass

    found = ask(impatient, body=b"x" * 5_000_000)

    assert isinstance(found, Answer)
    assert found.status == 413


def test_a_server_that_resets_while_it_is_sent_to_is_told_apart() -> None:
    def reset(channel: socket.socket) -> None:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    found = ask(reset, body=b"x" * 20_000_000)

    assert isinstance(found, NoAnswer)
    assert found.while_sending


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0", 0.0), ("999999999", 3600.0), ("soon", None), ("", None), ("-5", None), ("²", None)],
)
def test_retry_after_is_read_and_bounded(value: str, seconds: float | None) -> None:
    answer = f"HTTP/1.1 503 Away\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n".encode()

    found = ask(saying(answer))

    assert isinstance(found, Answer)
    assert found.retry_after_seconds == seconds


def test_retry_after_may_be_a_date() -> None:
    date = format_datetime((clock.now() + timedelta(seconds=90)).replace(microsecond=0), usegmt=True)

    found = ask(saying(f"HTTP/1.1 429 Slow\r\nRetry-After: {date}\r\nContent-Length: 0\r\n\r\n".encode()))

    assert isinstance(found, Answer)
    assert found.retry_after_seconds is not None
    assert 80 < found.retry_after_seconds <= 90


def test_the_key_travels_in_a_header_and_cannot_smuggle_another() -> None:
    heads: list[bytes] = []

    def script(channel: socket.socket) -> None:
        channel.sendall(b"HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            channel, _ = server.accept()
            with channel:
                heads.append(channel.recv(65536))
                script(channel)

        thread = threading.Thread(target=serve)
        thread.start()
        target = Target(tls=False, host="127.0.0.1", port=server.getsockname()[1], path=PATH)
        post(target, b"[]", key="s3cret", timeout_seconds=5)
        thread.join()

    assert b"\r\nAuthorization: Bearer s3cret\r\n" in heads[0]
    assert heads[0].startswith(b"POST /api/v1/check-ins HTTP/1.1\r\n")
    for key in ("a\r\nX: y", "schlüssel"):
        found = post(target, b"[]", key=key, timeout_seconds=5)
        assert found == NoAnswer("the key holds characters that no header can carry")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:8465", Target(tls=False, host="127.0.0.1", port=8465, path=PATH)),
        ("http://tocsin", Target(tls=False, host="tocsin", port=80, path=PATH)),
        ("HTTPS://watch.example.com/", Target(tls=True, host="watch.example.com", port=443, path=PATH)),
        ("https://example.com/tocsin", Target(tls=True, host="example.com", port=443, path="/tocsin" + PATH)),
        ("http://[::1]:8465", Target(tls=False, host="::1", port=8465, path=PATH)),
        ("http://[::1]", Target(tls=False, host="::1", port=80, path=PATH)),
    ],
)
def test_a_url_says_where_to_post(url: str, target: Target) -> None:
    assert parse_target(url, PATH) == target


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8465",
        "ftp://example.com",
        "http://",
        "http://host:port",
        "http://host:0",
        "http://host:65536",
        "http://user:secret@host",
        "http://host?x=1",
        "http://host/#x",
        "http://ho st",
        "http://host/\r\nX: y",
    ],
)
def test_a_url_that_cannot_be_used_is_told_and_never_raised(url: str) -> None:
    found = parse_target(url, PATH)

    assert isinstance(found, str)
    assert "secret" not in found


def test_the_host_header_names_the_port_where_it_is_not_the_usual_one() -> None:
    hosts = [
        Target(tls=False, host="a", port=80, path="/"),
        Target(tls=True, host="a", port=443, path="/"),
        Target(tls=True, host="::1", port=8465, path="/"),
    ]

    assert [target.host_header for target in hosts] == ["a", "a", "[::1]:8465"]
