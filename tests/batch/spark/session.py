"""Starts a real Spark with the Python of the tests."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.services.programs import JAVA, advice, find

ROOT = Path(__file__).parents[3]
FAILURES = 3
Session = Any
"""A session of Spark, a frame, or a batch of it, all of which are published without types."""


def make_session() -> Session:
    """Start Spark with two tasks at a time, each of which may be begun FAILURES times."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "64",
        "spark.sql.session.timeZone": "UTC",
        "spark.log.level": "OFF",
    }
    builder = SparkSession.builder.master(f"local[2,{FAILURES}]").appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


@contextmanager
def running() -> Iterator[Session]:
    """Give a session of Spark, whose tasks find the modules of the tests, and stop it afterwards."""
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
