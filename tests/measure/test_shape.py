"""Drift names each column that differs, and how."""

import pytest

from tocsin.jobs.checks import Metric
from tocsin.measure.shape import drift
from tocsin.measure.table import Column
from tocsin.quality.measurement import Measurement, Shape

TABLE = (Column("id", "BIGINT"), Column("note", "VARCHAR"), Column("at", "DATE"))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (Shape((("id", "bigint"), ("note", ""), ("at", "DATE"))), ""),
        (Shape((("id", ""), ("note", ""))), "at has appeared (DATE)"),
        (Shape((("id", ""), ("note", "")), may_grow=True), ""),
        (Shape((("id", ""), ("gone", ""), ("note", ""), ("at", ""))), "gone has vanished"),
        (Shape((("id", "INTEGER"), ("note", ""), ("at", ""))), "id is BIGINT, not INTEGER"),
        (Shape((("note", ""), ("id", ""), ("at", ""))), ""),
        (
            Shape((("note", ""), ("id", ""), ("at", "")), in_order=True),
            (
                "id stands where note was expected (column 1 of those known); "
                "note stands where id was expected (column 2 of those known)"
            ),
        ),
        (Shape((("id", ""), ("at", "")), may_grow=True, in_order=True), ""),
    ],
)
def test_each_difference_is_named_and_counted(shape: Shape, said: str) -> None:
    read = drift(Measurement(metric=Metric.SCHEMA_DRIFT, detail=shape), TABLE)

    assert read.said == said
    assert read.value == (said.count(";") + 1 if said else 0)


def test_drift_from_nothing_is_an_error() -> None:
    assert drift(Measurement(metric=Metric.SCHEMA_DRIFT), TABLE).is_error
