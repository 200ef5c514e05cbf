"""Several servers at once, held at the points where they meet."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

import psycopg
import pytest

from tocsin.store.base import Store, Writing
from tocsin.store.postgres import PostgresStore

T = TypeVar("T")
PATIENCE_SECONDS = 30
Servers = Callable[[], PostgresStore]


@contextmanager
def transaction(store: Store) -> Iterator[Writing]:
    """Open a transaction that the test itself ends or forgets."""
    writing = store.writing()
    writing.begin()
    yield writing
    writing.rollback()


def wait_until_blocked(url: str) -> None:
    """Return when some session of the database waits for a lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(100_000):
            row = connection.execute(waiting).fetchone()
            if row is not None and row[0]:
                return
    pytest.fail("nobody waited for a lock")


def done(future: Future[T]) -> T:
    return future.result(PATIENCE_SECONDS)
