"""A program of its own that runs a pipeline, for tests that kill it: RECORDS STATE BOOKS [resume]."""

import asyncio
import os
import sys
from pathlib import Path

from tocsin.batch.config import BatchConfig
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sink import sink

WORKERS = 4
RECORDS_PER_BATCH = 50


def main(records: str, state: str, books: str, *, resume: bool) -> None:
    """Deliver a file to the books, which note every id the moment it arrives."""
    book = os.open(books, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @sink(name="books", max_records=RECORDS_PER_BATCH, rate=1_000)
    async def note(batch: Batch) -> None:
        await asyncio.sleep(0.01)
        os.write(book, "".join(f"{one}\n" for one in batch.ids).encode())
        await asyncio.sleep(0.01)

    config = BatchConfig(parallel_workers=WORKERS, rate_limit_rps=1_000)
    report = Pipeline("killed", note, id="id", state=state, config=config).run(Path(records), resume=resume)
    print(report, flush=True)  # noqa: T201 -- the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:4], resume="resume" in sys.argv[4:])
