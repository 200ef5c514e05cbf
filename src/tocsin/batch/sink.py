"""Where records go: what a sink has to offer, and how a plain function becomes one."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Never, Protocol, Self, cast, runtime_checkable

from tocsin.batch.aside import aside
from tocsin.batch.calling import call_fault
from tocsin.batch.encoding import encode_json, encode_json_each
from tocsin.batch.limits import JSON_ARRAY, Framing, Limits, per_second
from tocsin.batch.outcome import Delivered, Outcome, Refused
from tocsin.batch.parcel import Batch
from tocsin.errors import InvalidPipeline


class Sink(Protocol):
    """Where records go.

    It is opened before the first request and closed after the last, in the event loop in which it sends;
    until then it can be copied to other processes. `encode` is asked once a record and raises `Rejected` for
    one that cannot be sent; `send` may be cancelled when its time is over.
    """

    @property
    def name(self) -> str:
        """Return what people call it."""

    @property
    def limits(self) -> Limits:
        """Return what it takes at most."""

    @property
    def framing(self) -> Framing:
        """Return what stands around the records of a request."""

    def encode(self, record: object, record_id: str) -> bytes:
        """Return the bytes of one record; raises Rejected."""

    async def send(self, batch: Batch) -> Outcome:
        """Send one request, once, and return what became of it."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@runtime_checkable
class Checkable(Protocol):
    """A sink that can tell whether anything would get through, without being sent a record."""

    async def check(self) -> Refused | None:
        """Return what would keep everything from getting through, None if nothing does; it has to be open."""


EncodeEach = Callable[[Sequence[object], Sequence[str]], Iterable[bytes]]
"""Encodes records, given them and their ids; raises when it comes to one that cannot be encoded."""


def encoding_of(sink: Sink) -> EncodeEach:
    """Return how many records are encoded: by `encode_each`, where a sink has it, else one after the other.

    A class that says anew how one record is encoded, and no more than that, means it for many too.
    """
    kinds = [kind for kind in type(sink).__mro__ if "encode" in vars(kind)]
    if kinds and "encode_each" in vars(kinds[0]) and "encode" not in getattr(sink, "__dict__", {}):
        each: EncodeEach = getattr(sink, "encode_each")  # noqa: B009 -- only some sinks have it
        return each
    return partial(map, sink.encode)


Send = Callable[[Batch], "Outcome | Awaitable[Outcome | None] | None"]


class FunctionSink:
    """A sink made of one function, which is called with a batch; see `sink`."""

    def __init__(self, function: Send, *, name: str, limits: Limits, framing: Framing) -> None:
        self._function = function
        self.name = name
        self.limits = limits
        self.framing = framing

    def encode(self, record: object, record_id: str) -> bytes:  # noqa: ARG002 -- the function finds ids in the batch
        """Return a record as JSON."""
        return encode_json(record)

    def encode_each(self, records: Sequence[object], ids: Sequence[str]) -> Iterable[bytes]:  # noqa: ARG002 -- as above
        """Return many records as JSON."""
        return encode_json_each(records)

    async def send(self, batch: Batch) -> Outcome:
        """Call the function, in a thread unless it is a coroutine; None is as good as Delivered."""
        if inspect.iscoroutinefunction(self._function):
            answer: object = await cast("Awaitable[object]", self._function(batch))
        else:
            answer = await aside(lambda: self._function(batch))
            if inspect.isawaitable(answer):
                answer = await answer
        return Delivered() if answer is None else cast("Outcome", answer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""


def sink(
    *wrong: Never,
    name: str = "",
    max_records: int | None = None,
    max_bytes: int | None = None,
    max_record_bytes: int | None = None,
    rate: str | float | None = None,
    records_rate: str | float | None = None,
    concurrency: int | None = None,
    scope: str = "",
    framing: Framing = JSON_ARRAY,
) -> Callable[[Send], FunctionSink]:
    """Return a decorator that makes a sink of a function that is called with a `Batch`.

    The function sends `batch.body`, or what it makes of `batch.records`, and returns None, `Delivered()`,
    `Partial({index: reason})` or `Refused(kind, ...)`. A plain function runs in a thread. What it raises is
    taken as the refusal that it looks like: a time-out or a lost connection as TRANSIENT, an error that
    carries an HTTP response by its status. Raises InvalidPipeline.
    """
    if wrong:
        raise InvalidPipeline("write @sink(), with brackets: in them stands what the sink takes at most")
    limits = Limits(
        max_records=max_records,
        max_bytes=max_bytes,
        max_record_bytes=max_record_bytes,
        requests_per_second=None if rate is None else per_second(rate),
        records_per_second=None if records_rate is None else per_second(records_rate),
        max_concurrency=concurrency,
        scope=scope,
    )

    def made(function: Send) -> FunctionSink:
        called = name or getattr(function, "__name__", "function")
        if fault := call_fault(function, "a batch"):
            raise InvalidPipeline(f"{called} {fault}")
        return FunctionSink(function, name=called, limits=limits, framing=framing)

    return made
