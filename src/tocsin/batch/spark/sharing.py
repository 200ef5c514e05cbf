"""How the tasks of a Spark job divide what one pipeline may do, so that together they never do more."""

from dataclasses import replace
from math import floor
from types import TracebackType
from typing import Self

from tocsin.batch.config import BatchConfig
from tocsin.batch.limits import Limits
from tocsin.batch.sink import Sink


def most_tasks(limits: Limits, config: BatchConfig, slots: int | None) -> int:
    """Return into how many tasks the sending can be divided, one at least.

    `slots` is how many tasks can run at once, where that is known. Each task needs a request in flight of its
    own, and one request a second, so that none waits for longer than it works.
    """
    rate = min(config.rate_limit_rps, limits.requests_per_second or config.rate_limit_rps)
    counts = [config.parallel_workers, floor(rate)]
    counts += [one for one in (limits.max_concurrency, slots) if one is not None]
    return max(1, min(counts))


def share_of_limits(limits: Limits, tasks: int, index: int) -> Limits:
    """Return what of a sink's limits is for the task with this index, the first being 0."""
    return replace(
        limits,
        requests_per_second=_part(limits.requests_per_second, tasks),
        records_per_second=_part(limits.records_per_second, tasks),
        max_concurrency=None
        if limits.max_concurrency is None
        else whole_part(limits.max_concurrency, tasks, index),
    )


def share_of_config(config: BatchConfig, tasks: int, index: int) -> BatchConfig:
    """Return what of a pipeline's settings is for the task with this index."""
    return replace(
        config,
        rate_limit_rps=config.rate_limit_rps / tasks,
        parallel_workers=whole_part(config.parallel_workers, tasks, index),
    )


def whole_part(much: int, tasks: int, index: int) -> int:
    """Return a part of a whole number, one at least; the parts of all tasks make it up."""
    return max(1, much // tasks + (1 if index < much % tasks else 0))


def _part(much: float | None, tasks: int) -> float | None:
    return None if much is None else much / tasks


class SharedSink:
    """A sink that allows one task its share; everything else is the sink's own."""

    def __init__(self, sink: Sink, limits: Limits) -> None:
        self.name = sink.name
        self.framing = sink.framing
        self.limits = limits
        self.encode = sink.encode
        self.send = sink.send
        self._sink = sink

    async def __aenter__(self) -> Self:
        await self._sink.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sink.__aexit__(kind, error, trace)
