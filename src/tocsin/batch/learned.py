"""What one run learns of a sink for the next: kept as a value that every later version can read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from tocsin.batch.rate import LearnedRate

FRESH_FOR: Final = timedelta(days=1)
KNOWN_FOR: Final = timedelta(days=30)
_DISTRUST: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """At which point a sink worked well at an instant; None: not known.

    Rates are requests a second. `ceiling_bytes` is the smallest request that was too large, `records` and
    `bytes` the size that batches had, `concurrency` how many requests were in flight. New fields come last
    and have a default; none is ever taken away.
    """

    at: datetime
    rate_low: float | None = None
    rate_high: float | None = None
    rate_best: float | None = None
    ceiling_bytes: int | None = None
    records: int | None = None
    concurrency: int | None = None
    bytes: int | None = None

    @property
    def rate(self) -> LearnedRate:
        """Return what is known of the rate."""
        return LearnedRate(low=self.rate_low, high=self.rate_high, best=self.rate_best)


def written(learned: Learned) -> bytes:
    """Return a value to keep."""
    return msgspec.json.encode(learned)


def read(kept: bytes | None, now: datetime) -> Learned | None:
    """Return what was kept, as far as it is to be believed now; None: nothing.

    For a day it is believed. Then a rate is tried at nine tenths, and what once was too much may be tried
    again; after thirty days nothing is believed. What cannot be read is as good as nothing.
    """
    if kept is None:
        return None
    try:
        found = msgspec.json.decode(kept, type=Learned)
    except (msgspec.MsgspecError, ValueError):
        return None
    if found.at.tzinfo is None or not _makes_sense(found):
        return None
    age = now - found.at
    if age > KNOWN_FOR:
        return None
    if age <= FRESH_FOR:
        return found
    low = None if found.rate_low is None else found.rate_low * _DISTRUST
    return Learned(
        at=found.at,
        rate_low=low,
        rate_best=found.rate_best,
        records=found.records,
        concurrency=found.concurrency,
        bytes=found.bytes,
    )


def _makes_sense(learned: Learned) -> bool:
    numbers = (
        learned.rate_low,
        learned.rate_high,
        learned.rate_best,
        learned.ceiling_bytes,
        learned.records,
        learned.concurrency,
        learned.bytes,
    )
    return all(one is None or one > 0 for one in numbers)
