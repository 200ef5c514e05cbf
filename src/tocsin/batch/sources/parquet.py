"""Parquet files, row group by row group; groups that are passed over are not read."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from tocsin.batch.sources.arrow_rows import ROWS, pyarrow, rows_of
from tocsin.batch.sources.columns import keys_of
from tocsin.batch.sources.lines import Skipping
from tocsin.batch.words import counted
from tocsin.errors import InvalidPipeline, SourceFailed


class ParquetFile:
    """One file; `total` is known from its end, `taken` is reckoned by the rows that were read."""

    def __init__(self, path: str, name: str, size: int, columns: Sequence[str] | None) -> None:
        self.taken = 0
        self._path = path
        self._name = name
        self._size = size
        self._columns = list(columns) if columns is not None else None
        with closing(self._open()) as file:
            self.total: int = file.metadata.num_rows
            keys = keys_of(file.schema_arrow.names, name)
        missing = [column for column in self._columns or () if column not in keys]
        if missing:
            raise InvalidPipeline(f"{name} has no column {', '.join(missing)}; it has {', '.join(keys)}")

    def rows(self, skipping: Skipping) -> Iterator[object]:
        """Yield rows as dicts; raises SourceFailed where a part is damaged."""
        self.taken = 0
        ordinal = 0
        try:
            for batch in self._batches(skipping):
                ordinal, first = batch[0] + batch[1].num_rows, batch[0]
                yield from rows_of(batch[1], self._name, first)
                self.taken = self._size * ordinal // self.total
        except (pyarrow().ArrowException, OSError) as error:
            raise SourceFailed(f"{self._name} cannot be read on after {counted(ordinal)}: {error}") from error
        self.taken = self._size

    def _batches(self, skipping: Skipping) -> Iterator[tuple[int, Any]]:
        """Yield each batch with the number of its first row."""
        if skipping.left >= self.total:
            skipping.left -= self.total
            return
        first = 0
        with closing(self._open()) as file:
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                if skipping.left >= count:
                    skipping.left -= count
                    first += count
                    continue
                for batch in file.iter_batches(
                    batch_size=ROWS * 8, row_groups=[group], columns=self._columns, use_threads=False
                ):
                    over = min(skipping.left, batch.num_rows)
                    skipping.left -= over
                    yield first + over, batch.slice(over)
                    first += batch.num_rows

    def _open(self) -> Any:  # noqa: ANN401 -- published without types
        arrow = pyarrow()
        import pyarrow.parquet as parquet  # noqa: PLC0415, PLR0402 -- loaded only for such files

        try:
            return parquet.ParquetFile(self._path)
        except (arrow.ArrowException, OSError) as error:
            raise InvalidPipeline(f"{self._path} cannot be read: {error}") from None
