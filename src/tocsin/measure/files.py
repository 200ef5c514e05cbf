"""Files of Parquet, CSV and JSON lines, compressed or not, one or many, measured where they lie."""

import glob
import gzip
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS
from tocsin.measure.dialect import DUCKDB
from tocsin.measure.duck import MEMORY_LIMIT, DuckTable, connected, executed, first_line, locked
from tocsin.measure.table import Column

if TYPE_CHECKING:
    import duckdb

MAX_FILES: Final = 10_000
MAX_LINES_SHOWN: Final = 3
MAX_HEADER_BYTES: Final = 2**20
_CSV: Final = (
    "read_csv({files}, nullstr = {nulls}, store_rejects = true, rejects_limit = 0, files_to_sniff = -1)"
)
_LINES: Final = "read_json({files}, format = 'newline_delimited', union_by_name = true)"
_READERS: Final = {
    ".parquet": "read_parquet({files}, union_by_name = true)",
    ".csv": _CSV,
    ".tsv": _CSV,
    ".jsonl": _LINES,
    ".ndjson": _LINES,
    ".json": "read_json({files}, union_by_name = true)",
}
NOT_CSV: Final = "null_values are for CSV, and {} is none; leave them out"
_REJECTED: Final = "reject_errors"
"""The table of lines that could not be read; it comes with the first query that reads any."""
_PACKED: Final = (".gz", ".zst", ".zstd")
REMOTE: Final = ("s3://", "gs://", "gcs://", "r2://", "az://", "abfss://", "http://", "https://", "hf://")
"""How the addresses of files begin that are read where they lie."""
MAX_SPAN: Final = 2**27
"""Integers that lie no further apart are counted in a map of bits, of 16 MiB at most for each thread."""
_INTEGERS: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")


class Files(DuckTable):
    """The files of a path, a pattern or an address as one table; columns go by name.

    Lines of CSV that cannot be read are left out, counted and told of. Raises NotMeasured where there is
    nothing to read, or it cannot be read. `beside` are the paths of other tables that checks may refer to, by
    the names that they use. In CSV `null_values` stand for null, as what is empty does.
    """

    def __init__(
        self,
        path: str,
        *,
        beside: Mapping[str, str] | None = None,
        null_values: Sequence[str] = (),
        memory_limit: str = MEMORY_LIMIT,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        with ExitStack() as opened:
            connection = opened.enter_context(connected(memory_limit))
            others = {name: (other, found_at(other)) for name, other in (beside or {}).items()}
            files = found_at(path)
            reader = reader_of(path, files, null_values)
            self.is_csv = "read_csv(" in reader
            if null_values and not self.is_csv:
                raise NotMeasured(NOT_CSV.format(path))
            readers = {name: reader_of(other, found, null_values) for name, (other, found) in others.items()}
            readable = [*files, *(file for _, found in others.values() for file in found)]
            self._begin(connection, path, reader)
            locked_to(connection, readable, readers.values())
            super().__init__(connection, readers, timeout_seconds=timeout_seconds)
            if "read_parquet(" in reader and not path.startswith(REMOTE):
                self.dialect = replace(DUCKDB, distinct_of=cache(self._in_bits))
            self._held = opened.pop_all()

    def _begin(self, connection: "duckdb.DuckDBPyConnection", path: str, reader: str) -> None:
        import duckdb  # noqa: PLC0415 -- an extra, loaded where it is used

        try:
            if not path.startswith(REMOTE):
                _read_when_needed(connection)
            executed(connection, f"CREATE VIEW {self.relation} AS SELECT * FROM {reader}")
        except duckdb.Error as error:
            raise NotMeasured(f"{path} cannot be read: {first_line(error)}") from error

    def remarks(self) -> tuple[str, ...]:
        """Return which lines of CSV could not be read, as far as the files have been read by now."""
        if not self.is_csv or not self._asked(f"FROM duckdb_tables() WHERE table_name = '{_REJECTED}'"):
            return ()
        found = self._asked(
            f"SELECT s.file_path, r.line, min(r.error_message), count(*) OVER () FROM {_REJECTED} r "
            "JOIN reject_scans s USING (scan_id, file_id) GROUP BY 1, 2 ORDER BY 1, 2 "
            f"LIMIT {MAX_LINES_SHOWN}"
        )
        if not found:
            return ()
        shown = (f"{file}:{line}: {str(why).splitlines()[0]}" for file, line, why, _ in found)
        number = int(str(found[0][3]))
        return (
            f"{number:,} line{'s' if number > 1 else ''} could not be read and {_is(number)} left out",
            *shown,
        )

    def _in_bits(self, column: Column) -> str:
        """Return the count of distinct integers as a map of bits, if the files tell how far apart they lie.

        Of ten million that takes a fifth of the time of a table of all values, and hardly any memory.
        """
        if column.type not in _INTEGERS:
            return ""
        found = self._asked(f"SELECT stats({self.dialect.name_of(column.name)}) FROM {self.relation} LIMIT 1")
        told = found[0][0] if found else None
        low, high = (told.get(key) for key in ("min", "max")) if isinstance(told, dict) else (None, None)
        if not (isinstance(low, int) and isinstance(high, int) and high - low < MAX_SPAN):
            return ""
        return f"bit_count(bitstring_agg({{value}}, {low}, {high}))"

    def close(self) -> None:
        """Let go of the connection and of what was put aside."""
        self._held.close()


def _read_when_needed(connection: "duckdb.DuckDBPyConnection") -> None:
    """Have little read before it is worked on, which of files at hand saves no time and doubles memory."""
    import duckdb  # noqa: PLC0415 -- an extra, loaded where it is used

    connection.execute("SET disable_parquet_prefetching = true")
    with suppress(duckdb.CatalogException):  # before DuckDB 2 nothing is read ahead
        connection.execute("SET read_ahead_depth = 1")


def _is(number: int) -> str:
    return "are" if number > 1 else "is"


def locked_to(
    connection: "duckdb.DuckDBPyConnection", readable: Sequence[str], readers: Iterable[str]
) -> None:
    """Let a connection read these paths and addresses and nothing else from now on, and change nothing.

    `readers` are looked at before, where any is of an address: the extension that it needs, and the keys of
    its owner, cannot be loaded afterwards. Raises NotMeasured where one cannot be read.
    """
    import duckdb  # noqa: PLC0415 -- an extra, loaded where it is used

    patterns = [path for path in readable if path.startswith(REMOTE) and "*" in path]
    folders = {path[: path.index("*")].rpartition("/")[0] + "/" for path in patterns}
    try:
        if any(path.startswith(REMOTE) for path in readable):
            for reader in readers:
                executed(connection, f"DESCRIBE SELECT * FROM {reader}")
        locked(connection, [path for path in readable if path not in patterns], sorted(folders))
    except duckdb.Error as error:
        raise NotMeasured(first_line(error)) from error


def found_at(path: str) -> list[str]:
    """Return the files that a path or pattern stands for."""
    if path.startswith(REMOTE):
        return [path]
    try:
        return _found(path)
    except OSError as error:
        raise NotMeasured(f"{path:.200} cannot be read: {error.strerror}") from None


def _found(path: str) -> list[str]:
    if Path(path).is_dir():
        raise NotMeasured(f"{path} is a folder; name its files with a pattern: {Path(path) / '*.parquet'}")
    files = [path] if Path(path).exists() else sorted(glob.glob(path, recursive=True))  # noqa: PTH207 -- the pattern may be absolute
    if not files:
        raise NotMeasured(f"there is no file {path}")
    if len(files) > MAX_FILES:
        raise NotMeasured(f"{path} stands for {len(files):,} files; at most {MAX_FILES:,} are read at once")
    for file in files:
        if Path(file).exists() and not Path(file).is_file():
            raise NotMeasured(f"{file} is no file but a folder, a pipe or a device; name files of data alone")
    return files


def reader_of(path: str, files: list[str], null_values: Sequence[str] = ()) -> str:
    """Return what reads the files, by the end of their name; in CSV `null_values` stand for null."""
    suffixes = [suffix.lower() for suffix in Path(files[0]).suffixes]
    packed = suffixes[-1:] and suffixes[-1] in _PACKED
    kind = next(iter(suffixes[-2:-1] if packed else suffixes[-1:]), "")
    if kind not in _READERS:
        known = ", ".join(name[1:] for name in _READERS)
        raise NotMeasured(
            f"{path} is no kind of file that can be read; known are {known}, also packed as gz or zst"
        )
    nulls = f"[{', '.join(map(DUCKDB.text_of, ('', *null_values)))}]"
    if _READERS[kind] is not _CSV or len(files) == 1:
        return _read_by(_READERS[kind], files, nulls)
    # One read leaves out columns that its first file has not, so it takes files that have the same.
    alike = dict[bytes, list[str]]()
    for file in sorted(files, key=_bytes_of, reverse=True):
        alike.setdefault(_header_of(file), []).append(file)
    each = " UNION ALL BY NAME ".join(
        f"SELECT * FROM {_read_by(_CSV, some, nulls)}" for some in alike.values()
    )
    return f"({each})"


def _read_by(reader: str, files: Sequence[str], nulls: str) -> str:
    return reader.format(files=f"[{', '.join(map(DUCKDB.text_of, files))}]", nulls=nulls)


def _bytes_of(file: str) -> int:
    """Return how large a file is: of those that are alike the largest shows best what they hold."""
    try:
        return Path(file).stat().st_size
    except OSError:
        return 0


def _header_of(file: str) -> bytes:
    """Return the first line of a file; where it cannot be told, what no other file has."""
    is_packed, is_gzip = file.lower().endswith(_PACKED), file.lower().endswith(".gz")
    try:
        with gzip.open(file) if is_gzip else Path(file).open("rb") as opened:
            return file.encode() if is_packed and not is_gzip else opened.readline(MAX_HEADER_BYTES)
    except (OSError, EOFError, zlib.error):
        return file.encode()
