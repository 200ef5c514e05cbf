"""Arrow tables, readers, datasets, and whatever else gives its rows as a stream of Arrow."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from tocsin.batch.encoding import readable
from tocsin.batch.sources.arrow_rows import ROWS, pyarrow, rows_of
from tocsin.batch.sources.columns import keys_of
from tocsin.batch.sources.fingerprints import digest, fingerprint_of
from tocsin.batch.words import counted
from tocsin.errors import InvalidPipeline, SourceFailed, TocsinError

MARKED_ROWS: Final = 64
"""By so many rows at either end a table is known again."""

Batches = Callable[[int], Iterator[Any]]


class ArrowSource:
    """Rows that come in record batches; `batches` is told how many rows to leave out."""

    total_bytes = None

    def __init__(
        self,
        name: str,
        batches: Batches,
        *,
        total: int | None = None,
        fingerprint: Callable[[], str] | None = None,
        is_once: bool = False,
    ) -> None:
        self.name = name
        self.total = total
        self._batches = batches
        self._fingerprint = fingerprint
        self._is_once = is_once
        self._is_taken = False

    def fingerprint(self) -> str:
        """Return by what it is known again; nothing of a stream."""
        return self._fingerprint() if self._fingerprint else ""

    def records(self, start: int) -> Iterator[object]:
        """Return rows as dicts, from an ordinal on."""
        if self._is_once and self._is_taken:
            raise InvalidPipeline(f"{self.name} can be read once, and has been")
        self._is_taken = True
        return self._rows(start)

    def bytes_read(self) -> int:
        """Return 0: its bytes are not counted."""
        return 0

    def _rows(self, start: int) -> Iterator[object]:
        ordinal = start
        try:
            for batch in self._batches(start):
                yield from rows_of(batch, self.name, ordinal)
                ordinal += batch.num_rows
        except TocsinError:
            raise
        except Exception as error:  # a reader raises what its source raises
            raise SourceFailed(f"{self.name} cannot be read on after {counted(ordinal)}: {error}") from error


def of_stream(given: Any) -> ArrowSource:  # noqa: ANN401 -- whatever has `__arrow_c_stream__`
    """Return a source of a table, a reader, or anything else that gives a stream of Arrow."""
    arrow = pyarrow()
    if isinstance(given, arrow.RecordBatch):
        given = arrow.Table.from_batches([given])
    if isinstance(given, arrow.Table):
        return of_table("an Arrow table", given, given.schema, given.num_rows)
    name = f"a {type(given).__module__.partition('.')[0]} {type(given).__qualname__}"
    try:
        schema = arrow.RecordBatchReader.from_stream(given).schema if _is_again(given) else given.schema
    except (arrow.ArrowException, TypeError) as error:
        raise InvalidPipeline(f"{name} has no rows: {error}") from None
    keys_of(schema.names, name)
    once = not _is_again(given)
    return ArrowSource(
        name, lambda start: behind(arrow.RecordBatchReader.from_stream(given), start), is_once=once
    )


def _is_again(given: object) -> bool:
    return not isinstance(given, pyarrow().RecordBatchReader)


def of_table(name: str, table: Any, schema: Any, total: int) -> ArrowSource:  # noqa: ANN401 -- of Arrow or Polars
    """Return a source of rows that lie in memory; `table` can be sliced and gives a stream of Arrow."""
    keys_of(schema.names, name)
    reader = pyarrow().RecordBatchReader

    def batches(start: int) -> Iterator[Any]:
        return iter(reader.from_stream(table.slice(start)))

    def ends(start: int) -> str:
        rows = behind(reader.from_stream(table.slice(start, MARKED_ROWS)), 0)
        return digest(readable([row for batch in rows for row in rows_of(batch, name, start)]))

    def fingerprint() -> str:
        return fingerprint_of(
            "frame",
            type=name.partition(" ")[2],
            records=total,
            columns=[f"{field.name} {field.type}" for field in reader.from_stream(table.slice(0, 0)).schema],
            first=ends(0),
            last=ends(max(0, total - MARKED_ROWS)),
        )

    return ArrowSource(name, batches, total=total, fingerprint=fingerprint)


def behind(batches: Any, start: int) -> Iterator[Any]:  # noqa: ANN401 -- a reader or an iterator of batches
    """Yield batches without their first rows, of which so many are left out."""
    for batch in batches:
        if start >= batch.num_rows:
            start -= batch.num_rows
        else:
            yield batch.slice(start)
            start = 0


def of_dataset(dataset: Any) -> ArrowSource:  # noqa: ANN401 -- published without types
    """Return a source of a dataset, whose files are read one after the other."""
    keys_of(dataset.schema.names, "an Arrow dataset")
    files = getattr(dataset, "files", None)
    is_parquet = files and dataset.format.default_extname == "parquet"
    try:
        total = dataset.count_rows() if is_parquet else None
    except (pyarrow().ArrowException, OSError) as error:
        raise InvalidPipeline(f"an Arrow dataset cannot be read: {error}") from None

    def batches(start: int) -> Iterator[Any]:
        for fragment in _fragments(dataset):
            count = fragment.count_rows() if start else 0
            if start and start >= count:
                start -= count
                continue
            sizes = {"batch_size": ROWS * 8, "batch_readahead": 2, "fragment_readahead": 1}
            schema = {} if fragment is dataset else {"schema": dataset.schema}
            yield from behind(fragment.scanner(**schema, **sizes).to_batches(), start)
            start = 0

    return ArrowSource(
        "an Arrow dataset", batches, total=total, fingerprint=lambda: _of_files(dataset) if files else ""
    )


def _fragments(dataset: Any) -> list[Any]:  # noqa: ANN401 -- as above
    """Return the parts that can be left out unread; of a dataset with a filter itself, as one."""
    try:
        return list(dataset.get_fragments())
    except (NotImplementedError, ValueError):
        return [dataset]


def _of_files(dataset: Any) -> str:  # noqa: ANN401 -- as above
    infos = dataset.filesystem.get_file_info(dataset.files)
    return fingerprint_of(
        "dataset",
        columns=[f"{field.name} {field.type}" for field in dataset.schema],
        files=[{"name": i.path, "bytes": i.size, "written_at_ns": i.mtime_ns} for i in infos],
    )
