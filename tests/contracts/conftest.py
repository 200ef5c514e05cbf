"""The stores that the one suite runs against: SQLite in a folder, and a real PostgreSQL."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from tests.contracts.kept import Place
from tests.contracts.several import Servers
from tests.services.postgres import PostgresServer
from tocsin.batch.state import Keeping, State, open_state
from tocsin.store.base import Store, Writing
from tocsin.store.postgres import PostgresStore

Open = Callable[..., State]


@pytest.fixture(scope="session")
def suite_database(postgres_server: PostgresServer) -> str:
    """The address of a database for the suite in this worker; it goes when its server goes."""
    return postgres_server.url_of(postgres_server.create_database())


@pytest.fixture
def empty_schema(suite_database: str) -> Iterator[str]:
    """The address of an empty schema: a hundredth of what it costs to make and drop a database."""
    name = f"test_{secrets.token_hex(6)}"
    _execute(suite_database, "CREATE SCHEMA {}", name)
    yield f"{suite_database}?options=-csearch_path%3D{name}"
    _execute(suite_database, "DROP SCHEMA {} CASCADE", name)


def _execute(url: str, statement: LiteralString, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a store of each kind is kept, empty."""
    if request.param == "sqlite":
        return Place(kind="sqlite", url=str(tmp_path / "tocsin.db"))
    return Place(kind="postgres", url=request.getfixturevalue("empty_schema"))


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty store, closed afterwards."""
    opened = place.open()
    yield opened
    opened.close()


@pytest.fixture
def writing(store: Store) -> Iterator[Writing]:
    """The writing session of an empty store, with a transaction open."""
    session = store.writing()
    session.begin()
    yield session
    session.rollback()


@pytest.fixture
def servers(empty_schema: str) -> Iterator[Servers]:
    """Starts servers on one database, and stops them afterwards."""
    opened: list[PostgresStore] = []

    def start() -> PostgresStore:
        opened.append(PostgresStore(empty_schema))
        return opened[-1]

    yield start
    for store in opened:
        store.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.fixture(params=["sqlite", "postgres"])
def kept_at(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the state of pipelines is kept, of each kind, empty."""
    if request.param == "sqlite":
        return str(tmp_path / "folder" / "batch.db")
    return str(request.getfixturevalue("empty_schema"))


@pytest.fixture
def opening(kept_at: str) -> Iterator[Open]:
    """Opens the same state as often as it is asked to, and closes it afterwards."""
    opened: list[State] = []

    def once_more(**keeping: object) -> State:
        opened.append(open_state(kept_at, Keeping(**keeping)))  # type: ignore[arg-type]  # as the test names them
        return opened[-1]

    yield once_more
    for state in opened:
        state.close()


@pytest.fixture
def state(opening: Open) -> State:
    return opening()
