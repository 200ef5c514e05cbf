"""A real Spark, as two tasks at a time on this machine, for all tests of a module."""

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.batch.spark.session import Session, make_session
from tests.services.programs import JAVA, advice, find

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def spark() -> Iterator[Session]:
    """A session of Spark; its tasks find the modules of the tests."""
    java = find(JAVA)
    if java is None:
        pytest.fail(advice((JAVA,)), pytrace=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("JAVA_HOME", str(java.resolve().parents[1]))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            session = make_session()
        yield session
        session.stop()
