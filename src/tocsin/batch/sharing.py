"""The rate of one sink, as all pipelines of a process share it: who goes next, and when."""

import os
from collections.abc import Callable
from math import inf
from threading import Lock, RLock
from typing import Final
from weakref import WeakValueDictionary

from tocsin.batch.config import Priority
from tocsin.batch.limiter import Limiter
from tocsin.batch.limits import Limits
from tocsin.batch.line import Line, Waiter
from tocsin.batch.rate import DECLARED_SHARE, LearnedRate, RateSearch


class SharedRate:
    """One line, one limiter and one search for the rate; may be used by several threads and event loops.

    `wake` of whoever stands in line may be called in any thread, and must only pass it on. Instants are
    monotonic seconds.
    """

    def __init__(
        self, limits: Limits, *, most: float | None = None, learned: LearnedRate | None = None, now: float
    ) -> None:
        records = limits.records_per_second and limits.records_per_second * DECLARED_SHARE
        self._search = RateSearch(declared=limits.requests_per_second, most=most, learned=learned, now=now)
        self._allowed = [inf if most is None else most]
        self._limiter = Limiter(
            requests_per_second=self._search.rate(now), records_per_second=records, now=now
        )
        self._line = Line(self._limiter)
        self._lock = RLock()

    @property
    def gate_until(self) -> float:
        """Return until when nobody may go, because the sink has asked for it."""
        return self._limiter.gate_until

    @property
    def requests_per_second(self) -> float | None:
        """Return how many requests a second may go now; None: without limit."""
        return self._limiter.requests_per_second

    @property
    def found_requests_per_second(self) -> float | None:
        """Return how many requests a second the sink takes; None: no limit was met."""
        known = self._search.learned()
        return None if known.high is None else known.low

    @property
    def is_limited(self) -> bool:
        """Return whether the sink limits requests or records, by what it declares or by what it refused."""
        return self._search.is_limited or self._limiter.records_per_second is not None

    def join(self, records: int, priority: Priority, wake: Callable[[], None]) -> Waiter:
        """Stand in line with a request of so many records."""
        with self._lock:
            return self._line.join(records, priority, wake)

    def ask(self, waiter: Waiter, now: float) -> float:
        """Return when to ask again, `inf`: when woken; not after `now`: go, it counts as sent."""
        with self._lock:
            self._limiter.set_rate(self._search.rate(now), now)
            at = self._line.ask(waiter, now)
            if at <= now:
                self._search.sent(now)
            return at

    def leave(self, waiter: Waiter) -> None:
        """Stand in line no longer."""
        with self._lock:
            self._line.leave(waiter)

    def accepted(self, sent_at: float, now: float) -> None:
        """A request that went at `sent_at` has an answer that is no refusal for its rate."""
        with self._lock:
            self._search.accepted(sent_at, now)
            self._follow(now)

    def throttled(self, sent_at: float, retry_after_seconds: float | None, now: float) -> None:
        """A request that went at `sent_at` was refused for its rate."""
        with self._lock:
            gate_seconds = self._search.throttled(sent_at, retry_after_seconds, now)
            if gate_seconds:
                self._limiter.close_until(now + gate_seconds)
            self._follow(now)

    def close_until(self, at: float) -> None:
        """Let nobody go before this instant, because the sink asks for it."""
        with self._lock:
            self._limiter.close_until(at)
            self._line.look_again()

    def begin(self, most: float | None, now: float) -> None:
        """One pipeline more goes by it, which allows itself so much; of all of these the least holds."""
        with self._lock:
            self._allowed.append(inf if most is None else most)
            self._allow(now)

    def end(self, most: float | None, now: float) -> None:
        """A pipeline that allowed itself so much has come to its end, and binds the others no more."""
        with self._lock:
            self._allowed.remove(inf if most is None else most)
            self._allow(now)

    def _allow(self, now: float) -> None:
        self._search.allow_at_most(min(self._allowed, default=inf), now)
        self._follow(now)

    def learned(self) -> LearnedRate:
        """Return what is known of the rate now."""
        return self._search.learned()

    def _follow(self, now: float) -> None:
        before = self._limiter.requests_per_second
        self._limiter.set_rate(self._search.rate(now), now)
        if self._limiter.requests_per_second != before:
            self._line.look_again()


class _Scopes:
    """The rates of this process by their scopes, each for as long as somebody holds it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.rates: WeakValueDictionary[str, SharedRate] = WeakValueDictionary()


_scopes: Final = _Scopes()
# What is forked off would else wait behind pipelines that are at work in its parent alone, and for a lock.
os.register_at_fork(after_in_child=_scopes.__init__)  # type: ignore[misc]  # it is to begin anew


def shared_rate(
    limits: Limits, *, most: float | None = None, learned: LearnedRate | None = None, now: float
) -> SharedRate:
    """Return the rate of a sink's scope: that of the other pipelines of this process, or a new one.

    It lasts for as long as a pipeline holds it. Without a scope it is nobody else's. Whoever comes first says
    what is declared and learned. Of what they allow themselves by `most` the least holds, for all together,
    until the one that has said so calls `end`.
    """
    with _scopes.lock:
        found = _scopes.rates.get(limits.scope) if limits.scope else None
        if found is not None:
            found.begin(most, now)
            return found
        made = SharedRate(limits, most=most, learned=learned, now=now)
        if limits.scope:
            _scopes.rates[limits.scope] = made
        return made
