"""How a run has done in its last minutes, from moments that it is shown as it goes on."""

from collections import deque
from dataclasses import replace
from typing import Final

from tocsin.batch.moment import Moment
from tocsin.batch.tally import Share
from tocsin.batch.watching import WINDOW, Live

SAMPLED_EVERY_SECONDS: Final = 1.0


class Lately:
    """Keeps the moments of the last minutes, one a second, as a `Watcher`."""

    def __init__(self, *, error_threshold_percent: float) -> None:
        self._error_threshold_percent = error_threshold_percent
        self._samples: deque[Moment] = deque()

    def look(self, moment: Moment) -> None:
        """Take up how the run stands."""
        if len(self._samples) > 1 and moment.seconds - self._samples[-2].seconds < SAMPLED_EVERY_SECONDS:
            slowest = max(self._samples.pop().slowest_lately_seconds, moment.slowest_lately_seconds)
            moment = replace(moment, slowest_lately_seconds=slowest)
        self._samples.append(moment)
        while moment.seconds - self._samples[0].seconds > WINDOW.total_seconds():
            self._samples.popleft()

    def end(self, moment: Moment, told: str, *, failed: bool) -> None:
        """Take notice of the end, which is told by the run itself."""

    @property
    def live(self) -> Live | None:
        """Return how it has done, and what it waits for now; None before the first moment."""
        if not self._samples:
            return None
        before, now = self._samples[0], self._samples[-1]
        delivered, dead = now.delivered - before.delivered, now.dead - before.dead
        # Who waits for its source uses less than it may, and nothing is wrong with that.
        is_held_up = now.limited_by is not Share.SOURCE
        return Live(
            seconds=now.seconds - before.seconds,
            silent_seconds=0.0,
            total_records=delivered + dead,
            processed_records=delivered,
            failed_records=dead,
            slowest_batch_seconds=max(one.slowest_lately_seconds for one in self._samples),
            batches=now.requests - before.requests,
            allowed_rps=now.declared_requests_per_second if is_held_up else None,
            error_threshold_percent=self._error_threshold_percent,
            in_flight=now.in_flight,
            limited_by="" if now.limited_by is None else now.limited_by.value,
            seconds_left=now.seconds_left,
        )
