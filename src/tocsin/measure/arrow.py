"""Data frames of any library as Arrow: copied where they must be alone, and read as far as is asked for."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import pyarrow as pa
from pyarrow import dataset

from tocsin.errors import NotMeasured
from tocsin.measure.dialect import DUCKDB

Reader = Callable[[list[str]], Any]
"""Reads these columns, as a RecordBatchReader; it may be asked more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrowed:
    """A frame as Arrow: what is `readable` of it, all its columns with their types, and why some are not.

    `readable` is a Table, a Dataset, or a RecordBatchReader, which can be read once.
    """

    readable: Any
    columns: tuple[tuple[str, str], ...]
    unreadable: dict[str, str] = field(default_factory=dict)


class Scanned(dataset.Dataset):  # type: ignore[misc]  # published without types
    """What is read when it is asked for, and then only in the columns that are asked for."""

    def __init__(self, schema: Any, read: Reader) -> None:  # noqa: ANN401 -- a Schema
        self._schema, self._read = schema, read

    @property
    def schema(self) -> Any:  # noqa: ANN401 -- a Schema
        """The columns that can be asked for."""
        return self._schema

    def scanner(self, columns: list[str] | None = None, filter: Any = None, **_: object) -> Any:  # noqa: A002, ANN401 -- as in pyarrow
        """Return a Scanner over these columns of the rows that pass a filter."""
        names = self._schema.names
        read = self._read(names if filter is not None or columns is None else columns or names[:1])
        return dataset.Scanner.from_batches(read, columns=columns, filter=filter)


def arrowed(frame: Any, way: str, is_readable: Callable[[Any], bool]) -> Arrowed:  # noqa: ANN401 -- a frame of any library
    """Return a frame as Arrow; `is_readable` says whether a column, as a Schema of it alone, can be read.

    Columns that share a name, in capitals or not, are left out. Raises NotMeasured where nothing remains, or
    the frame itself cannot be read.
    """
    try:
        found = WAYS[way](frame)
    except Exception as error:  # each library raises what it likes; told with its words
        raise NotMeasured(f"the frame cannot be read: {_first_line(error)}") from error
    schema = found.readable.schema
    unreadable = found.unreadable | _alike(found.columns)
    kept = [place for place, one in enumerate(schema) if one.name not in unreadable]
    if not is_readable(pa.schema([schema.field(place) for place in kept])):
        unreadable |= {
            schema.field(place).name: f"is {schema.field(place).type}, which DuckDB does not read"
            for place in kept
            if not is_readable(pa.schema([schema.field(place)]))
        }
        kept = [place for place in kept if schema.field(place).name not in unreadable]
    if not kept:
        raise NotMeasured("the frame has no column that can be measured")
    readable = found.readable if len(kept) == len(schema) else _chosen(found.readable, kept)
    return Arrowed(readable=readable, columns=found.columns, unreadable=unreadable)


def is_once(readable: Any) -> bool:  # noqa: ANN401 -- any of three kinds
    """Return whether it can be read no more than once."""
    return isinstance(readable, pa.RecordBatchReader)


def _alike(columns: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the names that SQL cannot tell apart, each with the reason."""
    names = Counter(name for name, _ in columns)
    folded = Counter(name.lower() for name in names)
    alike = (name for name, times in names.items() if times > 1 or folded[name.lower()] > 1)
    return dict.fromkeys(alike, "is called like another but for capitals; give it a name of its own")


def _chosen(readable: Any, places: list[int]) -> Any:  # noqa: ANN401 -- any of three kinds
    schema = pa.schema([readable.schema.field(place) for place in places])
    if isinstance(readable, pa.RecordBatchReader):
        return pa.RecordBatchReader.from_batches(schema, (batch.select(places) for batch in readable))
    if isinstance(readable, pa.Table):
        return readable.select(places)
    return Scanned(schema, lambda names: readable.scanner(columns=names).to_reader())


def _as_it_is(readable: Any) -> Arrowed:  # noqa: ANN401 -- any of three kinds
    return Arrowed(readable=readable, columns=tuple((one.name, str(one.type)) for one in readable.schema))


def _of_batch(batch: Any) -> Arrowed:  # noqa: ANN401 -- a RecordBatch
    return _as_it_is(pa.Table.from_batches([batch]))


def _of_stream(frame: Any) -> Arrowed:  # noqa: ANN401 -- whatever speaks Arrow
    return _as_it_is(pa.RecordBatchReader.from_stream(frame))


def _of_pandas(frame: Any) -> Arrowed:  # noqa: ANN401 -- a DataFrame
    """Return it column by column, for one of mixed types costs no other; Python objects in it are copied."""

    def array(place: int) -> Any:  # noqa: ANN401 -- an array
        return pa.array(frame.iloc[:, place], from_pandas=True)

    columns = enumerate(zip(frame.columns, frame.dtypes, strict=True))
    return _of_columns((str(name), str(type_), partial(array, place)) for place, (name, type_) in columns)


def _of_polars(frame: Any) -> Arrowed:  # noqa: ANN401 -- a DataFrame
    return _of_columns((one.name, str(one.dtype), partial(_arrow_of, one)) for one in frame.get_columns())


def _of_columns(columns: Iterable[tuple[str, str, Callable[[], Any]]]) -> Arrowed:
    arrays, types, unreadable = dict[str, Any](), list[tuple[str, str]](), dict[str, str]()
    for name, type_, array in columns:
        try:
            arrays[name] = array()
            types.append((name, str(arrays[name].type)))
        except (TypeError, ValueError, OverflowError, pa.ArrowException):
            # Without the error, which quotes values.
            unreadable[name] = f"is {type_}, and its values have no one type of Arrow in common"
            types.append((name, type_))
    return Arrowed(readable=pa.table(arrays), columns=tuple(types), unreadable=unreadable)


def _arrow_of(series: Any) -> Any:  # noqa: ANN401 -- a Series
    """Return a series with texts as Polars itself keeps them, so that none is copied."""
    import polars as pl  # noqa: PLC0415 -- here already, for this is its series

    if series.dtype == pl.Object:
        raise TypeError("Python objects")
    return series.to_arrow(compat_level=pl.CompatLevel.newest())


def _of_lazy(frame: Any) -> Arrowed:  # noqa: ANN401 -- a LazyFrame
    """Return it unread: each query collects the columns that it needs, portion by portion."""
    import polars as pl  # noqa: PLC0415 -- here already, for this is its frame

    empty = _of_polars(frame.head(0).collect())
    schema, names = empty.readable.schema, frame.collect_schema().names()

    def portions(wanted: list[str]) -> Iterator[Any]:
        # By position, for Polars takes names such as "*" or "^x$" for patterns.
        plan = frame.select([pl.nth(names.index(name)) for name in wanted])
        for part in plan.collect_batches() if hasattr(plan, "collect_batches") else [plan.collect()]:
            yield from pa.table({one.name: _arrow_of(one) for one in part.get_columns()}).to_batches()

    def read(wanted: list[str]) -> Any:  # noqa: ANN401 -- a reader
        return pa.RecordBatchReader.from_batches(_of(schema, wanted), portions(wanted))

    return Arrowed(readable=Scanned(schema, read), columns=empty.columns, unreadable=empty.unreadable)


def _of_relation(relation: Any) -> Arrowed:  # noqa: ANN401 -- a relation of DuckDB
    """Return it unread: its own connection hands over the columns that a query needs."""

    def read(wanted: list[str]) -> Any:  # noqa: ANN401 -- a reader
        return pa.RecordBatchReader.from_stream(relation.project(", ".join(map(DUCKDB.name_of, wanted))))

    return _as_it_is(Scanned(pa.RecordBatchReader.from_stream(relation.limit(0)).schema, read))


def _of_delta(table: Any) -> Arrowed:  # noqa: ANN401 -- a DeltaTable
    """Return its version unread: each query reads the columns that it needs, without deleted rows."""
    if not hasattr(table, "scan"):
        return _as_it_is(table.to_pyarrow_dataset())

    def read(wanted: list[str] | None) -> Any:  # noqa: ANN401 -- a reader
        return pa.RecordBatchReader.from_stream(table.scan(columns=wanted))

    return _as_it_is(Scanned(read(None).schema, read))


def _of(schema: Any, names: list[str]) -> Any:  # noqa: ANN401 -- a Schema
    return pa.schema([schema.field(name) for name in names])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


WAYS: Final[dict[str, Callable[[Any], Arrowed]]] = {
    "pandas.DataFrame": _of_pandas,
    "polars.DataFrame": _of_polars,
    "polars.LazyFrame": _of_lazy,
    "pyarrow.Table": _as_it_is,
    "pyarrow.RecordBatch": _of_batch,
    "pyarrow.RecordBatchReader": _as_it_is,
    "pyarrow.Dataset": _as_it_is,
    "duckdb.DuckDBPyRelation": _of_relation,
    "_duckdb.DuckDBPyRelation": _of_relation,
    "deltalake.DeltaTable": _of_delta,
    "": _of_stream,
}
"""How each kind of frame becomes Arrow, by library and name; the last is for all that speak Arrow."""
