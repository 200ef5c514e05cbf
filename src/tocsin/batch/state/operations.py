"""The history of batches as the table `batch_operations`: a Parquet file, or a Delta table that grows."""

import tempfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Final

from tocsin.batch.state.base import OPEN, BatchRow
from tocsin.errors import InvalidPipeline, StoreBroken, StoreUnavailable

PORTION: Final = 50_000
"""So many rows are in memory at a time; of a Delta table each portion is one version."""
KEY: Final = ("job_id", "batch_id")
"""What tells the rows of the table apart; the id of a batch is never that of one in another run."""


def write_parquet(path: Path, batches: Iterable[BatchRow]) -> int:
    """Write a Parquet file, which is there only once it is whole, and return how many rows it has.

    Raises InvalidPipeline without pyarrow, and StoreUnavailable where it cannot be written.
    """
    pa, parquet = _lake("pyarrow"), _lake("pyarrow.parquet")
    count = 0
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            whole = Path(folder) / path.name
            with parquet.ParquetWriter(whole, _schema(pa), compression="zstd") as writer:
                for table in _tables(pa, batches):
                    writer.write_table(table)
                    count += table.num_rows
            whole.replace(path)
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be written: {error.strerror or error}") from error
    return count


def write_delta(folder: Path, batches: Iterable[BatchRow]) -> int:
    """Add the rows that a Delta table does not have, bring others up to date, and return how many that were.

    It is made where it is not there.

    Raises InvalidPipeline without deltalake, StoreUnavailable and StoreBroken where it cannot be written.
    """
    pa, deltalake = _lake("pyarrow"), _lake("deltalake")
    count = 0
    try:
        if not deltalake.DeltaTable.is_deltatable(str(folder)):
            if folder.exists() and any(folder.iterdir()):
                raise StoreBroken(f"{folder} holds something that is no Delta table: name another folder")
            deltalake.write_deltalake(str(folder), _schema(pa).empty_table(), name="batch_operations")
        table = deltalake.DeltaTable(str(folder))
        for portion in _tables(pa, batches):
            count += _add(table, portion)
    except OSError as error:
        raise StoreUnavailable(f"{folder} cannot be written: {error.strerror or error}") from error
    except deltalake.exceptions.DeltaError as error:
        raise StoreBroken(f"{folder}: {error}") from error
    return count


_HAS_COME_FURTHER: Final = (
    "(old.completed_at IS NULL AND new.status <> old.status) OR new.completed_at > old.completed_at"
)


def _add(table: Any, portion: Any) -> int:  # noqa: ANN401 -- of packages without types
    """Add what is new of a portion; a batch that was tried again since then has come to another end."""
    same = " AND ".join(f"old.{name} = new.{name}" for name in KEY)
    merging = table.merge(portion, predicate=same, source_alias="new", target_alias="old")
    merging = merging.when_matched_update_all(predicate=_HAS_COME_FURTHER)
    done = merging.when_not_matched_insert_all().execute()
    return int(done["num_target_rows_inserted"]) + int(done["num_target_rows_updated"])


def _tables(pa: Any, batches: Iterable[BatchRow]) -> Iterator[Any]:  # noqa: ANN401 -- of packages without types
    left, schema = iter(batches), _schema(pa)
    while some := list(islice(left, PORTION)):
        yield pa.Table.from_pylist([_row(one) for one in some], schema=schema)


def _schema(pa: Any) -> Any:  # noqa: ANN401 -- of packages without types
    instant, words = pa.timestamp("us", tz="UTC"), pa.map_(pa.string(), pa.string())
    kinds = {
        "job_id": pa.string(),
        "batch_id": pa.string(),
        "operation_type": pa.string(),
        "status": pa.string(),
        "total_records": pa.int64(),
        "processed_records": pa.int64(),
        "failed_records": pa.int64(),
        "processing_time_seconds": pa.float64(),
        "throughput_rps": pa.float64(),
        "error_rate_percent": pa.float64(),
        "started_at": instant,
        "completed_at": instant,
        "metadata": words,
    }
    return pa.schema(list(kinds.items()))


def _row(batch: BatchRow) -> dict[str, object]:
    more = {"run_id": batch.run_id, "worker": batch.worker, "retries": batch.retries, "bytes": batch.bytes}
    more |= {"cpu_seconds": round(batch.cpu_seconds, 6), "memory_bytes": batch.memory_bytes}
    return {
        "job_id": batch.job_id,
        "batch_id": batch.batch_id,
        "operation_type": batch.operation_type,
        "status": batch.status.value,
        "total_records": batch.total_records,
        "processed_records": batch.processed_records,
        "failed_records": batch.failed_records,
        "processing_time_seconds": batch.processing_time_seconds,
        "throughput_rps": batch.throughput_rps,
        "error_rate_percent": batch.error_rate_percent,
        "started_at": batch.started_at,
        "completed_at": None if batch.status in OPEN else batch.completed_at,
        "metadata": [*batch.metadata, *((name, str(value)) for name, value in more.items())],
    }


def _lake(package: str) -> Any:  # noqa: ANN401 -- a module without types
    """Return a package of the extra `lake`."""
    try:
        return import_module(package)
    except ImportError:
        raise InvalidPipeline(
            f"Parquet and Delta need {package.partition('.')[0]}: pip install 'tocsin[lake]'"
        ) from None
