"""What a pipeline asks of a source, and which source is meant by what a person gives it."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, KeysView, Mapping, Sequence
from collections.abc import Set as AbstractSet
from os import PathLike
from typing import Protocol, cast

from tocsin.batch.sources.arrow import of_dataset, of_stream
from tocsin.batch.sources.cursors import Cursor, CursorSource, Query, QuerySource
from tocsin.batch.sources.files import Files, FileSource
from tocsin.batch.sources.frames import PandasSource, of_lazy, of_polars
from tocsin.batch.sources.iterables import AsyncOnce, Iterated, Listed, Once
from tocsin.batch.words import a_kind
from tocsin.errors import InvalidPipeline


class Source(Protocol):
    """Records in an order of their own.

    Ordinals count everything that it yields from 0, whatever becomes of it, a `BadRecord` too. As long as
    its fingerprint stays, it yields the same at the same ordinal.
    """

    @property
    def name(self) -> str:
        """Return what people call it: `events.jsonl.gz`."""

    @property
    def total(self) -> int | None:
        """Return how many records it has, where that is known without reading them."""

    @property
    def total_bytes(self) -> int | None:
        """Return what `bytes_read` counts up to, where that is known."""

    def fingerprint(self) -> str:
        """Return JSON that changes when the records may have changed; empty where that cannot be told.

        `fingerprints.changed` says in words how two of them differ.
        """

    def records(self, start: int) -> Iterator[object]:
        """Return the records from ordinal `start` on; skipping is as cheap as the source allows.

        Raises InvalidPipeline before its first record, and SourceFailed where it cannot be read on.
        """

    def bytes_read(self) -> int:
        """Return how much of `total_bytes` has been read; may be asked while another thread reads."""


class AsyncSource(Protocol):
    """Records that come in an event loop; what `Source` says of them holds here too."""

    @property
    def name(self) -> str:
        """Return what people call it."""

    @property
    def total(self) -> int | None:
        """Return how many records it has, where that is known."""

    def fingerprint(self) -> str:
        """Return JSON that changes when the records may have changed; empty where that cannot be told."""

    def records(self, start: int) -> AsyncIterator[object]:
        """Return the records from ordinal `start` on."""


def source_of(given: object) -> Source | AsyncSource:
    """Return the source that is meant: of a path, glob or `-`, iterable, frame, table or cursor; or itself.

    Files are looked for and looked at here. Raises InvalidPipeline where nothing can be read, with what to
    give instead.
    """
    if hasattr(given, "records") and hasattr(given, "fingerprint"):
        return cast("Source | AsyncSource", given)
    if isinstance(given, Files):
        return FileSource(given)
    if isinstance(given, str | PathLike):
        return FileSource(Files(given))
    if isinstance(given, Query):
        return QuerySource(given)
    return _of_rows(given) or _of_records(given)


def _of_rows(given: object) -> Source | None:
    """Return a source of what has rows and columns: a frame, a table, a cursor."""
    match type(given).__module__.partition(".")[0], type(given).__name__:
        case "pandas", "DataFrame":
            return PandasSource(given)
        case "polars", "DataFrame":
            return of_polars(given)
        case "polars", "LazyFrame":
            return of_lazy(given)
        case "pyarrow", _ if hasattr(given, "get_fragments"):
            return of_dataset(given)
        case _ if hasattr(given, "__arrow_c_stream__"):
            return of_stream(given)
        case _ if hasattr(given, "fetchmany") and not isinstance(given, AsyncIterable):
            return CursorSource(cast("Cursor", given))
    return None


def _of_records(given: object) -> Source | AsyncSource:
    if (hint := _no_records(given)) is not None:
        raise InvalidPipeline(f"{a_kind(given)} is no source of records: {hint}")
    if isinstance(given, Sequence):
        return Listed(given)
    if isinstance(given, Iterator):
        return Once(given)
    if isinstance(given, AsyncIterable):
        return AsyncOnce(given)
    return Iterated(cast("Iterable[object]", given))


def _no_records(given: object) -> str | None:
    """Return what to give instead of something that cannot be what is meant."""
    if isinstance(given, bytes | bytearray | memoryview):
        return "give a path, or the records in a list"
    if isinstance(given, Mapping):
        return "one record is given in a list, the values of a dict as d.values()"
    if isinstance(given, AbstractSet) and not isinstance(given, KeysView):
        return "it has another order in every process, so that no run could be resumed; give sorted(...)"
    if callable(given) and not isinstance(given, Iterable | AsyncIterable):
        return "call it, and give what it returns"
    if not isinstance(given, Iterable | AsyncIterable):
        return "give a path, a glob, an iterable of records, a cursor, a frame or a table"
    return None
