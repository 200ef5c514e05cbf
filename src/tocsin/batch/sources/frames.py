"""Data frames of pandas and Polars."""

from collections.abc import Iterator
from typing import Any, Final

from tocsin.batch.encoding import readable
from tocsin.batch.sources.arrow import MARKED_ROWS, ArrowSource, behind, of_table
from tocsin.batch.sources.arrow_rows import ROWS, pyarrow
from tocsin.batch.sources.columns import keys_of
from tocsin.batch.sources.fingerprints import digest, fingerprint_of
from tocsin.errors import InvalidPipeline

_PLAIN_KINDS: Final = frozenset("iufb")
_PLAIN_TYPES: Final = frozenset((str, int, float, bool, dict, list, type(None)))


class PandasSource:
    """A pandas frame. Its index is no column; what pandas calls missing, NaN among it, is None."""

    total_bytes = None
    name = "a pandas frame"

    def __init__(self, frame: Any) -> None:  # noqa: ANN401 -- published with types that cost a minute
        if frame.columns.nlevels > 1:
            raise InvalidPipeline("a pandas frame has columns of several levels; give each one name")
        self._keys = keys_of(frame.columns, self.name)
        self._frame = frame

    @property
    def total(self) -> int:
        """Return the number of rows."""
        return len(self._frame)

    def fingerprint(self) -> str:
        """Return columns, number of rows, and a digest of the rows at both ends."""
        return fingerprint_of(
            "frame",
            type="pandas frame",
            records=self.total,
            columns=[f"{key} {kind}" for key, kind in zip(self._keys, self._frame.dtypes, strict=True)],
            first=digest(readable(self._part(0, MARKED_ROWS))),
            last=digest(readable(self._part(max(0, self.total - MARKED_ROWS), MARKED_ROWS))),
        )

    def records(self, start: int) -> Iterator[object]:
        """Return rows as dicts of plain values, from an ordinal on."""
        for first in range(start, self.total, ROWS):
            yield from self._part(first, ROWS)

    def bytes_read(self) -> int:
        """Return 0: nothing is read."""
        return 0

    def _part(self, first: int, count: int) -> list[dict[str, object]]:
        part = self._frame.iloc[first : first + count]
        if not self._keys:
            return [{} for _ in range(len(part))]
        columns = [_values(part.iloc[:, index]) for index in range(len(self._keys))]
        return [dict(zip(self._keys, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: Any) -> list[object]:  # noqa: ANN401 -- as above
    values: list[object] = column.tolist()
    missing = column.isna()
    if missing.any():
        values = [None if gone else value for value, gone in zip(values, missing.tolist(), strict=True)]
    if getattr(column.dtype, "kind", "O") in _PLAIN_KINDS:
        return values
    return [value if type(value) in _PLAIN_TYPES else _plain(value) for value in values]


def _plain(value: Any) -> object:  # noqa: ANN401 -- whatever a cell holds
    """Return the value that Python has for one of pandas or numpy; others as they are."""
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    if kind == "pandas.Timestamp":
        return value.isoformat() if value.nanosecond else value.to_pydatetime()
    if kind == "pandas.Timedelta":
        return value.to_pytimedelta()
    if kind.startswith("pandas."):
        return str(value)
    return value.tolist() if kind.startswith("numpy.") else value


def of_polars(frame: Any) -> ArrowSource:  # noqa: ANN401 -- as above
    """Return a source of a Polars frame in memory."""
    _refuse_objects(frame.schema)
    return of_table("a Polars frame", frame, _Named(frame.columns), frame.height)


def of_lazy(frame: Any) -> ArrowSource:  # noqa: ANN401 -- as above
    """Return a source of a Polars query, whose rows are taken as they come out of it."""
    name = "a Polars query"
    try:
        schema = frame.collect_schema()
    except Exception as error:  # a lazy frame raises what its plan raises
        raise InvalidPipeline(f"{name} cannot be run: {error}") from error
    _refuse_objects(schema)
    keys_of(schema.names(), name)
    if not hasattr(frame, "collect_batches"):
        raise InvalidPipeline("this Polars cannot give a LazyFrame in batches; update it, or give .collect()")
    reader = pyarrow().RecordBatchReader

    def batches(start: int) -> Iterator[Any]:
        for part in frame.slice(start).collect_batches(chunk_size=ROWS * 8, maintain_order=True):
            yield from behind(reader.from_stream(part), 0)

    def fingerprint() -> str:
        return fingerprint_of(
            "frame", type="Polars query", plan=digest(frame.explain(optimized=False).encode())
        )

    return ArrowSource(name, batches, fingerprint=fingerprint)


class _Named:
    """What of a schema is asked for."""

    def __init__(self, names: list[str]) -> None:
        self.names = names


def _refuse_objects(schema: Any) -> None:  # noqa: ANN401 -- as above
    """Raise for columns of Python objects: outside of Polars nobody can read these."""
    objects = [name for name, kind in schema.items() if str(kind) == "Object"]
    if objects:
        raise InvalidPipeline(
            f"columns of Python objects cannot be read: {', '.join(objects)}; give .to_dicts()"
        )
