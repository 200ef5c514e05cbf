"""The jobs under which Tocsin keeps what it has to do at certain hours: rows with an instant, as all are."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import SYSTEM_JOB
from tocsin.jobs.job import Job, JobKey
from tocsin.oncall.schedule import HandOverTo
from tocsin.store.base import Writing
from tocsin.store.rows import Watch

DRILLS: Final = JobKey(SYSTEM_JOB.environment, "drill")
HAND_OVERS: Final = JobKey(SYSTEM_JOB.environment, "hand-over")
OWN_JOBS: Final = (SYSTEM_JOB, DRILLS, HAND_OVERS)


def own_watch(writing: Writing, key: JobKey, now: datetime) -> Watch:
    """Return the locked watch of one of our own jobs, which is made if it is not there."""
    found = writing.watches([key]).get(key)
    if found is not None:
        return found
    job = Job(name=key.name, environment=key.environment, registered_at=now)
    return writing.register([job])[key]


def wake_own_jobs(writing: Writing, configuration: Configuration, now: datetime) -> None:
    """Have our own jobs looked at under another configuration, also what is no longer in it."""
    if configuration.drills:
        own_watch(writing, DRILLS, now)
    if any(one.hand_over_to is not HandOverTo.NOBODY for one in configuration.on_call_schedules.values()):
        own_watch(writing, HAND_OVERS, now)
    wake(writing, (DRILLS, HAND_OVERS), now)


def wake(writing: Writing, keys: Iterable[JobKey], now: datetime) -> None:
    """Have those of our own jobs looked at now that there are."""
    found = writing.watches(keys)
    if found:
        writing.mark_due([watch.job.id for watch in found.values()], now)
