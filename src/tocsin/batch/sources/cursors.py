"""Rows of a database, by the interface that all drivers of Python share (PEP 249)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import KW_ONLY, dataclass
from typing import Any, Final, Protocol

from tocsin.batch.encoding import readable
from tocsin.batch.sources.columns import keys_of
from tocsin.batch.sources.fingerprints import digest, fingerprint_of
from tocsin.batch.words import counted
from tocsin.errors import InvalidPipeline, SourceFailed

ROWS: Final = 1_000


class Cursor(Protocol):
    """What is asked of a cursor on which a query was executed."""

    @property
    def description(self) -> Sequence[Sequence[Any]] | None:
        """Return the columns, each with its name first."""

    def fetchmany(self, size: int = ROWS, /) -> Sequence[Any]:
        """Return the next rows; none at the end."""


class CursorSource:
    """The rows that are left of a cursor; they come once, and a run over them cannot be resumed."""

    total = None
    total_bytes = None
    name = "a cursor"

    def __init__(self, cursor: Cursor) -> None:
        if cursor.description is None:
            raise InvalidPipeline("a cursor has no rows before a query was executed on it")
        self._keys = keys_of((column[0] for column in cursor.description), self.name)
        self._cursor = cursor
        self._is_taken = False

    def fingerprint(self) -> str:
        """Return nothing: what it yields next time cannot be told."""
        return ""

    def records(self, start: int) -> Iterator[object]:
        """Return rows as dicts, after as many as are passed over."""
        if self._is_taken:
            raise InvalidPipeline("a cursor can be read once, and has been; a Query can be run again")
        self._is_taken = True
        return _rows(self._cursor, self.name, start)

    def bytes_read(self) -> int:
        """Return 0: its bytes are not counted."""
        return 0


@dataclass(frozen=True, slots=True)
class Query:
    """A query that can be run again, so that a run over its rows can be resumed.

    `connect` returns a connection of any driver, which is closed at the end. `cursor` makes a cursor of it,
    where the usual one would load all rows at once; for psycopg that is done without asking.
    """

    connect: Callable[[], Any]
    sql: str
    params: Sequence[object] | Mapping[str, object] = ()
    _: KW_ONLY
    name: str = "a query"
    cursor: Callable[[Any], Any] | None = None


class QuerySource:
    """The rows of a query, in the order that it says."""

    total = None
    total_bytes = None

    def __init__(self, query: Query) -> None:
        self._query = query
        self.name = query.name

    def fingerprint(self) -> str:
        """Return the text of the query, and a digest of its parameters, which may be secret."""
        parameters = digest(readable(self._query.params)) if self._query.params else ""
        return fingerprint_of("query", sql=self._query.sql, parameters=parameters)

    def records(self, start: int) -> Iterator[object]:
        """Return rows as dicts, from an ordinal on.

        Raises InvalidPipeline for a query that cannot be run, and for one without ORDER BY that is to be
        resumed: its rows may come in another order.
        """
        if start and "order by" not in " ".join(self._query.sql.lower().split()):
            raise InvalidPipeline(
                f"{self.name} has no ORDER BY, so that its rows may come in another order than last time; "
                "a run over it cannot be resumed"
            )
        return self._run(start)

    def bytes_read(self) -> int:
        """Return 0: its bytes are not counted."""
        return 0

    def _run(self, start: int) -> Iterator[object]:
        query = self._query
        with ExitStack() as stack:
            try:
                connection = query.connect()
            except Exception as error:  # each driver has a tree of its own; told with its words
                raise InvalidPipeline(f"{self.name}: no connection: {error}") from error
            stack.callback(_close, connection)
            try:
                cursor = (query.cursor or _cursor_of)(connection)
                stack.callback(_close, cursor)
                cursor.execute(query.sql, *([query.params] if query.params else []))
            except Exception as error:  # as above
                raise InvalidPipeline(f"{self.name} cannot be run: {error}") from error
            yield from _rows(cursor, self.name, start)


def _close(closed: Any) -> None:  # noqa: ANN401 -- a cursor or a connection of any driver
    with suppress(Exception):  # what it has to say at its end changes nothing of what was read
        closed.close()


def _cursor_of(connection: Any) -> Any:  # noqa: ANN401 -- of any driver
    """Return a cursor that does not load all rows at once, where that takes a name."""
    drivers = {kind.__module__.partition(".")[0] for kind in type(connection).__mro__}
    if drivers & {"psycopg", "psycopg2"}:
        return connection.cursor(name="tocsin", withhold=bool(connection.autocommit))
    return connection.cursor()


def _rows(cursor: Cursor, name: str, start: int) -> Iterator[object]:
    done = 0
    keys: tuple[str, ...] | None = None
    while rows := _fetched(cursor, name, done):
        if keys is None:
            keys = keys_of((column[0] for column in cursor.description or ()), name)
        for row in rows[max(0, start - done) :]:
            yield dict(row) if isinstance(row, Mapping) else dict(zip(keys, row, strict=True))
        done += len(rows)


def _fetched(cursor: Cursor, name: str, done: int) -> Sequence[Any]:
    try:
        return cursor.fetchmany(ROWS)
    except Exception as error:  # as above
        if not done and "thread" in str(error):
            hint = "give a Query, or connect with check_same_thread=False"
            raise InvalidPipeline(
                f"{name} cannot be read in the thread that reads records; {hint}"
            ) from error
        raise SourceFailed(f"{name} cannot be read on after {counted(done)}: {error}") from error
