"""Files that are there only once they are whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tocsin.cli.exits import Exit, give_up


@contextmanager
def written_whole(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """Open a file to write that takes its place when all of it is on disk; gives up where it cannot be."""
    if path.exists() and not force:
        give_up(f"{path} exists already; choose another name, or replace it with --force", Exit.FAILED)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:  # also when somebody interrupts it: half a file must not stay
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        give_up(f"{path} cannot be written: {error.strerror}", Exit.FAILED)
