"""The server's own loop: it sleeps while nobody asks, and stops at once when it is told to."""

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from tocsin.web import listener
from tocsin.web.listener import Listener

PATIENCE_SECONDS = 20.0
NEVER_SECONDS = 3_600.0


class Counted(Listener):
    """A listener that counts how often it woke, and says when it sleeps."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.woken: list[bytes] = []
        self.has_slept = threading.Event()

    async def on_tick(self, counter: int) -> bool:
        is_over = await super().on_tick(counter)
        self.woken.append(dict(self.server_state.default_headers)[b"date"])
        if len(self.woken) > 2:
            self.has_slept.set()
        return is_over


async def _nothing(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 -- any ASGI message
    """Answer nobody."""


@pytest.fixture
def counted() -> Iterator[Counted]:
    made = Counted(uvicorn.Config(_nothing, port=0, lifespan="off", log_config=None))
    yield made
    made.handle_exit(signal.SIGINT, None)


def started(server: Listener) -> threading.Thread:
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    return thread


def test_a_server_that_is_told_to_stop_does_not_sleep_on(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "DATE_SECONDS", NEVER_SECONDS)
    thread = started(counted)
    asleep = threading.Event()
    while not counted.woken and thread.is_alive():
        asleep.wait(0.001)
    counted.handle_exit(signal.SIGTERM, None)
    thread.join(PATIENCE_SECONDS)

    assert not thread.is_alive()
    assert len(counted.woken) == 2  # when it began and when it was told: nothing in between


def test_a_signal_that_comes_before_the_server_listens_is_not_lost(counted: Counted) -> None:
    counted.handle_exit(signal.SIGTERM, None)
    thread = started(counted)
    thread.join(PATIENCE_SECONDS)

    assert not thread.is_alive()


def test_the_date_of_answers_goes_on(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "DATE_SECONDS", 0.6)
    thread = started(counted)
    assert counted.has_slept.wait(PATIENCE_SECONDS)
    counted.handle_exit(signal.SIGTERM, None)
    thread.join(PATIENCE_SECONDS)

    assert len(set(counted.woken[:3])) > 1
