"""Holds requests back while a sink is away; a pipeline has no use for an exception then, it waits."""

from collections import deque
from collections.abc import Hashable
from math import inf
from typing import Final

FAILURES_IN_A_ROW: Final = 5
FEWEST_BATCHES: Final = 2
ATTEMPTS_JUDGED: Final = 20
FIRST_OPEN_SECONDS: Final = 5.0
LONGEST_OPEN_SECONDS: Final = 60.0


class Breaker:
    """Says whether requests may go, by how many of the last ones failed on their way or within the sink.

    It opens after five failures in a row of at least two batches, or when more than half of the last twenty
    attempts failed; for 5 s, then one request is let through as a trial, and each that fails doubles the
    time, up to 60 s. The first trial that succeeds closes it. What was sent before it opened decides nothing
    any more. One batch that always fails says nothing of the sink: it is one batch however small it is taken
    apart, and of the last twenty attempts only its first counts as failed. `trials` is how many it has let
    through since it opened. Instants are monotonic seconds.
    """

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=ATTEMPTS_JUDGED)
        self._in_a_row = 0
        self._batches: set[Hashable] = set()
        self._open_seconds = FIRST_OPEN_SECONDS
        self._changed_at = -inf
        self._trial_at: float | None = None
        self.trials = 0
        self.open_since: float | None = None
        self.retry_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it holds requests back, all or all but one."""
        return self.open_since is not None

    def outage_seconds(self, now: float) -> float:
        """Return for how long the sink has been away; 0 while it is not."""
        return 0.0 if self.open_since is None else now - self.open_since

    def may_send(self, now: float) -> bool:
        """Return whether a request may go; the one that may while the breaker is open is the trial."""
        if self.retry_at is None:
            return True
        if now < self.retry_at:
            return False
        # The next one is let through later in any case, so that a trial without an outcome stops nobody.
        self._trial_at = now if self._trial_at is None else self._trial_at
        self.trials += 1
        self.retry_at = now + self._open_seconds
        return True

    def failed(self, batch: Hashable, sent_at: float, now: float, *, is_again: bool = False) -> None:
        """A request of this batch was lost on its way or failed in the sink; `is_again`: not its first."""
        if self._decides_nothing(sent_at):
            return
        if self.is_open:
            self._open_seconds = min(self._open_seconds * 2, LONGEST_OPEN_SECONDS)
            self._open(now)
            return
        if not is_again:
            self._last.append(False)
        self._in_a_row += 1
        self._batches.add(batch)
        in_a_row = self._in_a_row >= FAILURES_IN_A_ROW and len(self._batches) >= FEWEST_BATCHES
        is_judged = len(self._last) == ATTEMPTS_JUDGED
        if in_a_row or (is_judged and self._last.count(False) * 2 > ATTEMPTS_JUDGED):
            self.trip(now)

    def succeeded(self, sent_at: float, now: float) -> None:
        """A request sent at `sent_at` was answered, whatever the answer said of its records."""
        if self._decides_nothing(sent_at):
            return
        if self.is_open:
            self._changed_at = now
            self._last.clear()
            self.open_since = self.retry_at = self._trial_at = None
            self._open_seconds, self.trials = FIRST_OPEN_SECONDS, 0
        self._last.append(True)
        self._in_a_row = 0
        self._batches.clear()

    def trip(self, now: float) -> None:
        """Open it for a reason of the caller's; nothing happens if it is open."""
        if not self.is_open:
            self.open_since = now
            self._open(now)

    def _open(self, now: float) -> None:
        self._changed_at = now
        self._trial_at = None
        self.retry_at = now + self._open_seconds
        self._in_a_row = 0
        self._batches.clear()

    def _decides_nothing(self, sent_at: float) -> bool:
        return sent_at < self._changed_at if self._trial_at is None else sent_at < self._trial_at
