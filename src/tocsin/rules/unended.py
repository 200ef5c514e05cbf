"""A run that says nothing between its start and its end: until when that is no trouble.

It sends no heartbeats and its end is not promised, so that only its schedule and the runs before it tell
when it ought to have reported an end.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from tocsin.jobs.job import Definition
from tocsin.jobs.occurrence import next_occurrence
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.settling import seen_at
from tocsin.jobs.state import BlindWindow
from tocsin.rules.facts import Facts

LEAST_OPEN = timedelta(hours=6)
TIMES_AS_LONG = 10
FEWEST_GOOD = 3
TIMES_AS_LONG_AFTER_BLIND = 2
LEAST_OPEN_AFTER_BLIND = timedelta(hours=1)
_NOTHING = timedelta(0)


class LostIn(Struct, frozen=True, kw_only=True, gc=False):
    """The blind window that may have swallowed the end of a run, and from when on it is taken for unknown."""

    window: BlindWindow
    decide_at: datetime


def says_nothing(facts: Facts, run: Run) -> bool:
    """Whether no other rule will ever miss the end of this run."""
    definition = facts.job.definition
    return (
        run.heartbeats == 0
        and run.deadline_at is None
        and run.status.is_running
        and not run.phase.is_retrying
        and definition.stalled_after_seconds is None
        and definition.sla.max_duration_seconds is None
    )


def lost_in(facts: Facts, run: Run, condition: str) -> LostIn | None:
    """Return in which window the end of such a run may have been lost, if in any.

    It has time to be heard of until the clients have delivered what they had put aside, and for twice as
    long as the longest good run that is remembered; where none is, for LEAST_OPEN_AFTER_BLIND.
    """
    first = next((window for window in facts.blind if run.last_sign_at < window.to_at), None)
    if first is None:
        return None
    window = facts.blind_at(first.from_at) or first
    longest, _ = _longest_good(facts, condition)
    patience = TIMES_AS_LONG_AFTER_BLIND * longest or LEAST_OPEN_AFTER_BLIND
    decide_at = max(window.hold_until, run.last_sign_at + patience)
    later = facts.blind_at(decide_at)
    return LostIn(window=window, decide_at=decide_at if later is None else later.hold_until)


def unended_at(facts: Facts, run: Run, condition: str, now: datetime) -> datetime | None:
    """Return when such a run of a schedule has failed to report an end, or an earlier instant to ask again.

    That is when its schedule has come round twice since its last sign; or once, where enough good runs tell
    how long it usually takes. It is never before LEAST_OPEN, nor before TIMES_AS_LONG the longest of them.
    None: it is not judged, because it has no schedule, makes up for old runs, or was overtaken by a good one.
    """
    definition = facts.job.definition
    if definition.schedule is None or run.backfill or run.overtaken_at is not None:
        return None
    since_at = max(run.last_sign_at, run.occurrence_at or run.last_sign_at)
    # What is expected next is at hand; the schedule is asked only of a run that outlasts it.
    for coming in facts.state.occurrences:
        if coming.nominal_at > since_at:
            at = seen_at(coming)
            if now < at:
                return at
            break
    longest, count = _longest_good(facts, condition)
    came_round_at = _came_round_at(definition, since_at, 1 if count >= FEWEST_GOOD else 2)
    if came_round_at is None:
        return None
    return max(came_round_at, run.last_sign_at + max(LEAST_OPEN, TIMES_AS_LONG * longest))


def _longest_good(facts: Facts, condition: str) -> tuple[timedelta, int]:
    good = [
        outcome.seconds
        for outcome in facts.outcomes(condition)
        if outcome.status is RunStatus.SUCCESS and outcome.seconds is not None
    ]
    return timedelta(seconds=max(good)) if good else _NOTHING, len(good)


def _came_round_at(definition: Definition, since_at: datetime, times: int) -> datetime | None:
    for _ in range(times):
        coming = next_occurrence(definition.plan, since_at)
        if coming is None:
            return None
        since_at = coming.nominal_at
    return since_at
