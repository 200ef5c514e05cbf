"""The likely cause of an alert: a job that its own needs and that is in trouble itself, with its words. Pure.

What needs another job cannot be there before it: so an alert that says that something is not there names what
it waits for, and one that says that something went wrong names what had gone wrong before it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from tocsin.jobs.state import JobState
from tocsin.rules.wording import clock_time, plural

_MOST_SAID: Final = 160


class Trouble(Enum):
    """What is wrong with a job that another needs."""

    ALERT = "alert"
    FAILED = "failed"
    RUNNING = "running"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyCause:
    """A job that another needs and that is in trouble, as it was seen at `seen_at`.

    `since_at` is when that began, `summary` what its alert says, or its error. `alert_id` is empty where it
    has no open alert. `others` are so many more of those that are needed that have one.
    """

    job: str
    trouble: Trouble
    since_at: datetime
    seen_at: datetime
    summary: str = ""
    alert_id: str = ""
    others: int = 0


def unready(job: str, state: JobState, *, before_at: datetime | None, now: datetime) -> LikelyCause | None:
    """Return why the work of a needed job is not there yet, though it has no alert; None where it is.

    It is there once a run has ended well since `before_at`, when the job that needs it last started.
    """
    done_at = state.last_success_at
    if done_at is not None and (before_at is None or done_at > before_at):
        return None
    run = next((run for run in state.open_runs if run.status.is_running and not run.backfill), None)
    if run is not None:
        since_at = run.started_at or run.last_sign_at
        return LikelyCause(job=job, trouble=Trouble.RUNNING, since_at=since_at, seen_at=now)
    failed = next((run for run in reversed(state.failures) if not run.backfill), None)
    if failed is not None:
        error = failed.detail.error_message if failed.detail is not None else ""
        return LikelyCause(
            job=job, trouble=Trouble.FAILED, since_at=failed.bad_at, seen_at=now, summary=error[:_MOST_SAID]
        )
    awaited = next((one for one in state.occurrences if one.status.is_expected), None)
    if awaited is None or awaited.nominal_at > now:
        return None
    return LikelyCause(job=job, trouble=Trouble.NOT_STARTED, since_at=awaited.nominal_at, seen_at=now)


def words_of(cause: LikelyCause, zone: str) -> str:
    """Return what is said of it: `upstream load failed: disk full; since 2026-03-29 06:00 CEST, see alert …`.

    What stands behind a semicolon may be left out where there is no room for it.
    """
    rest = f"; {_others(cause)}" if cause.others else ""
    return f"upstream {cause.job} {what_of(cause, zone)}{rest}"


def what_of(cause: LikelyCause, zone: str, *, is_dated: bool = True) -> str:
    """Return what is wrong with the job, as it follows its name; undated it is the same whenever seen."""
    since, said = clock_time(cause.since_at, zone), cause.summary[:_MOST_SAID]
    if cause.trouble is Trouble.ALERT:
        return f"{said}; since {since}, see alert {cause.alert_id}"
    if cause.trouble is Trouble.FAILED:
        return f"failed at {since}" + (f": {said}" if said else "")
    seen = f" at {clock_time(cause.seen_at, zone)}" if is_dated else ""
    if cause.trouble is Trouble.RUNNING:
        return f"had not ended{seen}; it has been running since {since}"
    return f"had not started{seen}; it was expected at {since}"


def _others(cause: LikelyCause) -> str:
    return f"{plural(cause.others, 'more job')} upstream {'is' if cause.others == 1 else 'are'} in trouble"
