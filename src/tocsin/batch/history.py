"""The history of batches: a row for each, from when it waits until it has its end, and what it cost."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final

from tocsin import clock
from tocsin.batch.batcher import Parcel, id_of
from tocsin.batch.limits import Framing
from tocsin.batch.machine import cpu_seconds, memory_bytes
from tocsin.batch.preparing import Reject
from tocsin.batch.state.base import BatchRow, BatchStatus, RunRow

PREPARE: Final = "prepare"
"""The operation of records that were refused before they were sent."""
LOOKED_EVERY_SECONDS: Final = 1.0
MEASURED_EVERY_SECONDS: Final = 0.25
_LEFT: Final = frozenset({BatchStatus.PENDING, BatchStatus.PROCESSING, BatchStatus.RETRYING})


class History:
    """Takes down what becomes of each batch of a run, until `take` hands it over to be written.

    What ends is always taken down; what waits or is on its way, as `under_way` tells it, once a second. The
    processor time of a batch is what the process has used since the one before it had its end, so that those
    of a run sum up to what the run has used.
    """

    def __init__(self, run: RunRow, operation: str, framing: Framing, *, keeps_order: bool) -> None:
        self.under_way: Callable[[], Iterable[Parcel]] = lambda: ()
        self._run = run
        self._operation = operation
        self._framing = framing
        self._keeps_order = keeps_order
        self._rows: list[BatchRow] = []
        self._refused: list[Reject] = []
        self._cpu_seconds = cpu_seconds()
        self._looked_at = clock.monotonic()
        self._memory_bytes, self._measured_at = memory_bytes(), self._looked_at

    def note(self, parcel: Parcel, status: BatchStatus, delivered: int, failed: int, seconds: float) -> None:
        """Take down a request that has come back: of its records so many delivered, so many failed."""
        parcel.status = status
        self._rows.append(self._row(parcel, delivered=delivered, failed=failed, seconds=seconds))

    def refuse(self, rejects: Sequence[Reject]) -> None:
        """Take down records that were refused before they were sent, as one batch until the next `take`."""
        self._refused += rejects

    def cancel(self, parcels: Iterable[Parcel]) -> None:
        """Take down that nobody waits for these any more; those that have failed stay what they are."""
        for parcel in parcels:
            if parcel.status in _LEFT:
                parcel.status = BatchStatus.CANCELLED
                self._rows.append(self._row(parcel))

    def take(self) -> list[BatchRow]:
        """Return what was taken down since the last time."""
        now, open_rows = clock.monotonic(), list[BatchRow]()
        if now - self._looked_at >= LOOKED_EVERY_SECONDS:
            self._looked_at = now
            for parcel in self.under_way():
                parcel.status = BatchStatus.PENDING if parcel.sent_at is None else BatchStatus.PROCESSING
                seconds = 0.0 if parcel.sent_at is None else now - parcel.sent_at
                open_rows.append(self._row(parcel, seconds=seconds))
        if self._refused:
            self._rows.append(self._row_of_refused())
            self._refused = []
        rows, self._rows = [*self._rows, *open_rows], []
        return rows

    def _used(self) -> float:
        before, self._cpu_seconds = self._cpu_seconds, cpu_seconds()
        return self._cpu_seconds - before

    def _resident(self) -> int:
        """Return the memory of the process, measured a few times a second, as that takes its time."""
        now = clock.monotonic()
        if now - self._measured_at >= MEASURED_EVERY_SECONDS:
            self._memory_bytes, self._measured_at = memory_bytes(), now
        return self._memory_bytes

    def _row(self, parcel: Parcel, *, delivered: int = 0, failed: int = 0, seconds: float = 0.0) -> BatchRow:
        at = clock.now()
        is_over = parcel.status not in {BatchStatus.PENDING, BatchStatus.PROCESSING, BatchStatus.CANCELLED}
        return BatchRow(
            job_id=self._run.pipeline,
            run_id=self._run.id,
            batch_id=parcel.id_in(self._run.id),
            operation_type=self._operation,
            status=parcel.status,
            total_records=len(parcel),
            processed_records=delivered,
            failed_records=failed,
            processing_time_seconds=seconds,
            started_at=at - timedelta(seconds=seconds),
            completed_at=at,
            worker=parcel.worker,
            retries=parcel.attempts + parcel.throttled,
            bytes=self._framing.size(len(parcel), parcel.size),
            cpu_seconds=self._used() if is_over else 0.0,
            memory_bytes=self._resident() if is_over else 0,
            metadata=tuple(self._more(parcel)),
        )

    def _more(self, parcel: Parcel) -> Iterable[tuple[str, str]]:
        """Return what else can be said of a batch: which records of the source it has, and what failed."""
        first, last = parcel.entries[0][0], parcel.entries[-1][0]
        yield "records", f"{first}-{last}"
        if self._keeps_order:
            yield "lane", str(parcel.lane)
        if parcel.error and parcel.status is not BatchStatus.COMPLETED:
            yield "error", parcel.error
        if parcel.is_suspect or parcel.is_part:
            yield "part", "yes"

    def _row_of_refused(self) -> BatchRow:
        at, refused = clock.now(), self._refused
        return BatchRow(
            job_id=self._run.pipeline,
            run_id=self._run.id,
            batch_id=id_of(self._run.id, (PREPARE, *(one.record_id for one in refused))),
            operation_type=PREPARE,
            status=BatchStatus.FAILED,
            total_records=len(refused),
            processed_records=0,
            failed_records=len(refused),
            processing_time_seconds=0.0,
            started_at=at,
            completed_at=at,
            bytes=sum(len(one.payload) for one in refused),
            cpu_seconds=self._used(),
            memory_bytes=self._resident(),
            metadata=(
                ("records", f"{refused[0].ordinal}-{refused[-1].ordinal}"),
                ("error", refused[0].category.value),
            ),
        )
