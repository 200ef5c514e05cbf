"""What a database driver raises, and how it is spoken to: by the DB-API (PEP 249)."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from tocsin.batch.answers import in_words
from tocsin.batch.failures import refusal_of
from tocsin.batch.outcome import Kind
from tocsin.errors import InvalidPipeline

Row = tuple[object, ...]


class Cursor(Protocol):
    """What is needed of a cursor."""

    def execute(self, statement: str, /) -> object:
        """Execute a statement."""

    def executemany(self, statement: str, rows: Sequence[Row], /) -> object:
        """Execute a statement once a row."""

    def close(self) -> object:
        """Close it."""


class Connection(Protocol):
    """What is needed of a connection."""

    def cursor(self) -> Any:  # noqa: ANN401 -- each driver has a class of its own
        """Return a new cursor."""

    def commit(self) -> object:
        """Keep what was done."""

    def rollback(self) -> object:
        """Undo what was done."""

    def close(self) -> object:
        """Close it."""


_PLACES: Final = {"qmark": "?", "format": "%s", "pyformat": "%s", "numeric": ":{}"}
_OUTSIDE: Final = {"OperationalError", "InterfaceError"}
_OF_ROWS: Final = {"DataError", "IntegrityError"}

# Classes and codes of SQLSTATE; the longer one counts. UNAUTHORIZED is what neither row nor waiting mends.
_STATES: Final[Mapping[str, Kind]] = {
    "08": Kind.TRANSIENT,  # connection
    "40": Kind.TRANSIENT,  # deadlock, serialization
    "53": Kind.TRANSIENT,  # disk full, too many connections
    "55": Kind.TRANSIENT,  # locked
    "57": Kind.TRANSIENT,  # shutting down, cancelled
    "58": Kind.TRANSIENT,  # system error
    "25": Kind.TRANSIENT,  # read-only while another server takes over
    "22": Kind.INVALID,  # a value does not fit
    "23": Kind.INVALID,  # a constraint
    "44": Kind.INVALID,  # a view's check
    "P0": Kind.INVALID,  # a trigger refuses it
    "42804": Kind.INVALID,  # a value of another type
    "42846": Kind.INVALID,  # the same
    "42883": Kind.INVALID,  # the same
    "42": Kind.UNAUTHORIZED,  # no such table or column, no privilege
    "28": Kind.UNAUTHORIZED,  # wrong password
    "3D": Kind.UNAUTHORIZED,  # no such database
    "3F": Kind.UNAUTHORIZED,  # no such schema
}
# Primary result codes of SQLite.
_SQLITE: Final[Mapping[int, Kind]] = {
    1: Kind.UNAUTHORIZED,  # no such table or column
    3: Kind.UNAUTHORIZED,  # permission
    5: Kind.TRANSIENT,  # busy
    6: Kind.TRANSIENT,  # locked
    8: Kind.UNAUTHORIZED,  # read-only
    9: Kind.TRANSIENT,  # interrupted
    10: Kind.TRANSIENT,  # input or output
    11: Kind.UNAUTHORIZED,  # damaged
    13: Kind.TRANSIENT,  # full
    14: Kind.UNAUTHORIZED,  # cannot be opened
    18: Kind.INVALID,  # too big
    19: Kind.INVALID,  # a constraint
    20: Kind.INVALID,  # a value of another type
    23: Kind.UNAUTHORIZED,  # not allowed
    26: Kind.UNAUTHORIZED,  # no database
}
_SQLITE_PRIMARY: Final = 0xFF


def kind_of(error: Exception) -> Kind:
    """Return what an error of a driver says of the rows: INVALID where at least one of them is bad."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str) and state:
        return _STATES.get(state) or _STATES.get(state[:2]) or Kind.UNKNOWN
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _SQLITE.get(code & _SQLITE_PRIMARY, Kind.UNKNOWN)
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _OF_ROWS or isinstance(error, OverflowError | UnicodeError):
        return Kind.INVALID
    return Kind.TRANSIENT if names & _OUTSIDE else refusal_of(error).kind


def is_over(error: Exception) -> bool:
    """Return whether a connection is of no use after this."""
    state = str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")
    names = {kind.__name__ for kind in type(error).__mro__}
    return state[:2] in {"08", "57"} or (not state and bool(names & _OUTSIDE))


def said_by(error: Exception) -> str:
    """Return what an error of a driver says, on one line."""
    return in_words(str(error)) or type(error).__name__


def is_sqlite(connection: object) -> bool:
    """Return whether a connection is one of sqlite3, which begins transactions in a way of its own."""
    return any(kind.__module__.partition(".")[0] == "sqlite3" for kind in type(connection).__mro__)


def places(connection: object, count: int, paramstyle: str = "") -> list[str]:
    """Return how a driver writes the places of so many values; raises InvalidPipeline if nobody knows."""
    roots = [kind.__module__.partition(".")[0] for kind in type(connection).__mro__]
    known = (getattr(sys.modules.get(root), "paramstyle", None) for root in roots)
    style = paramstyle or next((one for one in known if isinstance(one, str)), "")
    if style not in _PLACES:
        raise InvalidPipeline(
            f"the paramstyle of {roots[0]} is {style or 'unknown'}; paramstyle= takes {', '.join(_PLACES)}"
        )
    return [_PLACES[style].format(number + 1) for number in range(count)]


def quoted(name: str) -> str:
    """Return a name as SQL has it, exactly as it is spelt; raises InvalidPipeline."""
    if not name or not name.isprintable():
        raise InvalidPipeline(f"{name!r} cannot be the name of a table or a column")
    return '"' + name.replace('"', '""') + '"'


def quoted_table(name: str) -> str:
    """Return the name of a table, where a dot parts it from its schema; raises InvalidPipeline."""
    return ".".join(quoted(part) for part in name.split("."))
