from typing import Any

import pytest

from tests.dialects.written import lines, verdicts, written
from tocsin.dialects.soda import is_spoken, translate
from tocsin.errors import InvalidResults
from tocsin.jobs.checks import Metric
from tocsin.quality.told import Told


def of_one(outcome: str | None, **more: Any) -> Told:  # noqa: ANN401 -- any field
    return translate({"checks": [{"name": "c", "outcome": outcome, "identity": "1f", **more}]})


def test_every_check_of_a_scan_has_its_verdict_and_its_value_where_it_has_one() -> None:
    assert lines(translate(written("soda_scan.json"))) == [
        ("row_count > 1000", "fail", 4.0),
        ("enough rows", "warn", 4.0),
        ("Schema Check", "fail", 1.0),
        ("no negative", "fail", 1.0),
        ("missing_count(email) = 0", "fail", 1.0),
        ("missing_percent(email) < 50%", "pass", 0.25),
        ("invalid_percent(email) < 5%", "fail", 50.0),
        ("duplicate_count(order_id) = 0", "fail", 1.0),
        ("avg(amount) between 0 and 1000", "pass", 24.5),
        ("freshness(at) < 1d", "pass", 0.0),
    ]


def test_limits_are_those_beyond_which_it_fails_or_warns() -> None:
    judged = {one.check.id: one.check for one in translate(written("soda_scan.json")).judged}
    rows, soft = judged["row_count > 1000"], judged["enough rows"]
    missing, mean = judged["missing_percent(email) < 50%"], judged["avg(amount) between 0 and 1000"]

    assert (rows.metric, rows.least, rows.severity) == (Metric.ROW_COUNT, 1001.0, "critical")
    assert (soft.least, soft.warn_least) == (2.0, 5.0)
    assert (missing.metric, missing.column) == (Metric.NULL_RATE, "email")
    assert missing.most == pytest.approx(0.5)
    assert (mean.metric, mean.least, mean.most) == (Metric.MEAN, 0.0, 1000.0)


def test_contracts_of_version_4_are_read_as_they_are_sent_and_as_python_tells_them() -> None:
    sent, told = translate(written("soda_contract_as_sent.json")), translate(written("soda_contract.json"))

    assert (
        verdicts(sent)
        == verdicts(told)
        == {
            "No duplicate values (order_id)": "fail",
            "No missing values (email)": "fail",
            "No invalid values (email)": "fail",
            "Metric function meets threshold (amount)": "pass",
            "Row count meets expected threshold": "fail",
            "Schema matches expected structure": "error",
            "Data is fresh": "pass",
        }
    )
    fresh = next(one for one in sent.judged if one.check.id == "Data is fresh")
    assert fresh.check.metric is Metric.FRESHNESS
    assert fresh.check.most == pytest.approx(21_600)


def test_a_scan_that_came_to_nothing_says_why() -> None:
    told = translate(written("soda_no_checks.json"))

    assert told.judged == ()
    assert told.trouble.startswith("Invalid data source name 'd'")


def test_what_was_left_out_on_purpose_is_counted_and_what_could_not_be_evaluated_is_an_error() -> None:
    assert of_one("excluded").left_out == 1
    assert verdicts(of_one(None)) == verdicts(of_one("unevaluated")) == {"c": "error"}


def test_checks_of_several_tables_are_called_by_their_table_and_equal_ones_by_their_identity() -> None:
    checks = [
        {"name": "row_count > 0", "outcome": "pass", "table": table, "identity": identity}
        for table, identity in (("a", "1"), ("b", "2"), ("b", "3"))
    ]

    assert list(verdicts(translate({"checks": checks}))) == [
        "a: row_count > 0",
        "b: row_count > 0 2",
        "b: row_count > 0 3",
    ]


@pytest.mark.parametrize("found", [float("nan"), float("inf"), 10**400, "4", None, [1]])
def test_a_value_that_is_no_number_changes_no_verdict(found: object) -> None:
    for outcome in ("pass", "warn", "fail"):
        told = of_one(outcome, diagnostics={"value": found, "fail": {"greaterThan": found}})
        assert verdicts(told) == {"c": outcome}


def test_it_is_known_by_its_checks() -> None:
    for name in ("soda_scan", "soda_no_checks", "soda_contract", "soda_contract_as_sent"):
        assert is_spoken(written(f"{name}.json"))
    assert not is_spoken(written("run_results.json"))
    assert not is_spoken(written("validation_1.json"))
    assert not is_spoken({"checks": [{"metric": "row_count"}]})


def test_wrong_types_are_told_with_their_place() -> None:
    with pytest.raises(InvalidResults, match=r"checks\[0\]\.outcome: Expected `str \| null`, got `bool`"):
        translate({"checks": [{"outcome": True}]})
