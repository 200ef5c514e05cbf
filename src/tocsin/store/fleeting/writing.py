"""The tables in memory as one writing session."""

from collections.abc import Iterable
from datetime import datetime

from tocsin.alerts.alert import Entry
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import JobKey
from tocsin.jobs.occurrence import Occurrence
from tocsin.store.fleeting.alerts import FleetingAlerts
from tocsin.store.fleeting.jobs import FleetingJobs
from tocsin.store.relations import key_of_ends
from tocsin.store.rows import Notification, SetAside


class FleetingWriting(FleetingJobs, FleetingAlerts):
    """What of `tocsin.store.base.Writing` is asked while history is decided anew, and nothing else.

    What was said of alerts stands in `entries`, what was owed to whom in `notifications`; whoever reads
    them empties them. The log and decided occurrences are not kept.
    """

    def __init__(self) -> None:
        FleetingJobs.__init__(self)
        FleetingAlerts.__init__(self)
        self.entries: list[Entry] = []
        self.notifications: list[Notification] = []

    def append(self, rows: Iterable[tuple[int, CheckIn]]) -> None:
        """Keep no check-ins: they are there already."""

    def save_occurrences(self, rows: Iterable[tuple[int, Occurrence]]) -> None:
        """Keep no decided occurrences."""

    def wake_needing(self, jobs: Iterable[JobKey]) -> int:
        """Note that the jobs that need these want to be looked at; return how many of these are needed."""
        needed = [key_of_ends(key) for key in jobs if self._needing.get(key)]
        self._wakes.update(dict.fromkeys(needed, ""))
        return len(needed)

    def record(self, entries: Iterable[Entry]) -> None:
        """Add lines to the alerts' histories."""
        self.entries += entries

    def enqueue(self, notifications: Iterable[Notification]) -> None:
        """Add what is owed; it counts as told at once."""
        self.notifications += notifications

    def cancel(self, alert_id: str, kinds: Iterable[str], now: datetime) -> int:  # noqa: ARG002 -- as those that have any
        """Cancel nothing: all that was owed has been told."""
        return 0

    def save_set_aside(self, item: SetAside) -> None:
        """Keep nothing: who replays takes what raised from the draft."""

    def save_unknown(self, window: int, job_id: int, what: str, at: datetime) -> None:
        """Keep nothing: a replay is never blind."""

    def clear_unknown(self, job_id: int, at: datetime) -> tuple[int, ...]:  # noqa: ARG002 -- as those that keep any
        """Return nothing."""
        return ()

    @property
    def has_wakes(self) -> bool:
        """Whether the targets of any key want to be looked at."""
        return bool(self._wakes)
