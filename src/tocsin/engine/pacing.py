"""How many notifications may go to one target in a time, and when the next one may.

A limit keeps a telephone usable and a chat from cutting us off; nothing is dropped by it, only sent later.
The first word that something must wake somebody does not wait: a page that fires or gets louder, and whatever
is escalated, passes, up to three times the limit.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from tocsin.notify.message import MessageKind
from tocsin.rules.finding import Severity
from tocsin.store.rows import Notification

URGENT_SHARE: Final = 3
MAX_HELD: Final = 10_000
MAX_PLACES: Final = 500

_URGENT: Final = frozenset({MessageKind.FIRING.value, MessageKind.LOUDER.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `count` notifications to one target within any `every`."""

    count: int
    every: timedelta

    def __str__(self) -> str:
        return f"{self.count} in {self.every}"


def _limit(count: int, **every: int) -> Limit:
    return Limit(count=count, every=timedelta(**every))


DEFAULT_LIMITS: Final[Mapping[str, tuple[Limit, ...]]] = MappingProxyType(
    {
        "sms": (_limit(5, minutes=15), _limit(11, hours=1), _limit(21, hours=3)),
        "phone": (_limit(3, minutes=15), _limit(7, hours=1), _limit(15, hours=3)),
        "slack": (_limit(5, seconds=5),),
        "teams": (_limit(4, seconds=1),),
        "pagerduty": (_limit(120, minutes=1),),
        "email": (_limit(60, minutes=1),),
        "apprise": (_limit(60, minutes=1),),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """It may be sent now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """It may be sent at `until_at`, because `limit` is used up until then."""

    until_at: datetime
    limit: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    until_at: datetime
    severity: int


class Pace:
    """What has gone to one target, and what waits for its turn there; kept in memory, by one thread.

    A restart forgets what has gone, and each server counts by itself; what waits keeps its due time in the
    outbox.
    """

    def __init__(self, limits: tuple[Limit, ...]) -> None:
        self.limits = limits
        most = max((limit.count for limit in limits), default=0)
        self._gone: deque[datetime] = deque(maxlen=most * URGENT_SHARE)
        self._held: dict[str, _Held] = {}

    def ask(self, owed: Notification, now: datetime) -> Go | Wait:
        """Return whether this notification may go now; if so it counts as gone, else as waiting its turn."""
        self._held.pop(owed.key, None)
        wait = self._wait(owed, now)
        if wait is None:
            self._gone.append(now)
            return Go()
        if len(self._held) < MAX_HELD:
            self._held[owed.key] = _Held(until_at=wait.until_at, severity=owed.severity)
        return wait

    def _wait(self, owed: Notification, now: datetime) -> Wait | None:
        share = URGENT_SHARE if is_urgent(owed) else 1
        gone = list(self._gone)
        free = _next_free(gone, self.limits, now, share)
        if free is None or is_urgent(owed):
            return free
        for _ in range(self._before(owed, now)):
            gone.append(free.until_at)
            free = _next_free(gone, self.limits, free.until_at, share) or free
        return free

    def _before(self, owed: Notification, now: datetime) -> int:
        """Return how many wait for their turn that this one does not pass; each costs a step, so not all."""
        self._held = {key: held for key, held in self._held.items() if held.until_at > now}
        return min(sum(held.severity >= owed.severity for held in self._held.values()), MAX_PLACES)


def is_urgent(owed: Notification) -> bool:
    """Whether a notification is the first word that somebody must be woken, or that others did not wake."""
    first = owed.severity >= Severity.PAGE and owed.kind in _URGENT
    return first or owed.kind == MessageKind.ESCALATED.value


def _next_free(gone: list[datetime], limits: tuple[Limit, ...], now: datetime, share: int) -> Wait | None:
    """Return until when a limit holds back the next one, None if none does."""
    waits = [
        Wait(until_at=gone[-limit.count * share] + limit.every, limit=limit)
        for limit in limits
        if len(gone) >= limit.count * share and gone[-limit.count * share] + limit.every > now
    ]
    return max(waits, key=lambda wait: wait.until_at, default=None)
