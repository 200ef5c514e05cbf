"""What is read ahead of what is sent."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import QUICK
from tocsin.batch.config import BatchConfig
from tocsin.batch.outcome import Kind, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sink import sink
from tocsin.batch.state.base import RunStatus

READ_AT_ONCE = 6_500  # nine portions that are not taken up, and what the reader holds


@pytest.mark.parametrize(("key", "lanes"), [(None, 0), ("k", 8)])
def test_no_more_is_read_than_the_next_requests_need_however_much_memory_is_allowed(
    tmp_path: Path, key: str | None, lanes: int
) -> None:
    read, sent, ahead = 0, 0, 0

    def records() -> Iterator[dict[str, int]]:
        nonlocal read, ahead
        for number in range(50_000):
            read += 1
            ahead = max(ahead, read - sent)
            yield {"n": number, "k": number % 97}

    @sink(max_records=100)
    async def target(batch: Batch) -> None:
        nonlocal sent
        sent += len(batch)

    config = BatchConfig(parallel_workers=2, rate_limit_rps=500, memory_budget_bytes=2**30)
    report = Pipeline("ahead", target, key=key, config=config, state=tmp_path / "batch.db").run(records())

    assert report.delivered == 50_000
    assert ahead <= (2 * 2 + 4 * lanes) * 100 + READ_AT_ONCE


def test_a_source_that_comes_back_when_the_run_is_over_disturbs_nobody(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, raised = threading.Event(), list[object]()
    monkeypatch.setattr(threading, "excepthook", raised.append)

    def records() -> Iterator[dict[str, int]]:
        yield {"n": 1}
        over.wait(30)
        yield {"n": 2}

    sink = BookSink(lambda *_: Refused(Kind.UNAUTHORIZED, "401", status=401))
    report = Pipeline("over", sink, state=state, config=QUICK).run(records())
    readers = [one for one in threading.enumerate() if one.name == "tocsin-batch-source"]
    over.set()
    for reader in readers:
        reader.join(30)

    assert report.status is RunStatus.FAILED
    assert readers != []
    assert raised == []
