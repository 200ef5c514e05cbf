"""How a job stands, in one word, and what is expected of it next."""

from datetime import datetime
from enum import Enum

from tocsin.jobs.letting_off import next_to_skip
from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus, promise_at
from tocsin.store.rows import Watch


class Standing(Enum):
    """How a job stands; the words are shown to people and programs."""

    TROUBLE = "trouble"
    UNKNOWN = "unknown"
    FAILED = "failed"
    RUNNING = "running"
    FINE = "fine"
    NEW = "new"
    PAUSED = "paused"


def standing_of(watch: Watch, open_alerts: int, now: datetime) -> Standing:
    """Return how a job stands, the worst first.

    FAILED is a bad end that no rule has made an alert of (it is tolerated, or will be tried again); UNKNOWN
    that its last expected run fell into a time in which we heard nobody.
    """
    state = watch.state
    if watch.job.paused_at is not None:
        return Standing.PAUSED
    if open_alerts:
        return Standing.TROUBLE
    if state.open_runs:
        return Standing.RUNNING
    past = [one for one in state.occurrences if one.nominal_at <= now]
    if past and past[-1].status is OccurrenceStatus.UNKNOWN:
        return Standing.UNKNOWN
    if state.last is None:
        return Standing.NEW
    return Standing.FAILED if state.last.status.is_bad else Standing.FINE


def expected_next(watch: Watch, now: datetime) -> Occurrence | None:
    """Return the expected run that is next: one that is already due and not begun, else the first to come."""
    waiting = [one for one in watch.state.occurrences if one.status.is_expected]
    due = [one for one in waiting if one.nominal_at <= now]
    coming = [one for one in waiting if one.nominal_at > now]
    if not due and not coming and watch.state.skips:
        nominal_at = next_to_skip(watch.job, watch.state, now)
        return None if nominal_at is None else promise_at(watch.job.definition.plan, nominal_at)
    return due[-1] if due else next(iter(coming), None)
