"""Records into a file, one JSON object a line, each batch wholly or not at all, and repeats left out."""

import fcntl
import gzip
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from tocsin.batch.encoding import encode_json, encode_json_each
from tocsin.batch.failures import refusal_of
from tocsin.batch.limits import JSON_LINES, Limits
from tocsin.batch.outcome import Delivered, Kind, Outcome, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.sinks.address import scope_of
from tocsin.batch.sinks.thread import OneThread
from tocsin.batch.sinks.written import Entry, Journal, agree, digest_of, sync_folder
from tocsin.errors import InvalidPipeline

MAX_RECORDS: Final = 1_000
_GZIP_LEVEL: Final = 6
REMEMBERED: Final = 200_000
"""More than can have been written and not yet be in a checkpoint: a run writes one every 50 batches."""


class FileSink:
    """Appends records to a file as JSON lines; a name that ends in `.gz` or `.zst` compresses it.

    A batch is on the disk before it counts as delivered, and after a crash it is there wholly or not at all.
    Records that are sent again are known by their id and content and left out, as long as they are among the
    last `remember`; another record with the same id is another line. That needs a small file beside it,
    `<name>.written`; without it a file that is not empty is not touched. One process at a time writes to it.

    Opening it raises InvalidPipeline for a file that cannot be written or that somebody else has changed.
    """

    def __init__(self, path: str | os.PathLike[str], *, name: str = "", remember: int = REMEMBERED) -> None:
        self._path = Path(path)
        self.name = name or self._path.name
        self.framing = JSON_LINES
        self.limits = Limits(
            max_records=MAX_RECORDS,
            max_concurrency=1,
            scope=scope_of("file", str(self._path.absolute())),
        )
        self._pack = _packing(self._path.suffix)
        self._remember = max(remember, MAX_RECORDS)
        self._thread = OneThread()
        self._file: IO[bytes] | None = None
        self._journal: Journal | None = None

    def __repr__(self) -> str:
        return f"FileSink({str(self._path)!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what is open: a copy in another process opens its own."""
        return {**self.__dict__, "_file": None, "_journal": None}

    def encode(self, record: object, record_id: str) -> bytes:  # noqa: ARG002 -- the id is kept beside the file
        """Return a record as JSON; raises Rejected."""
        return encode_json(record)

    def encode_each(self, records: Sequence[object], ids: Sequence[str]) -> Iterable[bytes]:  # noqa: ARG002 -- as above
        """Return many records as JSON."""
        return encode_json_each(records)

    async def send(self, batch: Batch) -> Outcome:
        """Append what is not in the file yet, and return when it is on the disk."""
        try:
            await self._thread.do(lambda: self._write(batch))
        except InvalidPipeline as fault:  # it had to be opened anew, and was changed meanwhile
            return Refused(Kind.UNAUTHORIZED, str(fault))
        except OSError as error:
            return self._refusal(error)
        return Delivered()

    async def check(self) -> Refused | None:
        """Return None: what could speak against the file was found when it was opened."""
        return None

    def _refusal(self, error: OSError) -> Refused:
        refused = refusal_of(error)
        return Refused(refused.kind, f"{self._path}: {error.strerror or error}")

    def _write(self, batch: Batch) -> None:
        file, journal = self._opened()
        start = os.fstat(file.fileno()).st_size
        new: dict[bytes, bytes] = {}
        for one, record in zip(batch.ids, batch.records, strict=True):
            digest = digest_of(one, record)
            if digest not in journal.recent:
                new.setdefault(digest, record)
        if not new:
            return
        data = self._pack(b"".join(record + b"\n" for record in new.values()))
        entry = Entry(start=start, length=len(data), checksum=zlib.crc32(data), digests=tuple(new))
        try:
            journal.add(entry)
            _write_all(file.fileno(), data)
            os.fsync(file.fileno())
        except OSError:
            self._close()  # the next batch opens it anew, which cuts off what is there by half
            raise
        journal.remember(new)

    def _opened(self) -> tuple[IO[bytes], Journal]:
        if self._file is None or self._journal is None:
            self._open()
        if self._file is None or self._journal is None:
            raise InvalidPipeline(f"{self._path} is not open")
        return self._file, self._journal

    def _open(self) -> None:
        try:
            made = not self._path.exists()
            self._file = self._path.open("ab", buffering=0)
            _hold(self._file, self._path)
            if made:
                sync_folder(self._path.parent)
            self._journal = Journal(self._path.with_name(f"{self._path.name}.written"), self._remember)
            if made and self._journal.path.exists():
                self._journal.path.unlink()  # of a file that is gone
            agree(self._path, self._journal)
        except BaseException:  # the file is closed whatever happened; raised on
            self._close()
            raise

    def _begin(self) -> None:
        try:
            self._open()
        except OSError as error:
            raise InvalidPipeline(f"{self._path} cannot be written: {error.strerror or error}") from None

    def _end(self) -> None:
        """Say that the file ended well, so that a change by somebody else is found."""
        if self._file is not None and self._journal is not None:
            with suppress(OSError):  # then the last batch is looked at when it is opened again
                self._journal.add(Entry(start=os.fstat(self._file.fileno()).st_size))
        self._close()

    def _close(self) -> None:
        file, self._file, self._journal = self._file, None, None
        if file is not None:
            file.close()

    async def __aenter__(self) -> Self:
        await self._thread.open(self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, if nobody else has it open."""
        await self._thread.close(self._end)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _hold(file: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InvalidPipeline(f"{path} is being written by another run") from None


def _packing(suffix: str) -> Callable[[bytes], bytes]:
    """Return how a batch is packed: files of both kinds may consist of several pieces one after the other."""
    if suffix == ".gz":
        return _gzipped
    if suffix == ".zst":
        return _zstandard
    return bytes


def _gzipped(data: bytes) -> bytes:
    return gzip.compress(data, _GZIP_LEVEL, mtime=0)


def _zstandard(data: bytes) -> bytes:
    try:
        import zstandard  # noqa: PLC0415 -- needed for files that end in .zst alone
    except ImportError:
        raise InvalidPipeline("files that end in .zst need zstandard: pip install 'tocsin[batch]'") from None
    packed: bytes = zstandard.compress(data)
    return packed
