"""Changes behind the engine's back, which no part of it would ever make."""

import sqlite3
from contextlib import closing
from typing import LiteralString

import psycopg


def meddle(url: str, statement: LiteralString) -> None:
    """Carry out a statement on the database of a store that is open."""
    if url.startswith("postgresql://"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)
        return
    with closing(sqlite3.connect(url, timeout=10, isolation_level=None)) as file:
        file.execute(statement)
