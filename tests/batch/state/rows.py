"""A run, a dead letter and a batch to begin with; a test changes what it is about."""

from datetime import UTC, datetime, timedelta

from tocsin.batch.outcome import Category
from tocsin.batch.state.base import BatchRow, BatchStatus, Checkpoint, DeadLetter, RunRow

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_run(run_id: str = "r1", *, source: str = "events.jsonl", at: datetime = AT) -> RunRow:
    """A run that begins now."""
    return RunRow(id=run_id, pipeline="nightly", source=source, started_at=at, checkpoint=Checkpoint(at=at))


def a_letter(ordinal: int = 1) -> DeadLetter:
    """A record that the sink called bad."""
    return DeadLetter(
        pipeline="nightly",
        run_id="r1",
        ordinal=ordinal,
        record_id=f"id-{ordinal}",
        payload=b'{"email": "ann@example.com", "n": 1}',
        reason="the sink refused it: 'ann@example.com' is taken",
        category=Category.VALIDATION,
        first_at=AT,
        last_at=AT,
    )


def a_batch(
    number: int = 1, *, at: datetime = AT, seconds: float = 0.5, total: int = 500, failed: int = 0
) -> BatchRow:
    """A batch that was completed at an instant."""
    return BatchRow(
        job_id="nightly",
        run_id="r1",
        batch_id=f"b{number}",
        operation_type="send",
        status=BatchStatus.COMPLETED,
        total_records=total,
        processed_records=total - failed,
        failed_records=failed,
        processing_time_seconds=seconds,
        started_at=at - timedelta(seconds=seconds),
        completed_at=at,
        worker=2,
        retries=1,
        bytes=100_000,
        cpu_seconds=0.25,
        memory_bytes=50_000_000,
        metadata=(("sink", "local"),),
    )
