"""The jobs under which Tocsin keeps what it has to do at certain hours: rows with an instant, as all are."""

from datetime import datetime
from typing import Final

from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import SYSTEM_JOB
from tocsin.jobs.job import Job, JobKey
from tocsin.store.base import Writing
from tocsin.store.rows import Watch

DRILLS: Final = JobKey(SYSTEM_JOB.environment, "drill")
OWN_JOBS: Final = (SYSTEM_JOB, DRILLS)


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
    found = writing.watches([DRILLS])
    if found:
        writing.mark_due([watch.job.id for watch in found.values()], now)
