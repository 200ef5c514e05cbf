"""Files of exported history: lines of JSON, packed where the name says so, read and written line by line."""

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from tocsin.cli.exits import Exit, give_up
from tocsin.cli.whole_file import written_whole

MAX_LINE = 200 * 1024
STANDARD = Path("-")


@contextmanager
def written(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """Open a file to write; it is there only once it is whole. `-` is standard output."""
    if path == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with written_whole(path, force=force) as file, _packed(file, path) as packed:
        yield packed


@contextmanager
def _packed(file: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    if path.suffix != ".gz":
        yield file
        return
    # Without a name and a time in it, so that equal histories are equal files.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed:
        yield cast("IO[bytes]", packed)


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """Return the lines of a file with their numbers; empty ones are passed over. `-` is standard input."""
    try:
        with _opened(path) as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    give_up(f"{path}, line {number}: is longer than {MAX_LINE // 1024} KiB", Exit.FAILED)
                if line.strip():
                    yield number, line
    except (EOFError, gzip.BadGzipFile):
        give_up(f"{path} is damaged or not whole: it cannot be unpacked to its end", Exit.FAILED)
    except OSError as error:
        give_up(f"{path} cannot be read: {error.strerror}", Exit.FAILED)


def _opened(path: Path) -> IO[bytes]:
    if path == STANDARD:
        return sys.stdin.buffer
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")
