"""How runs of a job usually go, as whoever looks at the job is shown it."""

from tocsin.engine.learning import RUNS
from tocsin.quality.habits import Habit, habits_of
from tocsin.store.base import Reading
from tocsin.store.rows import Watch


def habits_in(reading: Reading, watch: Watch) -> tuple[Habit, ...]:
    """Return the habits of a job, by the weekdays or hours that differ."""
    past = reading.past_of(watch.job.id, RUNS)
    return habits_of(past, watch.learned.normal, watch.job.definition.timezone)
