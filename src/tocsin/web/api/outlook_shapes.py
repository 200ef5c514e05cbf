"""When a run will probably end, as the API tells it of one job."""

from datetime import datetime

from tocsin.rules.foreseeing import Outlook
from tocsin.web.api.check_shapes import CheckStandingShape
from tocsin.web.api.shape import Shape
from tocsin.web.api.shapes import JobShape


class OutlookShape(Shape):
    """When the run at work, else the next expected one, will probably end."""

    run: str | None
    """The run at work; null while the next one has not started."""
    nominal_at: datetime | None
    """The expected run that has not started."""
    expected_finish_at: datetime
    low_at: datetime
    """With a probability of 80 % it ends from `low_at` to `high_at`."""
    high_at: datetime
    limit_at: datetime | None
    """The first instant by which it has to have ended: its deadline, or its longest duration."""
    miss_probability: float | None
    """How likely it has not ended by then, from 0 to 1; null where nothing is promised."""
    comparable_runs: int
    method: str
    """Which runs were compared, such as `Mondays` or `all runs`."""
    waits_for: str | None
    """The upstream job for whose end it waits the longest."""


class ForeseenJobShape(JobShape):
    """A job, how it stands, when it will probably end, and how the checks of its data stand."""

    outlook: OutlookShape | None
    """Null while too little is learned."""
    checks: list[CheckStandingShape]


def foreseen_job_shape(
    job: JobShape, outlook: Outlook | None, checks: list[CheckStandingShape]
) -> ForeseenJobShape:
    """Return a job with its outlook as the API tells it."""
    foreseen = None if outlook is None else outlook_shape(outlook)
    return ForeseenJobShape(**dict(job), outlook=foreseen, checks=checks)


def outlook_shape(outlook: Outlook) -> OutlookShape:
    """Return when a run will probably end as the API tells it."""
    return OutlookShape(
        run=outlook.run or None,
        nominal_at=outlook.nominal_at,
        expected_finish_at=outlook.finish_at,
        low_at=outlook.low_at,
        high_at=outlook.high_at,
        limit_at=outlook.limit_at,
        miss_probability=outlook.miss_probability,
        comparable_runs=outlook.runs,
        method=outlook.method,
        waits_for=outlook.awaits or None,
    )
