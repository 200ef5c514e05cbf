"""What one check-in makes of one run."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from tocsin.jobs.checkin import Answered, CheckIn, CheckInKind, Detail
from tocsin.jobs.numbers import added, ends, holds
from tocsin.jobs.run import Attempt, Phase, Reading, Run, RunStatus

MAX_SEEN_BEYOND = 32
MAX_ATTEMPTS = 20
MAX_ATTEMPT_ERROR = 300
MAX_METRICS = 200
PACE_OVER = timedelta(minutes=5)

Changes = dict[str, Any]
_T = TypeVar("_T")


def apply(run: Run, check_in: CheckIn) -> tuple[Run, Answered]:
    """Return the run after a check-in of it, and whether the check-in counted.

    The same (run, seq) twice is a DUPLICATE; of numbers so old that nobody knows, an end that the run does
    not know of counts, for a failure is never lost. A closed run takes what fills a gap in its story, a
    failure that came after its success (a failure is never hidden), and a new attempt; anything else
    is LATE.
    """
    if _seen(run, check_in):
        return run, Answered.DUPLICATE
    changes: Changes = {} if run.status.is_open or run.closed_by_us else _amendment(run, check_in)
    if changes.pop("late", False):
        _add_seen(changes, run, check_in.seq)
        return replace(run, **changes) if changes else run, Answered.LATE
    if not changes:
        changes = _ON_KIND[check_in.kind](run, check_in)
        _add_sign(changes, run, check_in)
    _add_identity(changes, run, check_in)
    _add_evidence(changes, run, check_in)
    _add_seen(changes, run, check_in.seq)
    return replace(run, **changes), Answered.ACCEPTED


def having_seen(run: Run, numbers: Iterable[int]) -> Run:
    """Return a run to which check-ins of these numbers have been counted already."""
    for seq in numbers:
        changes: Changes = {}
        _add_seen(changes, run, seq)
        run = replace(run, **changes)
    return run


def _seen(run: Run, check_in: CheckIn) -> bool:
    seq = check_in.seq
    if seq is None or (seq > run.seen_through and not (run.seen_beyond and holds(run.seen_beyond, seq))):
        return False
    return seq > run.unsure_through or not _tells_of_another_end(run, check_in)


def _tells_of_another_end(run: Run, check_in: CheckIn) -> bool:
    if not check_in.kind.ends_run:
        return False
    if run.status.is_open or run.closed_by_us:
        return all(attempt.ended_at != check_in.at for attempt in run.attempts)
    return _is_news(run, check_in)


def _add_seen(changes: Changes, run: Run, seq: int | None) -> None:
    if seq is None or seq <= run.seen_through:
        return
    if seq == run.seen_through + 1 and not run.seen_beyond:
        changes["seen_through"] = seq
        return
    beyond, through = added(run.seen_beyond, seq), run.seen_through
    while beyond and (ends(beyond[0])[0] == through + 1 or len(beyond) > MAX_SEEN_BEYOND):
        low, high = ends(beyond[0])
        if low != through + 1:
            changes["unsure_through"] = low
        through, beyond = high, beyond[1:]
    changes["seen_through"], changes["seen_beyond"] = through, beyond


def _amendment(run: Run, check_in: CheckIn) -> Changes:
    """Return what a check-in may still change in a closed run; nothing when it opens or ends it anew."""
    kind = check_in.kind
    if kind is CheckInKind.LOG:
        return {"last_sign_at": run.last_sign_at}
    if _is_news(run, check_in):
        return {}
    if kind is CheckInKind.START and (run.started_at is None or check_in.at < run.started_at):
        return {"started_at": check_in.at}
    if kind is CheckInKind.QUEUED and run.queued_at is None:
        return {"queued_at": check_in.at}
    if kind is CheckInKind.SCHEDULED and run.scheduled_at is None:
        return {"scheduled_at": check_in.at}
    return {"late": True}


def _is_news(run: Run, check_in: CheckIn) -> bool:
    """Whether a check-in says of a closed run what happened after its end."""
    kind, ended_at = check_in.kind, run.ended_at or run.last_sign_at
    newer_attempt = check_in.attempt is not None and check_in.attempt > run.attempt
    older_attempt = check_in.attempt is not None and check_in.attempt < run.attempt
    if kind is CheckInKind.START:
        return check_in.at > ended_at or newer_attempt
    if kind is CheckInKind.FAIL or kind is CheckInKind.TIMEOUT:
        worse = not run.status.is_bad or newer_attempt
        return worse and not older_attempt and (check_in.at >= ended_at or newer_attempt)
    if kind is CheckInKind.RETRYING:
        return run.status.is_bad and not older_attempt and check_in.at >= ended_at
    if kind is CheckInKind.SUCCESS:
        return run.status.is_bad and (newer_attempt or (check_in.attempt is None and check_in.at > ended_at))
    return False


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
    gap = (check_in.at - run.last_sign_at).total_seconds()
    beats, mean = run.heartbeats, run.heartbeat_every_seconds
    if gap > 0:  # one that was overtaken on its way says nothing of the rhythm
        beats += 1
        mean += (gap - mean) / beats
    rhythm = {"heartbeats": beats, "heartbeat_every_seconds": mean}
    if run.phase is Phase.RUNNING:
        return rhythm
    return {
        **rhythm,
        "status": RunStatus.RUNNING,
        "phase": Phase.RUNNING,
        "started_at": run.started_at or check_in.at,
        "ended_at": None,
        "closed_by_us": False,
    }


def _retrying(run: Run, check_in: CheckIn) -> Changes:
    if _is_overtaken(run, check_in):
        return {"attempts": _with_attempt(run, check_in)}
    return {
        "attempts": _with_attempt(run, check_in),
        "status": RunStatus.RUNNING,
        "phase": Phase.RETRYING,
        "readings": (),
        "started_at": run.started_at or check_in.at,
        "ended_at": None,
        "closed_by_us": False,
    }


def _is_overtaken(run: Run, check_in: CheckIn) -> bool:
    """Whether the run is at a later attempt by now, so that how this one ended says nothing of the run."""
    return check_in.attempt is not None and check_in.attempt < run.attempt


def _with_attempt(run: Run, check_in: CheckIn, *, good: bool = False) -> tuple[Attempt, ...]:
    """Return the attempts with the one that has ended; the first stays where there are too many."""
    detail = check_in.detail
    ended = Attempt(
        number=check_in.attempt or run.attempt,
        ended_at=check_in.at,
        good=good,
        exit_code=detail.exit_code if detail is not None else None,
        error=(detail.error_message or detail.error_type)[:MAX_ATTEMPT_ERROR] if detail is not None else "",
    )
    known = tuple(attempt for attempt in run.attempts if attempt.number != ended.number)
    return (*known[:1], *(*known[1:], ended)[-MAX_ATTEMPTS:])


def _success(run: Run, check_in: CheckIn) -> Changes:
    changes = _end(RunStatus.SUCCESS, Phase.COMPLETED, check_in.at)
    if run.attempts:
        changes["attempts"] = _with_attempt(run, check_in, good=True)
    return changes


def _fail(run: Run, check_in: CheckIn) -> Changes:
    return _bad_end(RunStatus.FAILED, run, check_in)


def _timeout(run: Run, check_in: CheckIn) -> Changes:
    return _bad_end(RunStatus.TIMEOUT, run, check_in)


def _bad_end(status: RunStatus, run: Run, check_in: CheckIn) -> Changes:
    attempt = check_in.attempt or run.attempt
    attempts = check_in.max_attempts or run.max_attempts
    if attempt < attempts or _is_overtaken(run, check_in):
        return _retrying(run, check_in)
    changes = _end(status, Phase.DEAD_LETTER if attempts > 1 else Phase.FAILED, check_in.at)
    if run.attempts:
        changes["attempts"] = _with_attempt(run, check_in)
    return changes


def _skip(_run: Run, check_in: CheckIn) -> Changes:
    return _end(RunStatus.SKIPPED, Phase.COMPLETED, check_in.at)


def _log(_run: Run, _check_in: CheckIn) -> Changes:
    return {}


def _end(status: RunStatus, phase: Phase, at: datetime) -> Changes:
    return {"status": status, "phase": phase, "ended_at": at, "closed_by_us": False, "readings": ()}


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
    is_newest = check_in.at >= run.last_sign_at
    if progress is not None and (is_newest or run.progress is None):
        if run.progress is None or progress.done != run.progress.done:
            changes["progress_at"] = check_in.at
        changes["progress"] = progress
    if records is not None:
        if records.ok is not None and (is_newest or run.records_ok is None):
            changes["records_ok"] = records.ok
        if records.failed is not None and (is_newest or run.records_failed is None):
            changes["records_failed"] = records.failed
    if is_newest and (progress is not None or records is not None) and not check_in.kind.ends_run:
        _add_reading(changes, run, check_in)
    if check_in.detail is not None:
        changes["detail"] = _merged(run.detail, check_in.detail)


def _add_reading(changes: Changes, run: Run, check_in: CheckIn) -> None:
    """Keep from time to time how much was done, so that it can be told how fast the run is lately.

    A run that counts its progress is read by that alone; one that has begun its count anew, anew.
    """
    known, before = run.readings, run.done
    if check_in.progress is not None:
        done = check_in.progress.done
    elif run.progress is None and check_in.records is not None and check_in.records.ok is not None:
        done = float(check_in.records.ok + (check_in.records.failed or 0))
    else:
        return
    if not known or (before is not None and done < before):
        changes["readings"] = (Reading(check_in.at, done),)
    elif check_in.at - known[-1].at >= PACE_OVER:
        changes["readings"] = (known[-1], Reading(check_in.at, done))


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
        metrics=_merged_pairs(old.metrics, new.metrics, new.not_numbers),
        context=new.context or old.context,
        metadata=new.metadata or old.metadata,
        not_numbers=_merged_pairs(old.not_numbers, new.not_numbers, new.metrics),
        notes=_merged_pairs(old.notes, new.notes, new.metrics),
    )


def _merged_pairs(
    old: tuple[tuple[str, _T], ...], new: tuple[tuple[str, _T], ...], instead: tuple[tuple[str, object], ...]
) -> tuple[tuple[str, _T], ...]:
    """Return what was sent by names, the newest of each, without what came `instead` of it."""
    if not old:
        return new
    if not new and not instead:
        return old
    gone = {name for name, _ in instead} | {name for name, _ in new}
    kept = [pair for pair in old if pair[0] not in gone]
    return tuple(sorted((*kept[: MAX_METRICS - len(new)], *new)))


def _newer(new: _T | None, old: _T | None) -> _T | None:
    return old if new is None else new
