from typing import Any

import pytest

from tests.dialects.written import lines, verdicts, written
from tocsin.dialects.great_expectations import is_spoken, translate
from tocsin.errors import InvalidResults
from tocsin.jobs.checks import Metric
from tocsin.quality.told import Told


def of_one(kind: str, kwargs: dict[str, Any], result: dict[str, Any], *, success: bool, **more: Any) -> Told:  # noqa: ANN401 -- any field
    config = {"expectation_type": kind, "kwargs": kwargs, **more.pop("config", {})}
    return translate(
        {"results": [{"success": success, "expectation_config": config, "result": result, **more}]}
    )


def test_every_expectation_has_its_verdict_and_its_value_where_it_has_one() -> None:
    assert lines(translate(written("validation_1.json"))) == [
        ("expect_column_max_to_be_between(nope)", "error", None),
        ("expect_table_row_count_to_be_between", "fail", 4.0),
        ("expect_table_columns_to_match_set", "fail", 1.0),
        ("expect_column_pair_values_a_to_be_greater_than_b", "fail", 0.75),
        ("expect_compound_columns_to_be_unique", "pass", 0.0),
        ("expect_column_values_to_not_be_null(email)", "warn", 0.25),
        ("expect_column_values_to_match_regex(email)", "fail", 0.666666666667),
        ("expect_column_values_to_be_unique(order_id)", "fail", 0.5),
        ("expect_column_distinct_values_to_be_in_set(order_id)", "fail", 1.0),
        ("expect_column_proportion_of_unique_values_to_be_between(order_id)", "fail", 0.75),
        ("expect_column_values_to_be_between(amount)", "pass", 0.75),
        ("expect_column_mean_to_be_between(amount)", "pass", 24.5),
        ("expect_column_to_exist(nope)", "fail", 1.0),
    ]


def test_which_run_it_was_and_when() -> None:
    told = translate(written("validation_1.json"))

    assert (told.tool, told.run) == (
        "Great Expectations 1.24.1",
        "45810251-509a-4433-b68e-e669ab2b0ab6",
    )
    assert told.at is not None
    assert told.at.isoformat() == "2026-11-22T23:25:49.059136+00:00"


def test_limits_columns_and_severities_are_those_of_the_expectations() -> None:
    judged = {one.check.id: one for one in translate(written("validation_1.json")).judged}
    nulls = judged["expect_column_values_to_not_be_null(email)"]
    rows = judged["expect_table_row_count_to_be_between"]

    assert (nulls.check.metric, nulls.check.column, nulls.check.most) == (Metric.NULL_RATE, "email", 0.05)
    assert (nulls.check.severity, nulls.said) == ("warning", "1 unexpected (25 %)")
    assert (rows.check.metric, rows.check.least, rows.check.severity) == (
        Metric.ROW_COUNT,
        1000.0,
        "critical",
    )
    assert rows.said == "4; at least 1,000"


def test_an_exception_is_an_error_with_its_message_in_the_forms_of_both_versions() -> None:
    newer = translate(written("validation_1.json")).judged[0]
    info = {"raised_exception": True, "exception_message": "no table", "exception_traceback": "…"}
    older = of_one("expect_column_to_exist", {"column": "a"}, {}, success=False, exception_info=info)

    assert newer.said == 'Error: The column "nope" in BatchData does not exist.'
    assert (verdicts(older), older.judged[0].said) == ({"expect_column_to_exist(a)": "error"}, "no table")


def test_a_checkpoint_tells_of_all_its_validations() -> None:
    described = translate(written("checkpoint_1.json"))
    one, other = written("validation_1.json"), written("validation_1.json")
    other["meta"]["active_batch_definition"]["data_asset_name"] = "customers"
    several = translate({"run_results": {"a": {"validation_result": one}, "b": {"validation_result": other}}})

    assert len(described.judged) == 13
    assert len(several.judged) == 26
    assert verdicts(several)["customers: expect_table_row_count_to_be_between"] == "fail"
    assert verdicts(several)["orders: expect_table_row_count_to_be_between"] == "fail"


def test_a_checkpoint_of_version_0_is_read_too() -> None:
    told = translate(written("checkpoint_0.json"))

    assert told.tool == "Great Expectations 0.18.22"
    assert lines(told) == [
        ("expect_table_row_count_to_be_between", "fail", 4.0),
        ("expect_column_values_to_not_be_null(email)", "fail", 0.25),
        ("expect_column_values_to_be_between(amount)", "pass", 0.75),
        ("expect_column_max_to_be_between(amount)", "pass", 100.0),
    ]


def test_expectations_of_one_kind_and_column_are_told_apart_by_what_they_expect() -> None:
    found = {"unexpected_percent": 0.0, "unexpected_count": 0}
    kwargs = [{"column": "a", "min_value": n, "mostly": 0.9, "batch_id": "x"} for n in (0, 5)]
    config = [{"type": "expect_column_values_to_be_between", "kwargs": each} for each in kwargs]
    several = [{"success": True, "expectation_config": each, "result": found} for each in config]

    assert list(verdicts(translate({"results": several}))) == [
        "expect_column_values_to_be_between(a) min_value=0",
        "expect_column_values_to_be_between(a) min_value=5",
    ]


@pytest.mark.parametrize(
    ("limits", "observed", "success", "declared"),
    [
        ({"min_value": 1, "max_value": 9}, 5, True, (1.0, 9.0)),
        ({"min_value": 5, "strict_min": True}, 5, False, (6.0, None)),
        ({"max_value": 5, "strict_max": True}, 5, False, (None, 4.0)),
        ({"value": 5}, 5, True, (5.0, 5.0)),
        ({}, 5, True, (None, 0.0)),
    ],
)
def test_what_was_observed_is_held_to_the_limits(
    limits: dict[str, object],
    observed: float,
    success: bool,  # noqa: FBT001 -- a parameter of the test
    declared: tuple[float | None, float | None],
) -> None:
    told = of_one(
        "expect_table_row_count_to_be_between", limits, {"observed_value": observed}, success=success
    )

    assert (told.judged[0].check.least, told.judged[0].check.most) == declared
    assert told.judged[0].verdict.is_failed is not success


@pytest.mark.parametrize("found", [float("nan"), float("-inf"), 10**400, "4", None, [1], {"a": 1}])
def test_a_value_that_is_no_number_changes_no_verdict(found: object) -> None:
    for success in (True, False):
        for kind in ("expect_table_row_count_to_be_between", "expect_column_values_to_not_be_null"):
            result = {"observed_value": found, "unexpected_percent": found, "unexpected_count": found}
            told = of_one(kind, {"column": "a", "min_value": found, "mostly": found}, result, success=success)
            assert told.judged[0].verdict.is_failed is not success


def test_a_share_that_makes_no_sense_changes_no_verdict() -> None:
    told = of_one(
        "expect_column_values_to_not_be_null",
        {"column": "a", "mostly": 7},
        {"unexpected_percent": 900.0},
        success=True,
    )

    assert (verdicts(told), told.judged[0].value) == ({"expect_column_values_to_not_be_null(a)": "pass"}, 0.0)


def test_without_a_verdict_it_is_an_error() -> None:
    told = translate({"results": [{"expectation_config": {"type": "expect_x", "kwargs": {}}}]})

    assert verdicts(told) == {"expect_x": "error"}


def test_it_is_known_by_its_version_its_statistics_or_its_expectations() -> None:
    assert is_spoken(written("validation_1.json"))
    assert is_spoken(written("checkpoint_1.json"))
    assert is_spoken({"results": [], "statistics": {"evaluated_expectations": 0}})
    assert not is_spoken(written("run_results.json"))
    assert not is_spoken(written("soda_scan.json"))


def test_wrong_types_are_told_with_their_place() -> None:
    with pytest.raises(InvalidResults, match=r"results\[0\]\.success: Expected `bool \| null`, got `str`"):
        translate({"results": [{"success": "yes"}]})
    with pytest.raises(InvalidResults, match="has no 'type'"):
        translate({"results": [{"success": True}]})
    with pytest.raises(InvalidResults, match=r"the whole: Expected `object`, got `int`"):
        translate({"validation_results": [5]})
