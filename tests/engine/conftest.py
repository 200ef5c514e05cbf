from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.watched import Watched, watched
from tocsin.store.sqlite import SqliteStore


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "tocsin.db")


@pytest.fixture
def it(file: str) -> Iterator[Watched]:
    with watched(SqliteStore(file), file) as one:
        yield one
