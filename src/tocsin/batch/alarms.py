"""Tells Tocsin while a run is under way that its batches do badly, and that they do well again."""

from typing import Final

from tocsin.batch.lately import Lately
from tocsin.batch.moment import Moment
from tocsin.batch.watching import Health, Live, Thresholds, Trouble, warnings_of
from tocsin.client.client import Client

SUFFIX: Final = ".batches"
_KIND: Final = "value_range"
_SEVERITY: Final = {Health.WARNING: "warning", Health.CRITICAL: "critical"}

_NOTHING: Final = Live(
    seconds=0.0,
    silent_seconds=0.0,
    total_records=0,
    processed_records=0,
    failed_records=0,
    slowest_batch_seconds=0.0,
    batches=0,
)


class Alarms:
    """Reports the health of a run's batches as runs of a job of their own, as a `Watcher`.

    The job, called `<pipeline>.batches`, has one check for each trouble, declared with it: the share of
    failed records in percent, the seconds of the slowest batch, the share of the allowed rate that is used.
    It is told when a trouble begins and when one is over, and not in between; how the alert goes is for
    Tocsin's rules and routes.
    """

    def __init__(
        self, name: str, client: Client, thresholds: Thresholds, *, error_threshold_percent: float
    ) -> None:
        self._job = f"{name}{SUFFIX}"
        self._client = client
        self._thresholds = thresholds
        self._error_threshold_percent = error_threshold_percent
        self._told: frozenset[Trouble] = frozenset()
        self._lately = Lately(error_threshold_percent=error_threshold_percent)

    def look(self, moment: Moment) -> None:
        """Tell what is wrong with the batches of the last minutes, once it is."""
        self._lately.look(moment)
        live = self._lately.live
        if live is None:
            return
        found = frozenset(one.trouble for one in warnings_of(live, self._thresholds))
        if found != self._told:
            self._tell(live)
            self._told = found

    def end(self, moment: Moment, told: str, *, failed: bool) -> None:  # noqa: ARG002 -- the run itself says how it ended
        """Tell that nothing is wrong with batches any more that nobody sends; the run says how it ended."""
        if self._told:
            self._tell(_NOTHING)

    def _tell(self, live: Live) -> None:
        used = 1.0
        if live.allowed_rps and live.seconds >= self._thresholds.settling_seconds:
            used = live.requests_per_second / live.allowed_rps
        self._client.check_in(
            self._job,
            "success",
            metrics={
                f"{Trouble.ERROR_RATE}_{_KIND}": live.error_rate_percent,
                f"{Trouble.SLOW_BATCH}_{_KIND}": live.slowest_batch_seconds,
                f"{Trouble.LOW_THROUGHPUT}_{_KIND}": used,
            },
            definition={"checks": self._checks()},
        )

    def _checks(self) -> list[dict[str, object]]:
        limits = self._thresholds
        most_percent = limits.error_rate_factor * self._error_threshold_percent
        return [
            _check(Trouble.ERROR_RATE, Health.CRITICAL, threshold_max=most_percent),
            _check(Trouble.SLOW_BATCH, Health.WARNING, threshold_max=limits.slow_batch_seconds),
            _check(Trouble.LOW_THROUGHPUT, Health.WARNING, threshold_min=limits.least_throughput_share),
        ]


def _check(trouble: Trouble, health: Health, **limit: float) -> dict[str, object]:
    return {"metric": _KIND, "column": trouble.value, "severity": _SEVERITY[health], **limit}
