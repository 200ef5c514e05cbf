"""The state in PostgreSQL, for pipelines on several machines."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, LiteralString

from tocsin.batch.state.door import Parameters, Row
from tocsin.batch.state.schema import STEPS, statements
from tocsin.batch.state.tables import Keeping, TablesState
from tocsin.errors import InvalidPipeline, StoreBroken, StoreError, StoreUnavailable

if TYPE_CHECKING:
    import psycopg

_LIMITS: Final = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "tocsin batch",
}
_SETTINGS: Final = """
    SET lock_timeout = '30s'; SET statement_timeout = '120s'; SET idle_in_transaction_session_timeout = '60s'
"""
_HELD: Final = """
    SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(?, 0) LIMIT 1
"""
_SCHEMA_LOCK: Final = 0x54435342
_FOR_NOW: Final = {
    "08": "the connection was lost",
    "25006": "the database takes no writes now: it is a standby, or was made read-only",
    "25P03": "the connection was lost",
    "40": "another process was in the way",
    "53": "it has run out of disk, memory or connections",
    "55P03": "another process was in the way for too long",
    "57014": "it took too long over a statement",
    "57P": "it is shutting down or starting",
    "58": "its disk failed it: see its log",
}


class PostgresState(TablesState):
    """The state in the tables `batch_…` of a database, which are made where they are not there.

    Raises StoreUnavailable or StoreBroken where it cannot be used, InvalidPipeline where psycopg is missing.
    """

    def __init__(self, url: str, keeping: Keeping | None = None) -> None:
        super().__init__(PostgresDoor(url), keeping)


class PostgresDoor:
    """A connection, opened anew after it was lost; holds on runs are advisory locks, which end with it."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg  # noqa: PLC0415 -- an extra, loaded where it is used
        except ImportError:
            raise InvalidPipeline(
                "a state in PostgreSQL needs psycopg: pip install 'tocsin[postgres]'"
            ) from None
        self._psycopg = psycopg
        self._url = url
        self._held: set[str] = set()
        self._place = _place_of(url)
        self._connection: psycopg.Connection[Row] | None = None
        try:
            self._prepare()
        except StoreError:
            self.close()
            raise

    @property
    def where(self) -> str:
        """Return host, port and name of the database."""
        return self._place

    def _prepare(self) -> None:
        with self.transaction():
            self.all("SELECT pg_advisory_xact_lock(?)", (_SCHEMA_LOCK,))
            self.run("CREATE TABLE IF NOT EXISTS batch_schema (version BIGINT NOT NULL)")
            found = self.all("SELECT version FROM batch_schema")
            applied = int(found[0][0]) if found else 0
            if found and applied == len(STEPS):
                return
            number = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
            for statement in statements(applied, self.where, a_number=number, some_bytes="BYTEA"):
                self.run(statement)
            self.run("DELETE FROM batch_schema")
            self.run("INSERT INTO batch_schema VALUES (?)", (len(STEPS),))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is written within, or nothing when it raises."""
        connection = self._connected()
        try:
            with connection.transaction():
                yield
        except self._psycopg.Error as error:
            raise self._meaning(error) from error

    def all(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows of a statement."""
        try:
            return self._connected().execute(_native(statement), parameters).fetchall()
        except self._psycopg.Error as error:
            raise self._meaning(error) from error

    def run(self, statement: str, parameters: Parameters = ()) -> int:
        """Carry out a statement and return how many rows it changed."""
        try:
            return self._connected().execute(_native(statement), parameters).rowcount
        except self._psycopg.Error as error:
            raise self._meaning(error) from error

    def many(self, statement: str, rows: Iterable[Parameters]) -> None:
        """Carry out a statement for each row."""
        try:
            with self._connected().cursor() as cursor:
                cursor.executemany(_native(statement), rows)
        except self._psycopg.Error as error:
            raise self._meaning(error) from error

    def hold(self, run_id: str) -> bool:
        """Hold a run until this connection ends or lets it go; false while another holds it."""
        if not self.all("SELECT pg_try_advisory_lock(hashtextextended(?, 0))", (run_id,))[0][0]:
            return False
        self._held.add(run_id)
        return True

    def holds(self, run_id: str) -> bool:
        """Whether it is still held; a connection that was made anew may have found it with another."""
        return run_id in self._held

    def is_held(self, run_id: str) -> bool:
        """Whether anybody holds a run, in this process or another."""
        return run_id in self._held or bool(self.all(_HELD, (run_id,)))

    def let_go(self, run_id: str) -> None:
        """Hold a run no more."""
        if run_id in self._held:
            self._held.discard(run_id)
            self.all("SELECT pg_advisory_unlock(hashtextextended(?, 0))", (run_id,))

    def close(self) -> None:
        """Let go of everything; never raises."""
        if self._connection is not None:
            with suppress(self._psycopg.Error):
                # The server notices a closed connection late: who takes a run up next would find it held.
                if self._held and not self._connection.closed:
                    self._connection.execute("SELECT pg_advisory_unlock_all()")
            with suppress(self._psycopg.Error):
                self._connection.close()
            self._connection = None
        self._held.clear()

    def _connected(self) -> "psycopg.Connection[Row]":
        """Return the connection; one that was lost is made anew, and takes hold of the runs again."""
        if self._connection is not None and not self._connection.closed:
            return self._connection
        try:
            self._connection = self._psycopg.connect(
                self._url, autocommit=True, prepare_threshold=2, **_given(self._url)
            )
            self._connection.execute(_SETTINGS)
            self._held = {run_id for run_id in self._held if _take_again(self._connection, run_id)}
        except self._psycopg.Error as error:
            raise self._meaning(error) from error
        return self._connection

    def _meaning(self, error: "psycopg.Error") -> StoreError:
        state = error.sqlstate or ("08" if isinstance(error, self._psycopg.OperationalError) else "")
        for start, words in _FOR_NOW.items():
            if state.startswith(start):
                detail = f": {str(error).splitlines()[0]}" if start == "08" and str(error) else ""
                return StoreUnavailable(f"{self.where}: {words}{detail}")
        return StoreBroken(
            f"{self.where}: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        )


def _take_again(connection: "psycopg.Connection[Row]", run_id: str) -> bool:
    found = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (run_id,)).fetchone()
    return found is not None and bool(found[0])


def _given(url: str) -> dict[str, Any]:
    """Return our limits but those that the address sets itself."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 -- an extra, loaded where it is used

    return {name: value for name, value in _LIMITS.items() if name not in conninfo_to_dict(url)}


def _place_of(url: str) -> str:
    """Return an address without its password."""
    from psycopg import ProgrammingError  # noqa: PLC0415 -- an extra, loaded where it is used
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 -- an extra, loaded where it is used

    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError:
        raise InvalidPipeline(
            "the state's address cannot be read; write it like postgresql://user:password@host:5432/database"
        ) from None
    return (
        f"postgresql://{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"
    )


def _native(statement: str) -> LiteralString:
    """Return a statement with the marks of this driver; all of them are our own text."""
    return statement.replace("?", "%s")
