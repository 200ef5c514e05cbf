"""Files by path or glob, as one source."""

import glob
import os
import stat
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import KW_ONLY, asdict, dataclass
from os import PathLike, fspath
from typing import Final

from tocsin.batch.sources.csv_rows import Dialect, csv_rows
from tocsin.batch.sources.fingerprints import ends_of, fingerprint_of
from tocsin.batch.sources.formats import Form, form_of
from tocsin.batch.sources.json_lines import json_lines
from tocsin.batch.sources.lines import MAX_LINE_BYTES, Readable, Skipping
from tocsin.batch.sources.parquet import ParquetFile
from tocsin.batch.sources.streams import STDIN, Counted, opened, unpacked
from tocsin.errors import InvalidPipeline, SourceFailed

MAX_FILES: Final = 100_000
_DAMAGE: Final = (OSError, EOFError, zlib.error)


@dataclass(frozen=True, slots=True)
class Files:
    """Files as a person names them: a path, a glob, or `-` for standard input.

    `format` is said where the name does not end in it: `csv`, `jsonl.gz`. What follows is for CSV alone:
    `delimiter`, `quote` and `escape` (one character each, the latter two empty where there is none),
    `encoding`, and `header`, the names of the columns of files without a line of them. `columns`: of Parquet,
    the only ones that are read.
    """

    path: str | PathLike[str]
    _: KW_ONLY
    format: str = ""
    delimiter: str | None = None
    quote: str = '"'
    escape: str = ""
    encoding: str = "utf-8"
    header: Sequence[str] | None = None
    columns: Sequence[str] | None = None

    @property
    def pattern(self) -> str:
        """Return the path or glob as text."""
        return fspath(self.path)

    def dialect(self, form: Form) -> Dialect:
        """Return how values stand in the lines of a file; raises InvalidPipeline."""
        return Dialect(
            delimiter=self.delimiter or ("\t" if form.kind == "tsv" else ","),
            quote=self.quote,
            escape=self.escape,
            encoding=self.encoding,
            header=self.header,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file that is there; `size` is None of a pipe, which can be read once and says nothing ahead."""

    path: str
    name: str
    form: Form
    size: int | None


class FileSource:
    """Files in the order of their names, with one range of ordinals over all of them.

    Raises InvalidPipeline, as soon as it is made, for whatever is missing or cannot be read.
    """

    def __init__(self, given: Files, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._given = given
        self._limit = max_line_bytes
        self._files = _found(given)
        self._done = 0
        self._current: Counted | ParquetFile | None = None
        self._is_taken = False
        sizes = [file.size for file in self._files if file.size is not None]
        self.total_bytes = sum(sizes) if len(sizes) == len(self._files) else None
        self._totals = {file.path: self._look_into(file) for file in self._files}

    @property
    def name(self) -> str:
        """Return the name of the file, or the glob, whatever it finds: a run is looked for by it."""
        pattern = self._given.pattern
        return os.path.relpath(pattern, _root_of(pattern)) if _is_glob(pattern) else self._files[0].name

    @property
    def total(self) -> int | None:
        """Return how many records there are, where every file says so."""
        totals = [total for total in self._totals.values() if total is not None]
        return sum(totals) if len(totals) == len(self._files) else None

    def fingerprint(self) -> str:
        """Return names, sizes, times of writing and digests of both ends; nothing of a pipe."""
        if self.total_bytes is None:
            return ""
        read_as = {"format": self._given.format or "by name"}
        if any(file.form.kind != "jsonl" for file in self._files):
            read_as |= {
                name: said for name, said in asdict(self._given).items() if name not in ("path", "format")
            }
        return fingerprint_of("files", files=[_mark(file) for file in self._files], read_as=read_as)

    def records(self, start: int) -> Iterator[object]:
        """Return the records of all files from an ordinal on; raises SourceFailed where a file is damaged."""
        if self._is_taken and self.total_bytes is None:
            raise InvalidPipeline(f"{self.name} can be read once, and has been")
        self._is_taken = True
        self._done = 0
        return self._all(Skipping(start))

    def bytes_read(self) -> int:
        """Return how many bytes were read of the disk; of a compressed file as it lies there."""
        current = self._current
        return self._done + (current.taken if current else 0)

    def _all(self, skipping: Skipping) -> Iterator[object]:
        for file in self._files:
            try:
                yield from self._rows(file, skipping)
            except _DAMAGE as error:
                raise SourceFailed(f"{file.name} cannot be read on: {_words_of(error)}") from error
            self._done += self._current.taken if self._current else 0
            self._current = None

    def _rows(self, file: _File, skipping: Skipping) -> Generator[object]:
        if file.form.kind == "parquet":
            if skipping.left >= (total := self._totals[file.path] or 0):
                skipping.left -= total
                self._done += file.size or 0
                return
            self._current = parquet = self._parquet(file)
            yield from parquet.rows(skipping)
            return
        with opened(file.path) as disk:
            self._current = Counted(disk)
            yield from self._text_rows(file, unpacked(self._current, file.form.compression), skipping)

    def _text_rows(self, file: _File, stream: Readable, skipping: Skipping) -> Iterator[object]:
        if file.form.is_table_of_text:
            return csv_rows(stream, file.name, skipping, self._given.dialect(file.form), self._limit)
        return json_lines(stream, file.name, skipping, self._limit)

    def _parquet(self, file: _File) -> ParquetFile:
        if file.size is None:
            raise InvalidPipeline(f"{file.path}: Parquet is read from its end, and a pipe cannot be")
        return ParquetFile(file.path, file.name, file.size, self._given.columns)

    def _look_into(self, file: _File) -> int | None:
        """Return how many records a file says it has; raises InvalidPipeline if its first cannot be read."""
        self._given.dialect(file.form)
        if file.form.kind == "parquet":
            return self._parquet(file).total
        if file.size is None:
            return None
        try:
            with closing(self._rows(file, Skipping(0))) as rows:
                next(rows, None)
        except _DAMAGE as error:
            raise InvalidPipeline(f"{file.path} cannot be read: {_words_of(error)}") from None
        self._current = None
        return None


def _words_of(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _found(given: Files) -> list[_File]:
    """Return the files that are meant, in the order of their names."""
    if given.pattern == STDIN:
        return [_File(path=STDIN, name="stdin", form=form_of(STDIN, given.format or "jsonl"), size=None)]
    if not _is_glob(given.pattern):
        return [_looked_at(given.pattern, os.path.basename(given.pattern), given.format)]  # noqa: PTH119 -- as it was written
    root = _root_of(given.pattern)
    paths = [
        path
        for path in sorted(glob.iglob(given.pattern, recursive=True))  # noqa: PTH207 -- a glob may be absolute
        if not ("**" in given.pattern and os.path.isdir(path))  # noqa: PTH112 -- many paths, looked at quickly
    ]
    if not paths:
        raise InvalidPipeline(f"there is no file {given.pattern}")
    if len(paths) > MAX_FILES:
        raise InvalidPipeline(
            f"{given.pattern} finds {len(paths):,} files; at most {MAX_FILES:,} can be one source"
        )
    return [_looked_at(path, os.path.relpath(path, root), given.format) for path in paths]


def _is_glob(pattern: str) -> bool:
    """Return whether files are looked for, and not the one that is called so."""
    return glob.has_magic(pattern) and not os.path.lexists(pattern)


def _root_of(pattern: str) -> str:
    """Return the folder in which a glob starts to look."""
    root = pattern
    while glob.has_magic(root):
        root = os.path.dirname(root)  # noqa: PTH120 -- a glob is no path
    return root or os.curdir


def _looked_at(path: str, name: str, said: str) -> _File:
    try:
        found = os.stat(path)  # noqa: PTH116 -- as it was written
    except (OSError, ValueError) as error:
        raise InvalidPipeline(f"{path} cannot be read: {_words_of(error)}") from None
    if stat.S_ISDIR(found.st_mode):
        inside = f"{path.rstrip('/')}/*{'.parquet' if '.parquet' in path else '.jsonl'}"
        raise InvalidPipeline(f"{path} is a directory; give a glob, such as {inside}")
    is_file = stat.S_ISREG(found.st_mode)
    return _File(path=path, name=name, form=form_of(path, said), size=found.st_size if is_file else None)


def _mark(file: _File) -> dict[str, object]:
    """Return by what a file is known again."""
    try:
        with opened(file.path) as disk:
            found = os.fstat(disk.fileno())
            start, end = ends_of(disk, found.st_size)
    except OSError as error:
        raise InvalidPipeline(f"{file.path} cannot be read: {_words_of(error)}") from None
    return {
        "name": file.name,
        "bytes": found.st_size,
        "written_at_ns": found.st_mtime_ns,
        "start": start,
        "end": end,
    }
