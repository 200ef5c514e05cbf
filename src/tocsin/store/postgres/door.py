"""One connection to PostgreSQL, and what its errors mean to the person who must act."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tocsin.errors import StoreBroken, StoreContended, StoreError, StoreRefused, StoreUnavailable
from tocsin.store.door import Parameters, Row

Hook = Callable[["psycopg.Connection[Row]"], None]

# A server that vanished without a word is given up after about as long as one that says goodbye slowly.
_LIMITS: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "tocsin",
}
# Our statements are written for their indexes; without these a table that was never analysed, or a plan
# made while it was small, would be read from end to end. A session that was forgotten lets go of its locks.
_SETTINGS: Final = """
    SET enable_seqscan = off; SET enable_bitmapscan = off;
    SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
    SET lock_timeout = '10s'; SET statement_timeout = '60s';
    SET idle_in_transaction_session_timeout = '60s'
"""

_CONTENDED: Final = ("40", "55P03")
_FOR_NOW: Final = {
    "08": "the connection was lost",
    "25006": "the database takes no writes now: it is a standby, or was made read-only",
    "53": "it has run out of disk, memory or connections",
    "57014": "it took too long over a statement",
    "57P": "it is shutting down or starting",
    "58": "its disk failed it: see its log",
}
_LOST: Final = ("08", "57P", "25P03")
_REFUSED: Final = "22"
_FAULTS: Final = (psycopg.Error, UnicodeError)


class PostgresDoor:
    """A connection that speaks in rows and in our errors.

    `suspect` tells that it was lost and is to be opened anew. `hook` is called with each new connection;
    tests use it to bring about faults.
    """

    def __init__(self, url: str, hook: Hook | None = None) -> None:
        self.suspect = False
        self.where = place_of(url)
        try:
            self._connection: psycopg.Connection[Row] = psycopg.connect(
                url, autocommit=True, prepare_threshold=2, **{**_LIMITS, **_given(url)}
            )
            self._connection.prepared_max = 200
            self._connection.execute(_SETTINGS)
            if hook is not None:
                hook(self._connection)
        except _FAULTS as error:
            raise self._meaning(error) from error

    def all(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows of a statement."""
        try:
            return self._connection.execute(_native(statement), parameters).fetchall()
        except _FAULTS as error:
            raise self._meaning(error) from error

    def one(self, statement: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row of a statement, or None."""
        try:
            return self._connection.execute(_native(statement), parameters).fetchone()
        except _FAULTS as error:
            raise self._meaning(error) from error

    def run(self, statement: str, parameters: Parameters = ()) -> int:
        """Carry out a statement and return how many rows it changed."""
        try:
            return self._connection.execute(_native(statement), parameters).rowcount
        except _FAULTS as error:
            raise self._meaning(error) from error

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> int:
        """Carry out a statement for each row and return how many rows all of them changed."""
        try:
            with self._connection.cursor() as cursor:
                cursor.executemany(_native(statement), rows)
                return max(cursor.rowcount, 0)
        except _FAULTS as error:
            raise self._meaning(error) from error

    def each(self, statement: str, rows: Iterable[Sequence[Any]]) -> list[Row | None]:
        """Carry out a statement for each row and return the first row that each of them returned, or None."""
        found: list[Row | None] = []
        try:
            with self._connection.cursor() as cursor:
                cursor.executemany(_native(statement), rows, returning=True)
                more: bool | None = cursor.rownumber is not None
                while more:
                    found.append(cursor.fetchone())
                    more = cursor.nextset()
        except _FAULTS as error:
            raise self._meaning(error) from error
        return found

    def copy(self, statement: str, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Carry out a binary COPY of rows of these types."""
        try:
            with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)
        except _FAULTS as error:
            raise self._meaning(error) from error

    def commit(self) -> None:
        """Commit; a transaction that failed on the way is said to have been kept by nobody else."""
        try:
            status = self._connection.execute("COMMIT").statusmessage
        except _FAULTS as error:
            raise self._meaning(error) from error
        if status != "COMMIT":
            raise StoreBroken(f"{self.where}: the transaction had failed before and was not kept")

    def rollback(self) -> None:
        """Forget an open transaction; never raises."""
        if self._connection.closed:
            self.suspect = True
        elif self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            try:
                self._connection.execute("ROLLBACK")
            except psycopg.Error:
                self.suspect = True

    def interrupt(self) -> None:
        """End what another thread is doing with this connection."""
        with suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=1.0)

    def close(self) -> None:
        """Let go of it; never raises."""
        with suppress(psycopg.Error):
            self._connection.close()

    def _meaning(self, error: psycopg.Error | UnicodeError) -> StoreError:
        if isinstance(error, UnicodeError):
            return StoreRefused(f"a value cannot be kept: {error}")
        code = error.sqlstate or ""
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and not code:
            code = "08"
        if code.startswith(_LOST):
            self.suspect = True
        return meaning(error, code, self.where)


def meaning(error: psycopg.Error, code: str, where: str) -> StoreError:
    """Return what an error with this SQLSTATE means to us: for now, for good, or only this value."""
    text = str(error).strip().replace("\n", " ")
    if code.startswith(_CONTENDED):
        return StoreContended(f"{where}: another server was in the way ({text})")
    for known, advice in _FOR_NOW.items():
        if code.startswith(known):
            return StoreUnavailable(f"{where}: {advice} ({text})")
    if code.startswith(_REFUSED) or isinstance(error, psycopg.DataError):
        return StoreRefused(f"a value cannot be kept: {text}")
    return StoreBroken(f"{where}: {text}")


def place_of(url: str) -> str:
    """Return where the database is, without the password."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise StoreBroken(f"the address of the database cannot be read: {error}") from None
    host = given.get("host") or given.get("hostaddr") or "the local socket"
    return f"PostgreSQL database {given.get('dbname') or given.get('user') or ''!s} at {host}"


def _given(url: str) -> dict[str, Any]:
    return {name: value for name, value in conninfo_to_dict(url).items() if name in _LIMITS}


@lru_cache(maxsize=512)
def _native(statement: str) -> str:
    """Return a statement with the parameters as psycopg writes them."""
    return statement.replace("?", "%s")
