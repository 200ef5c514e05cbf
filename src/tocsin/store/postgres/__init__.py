"""The shared store: PostgreSQL, for any number of servers."""

from tocsin.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
