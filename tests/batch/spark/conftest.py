"""A real Spark, as two tasks at a time on this machine, for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests.batch.spark.session import Session, running


@pytest.fixture(scope="module")
def spark() -> Iterator[Session]:
    """A session of Spark; its tasks find the modules of the tests."""
    with running() as session:
        yield session
