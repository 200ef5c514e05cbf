"""The engine over any database that SQLAlchemy has a driver for, in standard SQL and a few words more."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS, took_too_long
from tocsin.measure.databases import (
    MAX_LOOKED_AT,
    DatabaseTable,
    is_select,
    parts_of,
    place_of,
    said_by,
    type_of,
)
from tocsin.measure.dialect import MYSQL, STANDARD, Dialect
from tocsin.measure.engine import Row
from tocsin.measure.table import Column

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KNOWN: Final = {"mysql": MYSQL, "mariadb": MYSQL}
_BOUNDS: Final = {
    "mysql": "SET SESSION max_execution_time = {milliseconds}",
    "mariadb": "SET SESSION max_statement_time = {seconds}",
}
_TOOK_TOO_LONG: Final = (1317, 1969, 3024)
"""The numbers under which MySQL and MariaDB stop a statement."""


class AnyTable(DatabaseTable):
    """A table of some database, or what a SELECT gives, as an engine; raises NotMeasured where none is there.

    Whatever it is asked is taken back at the end. What is not known of a database beyond standard SQL cannot
    be measured. MySQL and MariaDB are told how long a statement may take, others bound that themselves. Types
    of a SELECT are those of its first rows, and instants in it are without a zone unless the driver adds one.
    """

    def __init__(
        self,
        url: str,
        table: str,
        *,
        beside: Mapping[str, str] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        import sqlalchemy  # noqa: PLC0415 -- an extra, loaded where it is used

        self._url, self._timeout = url, timeout_seconds
        try:
            engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
            self._connection = engine.connect()
            self._begin()
        except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
            raise NotMeasured(f"{place_of(url)} cannot be read: {self._said(error)}") from None
        super().__init__(_dialect_of(self._connection), table, beside)

    def _begin(self) -> None:
        """Let the session only read, for so long, and see instants in UTC, where it can be told."""
        name = _name_of(self._connection)
        if name in _BOUNDS:
            bound = _BOUNDS[name].format(milliseconds=int(self._timeout * 1000), seconds=self._timeout)
            for setting in (bound, "SET time_zone = '+00:00'", "SET SESSION TRANSACTION READ ONLY"):
                self._connection.exec_driver_sql(setting)
            self._connection.rollback()

    def columns(self) -> tuple[Column, ...]:
        """Return the columns with their types as the database writes them; of a SELECT its rows tell."""
        import sqlalchemy  # noqa: PLC0415 -- an extra, loaded where it is used

        try:
            return self._of_a_select() if is_select(self._table) else self._of_a_table()
        except sqlalchemy.exc.NoSuchTableError:
            known = sqlalchemy.inspect(self._connection).get_table_names()
            raise self._no_table(known) from None
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise NotMeasured(self._said(error)) from None

    def rows(self, query: str) -> list[Row]:
        """Return what a query gives."""
        import sqlalchemy  # noqa: PLC0415 -- an extra, loaded where it is used

        try:
            asked = self._connection.execution_options(no_parameters=True).exec_driver_sql(query)
            return [tuple(row) for row in asked]
        except sqlalchemy.exc.DBAPIError as error:
            is_gone, number = error.connection_invalidated, next(iter(getattr(error.orig, "args", ())), None)
            self._connection.rollback()
            if number in _TOOK_TOO_LONG:
                raise NotMeasured(took_too_long(self._timeout)) from None
            raise NotMeasured(self._said(error), is_statement=not is_gone) from None

    def close(self) -> None:
        """Let go of the connection, and of whatever was done."""
        self._connection.close()

    def _of_a_table(self) -> tuple[Column, ...]:
        import sqlalchemy  # noqa: PLC0415 -- an extra, loaded where it is used

        *schema, table = parts_of(self._table)
        found = sqlalchemy.inspect(self._connection).get_columns(table, ".".join(schema) or None)
        types = [one["type"].compile(self._connection.dialect) for one in found]
        return tuple(
            _column(str(one["name"]), type_, is_mysql=_name_of(self._connection) in _KNOWN)
            for one, type_ in zip(found, types, strict=True)
        )

    def _of_a_select(self) -> tuple[Column, ...]:
        from sqlalchemy import select, text  # noqa: PLC0415 -- an extra, loaded where it is used

        seen = self._connection.execute(
            select(text("*")).select_from(text(self.relation.replace(":", r"\:"))).limit(MAX_LOOKED_AT)
        )
        rows = seen.fetchall()
        return tuple(
            Column(str(name), type_of(row[place] for row in rows)) for place, name in enumerate(seen.keys())
        )

    def _said(self, error: Exception) -> str:
        return said_by(getattr(error, "orig", None) or error, self._url)


def _dialect_of(connection: "Connection") -> Dialect:
    """Return the words of a database; its marks around names are those that SQLAlchemy knows."""
    name, marks = _name_of(connection), connection.dialect.identifier_preparer
    begin, end = marks.initial_quote, marks.final_quote
    return replace(
        _KNOWN.get(name, STANDARD),
        name=name,
        name_of=lambda called: f"{begin}{called.replace(end, end + end)}{end}",
    )


def _name_of(connection: "Connection") -> str:
    known = connection.dialect
    return "mariadb" if getattr(known, "is_mariadb", False) else known.name


def _column(name: str, type_: str, *, is_mysql: bool) -> Column:
    """Return a column; MySQL's timestamps are kept in UTC, which its session is set to."""
    return Column(name, type_, knows_zone=is_mysql and type_.upper().startswith("TIMESTAMP"))
