import socket
from collections.abc import Iterator

import pytest

from tocsin.notify.egress.deadline import Deadline

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@pytest.fixture
def late_pair() -> Iterator[Pair]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def test_a_read_that_would_wait_for_ever_ends_at_the_deadline(pair: Pair) -> None:
    with Deadline(0.05) as deadline:
        deadline.watch(pair[0])

        assert not deadline.over
        assert pair[0].recv(1) == b""
        assert deadline.over


def test_a_connection_that_comes_about_after_the_deadline_ends_at_once(pair: Pair, late_pair: Pair) -> None:
    with Deadline(0.05) as deadline:
        deadline.watch(pair[0])
        pair[0].recv(1)
        deadline.watch(late_pair[0])

        assert late_pair[0].recv(1) == b""


def test_a_connection_outlives_a_deadline_that_was_left_in_time(pair: Pair) -> None:
    with Deadline(3600) as deadline:
        deadline.watch(pair[0])
    pair[1].sendall(b"x")

    assert pair[0].recv(1) == b"x"
    assert not deadline.over
