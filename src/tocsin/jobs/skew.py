"""When something happened by our clock, told by a host whose clock may be wrong (F5)."""

from datetime import datetime, timedelta
from typing import Final

# Below this a difference is the way through the network, not a wrong clock.
TOLERATED: Final = timedelta(seconds=2)


def corrected(at: datetime, *, sent_at: datetime | None, received_at: datetime) -> datetime:
    """Return the instant at which something happened, by the clock of whoever received the news.

    `at` and `sent_at` are the sender's: what it read when it happened, and when it sent the news. Where
    the latter and `received_at` differ by more than TOLERATED, `at` is shifted by that difference. Nothing
    has happened after it was received. OverflowError where the shift leaves the years 1 to 9999.
    """
    if sent_at is not None:
        skew = received_at - sent_at
        if abs(skew) > TOLERATED:
            at += skew
    return min(at, received_at)
