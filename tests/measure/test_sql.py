"""One query asks for all that is wanted, in which names and texts stay what they are."""

import pytest

from tocsin.errors import NotMeasured
from tocsin.measure.aggregate import Aggregate, Kind
from tocsin.measure.dialect import DUCKDB, MYSQL, POSTGRES, SQLITE, STANDARD, Dialect
from tocsin.measure.sql import Asking
from tocsin.measure.table import Column
from tocsin.quality.measurement import Age, Custom, Detail, FoundIn, Matching, OneOf, Quantile

HOSTILE = Column("a\"b'c", "text")
ID = Column("id", "bigint")


def asking(dialect: Dialect) -> Asking:
    return Asking(dialect, "data", dialect.name_of)


def asked(
    dialect: Dialect, kind: Kind, *columns: Column, detail: Detail | None = None, where: str = ""
) -> str:
    one = Aggregate(kind=kind, columns=columns, detail=detail, where=where)
    return asking(dialect).one_pass([one]).removeprefix("SELECT ").removesuffix(" FROM data")


def test_all_that_is_wanted_stands_in_one_query() -> None:
    wanted = [Aggregate(kind=Kind.ROWS), Aggregate(kind=Kind.LEAST, columns=(ID,), where="x > 1")]

    assert asking(DUCKDB).one_pass(wanted) == (
        'SELECT count(*), min(CASE WHEN x > 1 THEN "id" END) FROM data'
    )


def test_segments_come_first_and_one_more_than_are_told_apart() -> None:
    query = asking(DUCKDB).one_pass([Aggregate(kind=Kind.ROWS)], ["country", "shop"])

    assert query.startswith('SELECT "country", "shop", count(*) FROM data GROUP BY 1, 2 ORDER BY 1, 2')
    assert query.endswith("LIMIT 1001")


def test_names_and_texts_stay_what_they_are() -> None:
    assert asked(DUCKDB, Kind.LEAST, HOSTILE) == 'min("a""b\'c")'
    assert asked(DUCKDB, Kind.PASSING, ID, detail=OneOf(("it's", 1.0, True))).endswith(
        "(\"id\" IN ('it''s', 1.0, TRUE)) THEN 1 END)"
    )
    assert asked(MYSQL, Kind.LEAST, Column("a`b", "text")) == "min(`a``b`)"
    assert "_utf8mb4 X'5c27'" in asked(MYSQL, Kind.PASSING, ID, detail=OneOf(("\\'",)))


def test_a_column_of_another_table_is_looked_up_there_and_nowhere_else() -> None:
    assert ('"id" IN (SELECT there."key" FROM "other" AS there WHERE there."key" IS NOT NULL)') in asked(
        DUCKDB, Kind.PASSING, ID, detail=FoundIn("other", "key")
    )


def test_several_values_are_one_where_none_is_null() -> None:
    both = '("a" IS NOT NULL) AND ("b" IS NOT NULL)'
    columns = (Column("a", "text"), Column("b", "text"))

    assert asked(POSTGRES, Kind.DISTINCT, *columns) == f'count(DISTINCT CASE WHEN {both} THEN ("a", "b") END)'
    assert asked(SQLITE, Kind.DISTINCT, *columns) == (
        f'count(DISTINCT CASE WHEN {both} THEN quote("a") || \',\' || quote("b") END)'
    )


def test_texts_with_a_zone_keep_it_and_others_are_of_the_one_that_is_named() -> None:
    query = asked(POSTGRES, Kind.NEWEST, Column("at", "text"), detail=Age(1.0, "Europe/Berlin"))

    assert "timezone('Europe/Berlin', CAST(\"at\" AS timestamp))" in query
    assert 'CAST("at" AS timestamptz)' in query


@pytest.mark.parametrize(
    ("dialect", "kind", "column", "detail", "what"),
    [
        (MYSQL, Kind.QUANTILE, ID, Quantile(0.5), "quantiles"),
        (STANDARD, Kind.PASSING, HOSTILE, Matching("a"), "regular expressions"),
        (STANDARD, Kind.NEWEST, HOSTILE, Age(), "instants in texts"),
    ],
)
def test_what_a_database_cannot_say_is_refused_before_it_is_asked(
    dialect: Dialect, kind: Kind, column: Column, detail: Detail, what: str
) -> None:
    with pytest.raises(NotMeasured, match=f"it is not known how {dialect.name} says {what}") as refused:
        asked(dialect, kind, column, detail=detail)
    assert refused.value.is_statement


def test_a_query_of_ones_own_is_asked_for_no_more_than_two_rows() -> None:
    own = Custom("SELECT count(*) FROM {table} -- all;")

    assert asking(DUCKDB).one_answer(own) == (
        "SELECT * FROM (SELECT count(*) FROM data -- all\n) AS answer LIMIT 2"
    )
