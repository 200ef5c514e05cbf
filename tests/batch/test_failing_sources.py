"""A source that breaks off: what came before is delivered, the run says where, and goes on where it was."""

import gzip
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import QUICK, adds_up, letters, numbers
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sources.cursors import Query
from tocsin.batch.state.base import RunStatus

COUNT = 5_000


class Flaky(sqlite3.Cursor):
    """A cursor of a database that goes away once."""

    left = 3

    def fetchmany(self, size: int | None = 1) -> list[object]:
        Flaky.left -= 1
        if Flaky.left == 0:
            raise ConnectionError("the server is gone")
        return super().fetchmany(size or 1)


def test_a_database_that_goes_away_is_read_on_when_it_is_back(state: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "n.db") as connection:
        connection.execute("CREATE TABLE numbers (n INTEGER)")
        connection.executemany("INSERT INTO numbers VALUES (:n)", numbers(COUNT))
    connection.close()
    query = Query(
        lambda: sqlite3.connect(tmp_path / "n.db"),
        "SELECT n FROM numbers ORDER BY n",
        cursor=lambda connection: connection.cursor(Flaky),
    )
    sink = BookSink()
    pipeline = Pipeline("flaky", sink, state=state, config=QUICK)

    broken = pipeline.run(query)
    whole = pipeline.run(query, resume=True)

    assert (broken.status, broken.delivered) == (RunStatus.FAILED, 2_000)
    assert "cannot be read on after 2,000 records: the server is gone" in broken.reason
    assert (whole.status, whole.delivered, whole.resumed_at) == (RunStatus.COMPLETED, COUNT, 2_000)
    assert sink.order == numbers(COUNT)
    assert adds_up(whole)


def test_a_file_that_was_cut_off_ends_the_run_after_all_that_is_in_it(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl.gz"
    lines = (msgspec.json.encode({**number, "x": os.urandom(30).hex()}) for number in numbers(COUNT))
    whole = gzip.compress(b"\n".join(lines))
    file.write_bytes(whole[: len(whole) // 2])
    sink = BookSink()

    report = Pipeline("cut", sink, state=state, config=QUICK).run(file)

    assert report.status is RunStatus.FAILED
    assert "events.jsonl.gz cannot be read on: Compressed file ended" in report.reason
    assert 1_000 < report.delivered < COUNT
    assert len(sink.order) == report.delivered
    assert letters(state) == []
    assert adds_up(report)


def test_a_source_whose_error_has_no_words_ends_the_run_like_any_other(state: Path) -> None:
    class Speechless(Exception):
        def __str__(self) -> str:
            raise ValueError("nothing to say")

    def records() -> Iterator[dict[str, int]]:
        yield from numbers(1)
        raise Speechless

    report = Pipeline("speechless", BookSink(), state=state, config=QUICK).run(records())

    assert (report.status, report.delivered) == (RunStatus.FAILED, 1)
    assert report.reason == "the source failed after 1 record: Speechless"
