"""How fast a run may go: one controller for each cause, asked together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import inf
from random import Random
from typing import Final

from tocsin.batch.batcher import Parcel
from tocsin.batch.breaker import Breaker
from tocsin.batch.concurrency import FIRST_LIMIT, Concurrency
from tocsin.batch.config import BatchConfig, Strategy
from tocsin.batch.learned import Learned
from tocsin.batch.limits import Limits
from tocsin.batch.line import Waiter
from tocsin.batch.outcome import Kind, Refused
from tocsin.batch.rate import MAX_GATE_SECONDS
from tocsin.batch.retry import Backoff, RetryBudget
from tocsin.batch.sharing import shared_rate
from tocsin.batch.sizing import Sizing
from tocsin.batch.tally import Share

_OVERLOADED: Final = frozenset((408, 503, 504))
_IN_TIME: Final = 0.95


@dataclass(frozen=True, slots=True)
class Blocked:
    """What a request waits for, and when to ask again."""

    share: Share
    until: float


class Pace:
    """Whether the next request may go and how large it should be, and when one that failed may go again.

    It is told of every request and every answer, and passes each on to the one controller that it concerns:
    a refusal for the rate to the rate, which all pipelines of one scope share; answers in time, 503 and
    time-outs to the concurrency; sizes to the sizing; failures to the breaker. Instants are monotonic
    seconds. `wake` is called, in any thread, when there is reason to ask again.
    """

    def __init__(
        self,
        limits: Limits,
        config: BatchConfig,
        *,
        wake: Callable[[], None],
        chance: Random,
        learned: Learned | None = None,
        now: float,
    ) -> None:
        self.most_concurrency = min(
            config.parallel_workers, limits.max_concurrency or config.parallel_workers
        )
        self._config = config
        self._wake = wake
        self._rate = shared_rate(
            limits, most=config.rate_limit_rps, learned=learned.rate if learned else None, now=now
        )
        self._concurrency = Concurrency(
            most=self.most_concurrency,
            first=max(FIRST_LIMIT, (learned and learned.concurrency) or FIRST_LIMIT),
        )
        self._sizing = Sizing(
            most_records=min(config.max_batch_size, limits.max_records or config.max_batch_size),
            most_bytes=min(config.max_batch_bytes, limits.max_bytes or config.max_batch_bytes),
            timeout_seconds=config.timeout_seconds,
            adapts=config.strategy is Strategy.ADAPTIVE and not self._rate.is_limited,
            chance=chance,
            ceiling_bytes=learned.ceiling_bytes if learned else None,
            records=learned.records if learned else None,
            size=learned.bytes if learned else None,
        )
        self._breaker = Breaker()
        self._backoff = Backoff(config, chance)
        self._budget = RetryBudget()
        self._waiter: Waiter | None = None
        self._bad_since: float | None = None
        self._got_through_at = -inf
        self._full_at = now

    @property
    def requests_per_second(self) -> float | None:
        """Return how many requests a second may go now."""
        return self._rate.requests_per_second

    @property
    def found_requests_per_second(self) -> float | None:
        """Return the limit of a sink as far as it was met: one that is not declared, or lower than that."""
        return self._rate.found_requests_per_second

    @property
    def concurrency(self) -> int:
        """Return how many requests may be in flight now."""
        return self._concurrency.limit

    @property
    def records(self) -> int:
        """Return how many records a batch should have at most."""
        return self._sizing.records

    @property
    def bytes(self) -> int:
        """Return how many bytes a request should have at most."""
        return self._sizing.bytes

    def ask(self, parcel: Parcel, now: float, *, in_flight: int) -> Blocked | None:
        """Return what the next request has to wait for; None: it may go, and its slot is taken."""
        retry_at = self._breaker.retry_at
        if retry_at is not None and now < retry_at:
            self.leave()
            return Blocked(Share.OUTAGE, retry_at)
        if self._waiter is None:
            self._waiter = self._rate.join(len(parcel), self._config.priority, self._wake)
        at = self._rate.ask(self._waiter, now)
        if at > now:
            return Blocked(Share.GATE if self._rate.gate_until > now else Share.RATE, at)
        self._waiter = None
        self._breaker.may_send(now)
        # A batch that fails again and again, and its parts, are about that batch and not about the sink.
        self._budget.sent(now, is_again=parcel.attempts == 1 and not parcel.is_part)
        if in_flight + 1 >= self._concurrency.limit:
            self._full_at = now
        return None

    def leave(self) -> None:
        """Stand in nobody's way any more."""
        if self._waiter is not None:
            self._rate.leave(self._waiter)
            self._waiter = None

    def end(self, now: float) -> None:
        """Stand in nobody's way, and bind nobody by what was allowed, now that the run is over."""
        self.leave()
        self._rate.end(self._config.rate_limit_rps, now)

    def delivered(self, parcel: Parcel, sent_at: float, now: float) -> None:
        """Take up that the sink has taken a request."""
        self.answered(sent_at, now)
        self._concurrency.succeeded(sent_at, now, len(parcel), was_limited=self._full_at >= sent_at)
        self._sizing.delivered(len(parcel), now - sent_at, is_rate_limited=self._rate.is_limited)

    def answered(self, sent_at: float, now: float) -> None:
        """Take up that the sink has looked at a request, whatever it thinks of it."""
        self._bad_since, self._got_through_at = None, now
        self._breaker.succeeded(sent_at, now)
        self._rate.accepted(sent_at, now)

    def throttled(self, parcel: Parcel, refused: Refused, sent_at: float, now: float) -> float:
        """Take up that a request was too much; return when it may go again, as far as it is concerned."""
        self._rate.throttled(sent_at, refused.retry_after_seconds, now)
        self._bad_since = self._bad_since or now
        return now + self._backoff.throttled_seconds(parcel.throttled, refused.retry_after_seconds)

    def too_large(self, parcel: Parcel, sent_at: float, now: float) -> None:
        """Take up that a request was too large."""
        self.answered(sent_at, now)
        self._sizing.too_large(len(parcel), parcel.size)

    def failed(self, parcel: Parcel, refused: Refused, sent_at: float, now: float) -> None:
        """Take up that a request did not get through."""
        self._bad_since = self._bad_since or now
        if refused.retry_after_seconds:
            self._rate.close_until(now + min(refused.retry_after_seconds, MAX_GATE_SECONDS))
        has_timed_out = now - sent_at >= _IN_TIME * self._config.timeout_seconds
        if has_timed_out:
            self._sizing.timed_out(parcel.size)
        if has_timed_out or refused.status in _OVERLOADED:
            self._concurrency.overloaded(sent_at, now)
        if refused.kind is Kind.TRANSIENT and not self._is_its_own_fault(parcel):
            self._breaker.failed(parcel.origin, sent_at, now, is_again=parcel.attempts > 0)
            if self._budget.is_spent(now):
                self._breaker.trip(now)

    def _is_its_own_fault(self, parcel: Parcel) -> bool:
        """Whether a batch has failed before, while something else has got through since then."""
        return parcel.failed_at is not None and self.gets_through(parcel.failed_at)

    def gets_through(self, since: float) -> bool:
        """Whether the sink has looked at any request since then, whatever it thought of it."""
        return self._got_through_at >= since

    @property
    def has_got_through(self) -> bool:
        """Whether the sink has ever looked at a request of this run."""
        return self._got_through_at > -inf

    def is_outage(self) -> bool:
        """Whether the sink is away, so that no batch is to blame."""
        return self._breaker.is_open

    @property
    def tries_fresh_first(self) -> bool:
        """Whether the next request should be of records that were not sent like this before.

        So it should where the sink is away and one that failed before has failed again; its halves are fresh.
        """
        return self._breaker.trials > 0

    def is_trial(self, sent_at: float) -> bool:
        """Whether a request was sent to see if the sink is still away, and it still is."""
        return self._breaker.open_since is not None and sent_at >= self._breaker.open_since

    def nothing_gets_through(self, now: float) -> None:
        """Take up that the sink is away, as far as anybody can tell."""
        self._breaker.trip(now)

    def outage_seconds(self, now: float) -> float:
        """Return for how long nothing has got through."""
        return 0.0 if self._bad_since is None else now - self._bad_since

    def most_attempts(self, kind: Kind) -> int:
        """Return how often a request that failed like this is sent again."""
        return self._backoff.most_attempts(kind)

    def again_at(self, parcel: Parcel, refused: Refused, now: float) -> float:
        """Return when a request that failed may go again; a part of one waits as after a first failure."""
        failures = 1 if parcel.is_part else parcel.attempts
        return now + self._backoff.failed_seconds(refused.kind, failures)

    def learned(self, at: datetime) -> Learned:
        """Return what the next run should know of the sink."""
        rate = self._rate.learned()
        return Learned(
            at=at,
            rate_low=rate.low,
            rate_high=rate.high,
            rate_best=rate.best,
            ceiling_bytes=self._sizing.ceiling_bytes,
            records=self._sizing.target_records,
            concurrency=self._concurrency.limit,
            bytes=self._sizing.bytes,
        )
