"""The engine over PostgreSQL: one query a table, in a transaction that reads and is bounded in time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS, took_too_long
from tocsin.measure.databases import DatabaseTable, is_select, place_of, said_by
from tocsin.measure.dialect import POSTGRES
from tocsin.measure.engine import Row
from tocsin.measure.table import Column

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

_CONNECTING: Final[dict[str, Any]] = {"connect_timeout": 10, "fallback_application_name": "tocsin"}
_SETTINGS: Final = (
    "SELECT set_config('statement_timeout', %s, false), set_config('TimeZone', 'UTC', false), "
    "set_config('standard_conforming_strings', 'on', false)"
)
_TYPES: Final = """
SELECT format_type(asked.type, asked.modifier)
FROM unnest(%s::oid[], %s::int[]) WITH ORDINALITY AS asked (type, modifier, place) ORDER BY asked.place
"""
_TABLES: Final = """
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = ANY ('{r,v,m,p,f}') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
LIMIT 10000
"""
_OUT_OF_LIMITS: Final = "54"
"""A query that is too large; one that asks for less may be answered."""


class PostgresTable(DatabaseTable):
    """A table of PostgreSQL, or what a SELECT gives, as an engine; raises NotMeasured where none is there.

    All of it is seen as at one instant. The server itself refuses whatever writes or is more than one
    statement.
    """

    def __init__(
        self,
        url: str,
        table: str,
        *,
        beside: Mapping[str, str] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        super().__init__(POSTGRES, table, beside)
        scheme, _, rest = url.partition("://")
        self._url = f"{scheme.partition('+')[0]}://{rest}"
        self._timeout = timeout_seconds
        try:
            given = {**_CONNECTING, **conninfo_to_dict(self._url)}
            self._connection = psycopg.connect(make_conninfo(**given), autocommit=True)
            self._connection.execute(_SETTINGS, [str(int(timeout_seconds * 1000))])
            self._connection.set_autocommit(False)
            self._connection.set_read_only(True)
            self._connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        except psycopg.Error as error:
            raise NotMeasured(f"{place_of(url)} cannot be read: {said_by(error, url)}") from None

    def columns(self) -> tuple[Column, ...]:
        """Return the columns with their types as PostgreSQL writes them; a domain is what it is made of."""
        try:
            with self._connection.cursor(binary=True) as cursor:
                cursor.execute(f"SELECT * FROM {self.relation} LIMIT 0".encode())
                described = cast("PGresult", cursor.pgresult)
                places = range(described.nfields)
                names = [(described.fname(place) or b"").decode() for place in places]
                types = [described.ftype(place) for place in places]
                modifiers = [described.fmod(place) for place in places]
                found = self._connection.execute(_TYPES, [types, modifiers]).fetchall()
        except psycopg.errors.UndefinedTable as error:
            self._connection.rollback()
            if is_select(table := self._table):
                raise NotMeasured(error.diag.message_primary or table) from None
            known = self._connection.execute(_TABLES).fetchall()
            raise self._no_table(str(name) for (name,) in known) from None
        except psycopg.Error as error:
            raise self._meaning(error) from None
        return tuple(_column(name, str(type_)) for name, (type_,) in zip(names, found, strict=True))

    def rows(self, query: str) -> list[Row]:
        """Return what a query gives."""
        if "\0" in query:
            raise NotMeasured(
                "a text holds the character 0, which no text of PostgreSQL can", is_statement=True
            )
        try:
            # Binary, so that it goes as one statement, and a second one in the same text is refused.
            with self._connection.cursor(binary=True) as cursor:
                return list(cursor.execute(query.encode()).fetchall())
        except psycopg.Error as error:
            raise self._meaning(error) from None

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _meaning(self, error: psycopg.Error) -> NotMeasured:
        """Return what an error means, and make the connection ready for the next question."""
        if not self._connection.closed and not self._connection.broken:
            self._connection.rollback()
        if isinstance(error, psycopg.errors.QueryCanceled):
            return NotMeasured(took_too_long(self._timeout))
        is_statement = not isinstance(error, psycopg.OperationalError) or (error.sqlstate or "").startswith(
            _OUT_OF_LIMITS
        )
        return NotMeasured(error.diag.message_primary or said_by(error, self._url), is_statement=is_statement)


def _column(name: str, type_: str) -> Column:
    """Return a column; a numeric may be NaN here, as a float may."""
    return Column(name, type_, may_be_nan=type_.startswith("numeric"))
