"""Rows of Arrow as dicts of plain Python values."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final, cast

from tocsin.batch.encoding import readable
from tocsin.batch.sources.bad_record import BadRecord
from tocsin.errors import InvalidPipeline

ROWS: Final = 1_024
"""How many rows become Python values at once."""

_UNSAYABLE: Final = (ArithmeticError, LookupError, NotImplementedError, TypeError, ValueError)


def pyarrow() -> ModuleType:
    """Return the package, or say which extra has it."""
    try:
        import pyarrow as pa  # noqa: PLC0415 -- only those who read tables need it
    except ImportError:
        raise InvalidPipeline(
            "Parquet, frames and tables need a package: pip install 'tocsin[lake]'"
        ) from None
    return cast("ModuleType", pa)


def rows_of(batch: Any, name: str, first: int) -> Iterator[object]:  # noqa: ANN401 -- published without types
    """Yield the rows of a record batch, of which the first has this ordinal, as dicts.

    Instants and times are those of `datetime`, and their ISO 8601 text in a column with nanoseconds that
    `datetime` cannot say. A row with a value that Python cannot say is a BadRecord.
    """
    keys = batch.schema.names
    for start in range(0, batch.num_rows, ROWS):
        part = batch.slice(start, ROWS)
        try:
            columns = [_values(column) for column in part.columns]
        except _UNSAYABLE:
            yield from _one_by_one(part, name, first + start)
            continue
        if not keys:
            yield from ({} for _ in range(part.num_rows))
        for values in zip(*columns, strict=True):
            yield dict(zip(keys, values, strict=True))


def _one_by_one(batch: Any, name: str, first: int) -> Iterator[object]:  # noqa: ANN401 -- as above
    for index in range(batch.num_rows):
        row = batch.slice(index, 1)
        values = {}
        faults = []
        for key, column in zip(row.schema.names, row.columns, strict=True):
            try:
                values[key] = _values(column)[0]
            except _UNSAYABLE as error:
                values[key] = _shown(column)
                faults.append(f"{key}: {error}")
        if faults:
            yield BadRecord(f"{name} record {first + index}: {'; '.join(faults)}", readable(values))
        else:
            yield values


def _values(column: Any) -> list[object]:  # noqa: ANN401 -- as above
    arrow = pyarrow()
    wanted = _sayable(column.type)
    if wanted != column.type:
        try:
            column = column.cast(wanted)
        except arrow.ArrowInvalid:
            if not arrow.types.is_timestamp(wanted) and not arrow.types.is_time(wanted):
                raise
            return _with_nanoseconds(column)
    how = {"maps_as_pydicts": "strict"} if "map<" in str(wanted) else {}  # several times slower for all else
    values: list[object] = column.to_pylist(**how)
    return values


def _with_nanoseconds(column: Any) -> list[object]:  # noqa: ANN401 -- as above
    arrow = pyarrow()
    if getattr(column.type, "tz", None):
        column = column.cast(arrow.timestamp("ns", "UTC"))
    return [text and text.replace(" ", "T") for text in column.cast(arrow.string()).to_pylist()]


def _shown(column: Any) -> object:  # noqa: ANN401 -- as above
    """Return what can be shown of the one value of a column that Python cannot say."""
    arrow = pyarrow()
    try:
        return repr(column.cast(arrow.binary())[0].as_py())
    except (arrow.ArrowException, *_UNSAYABLE):
        return str(column)


def _sayable(kind: Any) -> Any:  # noqa: ANN401 -- as above; one answer for each kind
    """Return a type with microseconds where this one has nanoseconds, which Python does not have."""
    arrow = pyarrow()
    types = arrow.types
    if types.is_timestamp(kind) and kind.unit == "ns":
        return arrow.timestamp("us", kind.tz)
    if types.is_duration(kind) and kind.unit == "ns":
        return arrow.duration("us")
    if types.is_time64(kind) and kind.unit == "ns":
        return arrow.time64("us")
    if types.is_struct(kind):
        return arrow.struct([field.with_type(_sayable(field.type)) for field in kind])
    if types.is_large_list(kind):
        return arrow.large_list(kind.value_field.with_type(_sayable(kind.value_type)))
    if types.is_list(kind):
        return arrow.list_(kind.value_field.with_type(_sayable(kind.value_type)))
    if types.is_map(kind):
        return arrow.map_(kind.key_type, kind.item_field.with_type(_sayable(kind.item_type)))
    return kind
