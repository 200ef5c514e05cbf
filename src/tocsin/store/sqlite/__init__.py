"""The embedded store: SQLite in one file, for one server."""

from tocsin.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
