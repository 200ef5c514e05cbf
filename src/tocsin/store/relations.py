"""What every writing session knows of what ties jobs and alerts to each other."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from tocsin.alerts.inhibition import Bond, Side
from tocsin.jobs.job import JobKey
from tocsin.store.rows import Watch

_ENDS = "ends"


def key_of_ends(job: JobKey) -> str:
    """Return the key by which those are woken who wait for a job's end."""
    return "\x1f".join((_ENDS, *job))


def job_of_ends(key: str) -> JobKey | None:
    """Return the job of a key by which those are woken who wait for its end; None for any other key."""
    word, *rest = key.split("\x1f", 2)
    return JobKey(*rest) if word == _ENDS and len(rest) == len(JobKey._fields) else None


class Relations(Protocol):
    """Which job needs which, which alert mutes which, and which are of the same error."""

    def peek(self, key: JobKey) -> Watch | None:
        """Return the watch of a job as it was last kept, not locked and not to be saved."""
        ...

    def needing(self, key: JobKey, limit: int) -> list[Watch]:
        """Return the watches of jobs that need this one, not locked and not to be saved."""
        ...

    def has_needs(self) -> bool:
        """Whether any job needs another."""
        ...

    def alike(
        self, error_id: str, environment: str, *, over_since: datetime, limit: int
    ) -> list[tuple[int, str]]:
        """Return the jobs of alerts of this error that are open or over since, by number and name.

        A job of which several are is there as often.
        """
        ...

    def bind(self, alert_ids: Iterable[str], bonds: Iterable[Bond]) -> None:
        """Let these be the bonds of these alerts, in place of all that they had."""

    def bonds(self, key: str, side: Side, *, after: str, limit: int) -> list[Bond]:
        """Return who is on a side of a key, in the order of the alerts' ids, from behind `after`."""
        ...

    def wake(self, keys: Iterable[str]) -> int:
        """Note that the targets of these keys want to be looked at; return how many keys have any."""
        ...

    def wake_needing(self, jobs: Iterable[JobKey]) -> int:
        """Note that the jobs that need these want to be looked at; return how many of these are needed.

        They wait among the other keys, each under its `key_of_ends`.
        """
        ...

    def wakes(self, limit: int) -> list[tuple[str, str]]:
        """Return keys whose targets want to be looked at, each with the alert from behind which."""
        ...

    def wake_on(self, key: str, after: str, then: str | None) -> None:
        """Go on with a key from behind `then`, or be done with it, unless it was begun anew meanwhile."""
