"""When a batch that was not taken is sent again, and how much of all sending may be repetition."""

from collections import deque
from random import Random
from typing import Final

from tocsin.batch.config import BatchConfig
from tocsin.batch.outcome import Kind

UNKNOWN_SECONDS: Final = 5.0
MOST_UNKNOWN_ATTEMPTS: Final = 3
MAX_WAIT_SECONDS: Final = 300.0
SPREAD: Final = 1.25
FIRST_THROTTLED_SECONDS: Final = 1.0
MAX_THROTTLED_SECONDS: Final = 60.0

BUDGET_SECONDS: Final = 60
BUDGET_SHARE: Final = 0.2
FREE_RETRIES: Final = 10


class Backoff:
    """How long a batch waits before it is sent again: longer each time, and spread by chance.

    A batch of a pipeline waits by itself, so that others go on meanwhile. `chance` spreads batches that
    failed together. Brooker: Exponential Backoff And Jitter, 2015.
    """

    def __init__(self, config: BatchConfig, chance: Random) -> None:
        self._config = config
        self._chance = chance

    def most_attempts(self, kind: Kind) -> int:
        """Return how often a request that failed like this is sent again: what nobody understands, thrice."""
        most = self._config.retry_attempts
        return min(most, MOST_UNKNOWN_ATTEMPTS) if kind is Kind.UNKNOWN else most

    def failed_seconds(self, kind: Kind, failures: int) -> float:
        """Return after how many seconds a batch that has failed so often may go again.

        That is what is set, doubled with each failure, or up to a quarter more; 300 s at most.
        """
        first = UNKNOWN_SECONDS if kind is Kind.UNKNOWN else self._config.retry_backoff_seconds
        least = _doubled(first, failures, MAX_WAIT_SECONDS)
        return self._chance.uniform(least, min(least * SPREAD, MAX_WAIT_SECONDS))

    def throttled_seconds(self, times: int, retry_after_seconds: float | None) -> float:
        """Return after how many seconds a batch may go again that was so often too much for the rate.

        Where the sink says for how long, the gate holds everybody, and the batch goes with the first after
        it. Where it does not, the search has lowered the rate at once, which is what helps; the batch waits
        1 s at most, then 2 s, up to 60 s, so that those that were refused together do not come back together.
        """
        if retry_after_seconds is not None and retry_after_seconds > 0:
            return 0.0
        return self._chance.uniform(0.0, _doubled(FIRST_THROTTLED_SECONDS, times, MAX_THROTTLED_SECONDS))


class RetryBudget:
    """Whether batches that failed may still be sent again: a fifth of a minute's requests may be repeated.

    More of them are an outage of the sink, which repeating makes worse. Ten are free, so that a small run may
    repeat too. Requests that waited for the rate are none of them. Instants are monotonic seconds.
    """

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int, int]] = deque()
        self._sent = self._again = 0

    def sent(self, now: float, *, is_again: bool) -> None:
        """A request has gone, for the first time or because it failed before."""
        self._forget(now)
        second, sent, again = self._seconds.pop() if self._is_of(now) else (int(now), 0, 0)
        self._seconds.append((second, sent + 1, again + is_again))
        self._sent += 1
        self._again += is_again

    def is_spent(self, now: float) -> bool:
        """Return whether nothing more should be repeated."""
        self._forget(now)
        return self._again > max(FREE_RETRIES, BUDGET_SHARE * self._sent)

    def _is_of(self, now: float) -> bool:
        return bool(self._seconds) and self._seconds[-1][0] == int(now)

    def _forget(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] <= now - BUDGET_SECONDS:
            _, sent, again = self._seconds.popleft()
            self._sent -= sent
            self._again -= again


def _doubled(first_seconds: float, times: int, most_seconds: float) -> float:
    """Return the first time, doubled with each time after it, up to a most."""
    return min(first_seconds * 2.0 ** min(max(times - 1, 0), 32), most_seconds)
