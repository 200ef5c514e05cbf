"""What a person lets a job off: an expected run that need not come, or that may have been late. Pure."""

from datetime import datetime, timedelta
from enum import Enum
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from tocsin.jobs.binding import latest
from tocsin.jobs.job import Job
from tocsin.jobs.occurrence import (
    LetOff,
    Occurrence,
    OccurrenceStatus,
    expects,
    next_occurrence,
    nominal_near,
    promise_at,
)
from tocsin.jobs.schedule import ScheduleKind
from tocsin.jobs.state import JobState, Skip

MAX_SKIPS = 50
LONGEST_AHEAD = timedelta(days=400)
_NOMINAL_AT = attrgetter("nominal_at")
_TO_EXCUSE = frozenset({OccurrenceStatus.MISSED, OccurrenceStatus.LATE})


class Outcome(Enum):
    """What became of a person's word about an expected run."""

    TAKEN = "taken"
    ALREADY = "already"
    NOT_EXPECTED = "not_expected"
    TOO_LATE = "too_late"
    TOO_FAR = "too_far"
    TOO_MANY = "too_many"
    BEGUN = "begun"
    IN_TIME = "in_time"


class Answer(Struct, frozen=True, kw_only=True):
    """The state after a person's word, which expected run it was about, and what is to be kept of that."""

    outcome: Outcome
    state: JobState
    occurrence: Occurrence | None = None


def nominal_meant(job: Job, state: JobState, at: datetime) -> datetime | None:
    """Return the nominal instant that a person means: this one, or the nearest of the same day."""
    if any(one.nominal_at == at for one in state.occurrences) or expects(job.definition.plan, at):
        return at
    near_at = nominal_near(job.definition.plan, at)
    return near_at if near_at is not None and expects(job.definition.plan, near_at) else None


def next_to_skip(job: Job, state: JobState, now: datetime) -> datetime | None:
    """Return the nominal instant of the next run that is to come and not skipped yet."""
    skipped = {skip.nominal_at for skip in state.skips}
    coming = next((one for one in state.occurrences if one.nominal_at > now), None)
    for _ in range(MAX_SKIPS + 1):
        if coming is None:
            coming = next_occurrence(job.definition.plan, now)
        if coming is None or coming.nominal_at not in skipped or _counts_from_starts(job):
            break
        coming = next_occurrence(job.definition.plan, coming.nominal_at)
    return None if coming is None else coming.nominal_at


def skip(job: Job, state: JobState, nominal_at: datetime, word: LetOff) -> Answer:
    """Let an expected run that is to come, or is due and has not begun, need not come."""
    known = next((one for one in state.occurrences if one.nominal_at == nominal_at), None)
    outcome = _why_not_skipped(job, state, known, nominal_at, word.at)
    if outcome is not Outcome.TAKEN:
        words = [one.word for one in state.skips if one.nominal_at == nominal_at]
        said = _skipped(_promised(job, nominal_at), words[0]) if words else known
        return Answer(outcome=outcome, state=state, occurrence=said)
    state = replace(state, skips=(*state.skips, Skip(nominal_at=nominal_at, word=word)), let_off=word)
    skipped = _skipped(known or _promised(job, nominal_at), word)
    return Answer(outcome=outcome, state=state, occurrence=skipped)


def _why_not_skipped(
    job: Job, state: JobState, known: Occurrence | None, nominal_at: datetime, now: datetime
) -> Outcome:
    if any(one.nominal_at == nominal_at for one in state.skips):
        return Outcome.ALREADY
    if known is None:
        if nominal_at <= now:
            return Outcome.TOO_LATE
        if not expects(job.definition.plan, nominal_at):
            return Outcome.NOT_EXPECTED
    elif known.status is OccurrenceStatus.SKIPPED:
        return Outcome.ALREADY
    elif known.run is not None:
        return Outcome.BEGUN
    elif not known.status.is_expected:
        return Outcome.TOO_LATE
    if nominal_at > now + LONGEST_AHEAD:
        return Outcome.TOO_FAR
    return Outcome.TOO_MANY if len(state.skips) >= MAX_SKIPS else Outcome.TAKEN


def skipped_to_come(job: Job, state: JobState) -> list[Occurrence]:
    """Return the runs to come that a person has skipped, the next first."""
    return [
        _skipped(_promised(job, one.nominal_at), one.word) for one in sorted(state.skips, key=_NOMINAL_AT)
    ]


def unskip(job: Job, state: JobState, nominal_at: datetime, now: datetime) -> Answer:
    """Expect a run again that was skipped by a person and has not come yet."""
    if not any(one.nominal_at == nominal_at for one in state.skips):
        return Answer(outcome=Outcome.ALREADY, state=state)
    if nominal_at <= now:
        return Answer(outcome=Outcome.TOO_LATE, state=state)
    again = _promised(job, nominal_at)
    occurrences = tuple(
        replace(again, run=one.run, status=_begun(one)) if one.nominal_at == nominal_at else one
        for one in state.occurrences
    )
    skips = tuple(one for one in state.skips if one.nominal_at != nominal_at)
    return Answer(outcome=Outcome.TAKEN, state=replace(state, occurrences=occurrences, skips=skips))


def _begun(one: Occurrence) -> OccurrenceStatus:
    return OccurrenceStatus.EXPECTED if one.run is None else OccurrenceStatus.STARTED


def leave_out(job: Job, state: JobState, now: datetime) -> tuple[JobState, tuple[Occurrence, ...]]:
    """Return the state in which what a person has skipped is not expected, and what of that is over."""
    words = {one.nominal_at: one.word for one in state.skips}
    kept: list[Occurrence] = []
    over: list[Occurrence] = []
    for one in state.occurrences:
        word = words.get(one.nominal_at)
        if word is not None and one.run is None:
            one = _skipped(one, word)  # noqa: PLW2901 -- from here on it is the one that is skipped
        (over if word is not None and one.nominal_at <= now and one.run is None else kept).append(one)
    state = replace(
        state,
        occurrences=tuple(kept),
        skips=tuple(one for one in state.skips if one.nominal_at > now),
    )
    if not over:
        return state, ()
    if _counts_from_starts(job):
        state = replace(state, expect_after=max(over[-1].nominal_at, state.expect_after or job.registered_at))
    return replace(state, settled=latest(state.settled, over[-1])), tuple(over)


def _skipped(one: Occurrence, word: LetOff) -> Occurrence:
    return replace(one, status=OccurrenceStatus.SKIPPED, start_by=None, deadline_at=None, let_off=word)


def _promised(job: Job, nominal_at: datetime) -> Occurrence:
    found = promise_at(job.definition.plan, nominal_at)
    return found or Occurrence(nominal_at=nominal_at, opens_at=nominal_at)


def _counts_from_starts(job: Job) -> bool:
    schedule = job.definition.schedule
    return schedule is not None and schedule.kind is ScheduleKind.INTERVAL


def last_to_excuse(state: JobState, decided: tuple[Occurrence, ...], now: datetime) -> datetime | None:
    """Return the nominal instant of the newest expected run that can be excused; `decided` newest first."""
    found = [one.nominal_at for one in (*state.occurrences, *decided) if _is_broken(one, now)]
    return max(found, default=None)


def excuse(state: JobState, nominal_at: datetime, kept: Occurrence | None, word: LetOff) -> Answer:
    """Let an expected run have been missed or late; `kept` is what was decided of it, where it is over."""
    known = next((one for one in state.occurrences if one.nominal_at == nominal_at), None)
    one = known or kept
    if one is None:
        return Answer(outcome=Outcome.NOT_EXPECTED, state=state)
    if one.let_off is not None:
        return Answer(outcome=Outcome.ALREADY, state=state, occurrence=one)
    if not _is_broken(one, word.at):
        return Answer(outcome=Outcome.IN_TIME, state=state, occurrence=one)
    excused = replace(one, let_off=word)
    state = replace(
        state,
        occurrences=tuple(excused if other is known else other for other in state.occurrences),
        open_runs=tuple(
            replace(run, deadline_at=None) if run.occurrence_at == nominal_at else run
            for run in state.open_runs
        ),
        recent=tuple(
            replace(outcome, late=False) if outcome.order_at == nominal_at and outcome.late else outcome
            for outcome in state.recent
            if outcome.status is not None or outcome.order_at != nominal_at
        ),
        let_off=word,
    )
    return Answer(outcome=Outcome.TAKEN, state=state, occurrence=excused)


def _is_broken(one: Occurrence, now: datetime) -> bool:
    if one.let_off is not None or one.status is OccurrenceStatus.SKIPPED:
        return False
    if one.status in _TO_EXCUSE:
        return True
    is_open = one.status.is_expected or one.status is OccurrenceStatus.STARTED
    return is_open and one.deadline_at is not None and one.deadline_at <= now
