"""Starts a real Spark with the Python of the tests."""

from typing import Any

from pyspark.sql import SparkSession

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
