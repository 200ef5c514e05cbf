"""Tables of databases, measured where they lie: which engine an address means, and what all of them share."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS
from tocsin.measure.dialect import Dialect
from tocsin.measure.table import meant

if TYPE_CHECKING:
    from tocsin.measure.engine import Engine

MAX_LOOKED_AT: Final = 100
"""So many rows are looked at for the type of a column that has none."""
_PART: Final = re.compile(r'"((?:[^"]|"")+)"|([^."]+)')
_SELECT: Final = re.compile(r"\s*(select|with)\s", re.IGNORECASE)


class DatabaseTable:
    """What a table of any database has in common with others: its names, and that it is whole.

    `beside` are further tables of the same database, by the names by which checks refer to them; what is not
    among them is the name of a table itself.
    """

    def __init__(self, dialect: Dialect, table: str, beside: Mapping[str, str] | None) -> None:
        self.dialect = dialect
        self.relation = relation_of(table, dialect) + (" AS data" if is_select(table) else "")
        self._table, self._beside = table, beside or {}

    def other(self, table: str) -> str:
        """Return what stands for another table of the database."""
        return relation_of(self._beside.get(table, table), self.dialect)

    def remarks(self) -> tuple[str, ...]:
        """Return nothing: a table is whole."""
        return ()

    def _no_table(self, known: Iterable[str]) -> NotMeasured:
        return NotMeasured(f"there is no table {self._table!r}{meant(self._table, known)}")


def database(
    url: str,
    table: str,
    *,
    beside: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> "Engine":
    """Return the engine over a table of a database, or over what a SELECT gives.

    `url` is as SQLAlchemy writes them; `table` may begin with a schema, and names that hold a dot stand in
    double quotes; `beside` are further tables, by the names by which checks refer to them. Nothing is
    written, and no statement takes longer than `timeout_seconds`, where the database can be told so. Raises
    NotMeasured, which never repeats a password.
    """
    try:
        return _opened(url, table, beside, timeout_seconds)
    except ImportError as error:
        raise NotMeasured(f"{place_of(url)} cannot be read: {error.name} is not installed") from None


def _opened(url: str, table: str, beside: Mapping[str, str] | None, timeout_seconds: float) -> "Engine":
    scheme = url.partition("://")[0].partition("+")[0]
    if scheme == "sqlite":
        from tocsin.measure.sqlite import SQLiteTable  # noqa: PLC0415 -- only what is asked for

        return SQLiteTable(url, table, beside=beside, timeout_seconds=timeout_seconds)
    if scheme == "duckdb":
        from tocsin.measure.duck_file import DuckFile  # noqa: PLC0415 -- an extra

        return DuckFile(url, table, beside=beside, timeout_seconds=timeout_seconds)
    refuse_unreadable(url)
    if scheme in ("postgresql", "postgres"):
        from tocsin.measure.postgres import PostgresTable  # noqa: PLC0415 -- an extra

        return PostgresTable(url, table, beside=beside, timeout_seconds=timeout_seconds)
    from tocsin.measure.alchemy import AnyTable  # noqa: PLC0415 -- an extra

    return AnyTable(url, table, beside=beside, timeout_seconds=timeout_seconds)


def refuse_unreadable(url: str) -> None:
    """Raise NotMeasured for an address of which part of the password would be taken for something else."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        is_readable = "@" not in parts.netloc.rpartition("@")[0] and ("@" in parts.netloc or "@" not in url)
    except ValueError:
        is_readable = False
    if not is_readable:
        raise NotMeasured(
            "the address of the database cannot be read; write it like postgresql://user:password@host:5432/"
            "database, and @ : / ? # in a password as %40 %3A %2F %3F %23"
        )


def place_of(url: str) -> str:
    """Return where a database is, without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme.partition('+')[0]}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def said_by(error: BaseException, url: str) -> str:
    """Return the first line of what a driver says, in which no password stands."""
    is_numbered = len(error.args) == 2 and isinstance(error.args[0], int)  # noqa: PLR2004 -- number and text
    said = str(error.args[1] if is_numbered else error)
    line = next(iter(said.strip().splitlines()), "") or type(error).__name__
    password = urlsplit(url).password or ""
    for secret in {password, unquote(password)} - {""}:
        line = line.replace(secret, "***")
    return line


def is_select(table: str) -> bool:
    """Whether it is a SELECT, and no name."""
    return _SELECT.match(table) is not None


def file_of(url: str) -> str:
    """Return the path in an address like sqlite:///PATH; raises NotMeasured where no file is there."""
    path = url.partition("://")[2].removeprefix("/").partition("?")[0]
    if not Path(path).is_file():
        scheme = url.partition("://")[0]
        raise NotMeasured(
            f"there is no file {path}" if path else f"an address like {scheme}:///PATH is needed"
        )
    return path


def parts_of(table: str) -> tuple[str, ...]:
    """Return the parts of a name, such as schema and table."""
    return tuple(quoted.replace('""', '"') or plain for quoted, plain in _PART.findall(table))


def relation_of(table: str, dialect: Dialect) -> str:
    """Return what stands in SQL for a table, or for what a SELECT gives."""
    if is_select(table):
        return f"({table.strip().rstrip(';')}\n)"
    return ".".join(dialect.name_of(part) for part in parts_of(table))


def type_of(values: Iterable[object]) -> str:
    """Return a type for values as a driver gives them, by the first that is not null."""
    for value in values:
        if isinstance(value, datetime):
            return "timestamp with time zone" if value.tzinfo else "timestamp"
        for kind, name in _TYPES.items():
            if isinstance(value, kind):
                return name
    return "unknown"


_TYPES: Final[dict[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "double",
    Decimal: "numeric",
    str: "text",
    date: "date",
    bytes: "blob",
}
