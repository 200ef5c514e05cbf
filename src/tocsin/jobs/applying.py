"""What one check-in makes of one run."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from tocsin.jobs.checkin import Answered, CheckIn, CheckInKind, Detail
from tocsin.jobs.run import Phase, Run, RunStatus

MAX_SEEN_BEYOND = 64

Changes = dict[str, Any]
_T = TypeVar("_T")


def apply(run: Run, check_in: CheckIn) -> tuple[Run, Answered]:
    """Return the run after a check-in of it, and whether the check-in counted.

    The same (run, seq) twice is a DUPLICATE. A closed run takes what fills a gap in its story, a
    failure after a success (a failure is never hidden), and a new attempt; anything else is LATE.
    """
    if _seen(run, check_in.seq):
        return run, Answered.DUPLICATE
    changes: Changes = {} if run.status.is_open or run.closed_by_us else _amendment(run, check_in)
    if changes.pop("late", False):
        return run, Answered.LATE
    if not changes:
        changes = _ON_KIND[check_in.kind](run, check_in)
        _add_sign(changes, run, check_in)
    _add_identity(changes, run, check_in)
    _add_evidence(changes, run, check_in)
    _add_seen(changes, run, check_in.seq)
    return replace(run, **changes), Answered.ACCEPTED


def _seen(run: Run, seq: int | None) -> bool:
    return seq is not None and (seq <= run.seen_through or seq in run.seen_beyond)


def _add_seen(changes: Changes, run: Run, seq: int | None) -> None:
    if seq is None:
        return
    if seq == run.seen_through + 1 and not run.seen_beyond:
        changes["seen_through"] = seq
        return
    beyond = sorted({*run.seen_beyond, seq})
    through = run.seen_through
    while beyond and (beyond[0] == through + 1 or len(beyond) > MAX_SEEN_BEYOND):
        through = beyond.pop(0)
    changes["seen_through"], changes["seen_beyond"] = through, tuple(beyond)


def _amendment(run: Run, check_in: CheckIn) -> Changes:
    """Return what a check-in may still change in a closed run; nothing when it opens a new attempt."""
    kind, after_end = check_in.kind, run.ended_at is None or check_in.at > run.ended_at
    if kind is CheckInKind.START:
        if after_end:
            return {}
        return {"started_at": check_in.at} if run.started_at is None else {"late": True}
    if kind in (CheckInKind.FAIL, CheckInKind.TIMEOUT) and not run.status.is_bad:
        return {}
    if kind is CheckInKind.SUCCESS and run.status.is_bad and (check_in.attempt or 0) > run.attempt:
        return {}
    if kind is CheckInKind.SUCCESS and run.status.is_bad and after_end and check_in.attempt is None:
        return {}
    if kind is CheckInKind.QUEUED and run.queued_at is None:
        return {"queued_at": check_in.at}
    if kind is CheckInKind.SCHEDULED and run.scheduled_at is None:
        return {"scheduled_at": check_in.at}
    if kind is CheckInKind.LOG:
        return {"last_sign_at": run.last_sign_at}
    return {"late": True}


def _scheduled(run: Run, check_in: CheckIn) -> Changes:
    return {"scheduled_at": run.scheduled_at or check_in.at}


def _queued(run: Run, check_in: CheckIn) -> Changes:
    phase = run.phase if run.started_at else Phase.QUEUED
    return {"queued_at": run.queued_at or check_in.at, "phase": phase}


def _start(run: Run, check_in: CheckIn) -> Changes:
    started_at = min(run.started_at, check_in.at) if run.started_at else check_in.at
    return {
        "status": RunStatus.RUNNING,
        "phase": Phase.RUNNING,
        "started_at": started_at,
        "ended_at": None,
        "closed_by_us": False,
    }


def _heartbeat(run: Run, check_in: CheckIn) -> Changes:
    gap = max((check_in.at - run.last_sign_at).total_seconds(), 0.0)
    beats = run.heartbeats + 1
    return {
        "status": RunStatus.RUNNING,
        "phase": Phase.RUNNING,
        "started_at": run.started_at or check_in.at,
        "ended_at": None,
        "closed_by_us": False,
        "heartbeats": beats,
        "heartbeat_every_seconds": run.heartbeat_every_seconds + (gap - run.heartbeat_every_seconds) / beats,
    }


def _retrying(run: Run, check_in: CheckIn) -> Changes:
    return {
        "status": RunStatus.RUNNING,
        "phase": Phase.RETRYING,
        "started_at": run.started_at or check_in.at,
        "ended_at": None,
        "closed_by_us": False,
    }


def _success(_run: Run, check_in: CheckIn) -> Changes:
    return _end(RunStatus.SUCCESS, Phase.COMPLETED, check_in.at)


def _fail(run: Run, check_in: CheckIn) -> Changes:
    return _bad_end(RunStatus.FAILED, run, check_in)


def _timeout(run: Run, check_in: CheckIn) -> Changes:
    return _bad_end(RunStatus.TIMEOUT, run, check_in)


def _bad_end(status: RunStatus, run: Run, check_in: CheckIn) -> Changes:
    attempt = check_in.attempt or run.attempt
    attempts = check_in.max_attempts or run.max_attempts
    if attempt < attempts:
        return _retrying(run, check_in)
    return _end(status, Phase.DEAD_LETTER if attempts > 1 else Phase.FAILED, check_in.at)


def _skip(_run: Run, check_in: CheckIn) -> Changes:
    return _end(RunStatus.SKIPPED, Phase.COMPLETED, check_in.at)


def _log(_run: Run, _check_in: CheckIn) -> Changes:
    return {}


def _end(status: RunStatus, phase: Phase, at: datetime) -> Changes:
    return {"status": status, "phase": phase, "ended_at": at, "closed_by_us": False}


_ON_KIND: dict[CheckInKind, Callable[[Run, CheckIn], Changes]] = {
    CheckInKind.SCHEDULED: _scheduled,
    CheckInKind.QUEUED: _queued,
    CheckInKind.START: _start,
    CheckInKind.HEARTBEAT: _heartbeat,
    CheckInKind.RETRYING: _retrying,
    CheckInKind.SUCCESS: _success,
    CheckInKind.FAIL: _fail,
    CheckInKind.TIMEOUT: _timeout,
    CheckInKind.SKIP: _skip,
    CheckInKind.LOG: _log,
}


def _add_sign(changes: Changes, run: Run, check_in: CheckIn) -> None:
    if check_in.at <= run.last_sign_at:
        return
    changes["last_sign_at"] = check_in.at
    if run.started_at is not None:
        silence = (check_in.at - run.last_sign_at).total_seconds()
        if silence > run.longest_silence_seconds:
            changes["longest_silence_seconds"] = silence


def _add_identity(changes: Changes, run: Run, check_in: CheckIn) -> None:
    if check_in.nominal_at is not None:
        changes["occurrence_at"] = check_in.nominal_at
    if check_in.partition:
        changes["partition"] = check_in.partition
    if check_in.backfill:
        changes["backfill"] = True
    if check_in.max_attempts is not None:
        changes["max_attempts"] = max(check_in.max_attempts, run.max_attempts)
    if check_in.attempt is not None:
        changes["attempt"] = max(check_in.attempt, run.attempt)


def _add_evidence(changes: Changes, run: Run, check_in: CheckIn) -> None:
    progress, records = check_in.progress, check_in.records
    if progress is not None:
        if run.progress is None or progress.done != run.progress.done:
            changes["progress_at"] = check_in.at
        changes["progress"] = progress
    if records is not None:
        if records.ok is not None:
            changes["records_ok"] = records.ok
        if records.failed is not None:
            changes["records_failed"] = records.failed
    if check_in.detail is not None:
        changes["detail"] = _merged(run.detail, check_in.detail)


def _merged(old: Detail | None, new: Detail) -> Detail:
    if old is None:
        return new
    return Detail(
        exit_code=_newer(new.exit_code, old.exit_code),
        signal=_newer(new.signal, old.signal),
        error_type=new.error_type or old.error_type,
        error_message=new.error_message or old.error_message,
        log_tail=new.log_tail or old.log_tail,
        cpu_seconds=_newer(new.cpu_seconds, old.cpu_seconds),
        max_rss_bytes=_newer(new.max_rss_bytes, old.max_rss_bytes),
        metrics=new.metrics or old.metrics,
        context=new.context or old.context,
        metadata=new.metadata or old.metadata,
    )


def _newer(new: _T | None, old: _T | None) -> _T | None:
    return old if new is None else new
