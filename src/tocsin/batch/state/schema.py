"""The tables, in numbered steps; the same in SQLite and PostgreSQL but for the names of three types."""

from typing import Final

from tocsin.errors import StoreBroken

STEPS: Final = (
    """
    CREATE TABLE batch_runs (
        id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, source TEXT NOT NULL, fingerprint TEXT NOT NULL,
        namespace TEXT NOT NULL, started_at BIGINT NOT NULL, ended_at BIGINT, status TEXT NOT NULL,
        reason TEXT NOT NULL, report {bytes} NOT NULL, total BIGINT, allowed_rps DOUBLE PRECISION,
        error_threshold_percent DOUBLE PRECISION NOT NULL, host TEXT NOT NULL, pid BIGINT NOT NULL,
        saved_at BIGINT NOT NULL, low_water BIGINT NOT NULL, ranges TEXT NOT NULL, n_read BIGINT NOT NULL,
        delivered BIGINT NOT NULL, skipped BIGINT NOT NULL, dead BIGINT NOT NULL, owner TEXT NOT NULL
    );
    CREATE INDEX batch_runs_of_pipeline ON batch_runs (pipeline, started_at);
    CREATE TABLE batch_dead_letters (
        id {number}, pipeline TEXT NOT NULL, run_id TEXT NOT NULL, ordinal BIGINT NOT NULL,
        record_id TEXT NOT NULL, payload {bytes} NOT NULL, reason TEXT NOT NULL, category TEXT NOT NULL,
        first_at BIGINT NOT NULL, last_at BIGINT NOT NULL, attempts BIGINT NOT NULL,
        is_encoded BIGINT NOT NULL, is_redacted BIGINT NOT NULL, redact TEXT NOT NULL,
        settled_at BIGINT, settled TEXT, UNIQUE (run_id, ordinal, record_id)
    );
    CREATE INDEX batch_dead_letters_open ON batch_dead_letters (pipeline, id) WHERE settled_at IS NULL;
    CREATE INDEX batch_dead_letters_settled ON batch_dead_letters (settled_at) WHERE settled_at IS NOT NULL;
    CREATE TABLE batch_operations (
        job_id TEXT NOT NULL, run_id TEXT NOT NULL, batch_id TEXT NOT NULL, operation_type TEXT NOT NULL,
        status TEXT NOT NULL, total_records BIGINT NOT NULL, processed_records BIGINT NOT NULL,
        failed_records BIGINT NOT NULL, processing_time_seconds DOUBLE PRECISION NOT NULL,
        started_at BIGINT NOT NULL, completed_at BIGINT NOT NULL, worker BIGINT NOT NULL,
        retries BIGINT NOT NULL, bytes BIGINT NOT NULL, metadata TEXT NOT NULL,
        PRIMARY KEY (run_id, batch_id)
    );
    CREATE INDEX batch_operations_completed ON batch_operations (completed_at);
    CREATE TABLE batch_learned (scope TEXT PRIMARY KEY, value {bytes} NOT NULL, at BIGINT NOT NULL)
    """,
    """
    ALTER TABLE batch_runs ADD COLUMN begun BIGINT NOT NULL DEFAULT 0;
    CREATE INDEX batch_runs_begun ON batch_runs (begun);
    ALTER TABLE batch_dead_letters ADD COLUMN record_key TEXT NOT NULL DEFAULT ''
    """,
    """
    ALTER TABLE batch_operations ADD COLUMN cpu_seconds DOUBLE PRECISION NOT NULL DEFAULT 0;
    ALTER TABLE batch_operations ADD COLUMN memory_bytes BIGINT NOT NULL DEFAULT 0;
    CREATE INDEX batch_operations_open ON batch_operations (run_id) WHERE status IN ('pending', 'processing')
    """,
    "ALTER TABLE batch_runs ADD COLUMN live {bytes}",
)


def statements(applied: int, where: str, *, a_number: str, some_bytes: str) -> list[str]:
    """Return what brings a database of so many steps to the newest; StoreBroken where it is newer still."""
    if applied > len(STEPS):
        raise StoreBroken(
            f"{where} was written by a newer Tocsin (batch schema {applied}, this program knows "
            f"{len(STEPS)}): use the newer version, or another file"
        )
    steps = (step.format(number=a_number, bytes=some_bytes) for step in STEPS[applied:])
    return [one for step in steps for one in step.split(";")]
