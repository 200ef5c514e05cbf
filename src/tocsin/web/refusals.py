"""Check-ins and pings that were refused: counted, said in the log, and shown while it goes on.

A job whose key was revoked, or whose name is mistyped, is not watched any more, and often nobody reads what
it is answered. How it is told never changes the status of the server: strangers could do so at will.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from tocsin.clock import Clock
from tocsin.notify import inert
from tocsin.telemetry.metrics import Metrics

SHOWN_FOR: Final = timedelta(days=1)
"""A job that runs once a day is refused once a day."""
LOGGED_EVERY: Final = timedelta(minutes=1)
KEY_SHOWN: Final = 4
LEAST_KEY: Final = 16

_log = logging.getLogger("tocsin.web")


class Refused(StrEnum):
    """Why a check-in or a ping was not taken."""

    UNKNOWN_KEY = "unknown_key"
    NO_KEY = "no_key"
    UNKNOWN_JOB = "unknown_job"
    INVALID = "invalid"


_WHY: Final[Mapping[Refused, str]] = {
    Refused.UNKNOWN_KEY: "for a key that is not known; give the jobs one that is (TOCSIN_KEY)",
    Refused.NO_KEY: "for want of a key; give the jobs one (TOCSIN_KEY)",
    Refused.UNKNOWN_JOB: "for a name that no job has; correct it, or add create=1 to the address",
    Refused.INVALID: "for what cannot be read; the answer to each says what is wrong",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is known of one reason: how many since the first, and of the last one when and what."""

    count: int
    since_at: datetime
    at: datetime
    last: str


class Refusals:
    """Remembers what was refused, by reason; any thread may say and ask."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Refused, _Kept] = {}
        self._logged_at: datetime | None = None

    def note(self, why: Refused, last: str, *, count: int = 1) -> None:
        """Remember that so many were refused; `last` says what is known of the last one."""
        now, last = self._clock.now(), inert.line(last, 200)
        self._metrics.refused(why.value, count)
        with self._lock:
            before = self._kept.get(why)
            is_new = before is None or not timedelta() <= now - before.at < SHOWN_FOR
            since_at, earlier = (now, 0) if before is None or is_new else (before.since_at, before.count)
            self._kept[why] = _Kept(count=earlier + count, since_at=since_at, at=now, last=last)
            is_due = self._logged_at is None or not timedelta() <= now - self._logged_at < LOGGED_EVERY
            if is_due:
                self._logged_at = now
        if is_due:
            _log.warning("check-ins are refused %s; the last: %s", _WHY[why], last)

    def problems(self) -> list[str]:
        """Return a sentence for each reason of the last day."""
        now = self._clock.now()
        with self._lock:
            kept = sorted(self._kept.items())
        return [_sentence(why, one) for why, one in kept if timedelta() <= now - one.at < SHOWN_FOR]


def _sentence(why: Refused, one: _Kept) -> str:
    count = "1 check-in was" if one.count == 1 else f"{one.count} check-ins were"
    since, at = (f"{when:%Y-%m-%d %H:%M} UTC" for when in (one.since_at, one.at))
    return f"{count} refused since {since} {_WHY[why]}. The last at {at}: {one.last}."


def masked(secret: bytes) -> str:
    """Return how a key that is not known can be told from others, without showing it."""
    text = secret.decode("latin-1")
    return f"key …{text[-KEY_SHOWN:]}" if len(text) >= LEAST_KEY else "a short key"
