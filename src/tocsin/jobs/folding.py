"""What a check-in makes of all that is known of a job."""

from datetime import datetime, timedelta
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from tocsin.jobs.applying import apply, having_seen
from tocsin.jobs.binding import bind, settle_by, skip, take_spanned
from tocsin.jobs.checkin import Answered, CheckIn, CheckInKind
from tocsin.jobs.job import Job
from tocsin.jobs.measuring import Compare, with_measured, without_measured
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.remembering import after, as_run, with_failure, without_unmade
from tocsin.jobs.run import Phase, Run, RunStatus, Violation
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import MAX_EARLY, MAX_OPEN_RUNS, JobState, Outcome, Unlearned
from tocsin.jobs.tally import uncounted
from tocsin.jobs.violations import at_its_end, at_their_end, promises_of_runs

# So that the end of a run is told first, and what came with it is there.
LEARN_AFTER = timedelta(minutes=2)
_ENDED_AT = attrgetter("ended_at")
_BEGINNINGS = {
    CheckInKind.SCHEDULED: "scheduled_at",
    CheckInKind.QUEUED: "queued_at",
    CheckInKind.START: "started_at",
}


class Folded(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The state after a check-in, the runs and occurrences that must be kept, and the answer to the job."""

    state: JobState
    answered: Answered = Answered.ACCEPTED
    run: str | None = None
    runs: tuple[Run, ...] = ()
    decided: tuple[Occurrence, ...] = ()
    ended: bool = False
    violations: tuple[Violation, ...] = ()


def run_named(state: JobState, check_in: CheckIn) -> Run | None:
    """Return the run that a check-in speaks of, if the state still holds it.

    Without a run id it is the newest open run; scheduled, queued and start speak of one that waits for
    just that, or else of a new run.
    """
    return _newest(state, check_in.kind) if check_in.run is None else run_held(state, check_in.run)


def run_held(state: JobState, key: str) -> Run | None:
    """Return the run of this key, if the state still holds it."""
    for run in state.open_runs:
        if run.key == key:
            return run
    return state.last if state.last is not None and state.last.key == key else None


def _newest(state: JobState, kind: CheckInKind) -> Run | None:
    if not state.open_runs:
        return None
    newest, begins = state.open_runs[-1], _BEGINNINGS.get(kind)
    if begins is None:
        return newest
    waits = newest.started_at is None and getattr(newest, begins) is None
    return newest if waits else None


def fold(
    job: Job,
    state: JobState,
    check_in: CheckIn,
    *,
    known: Run | None,
    new_key: str,
    compare: Compare | None = None,
) -> Folded:
    """Return what is known after a check-in.

    `known` is the run that it speaks of where one exists, open or closed; `new_key` names a run that
    has no name of its own; `compare` tells what its data is compared with, where anything is normal.
    """
    if known is None and check_in.kind is CheckInKind.LOG:
        return _early(state, check_in)
    before = known or Run(key=check_in.run or new_key, last_sign_at=check_in.at)
    unbegun = state
    if known is None and state.early:
        before, state = _begun(before, state)
    run, answered = apply(before, check_in)
    if answered is not Answered.ACCEPTED:
        return _uncounted(unbegun, before, run, answered)
    started = before.started_at is None and (run.started_at is not None or not run.status.is_open)
    if started or (run.occurrence_at != before.occurrence_at and run.started_at is not None):
        run, state = bind(job, state, run)
    if run.status.is_open:
        return _still_open(state, check_in, before, run, is_new=known is None, started=started)
    if state.occurrences:
        run, state = take_spanned(job, state, run, run.ended_at or run.last_sign_at)
    folded = _over(state, check_in, known, run, job.definition.sla)
    if not job.definition.checks or run.backfill or not run.status.is_good:
        return folded
    return replace(folded, state=with_measured(folded.state, job.definition.checks, run, compare))


def _early(state: JobState, check_in: CheckIn) -> Folded:
    """Keep of a log that comes before its run only the number: words alone are no run that could hang."""
    number = (check_in.run or "", check_in.seq or 0)
    if number in state.early:
        return Folded(state=state, answered=Answered.DUPLICATE, run=check_in.run)
    state = _seen(state, check_in)
    if all(number):
        state = replace(state, early=(*state.early, number)[-MAX_EARLY:])
    return Folded(state=state, run=check_in.run)


def _begun(run: Run, state: JobState) -> tuple[Run, JobState]:
    """Hand over to a run that begins the numbers of what was said before it."""
    numbers = [seq for key, seq in state.early if key == run.key]
    if not numbers:
        return run, state
    return having_seen(run, numbers), replace(state, early=tuple(e for e in state.early if e[0] != run.key))


def _uncounted(state: JobState, before: Run, run: Run, answered: Answered) -> Folded:
    """Keep no more than that a late check-in came, so that it is a duplicate when it comes again."""
    if run is before:
        return Folded(state=state, answered=answered, run=run.key)
    if state.last is not None and state.last.key == run.key:
        state = replace(state, last=run)
    return Folded(state=state, answered=answered, run=run.key, runs=(run,))


def _seen(state: JobState, check_in: CheckIn) -> JobState:
    return replace(state, last_seen_at=check_in.received_at)


def _still_open(
    state: JobState, check_in: CheckIn, before: Run, run: Run, *, is_new: bool, started: bool
) -> Folded:
    reopened = not is_new and not before.status.is_open
    open_runs = _in_place(state.open_runs, run)
    kept = (run,) if is_new or started or reopened or run.phase is not before.phase else ()
    state = replace(
        state,
        open_runs=open_runs,
        last_started_at=_later(state.last_started_at, run.started_at) if started else state.last_started_at,
        last_seen_at=check_in.received_at,
    )
    if reopened:
        state = _without_outcome(state, run.key, before, forget_failure=before.closed_by_us)
    if len(open_runs) > MAX_OPEN_RUNS:
        state, unwatched = _without_one(state, run)
        kept = (*kept, unwatched)
    return Folded(state=state, run=run.key, runs=kept)


def _without_one(state: JobState, newest: Run) -> tuple[JobState, Run]:
    """Return the state of a job with too many runs at once without one of them, and that one.

    It has not failed, and is known again by its next check-in. The oldest stay, for they are the first that
    could hang, and so does the one that has just been heard of.
    """
    place = MAX_OPEN_RUNS // 2
    place += state.open_runs[place].key == newest.key
    unwatched = state.open_runs[place]
    return replace(state, open_runs=tuple([r for r in state.open_runs if r is not unwatched])), unwatched


def _in_place(runs: tuple[Run, ...], run: Run) -> tuple[Run, ...]:
    if len(runs) == 1 and runs[0].key == run.key:
        return (run,)
    for position, other in enumerate(runs):
        if other.key == run.key:
            return (*runs[:position], run, *runs[position + 1 :])
    return (*runs, run)


def abandon(state: JobState, run: Run, at: datetime, sla: SLA) -> tuple[JobState, Run]:
    """Close a run that will not report any more; a later check-in of it opens it again."""
    closed = replace(run, status=RunStatus.TIMEOUT, phase=Phase.FAILED, ended_at=at, closed_by_us=True)
    return _close(state, closed, sla), closed


def _over(state: JobState, check_in: CheckIn, known: Run | None, run: Run, sla: SLA) -> Folded:
    if state.failures or known is None or not known.status.is_open:
        state = _without_outcome(state, run.key, known, forget_failure=True)
    violations: tuple[Violation, ...] = ()
    if promises_of_runs(sla):
        violations = at_its_end(run, sla)
        run = replace(run, violations=(*run.violations, *violations)) if violations else run
    state = _close(state, run, sla)
    decided: tuple[Occurrence, ...] = ()
    if run.status.is_good and (run.occurrence_at is not None or not run.backfill):
        state, decided = settle_by(state, run)
        if decided:
            decided, missed = at_their_end(decided, run.ended_at or run.last_sign_at)
            violations += missed
    elif run.status.is_left_out:
        state, decided = skip(state, run)
    state = replace(
        state,
        last_seen_at=check_in.received_at,
        last_started_at=_later(state.last_started_at, run.started_at or run.ended_at),
        promised_at=None if run.status.is_good else state.promised_at,
        unlearned=unlearned_with(state.unlearned, run, check_in.received_at),
    )
    return Folded(state=state, run=run.key, runs=(run,), decided=decided, ended=True, violations=violations)


def unlearned_with(known: Unlearned | None, run: Run, now: datetime) -> Unlearned:
    """Return from where on there is to be learned; a good run is worth it soon, a bad one waits for it."""
    from_at, due_at = run.order_at, None if known is None else known.due_at
    if run.status.is_good and due_at is None:
        due_at = now + LEARN_AFTER
    if known is None:
        return Unlearned(from_at=from_at, due_at=due_at)
    if from_at >= known.from_at and due_at is known.due_at:
        return known
    return Unlearned(from_at=min(from_at, known.from_at), due_at=due_at)


def _without_outcome(state: JobState, key: str, before: Run | None, *, forget_failure: bool) -> JobState:
    """Forget how a run ended that goes on, or has ended anew; `before` is what was known of it.

    That it failed is not forgotten while it only tries again: no good run has made up for it yet.
    """
    recent = tuple(o for o in state.recent if o.run != key)
    failures = tuple(r for r in state.failures if r.key != key) if forget_failure else state.failures
    if state.measured:
        state = without_measured(state, key)
    if state.pushed_out:
        state = replace(state, pushed_out=tuple(o for o in state.pushed_out if o.run != key))
    if state.tallies and before and not before.status.is_open and len(recent) == len(state.recent):
        state = replace(state, tallies=uncounted(state.tallies, outcome_of(before)))
    if len(recent) == len(state.recent) and len(failures) == len(state.failures):
        return state
    return replace(state, recent=recent, failures=failures)


def _close(state: JobState, run: Run, sla: SLA) -> JobState:
    assert run.ended_at is not None  # noqa: S101 -- programmer error, every closed run has an end
    last = state.last
    is_newest = last is None or last.key == run.key or (last.ended_at or run.ended_at) <= run.ended_at
    open_runs = tuple([r for r in state.open_runs if r.key != run.key])
    last_success_at = state.last_success_at
    if run.status.is_bad and not _is_made_up_for(state, run):
        state = with_failure(state, tuple(sorted((*state.failures, run), key=_ENDED_AT)))
    elif run.status.is_good:
        last_success_at = _later(last_success_at, run.ended_at)
        if state.failures:
            state = _made_good(state, run)
        open_runs = tuple([_overtaken(r, run) for r in open_runs])
    recent, pushed_out, tallies = after(state, sla, outcome_of(run))
    return replace(
        state,
        open_runs=open_runs,
        recent=recent,
        pushed_out=pushed_out,
        tallies=tallies,
        last=run if is_newest else last,
        last_success_at=last_success_at,
    )


def _made_good(state: JobState, good: Run) -> JobState:
    """Return the state without the failures that a good run makes up for."""
    state = replace(state, failures=tuple([f for f in state.failures if not makes_up_for(good, f)]))
    if state.unmade:
        state = without_unmade(state, tuple(u for u in state.unmade if makes_up_for(good, as_run(u))))
    return state if state.failures else replace(state, failures_dropped=0)


def makes_up_for(good: Run, bad: Run) -> bool:
    """Whether a good run resolves a bad one: same partition, the same or a later occurrence, ended later.

    A backfill that does not say what it is for makes up for nothing but such backfills.
    """
    if good.partition != bad.partition or (good.ended_at or good.last_sign_at) < bad.bad_at:
        return False
    if _is_unplaced(good):
        return _is_unplaced(bad)
    return good.order_at >= bad.order_at


def _is_unplaced(run: Run) -> bool:
    return run.backfill and run.occurrence_at is None and not run.partition


def _overtaken(run: Run, good: Run) -> Run:
    if not makes_up_for(good, run):
        return run
    return replace(run, overtaken_at=_later(run.overtaken_at, good.ended_at))


def _is_made_up_for(state: JobState, bad: Run) -> bool:
    """Whether news of a bad run comes only after a good one has made up for it."""
    if bad.overtaken_at is not None and bad.overtaken_at > bad.bad_at:
        return True
    return any(
        good.status is RunStatus.SUCCESS
        and good.partition == bad.partition
        and (bool(good.partition) or not good.backfill)
        and good.order_at >= bad.order_at
        and good.at > bad.bad_at
        for good in state.recent
    )


def outcome_of(run: Run) -> Outcome:
    """Return the few facts of an ended run that rules ask for later."""
    ended_at = run.ended_at or run.last_sign_at
    execution = run.execution
    silence = run.longest_silence_seconds
    if run.closed_by_us:
        silence = max(silence, (ended_at - run.last_sign_at).total_seconds())
    return Outcome(
        at=ended_at,
        order_at=run.order_at,
        status=run.status,
        run=run.key,
        partition=run.partition,
        backfill=run.backfill,
        seconds=None if execution is None else execution.total_seconds(),
        records=run.records_ok,
        silence_seconds=silence,
        heartbeat_every_seconds=run.heartbeat_every_seconds,
        late=run.deadline_at is not None and ended_at > run.deadline_at,
        records_failed=run.records_failed,
        retried=run.is_retried,
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)
