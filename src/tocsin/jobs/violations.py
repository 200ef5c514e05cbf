"""Which promises a run, or an expected run, has broken: each is counted once, whoever is told of it. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus
from tocsin.jobs.run import Run, Violation
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import BlindWindow, JobState, hidden_by

_NOT_OWED = frozenset({OccurrenceStatus.UNKNOWN, OccurrenceStatus.SKIPPED})


def promises_of_runs(sla: SLA) -> bool:
    """Whether anything is promised of each run by itself."""
    return (
        sla.max_duration_seconds is not None
        or sla.max_failure_rate is not None
        or sla.min_records_processed is not None
    )


def at_its_end(run: Run, sla: SLA) -> tuple[Violation, ...]:
    """Return what a run that has ended has broken and is not counted yet; nobody waits for a backfill."""
    if run.backfill or run.status.is_left_out:
        return ()
    return tuple(one for one in _broken_by(run, sla) if one not in run.violations)


def _broken_by(run: Run, sla: SLA) -> Iterable[Violation]:
    execution, most = run.execution, sla.max_duration_seconds
    if most is not None and execution is not None and execution.total_seconds() > most:
        yield Violation.DURATION_EXCEEDED
    ok, failed = run.records_ok, run.records_failed or 0
    if sla.max_failure_rate is not None and failed > sla.max_failure_rate * ((ok or 0) + failed):
        yield Violation.FAILURE_RATE_EXCEEDED
    least = sla.min_records_processed
    if least is not None and ok is not None and ok < least and run.status.is_good:
        yield Violation.INSUFFICIENT_RECORDS


def at_their_end(
    decided: tuple[Occurrence, ...], ended_at: datetime
) -> tuple[tuple[Occurrence, ...], tuple[Violation, ...]]:
    """Return the settled expected runs, of which each knows if it is counted, and their missed deadlines."""
    missed = [one.nominal_at for one in decided if (at := _owed_until(one)) is not None and at < ended_at]
    if not missed:
        return decided, ()
    known = tuple([replace(one, violated=True) if one.nominal_at in missed else one for one in decided])
    return known, (Violation.DEADLINE_MISSED,) * len(missed)


def by_now(
    state: JobState, sla: SLA, blind: tuple[BlindWindow, ...], now: datetime
) -> tuple[JobState, tuple[Violation, ...]]:
    """Return what is broken though nothing has ended, and the state that knows that it was counted.

    What fell into a time in which we were blind is counted when it is known, or never.
    """
    found: list[Violation] = []
    occurrences = list(state.occurrences)
    for number, one in enumerate(occurrences):
        limit_at = _owed_until(one)
        if limit_at is not None and limit_at <= now and hidden_by(blind, limit_at) is None:
            occurrences[number] = replace(one, violated=True)
            found.append(Violation.DEADLINE_MISSED)
    open_runs = list(state.open_runs)
    for number, run in enumerate(open_runs):
        if _takes_too_long(run, sla, blind, now):
            open_runs[number] = replace(run, violations=(*run.violations, Violation.DURATION_EXCEEDED))
            found.append(Violation.DURATION_EXCEEDED)
    if not found:
        return state, ()
    return replace(state, occurrences=tuple(occurrences), open_runs=tuple(open_runs)), tuple(found)


def _owed_until(one: Occurrence) -> datetime | None:
    """Return the deadline of an expected run that is not counted as missed."""
    is_settled = one.violated or one.let_off is not None or one.status in _NOT_OWED
    return None if is_settled else one.deadline_at


def _takes_too_long(run: Run, sla: SLA, blind: tuple[BlindWindow, ...], now: datetime) -> bool:
    if sla.max_duration_seconds is None or run.started_at is None or run.backfill:
        return False
    limit_at = run.started_at + timedelta(seconds=sla.max_duration_seconds)
    is_counted = Violation.DURATION_EXCEEDED in run.violations or run.overtaken_at is not None
    return limit_at <= now and not is_counted and hidden_by(blind, limit_at) is None
