"""A measurement asks for no more than it needs, and what several need is asked for once."""

from tocsin.jobs.checks import Metric
from tocsin.measure.aggregate import Kind, needed
from tocsin.measure.table import Column
from tocsin.quality.measurement import Age, Between, Measurement, Quantile

ID, RATIO, STAMP, AT = (
    Column("id", "bigint"), Column("ratio", "double"), Column("stamp", "text"), Column("at", "timestamp"),
)  # fmt: skip  # one line is enough


def kinds(metric: Metric, column: Column, *, can_approximate: bool = True, **more: object) -> set[Kind]:
    asked = Measurement(metric=metric, columns=(column.name,), **more)  # type: ignore[arg-type]  # told by the caller
    return set(needed(asked, (column,), can_approximate=can_approximate))


def test_of_floats_it_is_asked_too_whether_all_are_finite() -> None:
    assert kinds(Metric.MEAN, RATIO) == {Kind.MEAN, Kind.NOT_FINITE}
    assert kinds(Metric.MEAN, ID) == {Kind.MEAN}
    assert kinds(Metric.NULL_RATE, RATIO) == {Kind.ROWS, Kind.VALUES}


def test_of_texts_it_is_asked_too_whether_all_are_instants() -> None:
    assert kinds(Metric.FRESHNESS, STAMP, detail=Age()) == {Kind.NEWEST, Kind.NO_INSTANT}
    assert kinds(Metric.FRESHNESS, AT, detail=Age()) == {Kind.NEWEST}


def test_an_approximate_count_is_exact_where_there_is_none() -> None:
    assert Kind.ROUGHLY_DISTINCT in kinds(Metric.UNIQUENESS, ID, is_approximate=True)
    assert Kind.DISTINCT in kinds(Metric.UNIQUENESS, ID, is_approximate=True, can_approximate=False)


def test_what_two_measurements_need_is_one_aggregate() -> None:
    one = needed(Measurement(metric=Metric.VALUE_RANGE, columns=("id",), detail=Between(low=0.0)), (ID,))
    two = needed(Measurement(metric=Metric.MINIMUM, columns=("id",)), (ID,))
    elsewhere = needed(Measurement(metric=Metric.MINIMUM, columns=("id",), where="id > 7"), (ID,))

    assert one[Kind.LEAST] == two[Kind.LEAST]
    assert elsewhere[Kind.LEAST] != two[Kind.LEAST]


def test_two_quantiles_of_a_column_are_two_aggregates() -> None:
    low, high = (
        needed(Measurement(metric=Metric.QUANTILE, columns=("id",), detail=Quantile(share)), (ID,))
        for share in (0.1, 0.9)
    )

    assert low[Kind.QUANTILE] != high[Kind.QUANTILE]
