"""Records into a table of a database, one transaction a batch, so that repeats do no harm."""

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Literal, Self

import msgspec

from tocsin.batch.encoding import encode_json
from tocsin.batch.limits import JSON_LINES, Limits
from tocsin.batch.outcome import Delivered, Kind, Outcome, Partial, Refused, Rejected
from tocsin.batch.parcel import Batch
from tocsin.batch.sinks.address import scope_of
from tocsin.batch.sinks.dbapi import (
    Connection,
    Cursor,
    Row,
    is_over,
    is_sqlite,
    kind_of,
    places,
    quoted,
    quoted_table,
    said_by,
)
from tocsin.batch.sinks.thread import OneThread
from tocsin.batch.words import a_kind
from tocsin.errors import InvalidPipeline

MAX_RECORDS: Final = 1_000
_MARK: Final = "tocsin_batch"


class SQLTable:
    """Rows in a table of SQLite, PostgreSQL, or any database with a DB-API driver and savepoints.

    `connect` returns a new connection: `functools.partial(sqlite3.connect, "x.db")`, or
    `functools.partial(psycopg.connect, url)`. `columns` are the fields that are written, spelt as the
    database has them; a field that a record lacks is NULL, objects and lists are written as JSON, and a
    record with other fields is rejected unless `extra` is "ignore". `key` names the columns of a unique
    constraint: what is there already is left (`on_conflict` "ignore") or written over ("update"). Without it
    a batch that is sent again after a crash stands there twice.

    A batch is one transaction. Rows that the database refuses are found with savepoints, and the others
    kept. Opening it raises InvalidPipeline if there is no connection to be had.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        table: str,
        columns: Sequence[str],
        *,
        key: str | Sequence[str] = (),
        on_conflict: Literal["ignore", "update"] = "ignore",
        extra: Literal["reject", "ignore"] = "reject",
        name: str = "",
        max_records: int = MAX_RECORDS,
        paramstyle: str = "",
    ) -> None:
        keys = (key,) if isinstance(key, str) else tuple(key)
        _refuse_faults(columns, keys, on_conflict, extra)
        self.name = name or table
        self.framing = JSON_LINES
        self.limits = Limits(
            max_records=max_records, max_concurrency=1, scope=scope_of("sql", table, _named(connect))
        )
        self._connect = connect
        self._table = quoted_table(table)
        self._columns = tuple(columns)
        self._quoted = tuple(quoted(column) for column in columns)
        self._key = keys
        self._updates = on_conflict == "update"
        self._rejects_extra = extra == "reject"
        self._paramstyle = paramstyle
        self._thread = OneThread()
        self._connection: Connection | None = None
        self._at_work = ""

    def __repr__(self) -> str:
        return f"SQLTable({self._table})"

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what is open: a copy in another process opens its own."""
        return {**self.__dict__, "_connection": None, "_at_work": ""}

    def encode(self, record: object, record_id: str) -> bytes:  # noqa: ARG002 -- the key knows a record again
        """Return the fields of a record as JSON; raises Rejected for one that has no row."""
        if not isinstance(record, Mapping):
            raise Rejected(f"it is {a_kind(record)}, and a row is an object with the columns as fields")
        if self._rejects_extra and (others := [one for one in record if one not in self._columns]):
            raise Rejected(f"it has the field {str(others[0])[:80]}, which is no column of {self._table}")
        for one in self._key:
            if record.get(one) is None:
                raise Rejected(f"it has no {one}, which is of the key")
        return encode_json({column: record.get(column) for column in self._columns})

    async def send(self, batch: Batch) -> Outcome:
        """Write a batch in one transaction, and return which rows the database did not take."""
        self._thread.opened()
        try:
            rejected = await self._thread.do(functools.partial(self._write, batch))
        except asyncio.CancelledError:
            self._interrupt(batch)
            raise
        except Exception as error:  # noqa: BLE001 -- each driver has errors of its own
            return Refused(kind_of(error), said_by(error))
        return Partial(rejected) if rejected else Delivered()

    async def check(self) -> Refused | None:
        """Return what would keep everything from getting through: no such table, no such column."""
        columns = ", ".join(f"t.{column}" for column in self._quoted)
        asked = f"SELECT {columns} FROM {self._table} AS t WHERE 1 = 0"  # noqa: S608 -- names are quoted
        try:
            await self._thread.do(functools.partial(self._ask, asked))
        except Exception as error:  # noqa: BLE001 -- each driver has errors of its own
            kind = kind_of(error)
            return Refused(Kind.UNAUTHORIZED if kind is Kind.INVALID else kind, said_by(error))
        return None

    def _ask(self, statement: str) -> None:
        connection = self._connected()
        cursor = connection.cursor()
        try:
            cursor.execute(statement)
        finally:
            with suppress(Exception):
                cursor.close()
                connection.rollback()

    def _statement(self, connection: Connection) -> str:
        values = places(connection, len(self._columns), self._paramstyle)
        into = f"INSERT INTO {self._table} ({', '.join(self._quoted)}) VALUES (\0)"  # noqa: S608 -- names are quoted
        if self._key:
            key = ", ".join(quoted(column) for column in self._key)
            others = [quoted(column) for column in self._columns if column not in self._key]
            written = ", ".join(f"{one} = excluded.{one}" for one in others)
            into += f" ON CONFLICT ({key}) DO " + (
                f"UPDATE SET {written}" if self._updates and others else "NOTHING"
            )
        if "%s" in values:
            into = into.replace("%", "%%")
        return into.replace("\0", ", ".join(values))

    def _write(self, batch: Batch) -> dict[int, str]:
        connection = self._connected()
        self._at_work = batch.id
        begins = is_sqlite(connection) or getattr(connection, "autocommit", False) is True
        rejected: dict[int, str] = {}
        cursor = connection.cursor()
        try:
            if begins:
                cursor.execute("BEGIN")
            _insert(
                cursor, self._statement(connection), [self._row(one) for one in batch.records], 0, rejected
            )
            cursor.execute("COMMIT") if begins else connection.commit()
        except Exception as error:  # each driver has a tree of its own; told apart below
            with suppress(Exception):
                cursor.execute("ROLLBACK") if begins else connection.rollback()
            if is_over(error):
                self._disconnect()
            raise
        finally:
            self._at_work = ""
            with suppress(Exception):
                cursor.close()
        return rejected

    def _row(self, record: bytes) -> Row:
        fields = msgspec.json.decode(record)
        return tuple(_value(fields.get(column)) for column in self._columns)

    def _interrupt(self, batch: Batch) -> None:
        """Ask the database to leave off, so that the thread is free for what comes next."""
        for name in ("interrupt", "cancel"):
            stop = getattr(self._connection, name, None)
            if callable(stop) and self._at_work == batch.id:
                asyncio.get_running_loop().run_in_executor(None, _quietly, stop)
                return

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _begin(self) -> None:
        try:
            places(self._connected(), 0, self._paramstyle)
        except InvalidPipeline:
            self._disconnect()
            raise
        except Exception as error:  # noqa: BLE001 -- each driver has errors of its own
            raise InvalidPipeline(f"no connection for {self._table}: {said_by(error)}") from None

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    async def __aenter__(self) -> Self:
        await self._thread.open(self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection, if nobody else has it open."""
        await self._thread.close(self._disconnect)


def _insert(cursor: Cursor, statement: str, rows: Sequence[Row], at: int, rejected: dict[int, str]) -> None:
    """Write rows; of some that the database refuses, write each half by itself until bad ones are alone."""
    cursor.execute(f"SAVEPOINT {_MARK}")
    try:
        cursor.executemany(statement, rows)
    except Exception as error:  # as above
        if kind_of(error) is not Kind.INVALID:
            raise
        cursor.execute(f"ROLLBACK TO SAVEPOINT {_MARK}")
        cursor.execute(f"RELEASE SAVEPOINT {_MARK}")
        if len(rows) == 1:
            rejected[at] = said_by(error)
            return
    else:
        cursor.execute(f"RELEASE SAVEPOINT {_MARK}")
        return
    half = len(rows) // 2
    _insert(cursor, statement, rows[:half], at, rejected)
    _insert(cursor, statement, rows[half:], at + half, rejected)


def _refuse_faults(columns: Sequence[str], keys: Sequence[str], on_conflict: str, extra: str) -> None:
    if isinstance(columns, str) or not columns or len(set(columns)) < len(columns):
        raise InvalidPipeline("columns is a list of different names, and not empty")
    if lost := [one for one in keys if one not in columns]:
        raise InvalidPipeline(f"key names {lost[0]}, which is none of the columns")
    if on_conflict not in {"ignore", "update"}:
        raise InvalidPipeline(f"on_conflict is {on_conflict!r}; it is ignore or update")
    if on_conflict == "update" and not keys:
        raise InvalidPipeline("on_conflict='update' needs the key by which a row is known again")
    if extra not in {"reject", "ignore"}:
        raise InvalidPipeline(f"extra is {extra!r}; it is reject or ignore")


def _value(value: object) -> object:
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


def _named(connect: Callable[[], object]) -> str:
    """Return what tells two ways to connect apart, the same in every process."""
    if isinstance(connect, functools.partial):
        return f"{_named(connect.func)} {connect.args!r} {sorted(connect.keywords.items())!r}"
    return f"{connect.__module__}.{getattr(connect, '__qualname__', type(connect).__qualname__)}"


def _quietly(stop: Callable[[], object]) -> None:
    with suppress(Exception):
        stop()
