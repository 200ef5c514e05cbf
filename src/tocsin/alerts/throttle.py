"""A job that raises too many alerts is quiet for a while, but for what is critical (A12). Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.alerts.alert import Alert
from tocsin.rules.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """After `limit` notifications of a job in `window` what is not critical waits for `cool_down_for`."""

    window: timedelta = timedelta(minutes=15)
    limit: int = 10
    cool_down_for: timedelta = timedelta(minutes=30)

    @property
    def memory(self) -> timedelta:
        """How long it matters what was told."""
        return self.window + self.cool_down_for


def throttled_until(alerts: Sequence[Alert], throttle: Throttle | None, now: datetime) -> datetime | None:
    """Return when a job with these alerts may be told of again without limit, or None where it may now.

    `alerts` are all of the job's that were open within the memory of the throttle. It needs no state of its
    own: it is counted anew from what was told, so that nothing can be out of step with the ledger.
    """
    if throttle is None or sum(len(alert.told.at) for alert in alerts) < throttle.limit:
        return None
    until = _cools_until(_told_at(alerts), throttle)
    return until if until is not None and until > now else None


def is_throttled(severity: Severity) -> bool:
    """Whether an alert this severe waits while its job is throttled; a page never does."""
    return severity < Severity.CRITICAL


def _told_at(alerts: Iterable[Alert]) -> list[datetime]:
    """Return when anything was told of a job; alerts of one fingerprint know of each other's."""
    by_print: dict[str, Counter[datetime]] = {}
    for alert in alerts:
        by_print[alert.fingerprint] = by_print.get(alert.fingerprint, Counter()) | Counter(alert.told.at)
    return sorted(at for found in by_print.values() for at in found.elements())


def _cools_until(told_at: Sequence[datetime], throttle: Throttle) -> datetime | None:
    spans = zip(told_at, told_at[throttle.limit - 1 :], strict=False)
    ends = [last + throttle.cool_down_for for first, last in spans if last - first < throttle.window]
    return max(ends, default=None)
