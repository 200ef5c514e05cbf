"""Data frames, in memory or read when they are asked for, measured by DuckDB through Arrow."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS
from tocsin.measure.duck import MEMORY_LIMIT, DuckTable, connected, first_line
from tocsin.measure.files import found_at, locked_to, reader_of
from tocsin.measure.table import Column

if TYPE_CHECKING:
    import duckdb

    from tocsin.measure.arrow import Arrowed

WAYS: Final = frozenset(
    {
        "pandas.DataFrame",
        "polars.DataFrame",
        "polars.LazyFrame",
        "pyarrow.Table",
        "pyarrow.RecordBatch",
        "pyarrow.RecordBatchReader",
        "pyarrow.Dataset",
        "duckdb.DuckDBPyRelation",
        "_duckdb.DuckDBPyRelation",
        "deltalake.DeltaTable",
    }
)
"""The frames that are known, by library and name of their type."""


def way_of(frame: object) -> str | None:
    """Return as what a frame is read, empty for all that speak Arrow; None: it is no frame.

    Nothing is imported for it: whoever holds a frame has imported its library.
    """
    names = (f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(frame).__mro__)
    speaks_arrow = hasattr(frame, "__arrow_c_stream__")
    return next((name for name in names if name in WAYS), "" if speaks_arrow else None)


class Frames(DuckTable):
    """A frame as a table, which is not changed; only the columns that are asked for are read of it.

    `beside` are further frames, or paths of files, by the names by which checks refer to them. What can be
    read only once is put aside, as far as `memory_limit` demands on disk. Raises NotMeasured where it cannot
    be read.
    """

    def __init__(
        self,
        frame: object,
        *,
        beside: Mapping[str, object] | None = None,
        memory_limit: str = MEMORY_LIMIT,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        with ExitStack() as opened:
            connection = opened.enter_context(connected(memory_limit))
            self._frame = _placed(connection, self.relation, frame)
            others, readable = dict[str, str](), list[str]()
            for place, (name, other) in enumerate((beside or {}).items()):
                if isinstance(other, str):
                    readable += (files := found_at(other))
                    others[name] = reader_of(other, files)
                else:
                    others[name] = f"beside_{place}"
                    _placed(connection, others[name], other)
            locked_to(connection, readable, others.values())
            super().__init__(connection, others, timeout_seconds=timeout_seconds)
            self._held = opened.pop_all()

    def columns(self) -> tuple[Column, ...]:
        """Return all columns of the frame, also those that cannot be measured."""
        types = {column.name: column.type for column in super().columns()}
        why = self._frame.unreadable
        return tuple(
            Column(
                name, types.get(name, type_), unreadable=f"column {name!r} {why[name]}" if name in why else ""
            )
            for name, type_ in self._frame.columns
        )

    def close(self) -> None:
        """Let go of the connection and of what was put aside."""
        self._held.close()


def _placed(connection: "duckdb.DuckDBPyConnection", name: str, frame: object) -> "Arrowed":
    """Give a frame its name on a connection."""
    import duckdb  # noqa: PLC0415 -- an extra, loaded where it is used

    try:
        from tocsin.measure.arrow import arrowed, is_once  # noqa: PLC0415 -- the same
    except ImportError:
        raise NotMeasured("a data frame needs pyarrow: pip install 'tocsin[quality,lake]'") from None

    def is_readable(schema: Any) -> bool:  # noqa: ANN401 -- a Schema
        try:
            connection.register("probe", schema.empty_table())
            connection.execute("SELECT * FROM probe")
        except duckdb.Error:
            return False
        finally:
            connection.unregister("probe")
        return True

    way = way_of(frame)
    if way is None:
        raise NotMeasured(f"{type(frame).__name__} is no data frame")
    found = arrowed(frame, way, is_readable)
    try:
        if is_once(found.readable):
            connection.register("once", found.readable)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM once")
            connection.unregister("once")
        else:
            connection.register(name, found.readable)
    except duckdb.Error as error:
        raise NotMeasured(f"the frame cannot be read: {first_line(error)}") from error
    return found
