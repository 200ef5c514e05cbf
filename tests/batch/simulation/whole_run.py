"""A run on virtual time, from its first record to its last: its parts are asked as in a pipeline."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random

from tocsin.batch.answering import Answering
from tocsin.batch.batcher import Batcher, Parcel
from tocsin.batch.config import BatchConfig
from tocsin.batch.entries import Entries
from tocsin.batch.ledger import Ledger
from tocsin.batch.limits import JSON_ARRAY, Limits
from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused
from tocsin.batch.pace import Pace
from tocsin.batch.preparing import Portion
from tocsin.batch.retry import SPREAD
from tocsin.batch.tally import Tally

LATENCY_SECONDS = 0.05
LIMITS = Limits(requests_per_second=40, max_records=500)
CRASHED = Refused(Kind.TRANSIENT, "it crashed", status=500)
INVALID = Refused(Kind.INVALID, "one of them is bad", status=400)


class WholeRun:
    """So many records to a sink that takes 50 ms for an answer, by default full batches and all at once.

    The sink crashes over a batch with a record of `poison`, refuses one with a record of `bad` without saying
    which, and is away while `is_away` says so. `dead` are the records that have become dead letters, `ended`
    when the last one was settled. `searching` is for how long each bad one was searched for, from the first
    request that held it, without what it had to wait by the settings after those that held it and failed.
    """

    def __init__(
        self,
        records: int,
        *,
        poison: frozenset[int] = frozenset(),
        bad: frozenset[int] = frozenset(),
        is_away: Callable[[float], bool] = lambda _: False,
        chance_of_failure: float = 0.0,
        config: BatchConfig | None = None,
        seed: int = 1,
    ) -> None:
        self.config = config or BatchConfig(max_batch_size=500)
        self._poison, self._bad, self._is_away = poison, bad, is_away
        self._chance, self._chance_of_failure = Random(seed), chance_of_failure
        self.requests_at: list[float] = []
        self.searching: dict[int, float] = {}
        self.ended: float | None = None
        self.ledger = Ledger()
        self._batcher = Batcher(framing=JSON_ARRAY, max_records=500, max_bytes=500_000)
        self.pace = Pace(LIMITS, self.config, wake=lambda: None, chance=self._chance, now=0.0)
        self.answering = Answering(
            batcher=self._batcher,
            ledger=self.ledger,
            pace=self.pace,
            tally=Tally(),
            config=self.config,
            free=lambda _: None,
            note=lambda *_: None,
        )
        entries = Entries.of((number, f"r{number}", b"x", "") for number in range(records))
        self.ledger.take(Portion(read=records))
        self._batcher.add(entries, 0.0)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._in_flight = 0
        self._held: Parcel | None = None
        self._now = 0.0

    @property
    def dead(self) -> list[int]:
        return sorted(one.reject.ordinal for one in self.ledger.buried)

    @property
    def is_suspended(self) -> bool:
        return self.answering.stop is not None or self.pace.outage_seconds(self._now) > (
            self.config.max_outage_seconds
        )

    def run(self, seconds: float = 7_200.0) -> "WholeRun":
        """Go on until all is settled, the run is suspended, or that much time is over."""
        self._pump()
        while self._events and not self.is_suspended and self._now < seconds:
            self._now, _, what = heappop(self._events)
            what()
            self._pump()
            if self.ledger.is_whole:
                self.ended = self._now
                return self
        return self

    def _at(self, instant: float, what: Callable[[], None]) -> None:
        heappush(self._events, (instant, next(self._order), what))

    def _pump(self) -> None:
        while self._in_flight < self.pace.concurrency:
            parcel = self._held = self._held or self._next()
            if parcel is None:
                ripe_at = self._batcher.ripe_at()
                if ripe_at is not None and not self._in_flight:
                    self._at(max(ripe_at, self._now), lambda: None)
                return
            blocked = self.pace.ask(parcel, self._now, in_flight=self._in_flight)
            if blocked is not None:
                self._at(blocked.until, lambda: None)
                return
            self._held = None
            self._send(parcel, self._now)

    def _next(self) -> Parcel | None:
        self._batcher.ripen(self._now, all_of_it=True)
        return self._batcher.next(self._now, is_fresh_first=self.pace.tries_fresh_first)

    def _send(self, parcel: Parcel, sent_at: float) -> None:
        self._in_flight += 1
        for bad in self._bad.intersection(parcel.entries.ordinals) - self.searching.keys():
            self.searching[bad] = -sent_at
        self.requests_at.append(sent_at)
        outcome = self._answer(parcel)
        self._at(sent_at + LATENCY_SECONDS, lambda: self._answered(parcel, outcome, sent_at))

    def _answer(self, parcel: Parcel) -> Outcome:
        crashes = not self._poison.isdisjoint(parcel.entries.ordinals)
        if crashes or self._is_away(self._now) or self._chance.random() < self._chance_of_failure:
            return CRASHED
        return Delivered() if self._bad.isdisjoint(parcel.entries.ordinals) else INVALID

    def _answered(self, parcel: Parcel, outcome: Outcome, sent_at: float) -> None:
        self._in_flight -= 1
        attempts, of_it = parcel.attempts, self._bad.intersection(parcel.entries.ordinals)
        self.answering.take(parcel, outcome, sent_at, self._now)
        for bad in of_it:
            if outcome is CRASHED:
                self.searching[bad] -= SPREAD * self.config.retry_backoff_seconds * 2**attempts
            elif len(parcel) == 1:
                self.searching[bad] += self._now
