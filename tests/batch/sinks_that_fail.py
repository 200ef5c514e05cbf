"""Sinks that answer as a test wants, in the process of the test, and keep books of what they have taken."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

import msgspec

from tocsin.batch.encoding import encode_json
from tocsin.batch.limits import JSON_ARRAY, Limits
from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused
from tocsin.batch.parcel import Batch

Answer = Callable[[Batch, int], Outcome | None]


class BookSink:
    """Takes everything, unless `answer` says otherwise for the batch and the number of its request."""

    name = "book"
    framing = JSON_ARRAY

    def __init__(
        self, answer: Answer | None = None, *, limits: Limits | None = None, seconds: float = 0.0
    ) -> None:
        self.limits = limits or Limits(max_records=100, requests_per_second=2_000)
        self.taken: Counter[str] = Counter()
        self.order: list[object] = []
        self.sizes: list[int] = []
        self.requests = 0
        self.at_once = 0
        self.most_at_once = 0
        self._answer = answer
        self._seconds = seconds

    def encode(self, record: object, record_id: str) -> bytes:  # noqa: ARG002 -- the batch has the ids
        return encode_json(record)

    async def send(self, batch: Batch) -> Outcome:
        self.requests += 1
        number = self.requests
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self._seconds)
            outcome = None if self._answer is None else self._answer(batch, number)
        finally:
            self.at_once -= 1
        if outcome is None:
            outcome = Delivered()
        if isinstance(outcome, Delivered):
            self.take(batch, range(len(batch)))
        return outcome

    def take(self, batch: Batch, indexes: Iterable[int]) -> None:
        self.sizes.append(len(batch.body))
        for index in indexes:
            self.taken[batch.ids[index]] += 1
            self.order.append(msgspec.json.decode(batch.records[index]))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def refuses_poison(batch: Batch, number: int) -> Outcome | None:
    """Refuse every batch with a poisoned record as a whole, and do not say which it is."""
    if any(b"poison" in record for record in batch.records):
        return Refused(Kind.INVALID, "400: something in it is wrong", status=400)
    return None
