"""What the sink answers to each request, by its terms: decided here, sent elsewhere."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from benchmarks.batch.ledger import POISON, Event, Ledger, events_of
from benchmarks.batch.terms import Allowance, Answers, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What becomes of a request: a status after some seconds, or the connection is cut off (status 0).

    `kept` is how many of its records are in the ledger, whatever the sender is told.
    """

    status: int
    delay_seconds: float
    body: bytes = b"{}"
    retry_after_seconds: float | None = None
    kept: int = 0


class Desk:
    """Answers requests by the terms, and keeps the books; `at` is in seconds of a clock that only goes on."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.ledger = Ledger()
        self.tally: Counter[str] = Counter()
        self._allowance = Allowance(terms)
        self._chance = Random(terms.seed)
        self._first_at: float | None = None

    def receive(self, body: bytes, at: float) -> Answer:
        """Return what becomes of a request that arrived whole at this instant."""
        if self._first_at is None:
            self._first_at = at
        since = at - self._first_at
        self.tally["all"] += 1
        terms = self.terms
        if terms.down is not None and terms.down[0] <= since < terms.down[1]:
            self.tally["down"] += 1
            return Answer(status=0, delay_seconds=0.0)
        if not self._allowance.take(since):
            self.tally["throttled"] += 1
            wait = terms.retry_after_seconds
            return Answer(status=429, delay_seconds=terms.latency_seconds, retry_after_seconds=wait)
        return self._permitted(body, since)

    def _permitted(self, body: bytes, since: float) -> Answer:
        chance, is_kept = self._chance.random(), bool(self._chance.getrandbits(1))
        terms, tally = self.terms, self.tally
        if (chance := chance - terms.failing) < 0:
            tally["failed"] += 1
            return Answer(status=503, delay_seconds=terms.latency_seconds)
        if (chance := chance - terms.resetting) < 0:
            tally["reset"] += 1
            kept = self._judged(body, since).kept if is_kept else 0
            tally["reset_after_keeping"] += kept > 0
            return Answer(status=0, delay_seconds=terms.latency_seconds, kept=kept)
        answer = self._judged(body, since)
        if chance - terms.stalling < 0:
            tally["stalled"] += 1
            slow = answer.delay_seconds + terms.stall_seconds
            return Answer(status=answer.status, delay_seconds=slow, body=answer.body, kept=answer.kept)
        return answer

    def _judged(self, body: bytes, since: float) -> Answer:
        try:
            events = events_of(body)
        except msgspec.MsgspecError:
            return self._refusal(400, "unreadable")
        if len(events) > self.terms.max_records or len(body) > self.terms.max_bytes:
            return self._refusal(413, "too_large")
        bad = [index for index, event in enumerate(events) if event.event == POISON]
        if not bad:
            return self._kept(events, since)
        if self.terms.answers is Answers.STRICT:
            return self._refusal(400, "invalid")
        if self.terms.answers is Answers.PERMISSIVE:
            self.tally["dropped_records"] += len(events)
            return self._refusal(200, "dropped")
        errors = [
            {"batch_index": index, "reason": "invalid", "field": "event", "message": "no such event"}
            for index in bad
        ]
        return self._kept(
            [event for event in events if event.event != POISON], since, 207, json.dumps({"errors": errors})
        )

    def _refusal(self, status: int, why: str) -> Answer:
        self.tally[why] += 1
        return Answer(status=status, delay_seconds=self.terms.latency_seconds)

    def _kept(self, events: Sequence[Event], since: float, status: int = 200, body: str = "{}") -> Answer:
        self.ledger.keep(events, since)
        self.tally["accepted"] += 1
        latency = self.terms.latency_seconds
        return Answer(status=status, delay_seconds=latency, body=body.encode(), kept=len(events))

    def stats(self) -> dict[str, Any]:
        """Return the books: how many requests of each kind, and what was kept, second by second."""
        ledger = self.ledger
        return {
            "requests": dict(self.tally),
            "distinct": len(ledger.times),
            "repeated": ledger.repeated,
            "out_of_order": ledger.out_of_order,
            "timeline": ledger.timeline,
        }
