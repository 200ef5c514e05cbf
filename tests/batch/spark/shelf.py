"""A sink for tasks of Spark: each request becomes a line in a file that the test reads afterwards."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tocsin.batch.encoding import encode_json
from tocsin.batch.limits import JSON_ARRAY, Framing, Limits
from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused
from tocsin.batch.parcel import Batch

QUICK_LIMITS = Limits(max_records=50, requests_per_second=2_000)


@dataclass
class Shelf:
    """Takes every batch, one line each; `dies_after` requests the first time it kills its own process.

    A record that says `poison` is bad, and the batch that holds it refused.
    """

    folder: Path
    limits: Limits = QUICK_LIMITS
    dies_after: int = 0
    is_locked: bool = False
    name: str = "shelf"
    framing: Framing = JSON_ARRAY
    requests: int = 0

    def encode(self, record: object, record_id: str) -> bytes:  # noqa: ARG002 -- the batch has the ids
        return encode_json(record)

    async def send(self, batch: Batch) -> Outcome:
        self.requests += 1
        died = self.folder / "died"
        if self.dies_after and self.requests > self.dies_after and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.is_locked:
            return Refused(Kind.UNAUTHORIZED, "401: who are you?", status=401)
        if any(b"poison" in one for one in batch.records):
            return Refused(Kind.INVALID, "400: something in it is wrong", status=400)
        line = json.dumps({"task": os.getpid(), "batch": batch.id, "ids": list(batch.ids)}) + "\n"
        with (self.folder / f"{os.getpid()}.jsonl").open("a") as file:
            file.write(line)
        return Delivered()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Line:
    """One request that arrived."""

    task: int
    batch: str
    ids: tuple[str, ...]


def lines(folder: Path) -> list[Line]:
    """Return what arrived, the requests of a task in their order."""
    texts = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]
    return [Line(one["task"], one["batch"], tuple(one["ids"])) for one in map(json.loads, texts)]


def arrived(folder: Path) -> list[str]:
    """Return the ids that arrived."""
    return [one for line in lines(folder) for one in line.ids]
