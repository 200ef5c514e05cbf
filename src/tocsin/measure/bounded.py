"""A statement that takes too long is stopped."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

TIMEOUT_SECONDS: Final = 600.0


@contextmanager
def stopped_after(seconds: float, stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop`, from another thread, unless what is done within ends before."""
    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def took_too_long(seconds: float) -> str:
    """Return why a statement gave nothing."""
    return f"it took longer than {seconds:g} s and was stopped"
