"""The one door to all that can be measured: which engine it is for is told by what it is given."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS
from tocsin.measure.databases import database
from tocsin.measure.delta import delta_table, is_delta
from tocsin.measure.duck import MEMORY_LIMIT
from tocsin.measure.engine import Engine
from tocsin.measure.files import NOT_CSV, REMOTE, Files
from tocsin.measure.frames import Frames, way_of
from tocsin.measure.spark import SparkTable, is_spark

_KNOWN: Final = (
    "the path, pattern or address of files, a folder or address of a Delta table, a data frame of pandas, "
    "Polars, Arrow, DuckDB or Spark, or the address of a database and its table"
)


def opened(
    source: object,
    *,
    table: str = "",
    beside: Mapping[str, object] | None = None,
    null_values: Sequence[str] = (),
    memory_limit: str = MEMORY_LIMIT,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Engine:
    """Return the engine for a path, an address or a frame; `beside` are further tables, as checks name them.

    `table` is that of a database, by its name or as a SELECT; those beside it are of the same database. In
    CSV `null_values` stand for null. Close it when all is measured. Nothing is imported to find out what the
    source is. Raises NotMeasured for what cannot be read, and for what is nothing that is known.
    """
    others = {name: _table(other) for name, other in (beside or {}).items()}
    place = _table(source)
    scheme, is_address, _ = place.partition("://") if isinstance(place, str) else ("", "", "")
    is_database = bool(is_address) and not str(place).startswith(REMOTE)
    if null_values and (is_database or not isinstance(place, str)):
        raise NotMeasured(NOT_CSV.format(f"{scheme}://" if is_database else type(source).__name__))
    if is_spark(source):
        return SparkTable(source, beside=others, timeout_seconds=timeout_seconds)
    if not isinstance(place, str):
        if way_of(place) is None:
            raise NotMeasured(f"{type(source).__name__} is nothing that can be measured: give {_KNOWN}")
        return Frames(place, beside=others, memory_limit=memory_limit, timeout_seconds=timeout_seconds)
    if is_database and not table:
        raise NotMeasured(f"{scheme}:// is no address that is known without a table: give {_KNOWN}")
    paths = {name: other for name, other in others.items() if isinstance(other, str)}
    if other := next((name for name in others if name not in paths), None):
        raise NotMeasured(f"files can refer to files alone, and {other!r} is of another kind")
    if is_database:
        return database(place, table, beside=paths, timeout_seconds=timeout_seconds)
    return Files(
        place,
        beside=paths,
        null_values=null_values,
        memory_limit=memory_limit,
        timeout_seconds=timeout_seconds,
    )


def _table(source: object) -> object:
    """Return a path as text, and one of a Delta table as that."""
    if not isinstance(source, str | Path):
        return source
    path = str(source)
    is_known = "://" not in path or path.startswith(REMOTE)
    return delta_table(path) if is_known and is_delta(path) else path
