"""A pipeline with endless records on virtual time: its real controllers, asked as its event loop asks."""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random

from tests.batch.simulation.sink import Behaviour, Sink
from tocsin.batch.batcher import Parcel
from tocsin.batch.config import BatchConfig
from tocsin.batch.entries import Entries
from tocsin.batch.learned import Learned
from tocsin.batch.limits import Limits
from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused
from tocsin.batch.pace import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, when, and after how long."""

    at: float
    seconds: float
    outcome: Outcome


class Course:
    """Requests without end to one sink, until the virtual clock has come to the end.

    As in a pipeline, one batch at a time asks whether it may go; one that has to be sent again goes before
    new ones, once it is due.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        seed: int,
        declared: float | None = None,
        learned: Learned | None = None,
        most: float = 1_000,
        records: int = 500,
    ) -> None:
        chance = Random(seed)
        self.sink = Sink(behaviour, chance)
        self.answers: list[Answer] = []
        self.pace = Pace(
            Limits(requests_per_second=declared, max_records=records),
            BatchConfig(rate_limit_rps=most, parallel_workers=20),
            wake=lambda: None,
            chance=chance,
            learned=learned,
            now=0.0,
        )
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._later: list[tuple[float, int, Parcel]] = []
        self._order = count(1)
        self._held: Parcel | None = None
        self._in_flight = 0
        self._now = 0.0
        self._looks_at = -1.0

    def run(self, seconds: float) -> "Course":
        """Go on until this instant."""
        self._at(self._now, self._pump)
        while self._events and self._events[0][0] <= seconds:
            self._now, _, what = heappop(self._events)
            what()
        return self

    def _at(self, instant: float, what: Callable[[], None]) -> None:
        heappush(self._events, (instant, next(self._order), what))

    def _pump(self) -> None:
        """Send whatever may go now, and come back when something else may."""
        while self._in_flight < self.pace.concurrency:
            parcel = self._held = self._held or self._next()
            blocked = self.pace.ask(parcel, self._now, in_flight=self._in_flight)
            if blocked is not None:
                if not self._now < self._looks_at <= blocked.until:
                    self._looks_at = blocked.until
                    self._at(blocked.until, self._pump)
                return
            self._held = None
            self._in_flight += 1
            self._send(parcel, self._now)
        self.pace.leave()

    def _next(self) -> Parcel:
        if self._later and self._later[0][0] <= self._now:
            return heappop(self._later)[2]
        count = self.pace.records
        entries = Entries([0] * count, [""] * count, [b""] * count, [""] * count)
        return Parcel(0, entries, self.pace.bytes, self._now)

    def _send(self, parcel: Parcel, sent_at: float) -> None:
        back_at, outcome = self.sink.answer(len(parcel), sent_at)
        self._at(back_at, lambda: self._answered(parcel, outcome, sent_at))

    def _answered(self, parcel: Parcel, outcome: Outcome, sent_at: float) -> None:
        now = self._now
        self._in_flight -= 1
        self.answers.append(Answer(at=now, seconds=now - sent_at, outcome=outcome))
        if isinstance(outcome, Delivered):
            self.pace.delivered(parcel, sent_at, now)
        elif isinstance(outcome, Refused) and outcome.kind is Kind.THROTTLED:
            parcel.throttled += 1
            self._again(parcel, self.pace.throttled(parcel, outcome, sent_at, now))
        elif isinstance(outcome, Refused):
            self.pace.failed(parcel, outcome, sent_at, now)
            parcel.attempts += not self.pace.is_outage()
            self._again(parcel, self.pace.again_at(parcel, outcome, now))
        self._pump()

    def _again(self, parcel: Parcel, at: float) -> None:
        heappush(self._later, (at, next(self._order), parcel))
