"""What was promised for a job: when its runs end, how long they take, how much they deliver."""

import re
from dataclasses import dataclass
from datetime import time
from typing import Final

from tocsin.errors import InvalidSchedule
from tocsin.jobs.schedule import Schedule, ScheduleKind

_WALL_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


MOST_FAILED: Final = 0.5
"""The share of a run's records above which hardly anybody would call it good, where nobody has said."""
FAILED_OF_AT_LEAST: Final = 100
"""Of fewer records than these a share says little, where nobody has promised one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SLA:
    """The promises for one job; what is None is not promised.

    `deadline`: wall time in the job's zone by which the run has ended. `deadline_offset_minutes`: the same as
    minutes after each scheduled start, or without a schedule after each full hour. `grace_period_minutes`:
    how late a run may start, five seconds at least. `warning_minutes_before` and `critical_minutes_before`
    count back from the deadline; `warns_by_the_clock`, because somebody has written them, also while a run is
    no longer than such runs are. `closed_days_only`: at weekends and on public holidays alone.
    `max_failure_rate` is a share from 0 to 1.
    """

    deadline: time | None = None
    deadline_offset_minutes: int | None = None
    max_duration_seconds: float | None = None
    min_duration_seconds: float | None = None
    grace_period_minutes: float = 5
    warning_minutes_before: float = 30
    critical_minutes_before: float = 15
    business_days_only: bool = False
    max_failure_rate: float | None = None
    min_records_processed: int | None = None
    closed_days_only: bool = False
    warns_by_the_clock: bool = False


def read_wall_time(text: str) -> time:
    """Return the time of day that "06:00" means; raises InvalidSchedule for anything else."""
    match = _WALL_TIME.fullmatch(text.strip())
    if match is not None:
        return time(int(match[1]), int(match[2]))
    hint = (
        "the end of the day is '00:00'"
        if text.strip().startswith("24")
        else "write hours and minutes, like '06:00'"
    )
    raise InvalidSchedule(f"{text[:40]!r} is not a time of day; {hint}")


def implied_schedule(sla: SLA, timezone: str) -> Schedule | None:
    """Return when a job without a schedule is expected: each day, each full hour, or never (None).

    A deadline means one run a day; an offset alone means one run an hour. Where both are given without a
    schedule the deadline holds.
    """
    if sla.deadline is not None:
        return Schedule(expression="daily", kind=ScheduleKind.DAILY, timezone=timezone)
    if sla.deadline_offset_minutes is not None:
        return Schedule(expression="hourly", kind=ScheduleKind.HOURLY, timezone=timezone)
    return None
