"""What a run would do, without sending anything."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tocsin import clock
from tocsin.batch.batcher import Batcher
from tocsin.batch.config import BatchConfig
from tocsin.batch.preparing import Portion, Preparation
from tocsin.batch.sink import Checkable, Sink
from tocsin.batch.sources.base import AsyncSource, Source
from tocsin.batch.words import counted
from tocsin.errors import InvalidPipeline

MOST_REASONS: Final = 20
_AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do: how much it would send in how many requests, and what it would refuse, with why.

    `seconds` is how long it takes at least: by the rate that is allowed, and by reading and encoding.
    `is_whole`: whether the source was looked at to its end. `obstacle`: why nothing would get through, where
    the sink was asked.
    """

    source: str
    read: int
    records: int
    skipped: int
    rejected: int
    reasons: tuple[tuple[str, int], ...]
    requests: int
    record_bytes: int
    largest_record_bytes: int
    largest_request_bytes: int
    requests_per_second: float
    seconds: float
    is_whole: bool
    obstacle: str = ""

    def __str__(self) -> str:
        requests = counted(self.requests, "request")
        told = (
            f"{self.source}: {counted(self.read)}, {self.records:,} to send in {requests} "
            f"of at most {self.largest_request_bytes:,} bytes; at least {self.seconds:,.1f} s "
            f"at {self.requests_per_second:g} requests/s"
        )
        why = [f"  {count:,} rejected: {reason}" for reason, count in self.reasons]
        left_out = [f"  {self.skipped:,} left out"] if self.skipped else []
        part = [] if self.is_whole else [f"  looked at no more than the first {counted(self.read)}"]
        first = [f"  nothing would get through: {self.obstacle}"] if self.obstacle else []
        return "\n".join([told, *first, *left_out, *why, *part])


@dataclass(slots=True)
class _Count:
    """What goes by, counted."""

    read: int = 0
    records: int = 0
    skipped: int = 0
    requests: int = 0
    record_bytes: int = 0
    largest_record: int = 0
    largest_request: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def planned(
    source: Source | AsyncSource,
    preparation: Preparation,
    config: BatchConfig,
    *,
    lanes: int,
    most: int | None = None,
) -> Plan:
    """Return what a run over a source would do; raises InvalidPipeline for one that is asynchronous."""
    limits, framing = preparation.sink.limits, preparation.sink.framing
    batcher = Batcher(
        framing=framing,
        max_records=min(config.max_batch_size, limits.max_records or config.max_batch_size),
        max_bytes=min(config.max_batch_bytes, limits.max_bytes or config.max_batch_bytes),
        lanes=lanes,
    )
    count, began, is_whole = _Count(), clock.monotonic(), True
    portion = Portion()
    records = source.records(0)
    if isinstance(records, AsyncIterator):
        raise InvalidPipeline(f"{source.name} comes as it comes: it cannot be looked at before it is sent")
    for ordinal, record in enumerate(records):
        if most is not None and ordinal >= most:
            is_whole = False
            break
        preparation.take(ordinal, record, portion)
        if portion.read >= _AT_ONCE:
            _take(portion, batcher, count)
            portion = Portion()
    _take(portion, batcher, count)
    batcher.ripen(0.0, all_of_it=True)
    _drain(batcher, count)
    rate = min(config.rate_limit_rps, limits.requests_per_second or config.rate_limit_rps)
    by_records = count.records / limits.records_per_second if limits.records_per_second else 0.0
    return Plan(
        source=source.name,
        read=count.read,
        records=count.records,
        skipped=count.skipped,
        rejected=count.reasons.total(),
        reasons=tuple(count.reasons.most_common(MOST_REASONS)),
        requests=count.requests,
        record_bytes=count.record_bytes,
        largest_record_bytes=count.largest_record,
        largest_request_bytes=count.largest_request,
        requests_per_second=rate,
        seconds=max(count.requests / rate, by_records, clock.monotonic() - began),
        is_whole=is_whole,
    )


def obstacle_of(sink: Sink, timeout_seconds: float) -> str:
    """Return why nothing would get through to a sink, nothing if it does not know; no record is sent.

    It is asked in an event loop of its own, for a notebook has one running.
    """
    with ThreadPoolExecutor(max_workers=1) as alone:
        return alone.submit(lambda: asyncio.run(_asked(sink, timeout_seconds))).result()


async def _asked(sink: Sink, timeout_seconds: float) -> str:
    async with sink:
        if not isinstance(sink, Checkable):
            return ""
        try:
            async with asyncio.timeout(timeout_seconds):
                refused = await sink.check()
        except TimeoutError:
            return f"{sink.name} did not answer within {timeout_seconds:g} s"
    return "" if refused is None else refused.reason or refused.kind.value


def _take(portion: Portion, batcher: Batcher, count: _Count) -> None:
    count.read += portion.read
    count.skipped += len(portion.skipped)
    count.records += len(portion.entries)
    count.record_bytes += portion.size
    count.reasons.update(reject.reason for reject in portion.rejects)
    count.largest_record = max(count.largest_record, *map(len, portion.entries.bodies), 0)
    batcher.add(portion.entries, 0.0)
    _drain(batcher, count)


def _drain(batcher: Batcher, count: _Count) -> None:
    while (parcel := batcher.next(0.0)) is not None:
        count.requests += 1
        count.largest_request = max(count.largest_request, batcher.size_of(parcel))
        batcher.settle(parcel)
