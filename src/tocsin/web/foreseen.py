"""When the run of a job will probably end, as whoever looks at the job is shown it."""

from datetime import datetime

from tocsin.engine.awaiting import awaited_by
from tocsin.rules.facts import Awaited, Facts
from tocsin.rules.foreseeing import Outlook, outlook_of
from tocsin.store.base import Reading
from tocsin.store.rows import Watch


def awaited_in(reading: Reading, watch: Watch) -> tuple[Awaited, ...]:
    """Return the ends of other jobs that a job waits for."""
    return awaited_by(watch, reading.job) if watch.job.definition.upstream else ()


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
