"""The shared store: one PostgreSQL database, any number of servers."""

from contextlib import AbstractContextManager
from typing import Final

from tocsin.errors import StoreError
from tocsin.store.lending import Lender
from tocsin.store.migrating import migrations, missing
from tocsin.store.postgres.door import Hook, PostgresDoor
from tocsin.store.postgres.outbox import LOCK_SPACE
from tocsin.store.postgres.reading import BEGIN, PostgresReading
from tocsin.store.postgres.writing import PostgresWriting

_LOCK: Final = f"SELECT pg_advisory_xact_lock({LOCK_SPACE}, -1)"
# Who waits for another server that migrates, or migrates itself, may take long over it.
_PATIENCE: Final = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS schema_version (number INTEGER PRIMARY KEY)"


class PostgresStore:
    """A PostgreSQL database at `url` (`postgresql://…`), brought to the newest schema.

    Servers that start at once wait for each other. StoreBroken: the schema is newer than we are, or this
    user may not use it. StoreUnavailable: it cannot be reached for now. `hook` is given every connection
    that is opened; tests bring about faults with it.
    """

    def __init__(self, url: str, *, hook: Hook | None = None) -> None:
        self._url = url
        self._hook = hook
        self._migrate()
        self._readers = Lender(self._open, BEGIN, PostgresReading)
        self._writing = PostgresWriting(self._open)

    def writing(self) -> PostgresWriting:
        """Return the writing session; there is one for each process."""
        return self._writing

    def reading(self) -> AbstractContextManager[PostgresReading]:
        """Return a reading session for the length of a `with` block."""
        return self._readers.lend()

    def backup(self, path: str) -> None:
        """Refuse: PostgreSQL has its own tools for it."""
        raise StoreError(
            f"nothing was written to {path}: this store is a PostgreSQL database, which pg_dump copies "
            "consistently while servers run"
        )

    def close(self) -> None:
        """Let go of every connection."""
        self._writing.close()
        self._readers.close()

    def _open(self) -> PostgresDoor:
        return PostgresDoor(self._url, self._hook)

    def _migrate(self) -> None:
        door = self._open()
        try:
            door.run("BEGIN")
            door.run(_PATIENCE)
            door.run(_LOCK)
            door.run(_SCHEMA)
            applied = door.all("SELECT coalesce(max(number), 0) FROM schema_version")[0][0]
            for step in missing(migrations("tocsin.store.postgres"), applied, door.where):
                door.run(step.sql)
                door.run("INSERT INTO schema_version VALUES (?)", (step.number,))
            door.commit()
        finally:
            door.rollback()
            door.close()
