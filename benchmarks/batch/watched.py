"""Counts what is in flight where a kill cannot wipe it out: in a file that is memory of both processes."""

import mmap
import struct
from pathlib import Path
from typing import Any

from tocsin.batch.outcome import Outcome, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.sinks.http import HTTPJSON
from tocsin.batch.state.base import Checkpoint, RunRow, State

_COUNTS = struct.Struct("<qq")


class Flight:
    """Records whose requests have begun, and those of them whose end is written down."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(_COUNTS.pack(0, 0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _COUNTS.size)

    def begun(self, records: int) -> None:
        """Count records of a request that begins; fewer than none: of one that the sink has not taken."""
        begun, ended = _COUNTS.unpack(self._memory)
        self._memory[:] = _COUNTS.pack(begun + records, ended)

    def ended(self, records: int) -> None:
        """Count records whose end is written down."""
        begun, ended = _COUNTS.unpack(self._memory)
        self._memory[:] = _COUNTS.pack(begun, ended + records)


def in_flight(path: Path) -> int:
    """Return how many records were in flight when whoever counted was killed."""
    begun, ended = _COUNTS.unpack(path.read_bytes()) if path.exists() else (0, 0)
    return int(begun - ended)


class WatchedSink(HTTPJSON):
    """Counts what it sends."""

    flight: Flight

    async def send(self, batch: Batch) -> Outcome:
        """Send one request."""
        self.flight.begun(len(batch))
        outcome = await super().send(batch)
        if isinstance(outcome, Refused):
            self.flight.begun(-len(batch))
        return outcome


class WatchedState:
    """A state that counts what it has written down."""

    def __init__(self, state: State, flight: Flight) -> None:
        self._state = state
        self._flight = flight
        self._delivered = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever the state has under this name
        return getattr(self._state, name)

    def begin(self, run: RunRow) -> Checkpoint:
        """Begin or go on with a run, and return how far it has come."""
        checkpoint = self._state.begin(run)
        self._delivered = checkpoint.delivered
        return checkpoint

    def save_checkpoint(self, run_id: str, checkpoint: Checkpoint, *more: Any, **others: Any) -> None:  # noqa: ANN401 -- handed on as they are
        """Write down how far a run has come, and count what is new of it."""
        self._state.save_checkpoint(run_id, checkpoint, *more, **others)
        self._flight.ended(checkpoint.delivered - self._delivered)
        self._delivered = checkpoint.delivered
