"""What a job must have said for a run to be what it is: check-ins made anew where only the run is kept."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tocsin.jobs.checkin import CheckIn, CheckInKind, Records
from tocsin.jobs.job import JobKey
from tocsin.jobs.run import Run, RunStatus

FAR: Final = timedelta(hours=6)
"""Further from its expected instant than this no run is taken for it by its start alone."""

_ENDS: Final = {
    RunStatus.SUCCESS: CheckInKind.SUCCESS,
    RunStatus.FAILED: CheckInKind.FAIL,
    RunStatus.TIMEOUT: CheckInKind.TIMEOUT,
    RunStatus.SKIPPED: CheckInKind.SKIP,
}


def check_ins_of(job: JobKey, run: Run) -> list[CheckIn]:
    """Return the check-ins of a run in the order of its life, each received when it happened, or right after.

    They are its queuing, its start, each failed attempt, the newest progress and its end with records and
    details. Heartbeats are not kept, and a run that never reported its end has none.
    """
    told = [
        _said(job, run, CheckInKind.QUEUED, run.queued_at),
        _said(job, run, CheckInKind.START, run.started_at),
    ]
    told += [
        _said(job, run, CheckInKind.RETRYING, attempt.ended_at, attempt=attempt.number)
        for attempt in run.attempts
        if not attempt.good and attempt.ended_at != run.ended_at
    ]
    told += [_progress(job, run), _end(job, run)]
    found, now = list[CheckIn](), None
    for one in told:
        if one is not None:
            now = one.at if now is None else max(now, one.at)
            found.append(replace(one, received_at=now))
    return found


def _said(
    job: JobKey, run: Run, kind: CheckInKind, at: datetime | None, *, attempt: int | None = None
) -> CheckIn | None:
    if at is None:
        return None
    return CheckIn(
        job=job.name,
        environment=job.environment,
        kind=kind,
        at=at,
        received_at=at,
        run=run.key,
        nominal_at=_named_for(run),
        partition=run.partition,
        backfill=run.backfill,
        attempt=attempt,
        max_attempts=_tries_of(run),
    )


def _tries_of(run: Run) -> int | None:
    """Return how many tries it had; one that gave up before its last is not waited for again."""
    tries = min(run.attempt, run.max_attempts) if run.status.is_bad else run.max_attempts
    return None if run.max_attempts == 1 else tries


def _named_for(run: Run) -> datetime | None:
    """Return the expected run that it said it was for; what its start alone tells is found anew."""
    nominal_at = run.occurrence_at
    if nominal_at is None or run.backfill or run.partition:
        return nominal_at
    began_at = run.started_at or run.ended_at or run.last_sign_at
    return nominal_at if abs(began_at - nominal_at) > FAR else None


def _progress(job: JobKey, run: Run) -> CheckIn | None:
    if run.progress is None or run.progress_at is None or run.progress_at == run.ended_at:
        return None
    told = _said(job, run, CheckInKind.HEARTBEAT, run.progress_at)
    return told and replace(told, progress=run.progress)


def _end(job: JobKey, run: Run) -> CheckIn | None:
    kind = _ENDS.get(run.status)
    if kind is None or run.closed_by_us:
        return None
    told = _said(job, run, kind, run.ended_at, attempt=run.attempt if run.max_attempts > 1 else None)
    records = None
    if run.records_ok is not None or run.records_failed is not None:
        records = Records(ok=run.records_ok, failed=run.records_failed)
    return told and replace(told, records=records, detail=run.detail)
