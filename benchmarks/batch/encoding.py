"""What our own part costs: parsed records are taken, encoded, put together and settled, and sent nowhere."""

import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from benchmarks.batch.events import events
from benchmarks.processes import ENVIRONMENT, FIRST
from benchmarks.report import Row, mid, spread
from tocsin.batch.config import BatchConfig
from tocsin.batch.encoding import encode_json, encode_json_each
from tocsin.batch.limits import JSON_ARRAY, Framing, Limits
from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline

COUNT = 200_000
REQUESTS = 1_000
"""The most that a pipeline sends in a second, so that the rate is hardly waited for."""
DECLARED = Limits(requests_per_second=REQUESTS)


class Nowhere:
    """A sink that takes everything at once."""

    name = "nowhere"
    framing: Framing = JSON_ARRAY

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def encode(self, record: object, record_id: str) -> bytes:  # noqa: ARG002 -- as the protocol has it
        """Return a record as JSON."""
        return encode_json(record)

    def encode_each(self, records: Sequence[object], ids: Sequence[str]) -> Iterable[bytes]:  # noqa: ARG002 -- as above
        """Return many records as JSON, as every sink does that is delivered."""
        return encode_json_each(records)

    async def send(self, batch: Batch) -> Outcome:
        """Put the body together, as every sink must, and send it nowhere."""
        return Delivered() if batch.body else Refused(Kind.INVALID)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""


def measure(rounds: int) -> list[Row]:
    """Return records a second of one core's time, each round in a process of its own."""
    command = [*FIRST, sys.executable, "-m", "benchmarks.batch.encoding"]
    ran = [
        subprocess.run(command, check=True, capture_output=True, timeout=60, env=ENVIRONMENT).stdout.split()
        for _ in range(rounds)
    ]
    bare, plain, named, keyed, searching, by_clock = ([float(one[n]) for one in ran] for n in range(6))
    detail = (
        f"{spread(plain)}; with `id=` {spread(named)}, with `id=` and `key=` {spread(keyed)}; where no limit "
        f"is declared, and half of the batches are small ones that search for it, {spread(searching)}; "
        f"the encoder alone {spread(bare)}; by the clock on the wall, every batch waited for until it is on "
        f"the disk, {spread(by_clock)}"
    )
    name = "batch: encode path without network, records of one core's second"
    return [Row(name=name, value=mid(plain), unit="/s", at_least=400_000, detail=detail)]


def main() -> None:
    """Print records a second of CPU time: of the encoder alone, of a run, of one with ids, with keys too.

    Their sink declares its limit; that of the fifth number does not, so that the run searches for it. The
    sixth is of a run by the clock on the wall.
    """
    records = list(events(COUNT))
    gc.freeze()
    began = time.process_time()
    for one in records:
        encode_json(one)
    print(COUNT / (time.process_time() - began))
    print(_rate(records))
    print(_rate(records, named="messageId"))
    print(_rate(records, named="messageId", keyed="userId"))
    print(_rate(records, limits=Limits()))
    print(_rate(records, seconds=time.perf_counter))


def _rate(
    records: Sequence[object],
    *,
    named: str | None = None,
    keyed: str | None = None,
    limits: Limits = DECLARED,
    seconds: Callable[[], float] = time.process_time,
) -> float:
    config = BatchConfig(rate_limit_rps=REQUESTS)
    with tempfile.TemporaryDirectory() as folder:
        sink = Nowhere(limits)
        pipeline = Pipeline("encode", sink, id=named, key=keyed, config=config, state=f"{folder}/batch.db")
        began = seconds()
        report = pipeline.run(records)
        used = seconds() - began
    if report.delivered != len(records):
        raise RuntimeError(f"the run ended {report}")
    return len(records) / used


if __name__ == "__main__":
    main()
