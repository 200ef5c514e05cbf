"""Values to rows and back: instants as microseconds since 1970, lists as JSON."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from tocsin.batch.outcome import Category
from tocsin.batch.state.base import (
    MAX_REASON,
    BatchRow,
    BatchStatus,
    Checkpoint,
    DeadLetter,
    RunRow,
    RunStatus,
    Settled,
    Totals,
)
from tocsin.batch.state.door import Row

RUN: Final = (
    "id, pipeline, source, fingerprint, namespace, started_at, ended_at, status, reason, report, total, "
    "allowed_rps, error_threshold_percent, host, pid, saved_at, low_water, ranges, n_read, delivered, "
    "skipped, dead, live"
)
LETTER: Final = (
    "pipeline, run_id, ordinal, record_id, payload, reason, category, first_at, last_at, attempts, "
    "is_encoded, is_redacted, redact, record_key"
)
BATCH: Final = (
    "job_id, run_id, batch_id, operation_type, status, total_records, processed_records, failed_records, "
    "processing_time_seconds, started_at, completed_at, worker, retries, bytes, cpu_seconds, "
    "memory_bytes, metadata"
)
TOTALS: Final = (
    "COUNT(*), SUM(total_records), SUM(processed_records), SUM(failed_records), SUM(retries), SUM(bytes), "
    "SUM(processing_time_seconds), MAX(processing_time_seconds)"
)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)
_PAIRS: Final = msgspec.json.Decoder(tuple[tuple[int, int], ...])
_WORDS: Final = msgspec.json.Decoder(tuple[str, ...])
_METADATA: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...])


def marks(columns: str) -> str:
    """Return as many question marks as there are columns."""
    return ", ".join("?" * (columns.count(",") + 1))


def micros(at: datetime) -> int:
    """Return an instant as a number."""
    return (at - _START) // _MICRO


def instant(number: int) -> datetime:
    """Return the instant of a number."""
    return _START + number * _MICRO


def text(words: str) -> str:
    """Return a text as both databases can keep it: without zeros and halves of letters."""
    if "\x00" not in words and words.isascii():
        return words
    return words.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def reason(words: str) -> str:
    """Return a reason that can be kept, its start where it is long."""
    return text(words[:MAX_REASON])


def progress(checkpoint: Checkpoint) -> Row:
    """Return the columns of a run from `saved_at` to `live`."""
    return (
        micros(checkpoint.at),
        checkpoint.low_water,
        _json(checkpoint.ranges),
        checkpoint.read,
        checkpoint.delivered,
        checkpoint.skipped,
        checkpoint.dead,
        checkpoint.live,
    )


def run_row(run: RunRow, host: str, pid: int) -> Row:
    """Return the columns of `RUN`."""
    return (
        text(run.id),
        text(run.pipeline),
        text(run.source),
        text(run.fingerprint),
        text(run.namespace),
        micros(run.started_at),
        None if run.ended_at is None else micros(run.ended_at),
        run.status.value,
        reason(run.reason),
        run.report,
        run.total,
        run.allowed_rps,
        run.error_threshold_percent,
        host,
        pid,
        *progress(run.checkpoint),
    )


def run_from(row: Row) -> RunRow:
    """Return a run from the columns of `RUN`."""
    return RunRow(
        id=row[0],
        pipeline=row[1],
        source=row[2],
        fingerprint=row[3],
        namespace=row[4],
        started_at=instant(row[5]),
        ended_at=None if row[6] is None else instant(row[6]),
        status=RunStatus(row[7]),
        reason=row[8],
        report=row[9],
        total=row[10],
        allowed_rps=row[11],
        error_threshold_percent=row[12],
        host=row[13],
        pid=row[14],
        checkpoint=Checkpoint(
            at=instant(row[15]),
            low_water=row[16],
            ranges=_PAIRS.decode(row[17]),
            read=row[18],
            delivered=row[19],
            skipped=row[20],
            dead=row[21],
            live=row[22] or b"",
        ),
    )


def letter_row(letter: DeadLetter) -> Row:
    """Return the columns of `LETTER`."""
    return (
        text(letter.pipeline),
        text(letter.run_id),
        letter.ordinal,
        text(letter.record_id),
        letter.payload,
        reason(letter.reason),
        letter.category.value,
        micros(letter.first_at),
        micros(letter.last_at),
        letter.attempts,
        int(letter.is_encoded),
        int(letter.is_redacted),
        _json([text(field) for field in letter.redact]),
        text(letter.key),
    )


def letter_from(row: Row) -> DeadLetter:
    """Return a dead letter from the columns of `LETTER`, its id, and what became of it."""
    return DeadLetter(
        pipeline=row[0],
        run_id=row[1],
        ordinal=row[2],
        record_id=row[3],
        payload=row[4],
        reason=row[5],
        category=Category(row[6]),
        first_at=instant(row[7]),
        last_at=instant(row[8]),
        attempts=row[9],
        is_encoded=bool(row[10]),
        is_redacted=bool(row[11]),
        redact=_WORDS.decode(row[12]),
        key=row[13],
        id=row[14],
        settled_at=None if row[15] is None else instant(row[15]),
        settled=None if row[16] is None else Settled(row[16]),
    )


def batch_row(batch: BatchRow) -> Row:
    """Return the columns of `BATCH`."""
    return (
        text(batch.job_id),
        text(batch.run_id),
        text(batch.batch_id),
        text(batch.operation_type),
        batch.status.value,
        batch.total_records,
        batch.processed_records,
        batch.failed_records,
        batch.processing_time_seconds,
        micros(batch.started_at),
        micros(batch.completed_at),
        batch.worker,
        batch.retries,
        batch.bytes,
        batch.cpu_seconds,
        batch.memory_bytes,
        _json([(text(name), text(value)) for name, value in batch.metadata]),
    )


def batch_from(row: Row) -> BatchRow:
    """Return a batch from the columns of `BATCH`."""
    return BatchRow(
        job_id=row[0],
        run_id=row[1],
        batch_id=row[2],
        operation_type=row[3],
        status=BatchStatus(row[4]),
        total_records=row[5],
        processed_records=row[6],
        failed_records=row[7],
        processing_time_seconds=row[8],
        started_at=instant(row[9]),
        completed_at=instant(row[10]),
        worker=row[11],
        retries=row[12],
        bytes=row[13],
        cpu_seconds=row[14],
        memory_bytes=row[15],
        metadata=_METADATA.decode(row[16]),
    )


def totals_from(row: Row) -> Totals:
    """Return what the columns of `TOTALS` say; of no batches all are zero."""
    count, total, processed, failed, retries, size, seconds, slowest = (value or 0 for value in row)
    return Totals(
        batches=int(count),
        total_records=int(total),
        processed_records=int(processed),
        failed_records=int(failed),
        retries=int(retries),
        bytes=int(size),
        seconds=float(seconds),
        slowest_seconds=float(slowest),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
