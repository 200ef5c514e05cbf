"""A program that runs a pipeline and kills itself at a commit: RECORDS STATE BOOKS NUMBER before|after.

Of the records every tenth is refused by the sink, and every tenth before it is sent; 0 kills nobody.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tocsin.batch.config import BatchConfig
from tocsin.batch.outcome import Partial
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sink import sink
from tocsin.batch.state import open_state

WORKERS = 4
RECORDS_PER_BATCH = 20


def main(records: str, state: str, books: str, number: str, when: str) -> None:
    """Deliver a file to the books, which note every id that they take, the moment it arrives."""
    book = os.open(books, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @sink(name="books", max_records=RECORDS_PER_BATCH, rate=1_000)
    async def note(batch: Batch) -> Partial:
        await asyncio.sleep(0.002)
        bad = {index: "not here" for index, one in enumerate(batch.ids) if one.endswith("3")}
        os.write(book, "".join(f"{one}\n" for one in batch.ids if not one.endswith("3")).encode())
        await asyncio.sleep(0.002)
        return Partial(bad)

    opened = open_state(state)
    kill_at(opened, int(number), when)
    config = BatchConfig(
        parallel_workers=WORKERS, rate_limit_rps=1_000, error_threshold_percent=100, max_wait_seconds=0.05
    )
    pipeline = Pipeline("killed", note, id="id", validate=refused, state=opened, config=config)
    report = pipeline.run(Path(records), resume=True)
    print(report, flush=True)  # noqa: T201 -- the test reads it
    opened.close()


def refused(record: dict[str, str]) -> str:
    """Return why a record is refused before it is sent, if it is."""
    return "not even sent" if record["id"].endswith("7") else ""


def kill_at(state: Any, number: int, when: str) -> None:  # noqa: ANN401 -- a state, whose door is nobody's business
    """Have the process killed at a commit: in the middle of the transaction, or when it is over."""
    door, left = state._door, number  # noqa: SLF001 -- as above
    transaction = door.transaction

    @contextmanager
    def killing() -> Iterator[None]:
        nonlocal left
        left -= 1
        with transaction():
            yield
            if not left and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    door.transaction = killing


if __name__ == "__main__":
    main(*sys.argv[1:6])
