"""Servers to ask: one that is open to this machine, one that wants credentials."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.served import Served, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server without credentials, shared by a module: each test uses jobs of its own."""
    with serving(tmp_path_factory.mktemp("open")) as running:
        yield running


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with an ingest key and a user token, shared by a module."""
    with serving(tmp_path_factory.mktemp("closed"), closed=True) as running:
        yield running


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Served]:
    """A server for one test."""
    with serving(tmp_path) as running:
        yield running
