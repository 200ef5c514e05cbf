"""What a reading session of every store answers to an audit; part of what `tocsin.store.base` promises."""

from datetime import datetime
from typing import Protocol

from tocsin.alerts.group import Group
from tocsin.store.rows import FiringAlert, Lying

Place = tuple[int, int, str]


class Audits(Protocol):
    """Rows that lie where they should have moved; every answer is bounded and found by an index."""

    def lying_jobs(self, before: datetime, limit: int) -> list[Lying]:
        """Return the jobs that have been due since before then, the longest due first."""
        ...

    def lying_groups(self, before: datetime, limit: int) -> list[Lying]:
        """Return the groups of alerts that have been due since before then, the longest due first."""
        ...

    def lying_aside(self, until: datetime, now: datetime, limit: int) -> list[Lying]:
        """Return what is set aside now, or was until then: what raises again when tried is never missing."""
        ...

    def open_groups(self, after: str, limit: int) -> list[Group]:
        """Return groups that are not closed, in the order of their keys, from behind `after`."""
        ...

    def unclaimed(self, before: datetime, now: datetime) -> list[Lying]:
        """Return what has been ready to be sent since before then, to targets that nobody sends to now."""
        ...

    def unclaimable(self, before: datetime, limit: int) -> list[Lying]:
        """Return what was made before then, is unfinished, and can never be taken for sending any more."""
        ...

    def without_fallback(self, before: datetime, limit: int) -> list[Lying]:
        """Return what was made before then, is unfinished, and for which nothing stands in."""
        ...

    def unfinished(self, before: datetime, limit: int) -> list[Lying]:
        """Return what was made before then and is unfinished."""
        ...

    def firing(self, after: Place, limit: int) -> list[FiringAlert]:
        """Return firing alerts in a fixed order, from behind `after`."""
        ...

    def firing_one(self, alert_id: str) -> FiringAlert | None:
        """Return one alert in the same way, or None where it does not fire any more."""
        ...

    def lived_at(self, server: str) -> datetime | None:
        """Return when a server gave its last sign of life, by its own clock."""
        ...
