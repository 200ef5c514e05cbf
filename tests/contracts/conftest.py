"""The stores that the one suite runs against: SQLite in a folder, and a real PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contracts.kept import Place
from tocsin.store.base import Store, Writing

Reopen = Callable[[], Store]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a store of each kind is kept, empty."""
    if request.param == "sqlite":
        return Place(kind="sqlite", url=str(tmp_path / "tocsin.db"))
    return Place(kind="postgres", url=request.getfixturevalue("fresh_postgres"))


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
