"""What a file sink has written: a journal beside the file, by which nothing is written twice or by half.

Before records are appended to the file, an entry tells where, how many bytes with which checksum, and
which they are (a digest of each, with its id). After a crash the last entry shows whether its records are
there whole; if not, what is there of them is cut off, and they are written when they are sent again. A file
that ended well has an entry that says so, and one that was changed since is not touched.
"""

import hashlib
import os
import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tocsin.errors import InvalidPipeline

DIGEST_BYTES: Final = 16
_HEAD: Final = struct.Struct("<4sQIIII")  # name, where, how many bytes, their checksum, ids, our own
_NAME: Final = b"TCS1"
_SLACK: Final = 4
"""A journal grows to this many times what is remembered before it is written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Some records of the file: from which byte on, how many bytes, their checksum, and whose they are."""

    start: int
    length: int = 0
    checksum: int = 0
    digests: tuple[bytes, ...] = ()

    def packed(self) -> bytes:
        """Return it as it stands in the journal."""
        digests = b"".join(self.digests)
        head = (_NAME, self.start, self.length, self.checksum, len(self.digests))
        return _HEAD.pack(*head, zlib.crc32(_HEAD.pack(*head, 0) + digests)) + digests


def digest_of(record_id: str, record: bytes) -> bytes:
    """Return by what a record is known again: another one with the same id is not taken for it, and lost."""
    name = record_id.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(b"%d:%b%b" % (len(name), name, record), digest_size=DIGEST_BYTES).digest()


@dataclass(slots=True)
class Journal:
    """The journal of one file; `recent` are the digests of the records written last, at most `most`."""

    path: Path
    most: int
    recent: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    size: int = 0

    def entries(self) -> list[Entry]:
        """Read it, cutting off an entry that was not written to its end, and return the last two entries."""
        last: list[Entry] = []
        content = self.path.read_bytes() if self.path.exists() else b""
        self.recent.clear()
        self.size = 0
        while (entry := _entry_at(content, self.size)) is not None:
            self.remember(entry.digests)
            self.size += len(entry.packed())
            last = [*last[-1:], entry]
        if self.size < len(content):
            os.truncate(self.path, self.size)
        return last

    def remember(self, digests: Iterable[bytes]) -> None:
        """Take note of records, and forget those written longest ago."""
        for digest in digests:
            self.recent[digest] = None
        while len(self.recent) > self.most:
            self.recent.popitem(last=False)

    def add(self, entry: Entry) -> None:
        """Write an entry so that a crash does not lose it; raises OSError."""
        packed = entry.packed()
        if self.size + len(packed) > _SLACK * DIGEST_BYTES * self.most:
            self._begin_anew(entry.start)
        with self.path.open("ab") as file:
            file.write(packed)
            file.flush()
            os.fsync(file.fileno())
        self.size += len(packed)

    def take_back(self, entry: Entry) -> None:
        """Take the last entry out again, of which nothing is in the file."""
        self.size -= len(entry.packed())
        os.truncate(self.path, self.size)
        for digest in entry.digests:
            self.recent.pop(digest, None)

    def _begin_anew(self, at: int) -> None:
        """Keep what is remembered alone; the old journal is there until the new one is whole."""
        packed = Entry(start=at, digests=tuple(self.recent)).packed()
        new = self.path.with_name(f"{self.path.name}.new")
        with new.open("wb") as file:
            file.write(packed)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        sync_folder(self.path.parent)
        self.size = len(packed)


def _entry_at(content: bytes, at: int) -> Entry | None:
    if len(content) - at < _HEAD.size:
        return None
    name, start, length, checksum, count, ours = _HEAD.unpack_from(content, at)
    digests = content[at + _HEAD.size : at + _HEAD.size + count * DIGEST_BYTES]
    if name != _NAME or len(digests) < count * DIGEST_BYTES:
        return None
    if ours != zlib.crc32(_HEAD.pack(name, start, length, checksum, count, 0) + digests):
        return None
    each = (digests[place : place + DIGEST_BYTES] for place in range(0, len(digests), DIGEST_BYTES))
    return Entry(start=start, length=length, checksum=checksum, digests=tuple(each))


def agree(path: Path, journal: Journal) -> int:
    """Return how long the file is when it holds whole batches alone; raises InvalidPipeline.

    What is left of a batch whose writing was cut short is cut off, from the file and from the journal; a file
    that somebody else has changed is not touched.
    """
    size = path.stat().st_size
    entries = journal.entries()
    if not entries:
        if size:
            raise InvalidPipeline(
                f"{path} is there already, and not by this sink; move it away or name another"
            )
        return 0
    last = entries[-1]
    if size == last.start + last.length and _checksum(path, last) == last.checksum:
        return size
    if not last.start <= size <= last.start + last.length:
        was = last.start + last.length
        raise InvalidPipeline(
            f"{path} has {size} bytes where {was} were written, so somebody else has changed it;"
            f" move it and {journal.path.name} away, or name another file"
        )
    os.truncate(path, last.start)
    journal.take_back(last)
    return last.start


def _checksum(path: Path, entry: Entry) -> int:
    with path.open("rb") as file:
        file.seek(entry.start)
        return zlib.crc32(file.read(entry.length))


def sync_folder(folder: Path) -> None:
    """Make sure that a file which was made or renamed here is still there after a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
