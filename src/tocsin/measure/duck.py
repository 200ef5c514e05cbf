"""The engine over DuckDB: one connection in memory that reads what it was given and nothing else."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS, stopped_after, took_too_long
from tocsin.measure.dialect import DUCKDB, Dialect
from tocsin.measure.engine import Row
from tocsin.measure.table import Column

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT: Final = "1GiB"
"""What needs more is put aside on disk, as far as that is possible."""
_RELATION: Final = "data"


class DuckTable:
    """A relation of DuckDB as an engine; a statement may take `timeout_seconds`.

    `beside` says by which name another table that a check may refer to is read.
    """

    dialect: Dialect = DUCKDB
    relation: str = _RELATION

    def __init__(
        self,
        connection: "duckdb.DuckDBPyConnection",
        beside: Mapping[str, str],
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._connection, self._beside, self._timeout = connection, beside, timeout_seconds

    def other(self, table: str) -> str:
        """Return what stands for another table."""
        return self._beside.get(table) or self.dialect.name_of(table)

    def columns(self) -> tuple[Column, ...]:
        """Return the columns of the table."""
        described = self._asked(f"DESCRIBE {self.relation}")
        return tuple(Column(str(name), str(type_)) for name, type_, *_ in described)

    def rows(self, query: str) -> list[Row]:
        """Return what a query gives; anything but one SELECT is refused."""
        import duckdb  # noqa: PLC0415 -- an extra, loaded where it is used

        try:
            statements = self._connection.extract_statements(query)
        except duckdb.Error as error:
            raise NotMeasured(first_line(error), is_statement=True) from error
        if [one.type for one in statements] != [duckdb.StatementType.SELECT]:
            raise NotMeasured("only a single SELECT may be asked", is_statement=True)
        return self._asked(query)

    def remarks(self) -> tuple[str, ...]:
        """Return nothing: what is in memory is whole."""
        return ()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _asked(self, query: str) -> list[Row]:
        import duckdb  # noqa: PLC0415 -- an extra, loaded where it is used

        try:
            with stopped_after(self._timeout, self._connection.interrupt):
                return list(self._connection.execute(query).fetchall())
        except duckdb.InterruptException:
            raise NotMeasured(took_too_long(self._timeout)) from None
        except duckdb.OutOfMemoryException:
            raise NotMeasured(
                "it needs more memory than it may have; ask for approximate counts, or allow more",
                is_statement=True,
            ) from None
        except (duckdb.IOException, duckdb.HTTPException) as error:
            raise NotMeasured(first_line(error)) from error
        except (duckdb.Error, RuntimeError) as error:
            raise NotMeasured(first_line(error), is_statement=True) from error


def connected(folder: str, *, memory_limit: str = MEMORY_LIMIT) -> "duckdb.DuckDBPyConnection":
    """Return a connection that puts aside in `folder` what memory cannot hold, and downloads nothing."""
    import duckdb  # noqa: PLC0415 -- an extra, loaded where it is used

    try:
        connection = duckdb.connect(
            config={
                "memory_limit": memory_limit,
                "temp_directory": folder,
                "autoinstall_known_extensions": "false",
                "preserve_insertion_order": "false",
            }
        )
        return connection.execute("SET TimeZone = 'UTC'")
    except duckdb.Error as error:
        raise NotMeasured(first_line(error)) from error


def locked(connection: "duckdb.DuckDBPyConnection", paths: Sequence[str]) -> None:
    """Let a connection read these paths and nothing else from now on, and change nothing."""
    listed = ", ".join(DUCKDB.text_of(path) for path in paths)
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def first_line(error: Exception) -> str:
    """Return the first line of what DuckDB says, without the kind of error that it begins with."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return line.partition("Error: ")[2] or line
