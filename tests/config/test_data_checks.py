"""Files of checks of data, as their authors write them and get them wrong."""

from pathlib import Path

import pytest

from tocsin.config.data_checks import ChecksFile, load_checks
from tocsin.errors import ConfigError
from tocsin.jobs.checks import Metric
from tocsin.quality.measurement import (
    Age,
    Between,
    Custom,
    DataCheck,
    FoundIn,
    Matching,
    OneOf,
    OnFail,
    Quantile,
    Shape,
)


def written(folder: Path, checks: str, more: str = "") -> ChecksFile:
    path = folder / "orders.yaml"
    path.write_text(f"{more}checks:\n{checks}", encoding="utf-8")
    return load_checks(path)


def check(folder: Path, line: str) -> DataCheck:
    (only,) = written(folder, f"  - {{{line}}}\n").checks
    return only


def refused(folder: Path, checks: str, more: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        written(folder, checks, more)
    return str(caught.value)


def test_each_metric_says_what_is_to_be_measured_for_it(tmp_path: Path) -> None:
    told = {
        "metric: pattern_match, column: sku, pattern: '^A', threshold_min: 0.9": Matching("^A"),
        "metric: accepted_values, column: s, values: [new, 3, true], mostly: 1": OneOf(("new", 3, True)),
        "metric: references, column: c, references: {table: t.csv, column: id}, mostly: 1": FoundIn(
            "t.csv", "id"
        ),
        "metric: value_range, column: a, threshold_min: 0, threshold_max: 9": Between(0.0, 9.0),
        "metric: string_length, column: a, threshold_max: 9": Between(None, 9.0, of_length=True),
        "metric: quantile, column: a, share: 0.95, threshold_max: 9": Quantile(0.95),
        "metric: freshness, column: at, unit: hours, threshold_max: 6": Age(3_600.0, "UTC"),
        "metric: schema_drift, expect: [id, at], may_grow: true": Shape(
            (("id", ""), ("at", "")), may_grow=True
        ),
        "metric: custom, id: paid, sql: avg(paid), threshold_min: 0": Custom("avg(paid)"),
        "metric: row_count, threshold_min: 1": None,
    }
    for line, detail in told.items():
        assert check(tmp_path, line).measurement.detail == detail, line


def test_with_mostly_the_share_of_good_values_is_measured_and_judged(tmp_path: Path) -> None:
    ranged = check(
        tmp_path, "metric: value_range, column: a, threshold_min: 0, threshold_max: 9, mostly: 0.9"
    )
    nulls = check(tmp_path, "metric: null_rate, column: a, mostly: 0.95")

    assert (ranged.check.metric, ranged.check.least, ranged.check.most) == (Metric.IN_RANGE, 0.9, None)
    assert ranged.measurement.detail == Between(0.0, 9.0)
    assert ranged.check.key == "a_in_range"
    assert (nulls.check.least, nulls.check.most) == (None, 0.05)


def test_a_metric_of_some_rows_or_of_segments_is_sent_under_a_name_of_its_own(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        "  - {metric: row_count, threshold_min: 1}\n"
        "  - {metric: row_count, id: paid orders, where: status = 'paid', threshold_min: 1}\n"
        "  - {metric: row_count, id: by country, group_by: [country], threshold_min: 1}\n"
        "  - {metric: uniqueness, columns: [order_id, line], threshold_min: 1}\n",
    )

    assert [one.check.key for one in found.checks] == [
        "row_count",
        "paid orders",
        "by country",
        "order_id+line_uniqueness",
    ]
    assert found.checks[3].measurement.columns == ("order_id", "line")


def test_the_file_says_where_the_data_is_and_what_may_be_shown_of_it(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        "  - {metric: freshness, column: at, threshold_max: 60, on_fail: fail_run}\n"
        "  - {metric: references, column: c, references: {table: customers.csv, column: id}, mostly: 1}\n",
        "source: orders/*.parquet\njob: orders\nkey: order_id\nsensitive: [email]\nexamples: 3\n"
        "timezone: Europe/Berlin\n",
    )

    assert found.source == str(tmp_path / "orders/*.parquet")
    assert (found.job, found.key, found.sensitive, found.examples) == (
        "orders",
        ("order_id",),
        frozenset({"email"}),
        3,
    )
    assert found.checks[0].measurement.detail == Age(1.0, "Europe/Berlin")
    assert found.checks[0].on_fail is OnFail.FAIL_RUN
    assert found.beside == {"customers.csv": str(tmp_path / "customers.csv")}


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        "  - {metric: nul_rate, column: a, threshold_max: 0.1}\n"
        "  - {metric: pattern_match, column: a, pattern: '(', threshold_min: 1}\n"
        "  - {metric: row_count, threshold_min: 1, treshold_max: 5}\n",
        "sauce: x.csv\n",
    )

    assert "orders.yaml:1:1: sauce: is not a known key; did you mean source?" in said
    assert "orders.yaml:3:6: checks[0].metric: must be one of row_count" in said
    assert "did you mean null_rate?" in said
    assert "orders.yaml:4:40: checks[1].pattern: the pattern '(' is not valid RE2" in said
    assert "orders.yaml:5:43: checks[2].treshold_max: is not a known key; did you mean threshold_max?" in said


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("metric: pattern_match, column: a, threshold_min: 1", "needs 'pattern'"),
        ("metric: accepted_values, column: a, mostly: 1", "needs 'values'"),
        ("metric: schema_drift", "needs 'expect'"),
        ("metric: custom, id: x, threshold_min: 1", "needs 'sql'"),
        ("metric: freshness, threshold_max: 1", "needs a 'column' of instants"),
        ("metric: in_range, column: a, threshold_min: 1", "is measured as value_range with 'mostly'"),
        ("metric: null_rate, column: a, pattern: x, threshold_max: 0", "is for pattern_match"),
        ("metric: uniqueness, column: a, columns: [b], threshold_min: 1", "'column' and 'columns'"),
        ("metric: row_count, where: a > 1, threshold_min: 1", "needs an 'id'"),
        ("metric: uniqueness, column: a, mostly: 1, threshold_min: 1", "keep one of the two"),
        ("metric: uniqueness, column: a, approximate: true, mostly: 1", "asks for more than 0.9"),
        ("metric: uniqueness, column: a, approximate: true, threshold_min: 0.95", "asks for more than 0.9"),
        ("metric: row_count, threshold_min: 10, warn_min: 5", "would never warn"),
        ("metric: null_rate, column: a, threshold_max: 0.1, warn_max: 0.2", "would never warn"),
        ("metric: quantile, column: a, share: 1.5, threshold_max: 1", "must be at most 1"),
        ("metric: row_count", "without a limit"),
        ("metric: custom, id: a, sql: sum(b), where: c > 1, threshold_min: 1", "'where' is for"),
        ("metric: custom, id: a, sql: SELECT 1, group_by: c, threshold_min: 1", "'group_by' is for"),
        ("metric: schema_drift, id: a, expect: [b], where: c > 1", "'where' is for"),
        ("metric: schema_drift, id: a, expect: [b], group_by: c", "'group_by' is for"),
        ("metric: row_count, id: a, group_by: c, anomaly: true", "a check for each, with 'where'"),
    ],
)
def test_a_check_that_could_never_be_measured_or_judged_is_refused(
    tmp_path: Path, line: str, why: str
) -> None:
    assert why in refused(tmp_path, f"  - {{{line}}}\n")


def test_a_file_without_checks_is_a_mistake_and_not_a_success(tmp_path: Path) -> None:
    assert "checks" in refused(tmp_path, "  []\n")


def test_two_checks_of_one_metric_have_ids_of_their_own(tmp_path: Path) -> None:
    two = "  - {metric: null_rate, column: a, threshold_max: 0.1}\n" * 2

    assert "give one another 'id'" in refused(tmp_path, two)
