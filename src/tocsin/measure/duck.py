"""The engine over DuckDB: one connection in memory that reads what it was given and nothing else."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING, Final

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS, done_within, took_too_long
from tocsin.measure.dialect import DUCKDB, Dialect
from tocsin.measure.engine import Row
from tocsin.measure.table import Column

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT: Final = "1GiB"
"""What needs more is put aside on disk, as far as that is possible."""
_RELATION: Final = "data"
_IS_FULL: Final = ("Could not write", "Could not truncate")
_EXTENSION: Final = re.compile(r"required extension '(\w+)")
_OF_CSV: Final = ("CSV Error on Line", "Error when sniffing")
"""How errors begin that say only in a later line what is wrong."""


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
            return executed(self._connection, query, self._timeout)
        except duckdb.InterruptException:
            raise NotMeasured(took_too_long(self._timeout)) from None
        except duckdb.OutOfMemoryException:
            raise NotMeasured(
                "it needs more memory than it may have, and more than can be put aside on disk; "
                "ask for approximate counts, or allow more",
                is_statement=True,
            ) from None
        except (duckdb.IOException, duckdb.HTTPException) as error:
            # Without room to put anything aside, what needs none can still be asked.
            is_full = any(words in str(error) for words in _IS_FULL)
            raise NotMeasured(first_line(error), is_statement=is_full) from error
        except (duckdb.Error, RuntimeError) as error:
            raise NotMeasured(first_line(error), is_statement=True) from error


@contextmanager
def connected(memory_limit: str = MEMORY_LIMIT) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Open a connection that puts aside on disk what memory cannot hold, and downloads nothing."""
    import duckdb  # noqa: PLC0415 -- an extra, loaded where it is used

    with ExitStack() as opened:
        try:
            folder = opened.enter_context(TemporaryDirectory(prefix="tocsin-", ignore_cleanup_errors=True))
            settings: dict[str, str | bool | int | float | list[str]] = {
                "memory_limit": memory_limit,
                "temp_directory": folder,
                "autoinstall_known_extensions": "false",
                "preserve_insertion_order": "false",
            }
            connection = opened.enter_context(duckdb.connect(config=settings))
            connection.execute("SET enable_progress_bar = false")
            connection.execute("SET TimeZone = 'UTC'")
        except duckdb.Error as error:
            raise NotMeasured(first_line(error)) from error
        except OSError as error:
            raise NotMeasured(
                f"what memory cannot hold cannot be put aside in {gettempdir()}: {error.strerror}; "
                "name a folder with room by TMPDIR"
            ) from error
        yield connection


def executed(
    connection: "duckdb.DuckDBPyConnection", query: str, seconds: float = TIMEOUT_SECONDS
) -> list[Row]:
    """Return what a statement gives; it may take so long, and whoever interrupts it is heard."""
    return done_within(seconds, lambda: list(connection.execute(query).fetchall()), connection.interrupt)


def locked(
    connection: "duckdb.DuckDBPyConnection", paths: Sequence[str], folders: Sequence[str] = ()
) -> None:
    """Let a connection read these paths, and all in these folders, from now on, and change nothing."""
    for setting, allowed in (("allowed_paths", paths), ("allowed_directories", folders)):
        connection.execute(f"SET {setting} = [{', '.join(map(DUCKDB.text_of, allowed))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def first_line(error: Exception) -> str:
    """Return the gist of what DuckDB says, without the kind of error that it begins with."""
    lines = str(error).splitlines() or [type(error).__name__]
    if missing := _EXTENSION.search(lines[0]):
        return (
            f"that needs the extension {missing[1]} of DuckDB, which is not installed; do it once with: "
            f"python -c \"import duckdb; duckdb.execute('INSTALL {missing[1]}')\""
        )
    line = lines[0].partition("Error: ")[2] or lines[0]
    if line.startswith(_OF_CSV):
        why = next((one for one in lines[1:] if one and not one.startswith("Original Line")), "")
        return f"{line.rstrip('.')}: {why}" if why else line
    return line
