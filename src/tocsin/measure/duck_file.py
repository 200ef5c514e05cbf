"""The engine over a file of DuckDB, which is only read."""

from collections.abc import Mapping
from contextlib import ExitStack

from tocsin.errors import NotMeasured
from tocsin.measure.bounded import TIMEOUT_SECONDS
from tocsin.measure.databases import file_of, relation_of
from tocsin.measure.duck import MEMORY_LIMIT, DuckTable, connected, first_line, locked


class DuckFile(DuckTable):
    """A table of a file of DuckDB, or what a SELECT gives; raises NotMeasured where none is there.

    `beside` are further tables of the file, by the names by which checks refer to them.
    """

    def __init__(
        self,
        url: str,
        table: str,
        *,
        beside: Mapping[str, str] | None = None,
        memory_limit: str = MEMORY_LIMIT,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        import duckdb  # noqa: PLC0415 -- an extra, loaded where it is used

        path = file_of(url)
        with ExitStack() as opened:
            connection = opened.enter_context(connected(memory_limit))
            others = {name: relation_of(other, self.dialect) for name, other in (beside or {}).items()}
            try:
                connection.execute(f"ATTACH {self.dialect.text_of(path)} AS measured (READ_ONLY)")
                connection.execute("USE measured")
                locked(connection, [])
                read = relation_of(table, self.dialect)
                connection.execute(f"CREATE TEMP VIEW {self.relation} AS SELECT * FROM {read}")
            except duckdb.Error as error:
                raise NotMeasured(f"{path} cannot be read: {first_line(error)}") from None
            super().__init__(connection, others, timeout_seconds=timeout_seconds)
            self._held = opened.pop_all()

    def other(self, table: str) -> str:
        """Return what stands for another table of the file."""
        return self._beside.get(table) or relation_of(table, self.dialect)

    def close(self) -> None:
        """Let go of the file and of what was put aside."""
        self._held.close()
