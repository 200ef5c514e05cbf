"""What columns hold is told by their type, in the words of any database, and near misses by their name."""

import pytest

from tocsin.jobs.checks import Metric
from tocsin.measure.table import Column, Holds, called, columns_of, meant
from tocsin.quality.measurement import Measurement

TABLE = (
    Column("id", "BIGINT"),
    Column("Note", "VARCHAR"),
    Column("twice", "INTEGER"),
    Column("twice", "DATE"),
)


@pytest.mark.parametrize(
    ("type_", "holds"),
    [
        ("BIGINT", Holds.NUMBERS),
        ("DECIMAL(12,2)", Holds.NUMBERS),
        ("double precision", Holds.NUMBERS),
        ("int64", Holds.NUMBERS),
        ("VARCHAR", Holds.TEXT),
        ("character varying(20)", Holds.TEXT),
        ("ENUM('a', 'b')", Holds.TEXT),
        ("TIMESTAMP WITH TIME ZONE", Holds.INSTANTS),
        ("timestamp without time zone", Holds.INSTANTS),
        ("DATETIME", Holds.INSTANTS),
        ("date", Holds.INSTANTS),
        ("time without time zone", Holds.ELSE),
        ("interval", Holds.ELSE),
        ("int4range", Holds.ELSE),
        ("daterange", Holds.ELSE),
        ("point", Holds.ELSE),
        ("integer[]", Holds.ELSE),
        ("STRUCT(a INTEGER)", Holds.ELSE),
        ("MAP(VARCHAR, INTEGER)", Holds.ELSE),
        ("boolean", Holds.ELSE),
        ("unknown", Holds.ELSE),
        ("blob", Holds.ELSE),
    ],
)
def test_a_type_tells_what_a_column_holds(type_: str, holds: Holds) -> None:
    assert Column("a", type_).holds is holds


def test_only_numbers_may_be_nan_and_only_some() -> None:
    assert Column("a", "double").is_float
    assert Column("a", "numeric", may_be_nan=True).is_float
    assert not Column("a", "numeric").is_float
    assert not Column("a", "text", may_be_nan=True).is_float


def test_a_zone_is_told_by_the_type_or_by_who_knows_better() -> None:
    assert Column("a", "TIMESTAMP WITH TIME ZONE").has_zone
    assert Column("a", "TIMESTAMP(6)", knows_zone=True).has_zone
    assert not Column("a", "timestamp without time zone").has_zone


def test_what_a_column_is_kept_as_comes_before_its_type() -> None:
    assert Column("a", "DATETIME", kept_as=Holds.TEXT).holds is Holds.TEXT


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("twice", "there are 2 columns called 'twice'; give each a name of its own"),
        ("note", "there is no column 'note'; did you mean 'Note'?"),
        ("ID", "there is no column 'ID'; did you mean 'id'?"),
        ("quite other", "there is no column 'quite other'"),
    ],
)
def test_a_column_that_is_not_there_once_is_told(name: str, said: str) -> None:
    assert called(name, TABLE) == said
    assert columns_of(Measurement(metric=Metric.NULL_RATE, columns=(name,)), TABLE) == said
    assert columns_of(Measurement(metric=Metric.ROW_COUNT, group_by=(name,)), TABLE) == said


def test_a_column_that_cannot_be_read_says_why() -> None:
    assert called("a", (Column("a", "list", unreadable="it is a list of lists"),)) == "it is a list of lists"


def test_what_was_meant_is_what_is_nearest_whatever_its_case() -> None:
    assert meant("ORDRES", ["customers", "Orders"]) == "; did you mean 'Orders'?"
    assert meant("orders", []) == ""
