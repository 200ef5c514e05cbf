"""What a look at one job asks of the others: what mutes its alerts, and whom they put at risk."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Entry
from tocsin.jobs.job import Job
from tocsin.rules.facts import Awaited, Trouble
from tocsin.store.rows import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A change of an alert among the alerts of other jobs; `entries` is what its history says of that."""

    change: Change
    entries: tuple[Entry, ...] = ()
    ask_again_at: datetime | None = None


class Neighbours(Protocol):
    """The other jobs and their alerts, as one transaction sees them."""

    def place(self, change: Change, job: Job, now: datetime) -> Placed:
        """Return the change of an alert of a job with what other alerts make of it."""
        ...

    def awaited(self, watch: Watch) -> tuple[Awaited, ...]:
        """Return the ends of other jobs that a job waits for, where its own end depends on them."""
        ...

    def troubles(self, job: Job) -> tuple[Trouble, ...]:
        """Return what is late or failed of what a job needs."""
        ...


class Nobody:
    """A job that is alone."""

    def place(self, change: Change, job: Job, now: datetime) -> Placed:  # noqa: ARG002 -- as those who are not
        """Return the change as it is."""
        return Placed(change=change)

    def awaited(self, watch: Watch) -> tuple[Awaited, ...]:  # noqa: ARG002 -- the same
        """Return nothing."""
        return ()

    def troubles(self, job: Job) -> tuple[Trouble, ...]:  # noqa: ARG002 -- the same
        """Return nothing."""
        return ()


ALONE = Nobody()
