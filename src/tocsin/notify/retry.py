"""When to try again to deliver; whether to try again at all is the caller's decision."""

from datetime import timedelta
from typing import Final

BACKOFF_SECONDS: Final = (1, 2, 5, 10, 30, 60)
THEN_SECONDS: Final = 300
JITTER_SHARE: Final = 0.2

WAIT_LIMIT: Final = timedelta(hours=1)
"""The longest wait that a receiver may ask for."""


def next_try(attempts: int, *, retry_after: timedelta | None, jitter: float) -> timedelta:
    """Return how long to wait after the try number `attempts` (from 1) has failed.

    1, 2, 5, 10, 30, 60 s, then 5 min each, 20 % more or less by `jitter` in [0, 1), so that a hundred
    messages that failed together do not come back together. The receiver's own `retry_after` holds if it is
    longer.
    """
    seconds = BACKOFF_SECONDS[attempts - 1] if attempts <= len(BACKOFF_SECONDS) else THEN_SECONDS
    backoff = timedelta(seconds=seconds * (1 - JITTER_SHARE + 2 * JITTER_SHARE * jitter))
    return backoff if retry_after is None else max(backoff, min(retry_after, WAIT_LIMIT))
