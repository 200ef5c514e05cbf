"""A program of its own that writes a file to another, for tests that kill it: RECORDS STATE FILE."""

import sys
from pathlib import Path

from tocsin.batch.config import BatchConfig
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sinks.file import FileSink

RECORDS_PER_BATCH = 50


def main(records: str, state: str, path: str) -> None:
    """Write what is not written yet."""
    config = BatchConfig(max_batch_size=RECORDS_PER_BATCH, rate_limit_rps=1_000)
    report = Pipeline("writing", FileSink(path), state=state, config=config).run(Path(records), resume=True)
    print(report.status, flush=True)  # noqa: T201 -- the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:4])
