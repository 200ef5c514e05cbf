"""What the passing of time alone makes of a job: expected runs come up, and are missed."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.jobs.folding import abandon
from tocsin.jobs.job import Job
from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus, next_occurrence
from tocsin.jobs.run import Run
from tocsin.jobs.schedule import ScheduleKind, latest_at
from tocsin.jobs.state import MAX_OCCURRENCES, MAX_RECENT, BlindWindow, JobState, Outcome

LOOK_AHEAD = timedelta(minutes=1)
MAX_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The state as of an instant, what was decided on the way, and when time will change it next."""

    state: JobState
    decided: tuple[Occurrence, ...] = ()
    runs: tuple[Run, ...] = ()
    unknown: tuple[tuple[int, str], ...] = ()
    ask_again_at: datetime | None = None


def settle(
    job: Job,
    state: JobState,
    now: datetime,
    *,
    blind: tuple[BlindWindow, ...] = (),
    abandon_after: timedelta,
) -> Settled:
    """Return the state as it must be at `now` without any new check-in.

    Expected runs whose starting grace is over become missed; those that fell into a blind window
    wait for its end and then become unknown. Runs without any sign for `abandon_after` are closed.
    """
    if job.paused_at is not None:
        return Settled(state=state)
    state = _expect(job, state, now)
    state, decided, unknown, ask_again_at = _miss(state, now, blind)
    state, runs, run_ask = _abandon(state, now, abandon_after)
    upcoming = state.occurrences[-1] if state.occurrences else None
    asks = [at for at in (ask_again_at, run_ask, _next_look(upcoming, now)) if at is not None]
    return Settled(
        state=state, decided=decided, runs=runs, unknown=unknown, ask_again_at=min(asks, default=None)
    )


def _next_look(upcoming: Occurrence | None, now: datetime) -> datetime | None:
    """Return when the occurrence after the upcoming one must be known."""
    if upcoming is None:
        return None
    look_at = upcoming.nominal_at + LOOK_AHEAD
    if upcoming.start_by is not None:
        look_at = min(look_at, upcoming.start_by)
    return look_at if look_at > now else None


def _expect(job: Job, state: JobState, now: datetime) -> JobState:
    """Make sure that the next expected run, and every one that has come up since, is in the state."""
    definition = job.definition
    schedule = definition.schedule
    if schedule is not None and schedule.kind is ScheduleKind.INTERVAL:
        return _expect_interval(job, state, now)
    if state.occurrences and state.occurrences[-1].nominal_at > now:
        return state
    plan, occurrences, dropped = definition.plan, list(state.occurrences), state.occurrences_dropped
    after = _expected_until(job, state)
    for step in range(MAX_STEPS):
        coming = next_occurrence(plan, after)
        if coming is None:
            break
        occurrences.append(coming)
        if coming.nominal_at > now:
            break
        after = coming.nominal_at
        if step == MAX_STEPS - 2 and schedule is not None:
            after = max(after, (latest_at(schedule, now) or now) - timedelta(microseconds=1))
    return _bounded(state, occurrences, dropped)


def _expected_until(job: Job, state: JobState) -> datetime:
    ends = [state.expect_after or job.registered_at]
    if state.occurrences:
        ends.append(state.occurrences[-1].nominal_at)
    if state.settled is not None:
        ends.append(state.settled.nominal_at)
    return max(ends)


def _expect_interval(job: Job, state: JobState, now: datetime) -> JobState:
    """An interval counts from the last start: each start moves the next expected one."""
    plan = job.definition.plan
    since = state.expect_after or job.registered_at
    anchor = max(since, state.last_started_at or since)
    unsettled = [o for o in state.occurrences if o.nominal_at <= anchor]
    coming = [o for o in state.occurrences if o.nominal_at > anchor]
    first = next_occurrence(plan, anchor)
    if first is None:
        return state
    if not coming or coming[0].nominal_at != first.nominal_at:
        unsettled = [o for o in unsettled if o.status is not OccurrenceStatus.EXPECTED or o.run]
        coming = [first]
    every = first.nominal_at - anchor
    behind = (now - coming[-1].nominal_at) // every
    if behind > MAX_STEPS:
        leap = (behind - MAX_OCCURRENCES) * every
        coming.append(next_occurrence(plan, coming[-1].nominal_at + leap) or coming[-1])
    while coming[-1].nominal_at <= now:
        following = next_occurrence(plan, coming[-1].nominal_at)
        if following is None:
            break
        coming.append(following)
    return _bounded(state, [*unsettled, *coming], state.occurrences_dropped)


def _bounded(state: JobState, occurrences: list[Occurrence], dropped: int) -> JobState:
    """Keep the oldest, which says since when, and the newest ones."""
    if len(occurrences) > MAX_OCCURRENCES:
        extra = len(occurrences) - MAX_OCCURRENCES
        occurrences, dropped = [occurrences[0], *occurrences[extra + 1 :]], dropped + extra
    if tuple(occurrences) == state.occurrences:
        return state
    return replace(state, occurrences=tuple(occurrences), occurrences_dropped=dropped)


def _miss(
    state: JobState, now: datetime, blind: tuple[BlindWindow, ...]
) -> tuple[JobState, tuple[Occurrence, ...], tuple[tuple[int, str], ...], datetime | None]:
    decided: list[Occurrence] = []
    unknown: list[tuple[int, str]] = []
    asks: list[datetime] = []
    kept: list[Occurrence] = []
    for occurrence in state.occurrences:
        start_by = occurrence.start_by
        if occurrence.status is not OccurrenceStatus.EXPECTED or start_by is None:
            kept.append(occurrence)
            continue
        window = next((w for w in blind if w.covers(start_by)), None)
        decide_at = start_by if window is None else window.hold_until
        if now < decide_at:
            asks.append(decide_at)
            kept.append(occurrence)
        elif window is None:
            missed = replace(occurrence, status=OccurrenceStatus.MISSED)
            decided.append(missed)
            kept.append(missed)
        else:
            decided.append(replace(occurrence, status=OccurrenceStatus.UNKNOWN))
            kept.append(decided[-1])
            unknown.append((window.id, "no run was seen to start"))
    if not decided:
        return state, (), (), min(asks, default=None)
    outcomes = tuple(_missed_outcome(o) for o in decided if o.status is OccurrenceStatus.MISSED)
    state = replace(state, occurrences=tuple(kept), recent=(*state.recent, *outcomes)[-MAX_RECENT:])
    return state, tuple(decided), tuple(unknown), min(asks, default=None)


def _missed_outcome(occurrence: Occurrence) -> Outcome:
    return Outcome(
        at=occurrence.start_by or occurrence.nominal_at, order_at=occurrence.nominal_at, status=None
    )


def _abandon(
    state: JobState, now: datetime, abandon_after: timedelta
) -> tuple[JobState, tuple[Run, ...], datetime | None]:
    if not state.open_runs:
        return state, (), None
    closed = []
    for run in state.open_runs:
        if run.last_sign_at + abandon_after <= now:
            state, given_up = abandon(state, run, now)
            closed.append(given_up)
    asks = [run.last_sign_at + abandon_after for run in state.open_runs]
    return state, tuple(closed), min(asks, default=None)
