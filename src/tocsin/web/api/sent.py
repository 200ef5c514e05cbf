"""What the jobs have sent last, read for Prometheus."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from tocsin.errors import StoreError
from tocsin.jobs.state import JobState
from tocsin.store.rows import Watch
from tocsin.telemetry.metrics import Gauge
from tocsin.telemetry.sent import MAX_SERIES, Sent
from tocsin.web.wiring import Wiring

MAX_JOBS: Final = 1_000


def sent_of(wired: Wiring) -> tuple[list[Sent], list[Gauge]]:
    """Return what the first jobs by environment and name sent last, and whether there was more than is shown.

    What is older than check-ins are kept is left out, and all of it where the store cannot be read.
    """
    since = wired.clock.now() - wired.engine.configuration.policy.keep_logs_for
    try:
        with wired.store.reading() as reading:
            watches = reading.jobs(after=None, limit=MAX_JOBS + 1)
    except StoreError:
        return [], []
    sent = [one for watch in watches[:MAX_JOBS] for one in _sent(watch, since)]
    is_more = len(watches) > MAX_JOBS or sum(len(one.values) for one in sent) > MAX_SERIES
    return sent, [
        Gauge(
            name="tocsin_job_metrics_left_out",
            help="1 while there are more numbers of jobs than are shown",
            value=is_more,
        )
    ]


def _sent(watch: Watch, since: datetime) -> Iterator[Sent]:
    values = _newest(watch.state, since)
    if values:
        columns = {check.key: check.column for check in watch.job.definition.checks if check.column}
        yield Sent(job=watch.job.name, environment=watch.job.environment, values=values, columns=columns)


def _newest(state: JobState, since: datetime) -> tuple[tuple[str, float], ...]:
    """Return what the run that ended last sent; where it sent nothing, what a good one had for the checks."""
    last, measured = state.last, state.measured[-1] if state.measured else None
    if last is not None and last.detail is not None and last.detail.metrics and not last.backfill:
        return last.detail.metrics if (last.ended_at or last.last_sign_at) > since else ()
    if measured is None or measured.at <= since:
        return ()
    return tuple((name, value) for name, value in measured.values if isinstance(value, float))
