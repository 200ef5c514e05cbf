"""A digest: once a day, in one letter, what was wrong since the one before, the worst first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from tocsin.alerts.alert import Alert
from tocsin.jobs.walltime import instant_of, local_date
from tocsin.rules.finding import Severity

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPlan:
    """Who is told by digest: the target and its receiver, and the local time of day at which it is due."""

    target: str
    receiver: str
    at: time
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What there is to tell of the time between two instants.

    `alerts` are those that were open at any moment of it: open ones first, then the worst, then the oldest.
    `is_whole` says that there are no more than these; `counts` has the number of each severity, the worst
    first.
    """

    since_at: datetime
    until_at: datetime
    alerts: tuple[Alert, ...]
    counts: tuple[tuple[Severity, int], ...]
    open_count: int
    is_whole: bool = True


def next_digest_at(plan: DigestPlan, after: datetime) -> datetime:
    """Return the first instant later than `after` at which a clock there shows the time of the digest."""
    day = local_date(after, plan.timezone)
    found = instant_of(day, plan.at, plan.timezone)
    return found if found > after else instant_of(day + ONE_DAY, plan.at, plan.timezone)


def digest_of(alerts: Sequence[Alert], since_at: datetime, until_at: datetime, *, is_whole: bool) -> Digest:
    """Return what these alerts make together."""
    ordered = sorted(alerts, key=lambda one: (not one.is_open, -one.severity, one.opened_at, one.id))
    counts = Counter(alert.severity for alert in alerts)
    return Digest(
        since_at=since_at,
        until_at=until_at,
        alerts=tuple(ordered),
        counts=tuple(sorted(counts.items(), reverse=True)),
        open_count=sum(alert.is_open for alert in alerts),
        is_whole=is_whole,
    )
