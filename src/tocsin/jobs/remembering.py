"""What a job's state keeps of how runs ended when there are more of them than it can hold."""

from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from msgspec.structs import replace

from tocsin.jobs.run import Phase, Run, RunStatus
from tocsin.jobs.sla import FAILED_OF_AT_LEAST, MOST_FAILED, SLA
from tocsin.jobs.state import (
    MAX_FAILURES,
    MAX_PUSHED_OUT,
    MAX_RECENT,
    MAX_UNMADE,
    HeldTo,
    JobState,
    Outcome,
    Unmade,
)
from tocsin.jobs.tally import counted

_AT = attrgetter("at")


def is_odd(outcome: Outcome, sla: SLA, held_to: HeldTo | None = None) -> bool:
    """Whether a rule may hold a good run against the job until the next good run of its partition.

    Where a job has no partitions all that tells of records or a duration is kept; where it has, which may be
    without number, only what breaks a promise of its own or a limit that its rules hold it to.
    """
    if outcome.status is not RunStatus.SUCCESS or outcome.backfill:
        return False
    if not outcome.partition and (outcome.records is not None or outcome.seconds is not None):
        return True
    least, seconds = sla.min_duration_seconds, outcome.seconds
    if least is not None and seconds is not None and seconds < least:
        return True
    if outcome.records is None:
        return False
    if held_to is not None and held_to.is_broken_by(outcome):
        return True
    return _breaks_a_promise(outcome.records, outcome.records_failed or 0, sla)


def _breaks_a_promise(ok: int, failed: int, sla: SLA) -> bool:
    """Whether so many records are none, or fewer or worse than was promised, or is ever taken for good."""
    if ok == 0 or (sla.min_records_processed is not None and ok < sla.min_records_processed):
        return True
    if sla.max_failure_rate is not None:
        return failed > sla.max_failure_rate * (ok + failed)
    return failed > MOST_FAILED * (ok + failed) and ok + failed >= FAILED_OF_AT_LEAST


class Memory(NamedTuple):
    """The last outcomes, the odd ones that others have pushed out, and how many of which kind those were."""

    recent: tuple[Outcome, ...]
    pushed_out: tuple[Outcome, ...]
    tallies: str


def after(state: JobState, sla: SLA, *outcomes: Outcome) -> Memory:
    """Return what is remembered of how runs ended, with these outcomes.

    An odd one that is pushed out is kept until a newer good run of its partition ends, or one of
    MAX_PUSHED_OUT others needs its place.
    """
    if not outcomes:
        return Memory(state.recent, state.pushed_out, state.tallies)
    ordered = sorted((*state.recent, *outcomes), key=_AT)
    leaves, recent = ordered[:-MAX_RECENT], tuple(ordered[-MAX_RECENT:])
    held, tallies, newest = state.pushed_out, state.tallies, recent[-1]
    for outcome in leaves:
        tallies = counted(tallies, outcome, newest.at)
    # What ends each time a job runs well, so it is asked of the one that leaves and of no list.
    odd = [o for o in leaves if not _follows(newest, o) and is_odd(o, sla, state.held_to)]
    if held or odd:
        held = _still_newest((*held, *odd), (*state.recent, *outcomes), recent)
    return Memory(recent, held, tallies)


def _follows(newer: Outcome, older: Outcome) -> bool:
    """Whether the newer is a good run of the same partition, so that the older stands for nothing more."""
    is_good = newer.status is not None and newer.status.is_good and not newer.backfill
    return is_good and newer.partition == older.partition


def _still_newest(
    held: tuple[Outcome, ...], others: tuple[Outcome, ...], recent: tuple[Outcome, ...]
) -> tuple[Outcome, ...]:
    """Return those of the outcomes held that no good run of their partition has followed."""
    newest: dict[str, datetime] = {}
    for outcome in (*held, *others):
        if outcome.status is RunStatus.SUCCESS and not outcome.backfill:
            newest[outcome.partition] = max(outcome.at, newest.get(outcome.partition, outcome.at))
    kept = {outcome.run for outcome in recent}
    still = [o for o in held if o.at == newest[o.partition] and o.run not in kept]
    return tuple(still[-MAX_PUSHED_OUT:])


def with_failure(state: JobState, failures: tuple[Run, ...]) -> JobState:
    """Return the state with these failures, oldest first, as many as it can hold, and word of the others.

    The first stays, and a run that makes up for old ones goes before one that was due.
    """
    if len(failures) <= MAX_FAILURES:
        return replace(state, failures=failures)
    place = next((n for n, run in enumerate(failures) if n and run.backfill), 1)
    return replace(
        state,
        failures=(*failures[:place], *failures[place + 1 :]),
        failures_dropped=state.failures_dropped + 1,
        unmade=_with_unmade(state.unmade, failures[place]),
    )


def _with_unmade(unmade: tuple[Unmade, ...], run: Run) -> tuple[Unmade, ...]:
    """Return what is known of failures without room, with one more: one word for each partition."""
    known = next((u for u in unmade if (u.partition, u.backfill) == (run.partition, run.backfill)), None)
    word = Unmade(
        partition=run.partition,
        backfill=run.backfill,
        run=run.key,
        at=run.bad_at if known is None else max(run.bad_at, known.at),
        order_at=run.order_at if known is None else max(run.order_at, known.order_at),
        runs=1 if known is None else known.runs + 1,
    )
    return (*(u for u in unmade if u is not known), word)[-MAX_UNMADE:]


def without_unmade(state: JobState, gone: tuple[Unmade, ...]) -> JobState:
    """Return the state without word of these failures, and with others in the room that was left."""
    unmade = tuple(u for u in state.unmade if u not in gone)
    room = MAX_FAILURES - len(state.failures)
    back = unmade[len(unmade) - room :] if 0 < room < len(unmade) else unmade[: max(room, 0)]
    counted = sum(u.runs for u in (*gone, *back))
    if not gone and not back:
        return state
    failures = sorted(
        (*(as_run(u) for u in back), *state.failures), key=lambda run: run.ended_at or run.last_sign_at
    )
    return replace(
        state,
        failures=tuple(failures),
        failures_dropped=max(state.failures_dropped - counted, 0),
        unmade=tuple(u for u in unmade if u not in back),
    )


def as_run(word: Unmade) -> Run:
    """Return the bad run that such a word is about, in the little that is still known of it."""
    return Run(
        key=word.run,
        last_sign_at=word.at,
        status=RunStatus.FAILED,
        phase=Phase.FAILED,
        occurrence_at=word.order_at,
        partition=word.partition,
        backfill=word.backfill,
        ended_at=word.at,
    )
