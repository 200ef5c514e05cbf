"""Batches for sinks, made as a pipeline makes them."""

from collections.abc import Iterable

from tocsin.batch.parcel import Batch
from tocsin.batch.sink import Sink


def batch_of(
    sink: Sink, records: Iterable[object], *, compress: bool = False, name: str = "b-1", first: int = 0
) -> Batch:
    """Return a batch of these records; their ids are r-0, r-1, and so on, from the first number on."""
    given = list(records)
    ids = [f"r-{index}" for index in range(first, first + len(given))]
    encoded = [sink.encode(record, one) for record, one in zip(given, ids, strict=True)]
    return Batch(id=name, records=encoded, ids=ids, framing=sink.framing, compress=compress)
