"""The bytes of a file as they were before it was compressed, and how many of them were read of the disk."""

import gzip
import sys
import zlib
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import IO, Any, Final, cast

from tocsin.batch.sources.lines import Readable
from tocsin.errors import InvalidPipeline

STDIN: Final = "-"
_LEAST_PIECE: Final = 256
_MOST_PIECE: Final = 65_536
_WANTED: Final = 1_048_576


class Counted:
    """A file that knows how much was read of it; other threads may ask."""

    def __init__(self, file: IO[bytes]) -> None:
        self._read = getattr(file, "read1", file.read)  # what a pipe has now, before more has come
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        """Return at most so many bytes."""
        block = cast("bytes", self._read(size))
        self.taken += len(block)
        return block


def opened(path: str) -> AbstractContextManager[IO[bytes]]:
    """Return a file, or standard input, which is not closed."""
    if path == STDIN:
        return nullcontext(sys.stdin.buffer)
    return open(path, "rb", buffering=0)  # noqa: PTH123 -- the caller closes it; paths are what people wrote


def unpacked(file: Counted, compression: str) -> Readable:
    """Return what a file holds, unpacked piece by piece."""
    if compression == "gz":
        return _Gzip(file)
    if compression == "zst":
        return _Zstd(file)
    return file


def zstandard() -> ModuleType:
    """Return the package, or say which extra has it."""
    try:
        import zstandard as package  # noqa: PLC0415 -- only those who read such files need it
    except ImportError:
        raise InvalidPipeline(
            "files compressed with zstd need a package: pip install 'tocsin[batch]'"
        ) from None
    return package


class _Gzip:
    """Unpacks member after member, and gives what it has before it says that a file was cut off."""

    def __init__(self, file: Counted) -> None:
        self.read = gzip.GzipFile(fileobj=cast("IO[bytes]", file), mode="rb").read1


class _Zstd:
    """Unpacks frame after frame; unlike the package's own reader it notices that a file was cut off.

    A piece that is taken off the file is as small as it must be for what comes of it to stay near a MiB.
    """

    def __init__(self, file: Counted) -> None:
        self._file = file
        self._package = zstandard()
        self._frame: Any = None
        self._packed = b""
        self._ready = memoryview(b"")
        self._piece = 4_096

    def read(self, size: int, /) -> bytes:
        while not self._ready:
            if not self._packed:
                self._packed = self._file.read(self._piece)
            if not self._packed:
                if self._frame is not None:
                    raise EOFError("it ends within a compressed frame")
                return b""
            self._ready = memoryview(self._unpack())
        block = bytes(self._ready[:size])
        self._ready = self._ready[size:]
        return block

    def _unpack(self) -> bytes:
        if self._frame is None:
            self._frame = self._package.ZstdDecompressor().decompressobj()
        try:
            unpacked: bytes = self._frame.decompress(self._packed)
        except self._package.ZstdError as error:
            raise zlib.error(str(error)) from None
        self._packed = self._frame.unused_data
        if self._frame.eof:
            self._frame = None
        if len(unpacked) > _WANTED:
            self._piece = max(_LEAST_PIECE, self._piece // 2)
        elif len(unpacked) < _WANTED // 4:
            self._piece = min(_MOST_PIECE, self._piece * 2)
        return unpacked
