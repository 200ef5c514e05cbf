"""When the run of a job will probably end, as whoever looks at the job is shown it."""

from datetime import datetime
from typing import Final

from tocsin.alerts.alert import AlertState
from tocsin.alerts.upstream import Needed, troubles_of
from tocsin.engine.awaiting import FURTHEST, awaited_by
from tocsin.engine.book import Book
from tocsin.engine.kinship import needed_by
from tocsin.rules.facts import Awaited, Facts, Trouble
from tocsin.rules.foreseeing import Outlook, outlook_of
from tocsin.store.base import Reading
from tocsin.store.rows import Watch

OPEN: Final = (AlertState.FIRING, AlertState.ACKNOWLEDGED)
MAX_ALERTS: Final = 100


def awaited_in(reading: Reading, watch: Watch) -> tuple[Awaited, ...]:
    """Return the ends of other jobs that a job waits for."""
    return awaited_by(watch, reading.job) if watch.job.definition.upstream else ()


def troubles_in(reading: Reading, watch: Watch, book: Book) -> tuple[Trouble, ...]:
    """Return what is late or failed of the jobs that a job needs, where a rule asks for that."""
    if not book.rule_book.asks_of_needs_of(watch.job):
        return ()
    return troubles_of(
        Needed(
            job=one.key.name,
            state=one.watch.state,
            alerts=tuple(reading.alerts(states=OPEN, job_id=one.watch.job.id, limit=MAX_ALERTS)),
            between=one.between,
        )
        for one in needed_by(watch.job, reading.job)
        if one.watch is not None and len(one.between) < FURTHEST
    )


def foreseen_end(reading: Reading, watch: Watch, now: datetime) -> Outlook | None:
    """Return when the run at work, else the next expected one, will end; None where nothing is foreseen."""
    if watch.learned.normal is None:
        return None
    facts = Facts(
        job=watch.job,
        state=watch.state,
        learned=watch.learned,
        awaited=awaited_in(reading, watch),
    )
    return outlook_of(facts, now)
