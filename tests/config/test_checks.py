"""Checks of the data that a job writes, as the file says them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.config.conftest import Faults, Load
from tocsin.jobs.checks import MAX_CHECKS, MAX_LEARNED, Anomaly, Change, Check, Metric
from tocsin.jobs.declaring import change_of, change_written
from tocsin.jobs.job import Definition, JobKey
from tocsin.jobs.state import Measured
from tocsin.quality.check import CheckVerdict, judge_checks

SNIPPETS = Path(__file__).parents[2] / "docs" / "snippets" / "checks"
ORDERS = JobKey("production", "daily_orders")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def definition(load: Load) -> Definition:
    return load((SNIPPETS / "tocsin.yaml").read_text("utf-8")).configuration.jobs[ORDERS]


def test_the_checks_of_the_mission_load_as_written(load: Load) -> None:
    assert definition(load).checks == (
        Check(id="orders_row_count", metric=Metric.ROW_COUNT, least=1000.0, severity="critical"),
        Check(
            id="customer_email_null_rate",
            metric=Metric.NULL_RATE,
            column="customer_email",
            most=0.05,
            severity="warning",
        ),
        Check(
            id="order_amount_value_range",
            metric=Metric.VALUE_RANGE,
            column="order_amount",
            least=0.0,
            most=100_000.0,
            severity="critical",
        ),
        Check(
            id="user_id_uniqueness",
            metric=Metric.UNIQUENESS,
            column="user_id",
            least=1.0,
            severity="critical",
        ),
    )


def test_the_run_of_the_documentation_passes_them_and_is_asked_for_each(load: Load) -> None:
    sent = json.loads((SNIPPETS / "success.json").read_text("utf-8"))["metrics"]
    checks = definition(load).checks

    for left_out in (None, *sent):
        values = tuple((key, float(value)) for key, value in sent.items() if key != left_out)
        measured = Measured(partition="", run="a", at=NOON, since_at=NOON, values=values)
        failed = [
            one.check.key for one in judge_checks(checks, measured) if one.verdict is not CheckVerdict.PASS
        ]
        assert failed == ([left_out] if left_out else [])


def test_no_drift_is_allowed_where_none_is_said(load: Load) -> None:
    text = "jobs: {a: {checks: {metric: schema_drift}}}"

    (check,) = load(text).configuration.jobs[JobKey("production", "a")].checks

    assert (check.least, check.most) == (None, 0.0)


@pytest.mark.parametrize(
    ("check", "where", "said"),
    [
        ("metric: nul_rate, column: a, threshold_max: 0.1", "[0].metric", "must be one of row_count"),
        ("metric: null_rate, column: a, threshold_max: 5", "[0].threshold_max", "a share from 0 to 1"),
        ("metric: uniqueness, column: a, threshold_min: 1.1", "[0].threshold_min", "a share from 0 to 1"),
        ("metric: null_rate, threshold_max: 0.1", "[0]", "needs a 'column'"),
        ("metric: row_count, column: a, threshold_min: 1", "[0].column", "of the whole table"),
        ("metric: row_count, threshold_min: -1", "[0].threshold_min", "less than 0"),
        ("metric: row_count, threshold_min: 5, threshold_max: 4", "[0].threshold_max", "swap the two"),
        ("metric: freshness", "[0]", "nothing is checked"),
        ("metric: row_count, threshold_min: .nan", "[0].threshold_min", "number"),
        ("metric: row_count, threshold_min: 1, severity: fatal", "[0].severity", "page"),
        ("metric: row_count, treshold_min: 1", "[0].treshold_min", "not a known key"),
        ("metric: row_count, anomaly: false", "[0]", "nothing is checked"),
        ("metric: row_count, anomaly: {spreads: 1}", "[0].anomaly.spreads", "at least 2"),
        ("metric: row_count, anomaly: {least: -1}", "[0].anomaly.least", "at least 0"),
        ("metric: row_count, anomaly: {direction: up}", "[0].anomaly.direction", "both"),
        ("metric: row_count, anomaly: {spreds: 3}", "[0].anomaly.spreds", "not a known key"),
        ("metric: row_count, anomaly: 3.5", "[0].anomaly", "true, false, or a mapping"),
        ("metric: row_count, anomaly: [true]", "[0].anomaly", "true, false, or a mapping"),
        ("metric: row_count, change_min: much", "[0].change_min", "a percentage such as -20%, or a number"),
        ("metric: row_count, change_min: [1]", "[0].change_min", "or a number, not [1]"),
        ("metric: row_count, change_min: .nan", "[0].change_min", "number"),
        ("metric: row_count, change_min: -120%", "[0].change_min", "never falls by more than 100 %"),
        ("metric: row_count, change_min: -0.2", "[0].change_min", "written as a percentage: -20%"),
        ("metric: null_rate, column: a, change_max: 5", "[0].change_max", "five percentage points are 0.05"),
        ("metric: row_count, change_min: 5%, change_max: -5%", "[0].change_max", "(-5% < 5%); swap the two"),
        ("metric: row_count, change_min: -5%, change_max: 5", "[0].change_max", "write two checks"),
        ("metric: row_count, id: a, group_by: c, change_min: -5%", "[0]", "a check for each, with 'where'"),
    ],
)
def test_a_check_that_cannot_be_meant_is_told_with_its_place(
    faults: Faults, check: str, where: str, said: str
) -> None:
    found = faults(f"jobs: {{a: {{checks: [{{{check}}}]}}}}")

    assert (f"jobs.a.checks{where}", True) in [(problem.path, said in problem.message) for problem in found]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", Anomaly()),
        ("{}", Anomaly()),
        ("{spreads: 5}", Anomaly(spreads=5.0)),
        ("{direction: low, least: 100}", Anomaly(direction="low", least=100.0)),
        ("false", None),
        ("", None),
    ],
)
def test_its_own_past_is_a_limit_where_that_is_asked_for(
    load: Load, written: str, meant: Anomaly | None
) -> None:
    keys = ("metric: row_count", "threshold_min: 1", f"anomaly: {written}")
    text = "\n      ".join(("jobs:\n  a:\n    checks:", *keys, ""))

    (check,) = load(text).configuration.jobs[JobKey("production", "a")].checks

    assert check.anomaly == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("change_min: -20%", Change(least=-0.2, is_relative=True)),
        ("change_min: '-12.5 %', change_max: +50%", Change(least=-0.125, most=0.5, is_relative=True)),
        ("change_min: -500, change_max: 1000", Change(least=-500.0, most=1000.0)),
        ("change_max: 0", Change(most=0.0)),
        ("threshold_min: 1", None),
    ],
)
def test_a_change_is_a_percentage_or_a_number_and_told_as_it_was_written(
    load: Load, written: str, meant: Change | None
) -> None:
    text = f"jobs: {{a: {{checks: {{metric: row_count, {written}}}}}}}"

    (check,) = load(text).configuration.jobs[JobKey("production", "a")].checks

    assert check.change == meant
    assert change_of(*change_written(check.change)) == meant


def test_drift_that_is_compared_with_its_past_has_no_limit_that_nobody_said(load: Load) -> None:
    text = "jobs: {a: {checks: {metric: schema_drift, anomaly: true}}}"

    (check,) = load(text).configuration.jobs[JobKey("production", "a")].checks

    assert check.has_no_limit


def test_of_too_many_metrics_nothing_can_be_learned(faults: Faults) -> None:
    many = ", ".join(f"{{metric: value_range, column: c{n}, anomaly: true}}" for n in range(MAX_LEARNED + 1))
    (problem,) = faults(f"jobs: {{a: {{checks: [{many}]}}}}")

    assert "at most 20 metrics" in problem.message


def test_the_metric_that_was_meant_is_suggested(faults: Faults) -> None:
    (problem,) = faults("jobs: {a: {checks: [{metric: nul_rate, column: a, threshold_max: 0.1}]}}")

    assert problem.suggestion == "null_rate"


def test_two_checks_of_one_name_are_told(faults: Faults) -> None:
    one = "{metric: row_count, threshold_min: 1}"
    (problem,) = faults(f"jobs: {{a: {{checks: [{one}, {one}]}}}}")

    assert problem.path == "jobs.a.checks"
    assert "number 2 is called 'row_count' like number 1" in problem.message


def test_there_can_be_too_many_checks(faults: Faults) -> None:
    many = ", ".join(f"{{id: c{n}, metric: row_count, threshold_min: 1}}" for n in range(MAX_CHECKS + 1))
    (problem,) = faults(f"jobs: {{a: {{checks: [{many}]}}}}")

    assert str(MAX_CHECKS) in problem.message
