"""What the passing of time alone makes of a job: expected runs come up, and are missed."""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from tocsin.jobs.binding import take_spanned
from tocsin.jobs.expecting import expect
from tocsin.jobs.folding import abandon
from tocsin.jobs.job import Job
from tocsin.jobs.letting_off import leave_out
from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus
from tocsin.jobs.remembering import after
from tocsin.jobs.run import Run
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import BlindWindow, JobState, Outcome, hidden_by

LOOK_AHEAD = timedelta(minutes=1)


class Settled(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
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

    Expected runs whose starting grace is over become missed. Those that fell into a blind window wait
    until the clients had time to deliver what they had put aside, and what then still shows no sign of
    life becomes unknown. Runs without any sign for `abandon_after` are closed.
    """
    if job.paused_at is not None:
        return Settled(state=state)
    state = expect(job, state, now)
    if blind:
        state = _given_back(state, now)
    skipped: tuple[Occurrence, ...] = ()
    if state.skips:
        state, skipped = leave_out(job, state, now)
        state = expect(job, state, now) if skipped else state
    state, begun = _take_spanning(job, state, now)
    state, decided, unknown, ask_again_at = _decide_due(state, now, blind, job.definition.sla)
    decided = (*skipped, *decided) if skipped else decided
    state, runs, run_ask = _abandon(state, now, abandon_after, blind, job.definition.sla)
    upcoming = state.occurrences[-1] if state.occurrences else None
    ask_again_at = _sooner(_sooner(ask_again_at, run_ask), _next_look(upcoming, now))
    runs = (*begun, *runs) if begun else runs
    return Settled(state=state, decided=decided, runs=runs, unknown=unknown, ask_again_at=ask_again_at)


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None:
        return other
    return one if other is None or one < other else other


def _next_look(upcoming: Occurrence | None, now: datetime) -> datetime | None:
    """Return when the occurrence after the upcoming one must be known."""
    if upcoming is None:
        return None
    look_at = seen_at(upcoming)
    return look_at if look_at > now else None


def seen_at(occurrence: Occurrence) -> datetime:
    """Return when it is looked at that the time of an expected run has come."""
    look_at, start_by = occurrence.nominal_at + LOOK_AHEAD, occurrence.start_by
    return start_by if start_by is not None and start_by < look_at else look_at


def _take_spanning(job: Job, state: JobState, now: datetime) -> tuple[JobState, tuple[Run, ...]]:
    """Before an expected run is missed, see whether one that began early is at work."""
    if not state.open_runs:
        return state, ()
    for occurrence in state.occurrences:
        start_by = occurrence.start_by
        if start_by is not None and start_by <= now and occurrence.status.is_expected:
            break
    else:
        return state, ()
    taken: list[Run] = []
    for run in state.open_runs:
        bound, state = take_spanned(job, state, run, now)
        if bound is not run:
            taken.append(bound)
    by_key = {run.key: run for run in taken}
    open_runs = tuple(by_key.get(run.key, run) for run in state.open_runs)
    return replace(state, open_runs=open_runs), tuple(taken)


def _given_back(state: JobState, now: datetime) -> JobState:
    """Expect again what a clock that was ahead has called unknown before it was due."""
    early = [o for o in state.occurrences if o.status is OccurrenceStatus.UNKNOWN and _is_ahead(o, now)]
    if not early:
        return state
    expected = {o.nominal_at: replace(o, status=OccurrenceStatus.EXPECTED) for o in early}
    return replace(state, occurrences=tuple(expected.get(o.nominal_at, o) for o in state.occurrences))


def _is_ahead(occurrence: Occurrence, now: datetime) -> bool:
    due_at = occurrence.start_by or occurrence.deadline_at
    return due_at is not None and due_at > now and occurrence.run is None


def _decide_due(
    state: JobState, now: datetime, blind: tuple[BlindWindow, ...], sla: SLA
) -> tuple[JobState, tuple[Occurrence, ...], tuple[tuple[int, str], ...], datetime | None]:
    """Decide the expected runs that nobody has seen start in time."""
    if not blind:
        first_at: datetime | None = None
        for occurrence in state.occurrences:
            if occurrence.status.is_expected:
                first_at = _sooner(first_at, occurrence.start_by)
        if first_at is None or now < first_at:
            return state, (), (), first_at
    decided: dict[datetime, Occurrence] = {}
    unknown: list[tuple[int, str]] = []
    ask_again_at: datetime | None = None
    for occurrence in state.occurrences:
        decision = _decision(occurrence, blind)
        if decision is None:
            continue
        decide_at, window = decision
        if now < decide_at:
            ask_again_at = _sooner(ask_again_at, decide_at)
        elif window is None:
            decided[occurrence.nominal_at] = replace(occurrence, status=OccurrenceStatus.MISSED)
        else:
            decided[occurrence.nominal_at] = replace(occurrence, status=OccurrenceStatus.UNKNOWN)
            unknown.append((window.id, "no run was seen"))
    if not decided:
        return state, (), (), ask_again_at
    outcomes = [_missed_outcome(o) for o in decided.values() if o.status.is_missed]
    memory = after(state, sla, *outcomes)
    state = replace(
        state,
        occurrences=tuple(decided.get(o.nominal_at, o) for o in state.occurrences),
        recent=memory.recent,
        pushed_out=memory.pushed_out,
        tallies=memory.tallies,
    )
    return state, tuple(decided.values()), tuple(unknown), ask_again_at


def _decision(
    occurrence: Occurrence, blind: tuple[BlindWindow, ...]
) -> tuple[datetime, BlindWindow | None] | None:
    """Return when it is decided that an expected run did not start, and the window that hides whether it did.

    What is due in a blind window or in the wait after it is decided when the wait is over. It is
    unknown if we were deaf when the run should have started or when its grace ended; for a run of
    which only the end is promised, if its deadline is hidden. None: there is nothing to decide.
    """
    if not occurrence.status.is_expected:
        return None
    start_by = occurrence.start_by
    if start_by is None:
        window = hidden_by(blind, occurrence.deadline_at) if blind and occurrence.deadline_at else None
        return None if window is None else (window.hold_until, window)
    if not blind:
        return start_by, None
    window = hidden_by(blind, start_by)
    decide_at = start_by if window is None else window.hold_until
    deaf = next((w for w in blind if w.is_deaf_at(start_by) or w.is_deaf_at(occurrence.nominal_at)), None)
    return decide_at, (None if deaf is None else window or deaf)


def _missed_outcome(occurrence: Occurrence) -> Outcome:
    return Outcome(
        at=occurrence.start_by or occurrence.nominal_at, order_at=occurrence.nominal_at, status=None
    )


def _abandon(
    state: JobState, now: datetime, abandon_after: timedelta, blind: tuple[BlindWindow, ...], sla: SLA
) -> tuple[JobState, tuple[Run, ...], datetime | None]:
    if not state.open_runs:
        return state, (), None
    closed: list[Run] = []
    ask_again_at: datetime | None = None
    for run in state.open_runs:
        due_at = run.last_sign_at + abandon_after
        window = hidden_by(blind, due_at) if blind else None
        due_at = due_at if window is None else window.hold_until
        if due_at <= now:
            state, given_up = abandon(state, run, now, sla)
            closed.append(given_up)
        else:
            ask_again_at = _sooner(ask_again_at, due_at)
    return state, tuple(closed), ask_again_at
