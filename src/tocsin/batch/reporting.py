"""A run of a pipeline as Tocsin sees it: a run of a job with progress, records and numbers to judge."""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from tocsin.batch.moment import Moment
from tocsin.batch.report import RunReport
from tocsin.client.client import Client, default_client
from tocsin.client.job import Job, current_run
from tocsin.client.run import Run

URL_VARIABLE: Final = "TOCSIN_URL"
METRICS: Final = ("dead_letters", "throughput_rps", "retries", "error_rate_percent")


class Telling:
    """Tells a run of a job how the pipeline gets on, as a `Watcher`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._told: tuple[int, int] | None = None

    def look(self, moment: Moment) -> None:
        """Tell progress and records; the client sends them when it is time."""
        total = moment.total
        if total is not None:
            self._run.progress(moment.settled, total)
        elif moment.share_done is not None:
            self._run.progress(round(moment.share_done * 1_000), 1_000)
        else:
            self._run.progress(moment.settled)
        # What a run that is resumed had delivered before was told by the run before.
        ok, failed = self._told or (moment.delivered, moment.dead)
        if (moment.delivered, moment.dead) != (ok, failed):
            self._run.records(ok=moment.delivered - ok, failed=moment.dead - failed)
        self._told = (moment.delivered, moment.dead)

    def end(self, moment: Moment, told: str, *, failed: bool) -> None:
        """Tell how it has ended, with numbers that rules can be made of."""
        self.look(moment)
        self._end(moment.delivered, moment.dead, moment.seconds, moment.retries, told, failed=failed)

    def tell(self, report: RunReport) -> None:
        """Tell of a run that nobody could watch while it went on."""
        self._run.records(ok=report.delivered, failed=report.dead)
        retries = sum(report.retries.values())
        failed = not report.is_complete
        self._end(report.delivered, report.dead, report.seconds, retries, str(report), failed=failed)

    def _end(
        self, delivered: int, dead: int, seconds: float, retries: int, told: str, *, failed: bool
    ) -> None:
        decided = delivered + dead
        numbers = (
            float(dead),
            delivered / seconds if seconds > 0 else 0.0,
            float(retries),
            100.0 * dead / decided if decided else 0.0,
        )
        for name, value in zip(METRICS, numbers, strict=True):
            self._run.metric(name, value)
        self._run.metadata(batch=told)
        if failed:
            self._run.fail(told)


def reported(name: str, client: Client | None) -> AbstractContextManager[Run | None]:
    """Return the run to tell: the one that this code is part of, a new one, or None where nobody listens.

    A new one is begun where a client is given, or where the environment names a server.
    """
    open_run = current_run()
    if open_run is not None:
        return nullcontext(open_run)
    client = listening(client)
    return nullcontext(None) if client is None else Job(name, client=client)


def listening(client: Client | None) -> Client | None:
    """Return who is to be told: the client that is given, or that of the environment if it names a server."""
    return default_client() if client is None and os.environ.get(URL_VARIABLE) else client
