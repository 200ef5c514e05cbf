"""A file sink writes every record once, whatever breaks off in between."""

import asyncio
import errno
import gzip
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.batch.sinks.batches import batch_of
from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.sinks import file as subject
from tocsin.batch.sinks.file import FileSink
from tocsin.batch.sinks.written import Journal, digest_of
from tocsin.errors import InvalidPipeline

Change = Callable[[Path], object]


def batch(*numbers: int) -> Batch:
    """Return a batch of records 0, 1, …; the id of each is its number."""
    records = [json.dumps({"n": number}).encode() for number in numbers]
    return Batch(id="b", records=records, ids=[f"id-{number}" for number in numbers])


def write(path: Path, *batches: Batch, remember: int = 10_000) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with FileSink(path, remember=remember) as sink:
            return [await sink.send(one) for one in batches]

    return asyncio.run(run())


def unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".zst":
        with (
            path.open("rb") as file,
            zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as whole,
        ):
            return bytes(whole.read())
    return content


def numbers_in(path: Path) -> list[int]:
    return [json.loads(line)["n"] for line in unpacked(path).splitlines()]


@pytest.fixture(params=["out.jsonl", "out.jsonl.gz", "out.jsonl.zst"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def test_records_become_lines_and_later_runs_append(path: Path) -> None:
    assert write(path, batch(0, 1), batch(2)) == [Delivered(), Delivered()]
    assert write(path, batch(3)) == [Delivered()]

    assert unpacked(path) == b'{"n": 0}\n{"n": 1}\n{"n": 2}\n{"n": 3}\n'


def test_records_that_are_sent_again_are_not_written_again(path: Path) -> None:
    write(path, batch(0, 1), batch(1, 2), batch(0, 1, 2))
    write(path, batch(2, 3, 3))

    assert numbers_in(path) == [0, 1, 2, 3]


def test_two_events_of_one_person_are_two_lines_though_the_id_is_that_of_the_person(path: Path) -> None:
    def events(*names: str) -> Batch:
        return Batch(
            id="b", records=[json.dumps({"n": one}).encode() for one in names], ids=["ann"] * len(names)
        )

    write(path, events("opened", "bought"), events("bought", "left"))
    write(path, events("left", "came back"))

    assert [json.loads(line)["n"] for line in unpacked(path).splitlines()] == [
        "opened",
        "bought",
        "left",
        "came back",
    ]


@pytest.mark.parametrize("cut", [1, 5, 17])
def test_a_batch_that_was_written_by_half_is_written_again_and_whole(path: Path, cut: int) -> None:
    write(path, batch(0, 1), batch(2, 3))
    _crash(path)
    os.truncate(path, path.stat().st_size - cut)

    write(path, batch(2, 3), batch(4))

    assert numbers_in(path) == [0, 1, 2, 3, 4]


def test_a_batch_of_which_nothing_was_written_but_its_entry_is_written_again(path: Path) -> None:
    write(path, batch(0, 1))
    size = path.stat().st_size
    write(path, batch(2, 3))
    _crash(path)
    os.truncate(path, size)

    write(path, batch(2, 3))

    assert numbers_in(path) == [0, 1, 2, 3]


def test_an_entry_that_was_written_by_half_is_as_if_it_were_not_there(path: Path) -> None:
    write(path, batch(0, 1))
    journal = path.with_name(f"{path.name}.written")
    with journal.open("ab") as file:
        file.write(b"TCS1 and no more")

    write(path, batch(0, 1, 2))

    assert numbers_in(path) == [0, 1, 2]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(path.read_bytes() + b"\n"),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.with_name(f"{path.name}.written").unlink(),
    ],
    ids=["longer", "shorter", "empty", "unknown"],
)
def test_a_file_that_somebody_else_has_changed_is_not_touched(path: Path, change: Change) -> None:
    write(path, batch(0, 1))
    change(path)
    before = path.read_bytes()

    with pytest.raises(InvalidPipeline, match=path.name):
        write(path, batch(2))

    assert path.read_bytes() == before


def test_a_file_that_is_gone_is_begun_anew(path: Path) -> None:
    write(path, batch(0, 1))
    path.unlink()

    write(path, batch(0, 2))

    assert numbers_in(path) == [0, 2]


def test_a_file_that_is_empty_is_taken(path: Path) -> None:
    path.touch()

    write(path, batch(0))

    assert numbers_in(path) == [0]


def test_a_full_disk_is_waited_for_and_leaves_nothing_by_half(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all = subject._write_all  # noqa: SLF001 -- the disk stands in for itself
    full = iter([True, False])

    def half(descriptor: int, data: bytes) -> None:
        if next(full, False):
            write_all(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        write_all(descriptor, data)

    monkeypatch.setattr(subject, "_write_all", half)

    first, again = write(path, batch(0, 1), batch(0, 1))

    assert isinstance(first, Refused)
    assert first.kind is Kind.TRANSIENT
    assert "No space left" in first.reason
    assert again == Delivered()
    assert numbers_in(path) == [0, 1]


@pytest.mark.parametrize("where", ["missing/out.jsonl", "."])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_sent(tmp_path: Path, where: str) -> None:
    with pytest.raises(InvalidPipeline, match="cannot be written"):
        write(tmp_path / where, batch(0))


def test_one_run_at_a_time_writes_to_a_file(path: Path) -> None:
    async def run() -> None:
        async with FileSink(path):
            with pytest.raises(InvalidPipeline, match="another run"):
                await FileSink(path).__aenter__()
        async with FileSink(path) as again:
            assert await again.send(batch(0)) == Delivered()

    asyncio.run(run())


def test_a_send_that_is_cancelled_is_done_whole_or_not_at_all(path: Path) -> None:
    async def run() -> None:
        async with FileSink(path) as sink:
            sending = [asyncio.create_task(sink.send(batch(number))) for number in range(9)]
            await asyncio.sleep(0)
            for one in sending:
                one.cancel()
            await asyncio.gather(*sending, return_exceptions=True)
            assert await sink.send(batch(*range(9))) == Delivered()

    asyncio.run(run())

    assert sorted(numbers_in(path)) == list(range(9))


def test_a_sink_that_several_pipelines_have_open_closes_with_the_last(path: Path) -> None:
    async def run() -> None:
        sink = FileSink(path)
        async with sink:
            async with sink:
                await sink.send(batch(0))
            await sink.send(batch(1))
        with pytest.raises(RuntimeError, match="not open"):
            await sink.send(batch(2))

    asyncio.run(run())

    assert numbers_in(path) == [0, 1]


def test_an_open_sink_is_copied_closed_and_its_copy_can_take_over(path: Path) -> None:
    async def run() -> Any:  # noqa: ANN401 -- what comes out of a pickle
        async with FileSink(path) as sink:
            await sink.send(batch(0))
            return pickle.loads(pickle.dumps(sink))  # noqa: S301 -- our own bytes

    copy = asyncio.run(run())

    async def go_on() -> None:
        async with copy as sink:
            assert await sink.check() is None
            assert await sink.send(batch_of(sink, [{"n": 7}])) == Delivered()

    asyncio.run(go_on())

    assert numbers_in(path) == [0, 7]


def test_the_journal_stays_small_and_forgets_what_was_written_longest_ago(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    write(path, *(batch(*range(n, n + 500)) for n in range(0, 10_000, 500)), remember=1_000)
    journal = path.with_name(f"{path.name}.written")
    read = Journal(journal, 1_000)
    read.entries()

    assert journal.stat().st_size < 5 * 16 * 1_000
    written_last = (batch(n) for n in range(9_000, 10_000))
    assert list(read.recent) == [digest_of(one.ids[0], one.records[0]) for one in written_last]
    assert numbers_in(path) == list(range(10_000))


def _crash(path: Path) -> None:
    """Take back that the file has ended well."""
    journal = path.with_name(f"{path.name}.written")
    closing = 28  # an entry of no records
    os.truncate(journal, journal.stat().st_size - closing)
