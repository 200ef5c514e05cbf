"""Checks that the API or a check-in declares: as those of the file, under the ranks of definitions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.web.served import Heard, Served, serving
from tests.web.test_checks import promising
from tocsin.engine.configuration import Configuration
from tocsin.jobs.job import Definition, JobKey, Rank

ROWS = {"metric": "row_count", "threshold_min": 10, "severity": "critical"}
NULLS = {"metric": "null_rate", "column": "email", "threshold_max": 0.05, "anomaly": {"spreads": 5}}


@pytest.fixture(scope="module")
def declaring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose file declares the jobs `orders`, with checks, and `flights`, without."""
    folder: Path = tmp_path_factory.mktemp("declaring")
    with serving(folder, change=lambda configuration: without_checks(promising(configuration))) as served:
        yield served


def without_checks(configuration: Configuration) -> Configuration:
    """Let the file say of `flights` who owns it, and nothing of its data."""
    plain = {JobKey("production", "flights"): Definition(owner="the delays desk", rank=Rank.FILE)}
    return replace(configuration, jobs={**configuration.jobs, **plain})


def keys_of(served: Served, job: str) -> list[str]:
    found = served.get(f"/api/v1/jobs/production/{job}")["definition"]["checks"]
    return [check["key"] for check in found]


def alerts_of(served: Served, job: str) -> list[dict[str, Any]]:
    return [alert for alert in served.get("/api/v1/alerts")["items"] if alert["job"] == job]


def define(served: Served, job: str, checks: Sequence[Mapping[str, object]]) -> Heard:
    return served.ask("PUT", f"/api/v1/jobs/production/{job}/definition", {"checks": checks})


def test_the_api_declares_checks_that_are_judged_and_replaces_them(declaring: Served) -> None:
    declaring.report({"job": "sales", "kind": "start"})

    assert define(declaring, "sales", [ROWS, NULLS]).status == 200
    assert keys_of(declaring, "sales") == ["row_count", "email_null_rate"]
    declaring.report({"job": "sales", "kind": "success", "metrics": {"row_count": 3}})
    (alert,) = alerts_of(declaring, "sales")
    assert (alert["condition"], alert["severity"]) == ("data_quality", "critical")
    assert alert["evidence"]["email_null_rate"].startswith("no data: 'email_null_rate' was not sent")

    assert define(declaring, "sales", [{**ROWS, "threshold_min": 2}]).status == 200
    assert keys_of(declaring, "sales") == ["row_count"]


def test_a_check_in_declares_checks_and_is_judged_by_them_at_once(declaring: Served) -> None:
    definition = {"checks": [ROWS]}
    declaring.report(
        {"job": "loads", "kind": "success", "metrics": {"row_count": 3}, "definition": definition}
    )

    assert keys_of(declaring, "loads") == ["row_count"]
    (alert,) = alerts_of(declaring, "loads")
    assert alert["condition"] == "data_quality"


def test_the_impact_of_a_job_can_be_said_by_the_api_too(declaring: Served) -> None:
    declaring.report({"job": "heavy", "kind": "start"})

    path = "/api/v1/jobs/production/heavy"
    assert declaring.ask("PUT", f"{path}/definition", {"impact": "high"}).status == 200
    assert declaring.get(path)["definition"]["impact"] == "high"


def test_the_file_wins_over_the_api_and_the_api_over_check_ins(declaring: Served) -> None:
    declaring.report({"job": "orders", "kind": "start", "definition": {"checks": [NULLS]}})
    assert define(declaring, "orders", [NULLS]).status == 409
    assert keys_of(declaring, "orders") == ["row_count", "email_null_rate"]

    declaring.report({"job": "costs", "kind": "start", "definition": {"checks": [NULLS]}})
    assert define(declaring, "costs", [ROWS]).status == 200
    declaring.report({"job": "costs", "kind": "start", "definition": {"checks": [NULLS]}})
    assert keys_of(declaring, "costs") == ["row_count"]


@pytest.mark.parametrize(
    ("checks", "field", "message"),
    [
        ([{"metric": "rows"}], "checks.0.metric", "row_count"),
        ([{"metric": "row_count"}], "checks.0", "needs 'threshold_min'"),
        ([{"metric": "row_count", "column": "id", "threshold_min": 1}], "checks.0.column", "whole table"),
        ([ROWS, {"metric": "null_rate", "anomaly": True}], "checks.1", "needs a 'column'"),
        ([{**NULLS, "threshold_max": 5}], "checks.0.threshold_max", "5 % is 0.05"),
        ([{**ROWS, "threshold_min": -1}], "checks.0.threshold_min", "less than 0"),
        ([{**ROWS, "threshold_max": 1}], "checks.0.threshold_max", "swap the two"),
        ([{**NULLS, "anomaly": {"spreads": 1}}], "checks.0.anomaly.spreads", "2"),
        ([{**NULLS, "anomaly": "yes"}], "checks.0.anomaly", ""),
        ([ROWS, ROWS], "checks.1", "another 'id'"),
        ([{**ROWS, "id": "a\nb"}], "checks.0.id", ""),
        (
            [{"metric": "value_range", "column": f"c{n}", "anomaly": True} for n in range(21)],
            "checks.20",
            "20",
        ),
        ([{**ROWS, "id": f"r{n}"} for n in range(51)], "checks", "50"),
        ([{**ROWS, "treshold": 1}], "checks.0.treshold", ""),
        ([{**ROWS, "change_min": "20"}], "checks.0.change_min", "a percentage such as -20%"),
        ([{**ROWS, "change_min": [1]}], "checks.0.change_min", "or a number, not [1]"),
        ([{**ROWS, "change_min": 1e301}], "checks.0.change_min", "or a number, not 1e+301"),
        ([{**ROWS, "change_min": 5, "change_max": 4}], "checks.0.change_max", "swap the two"),
        ([], "checks", "1"),
    ],
)
def test_what_cannot_be_a_check_is_refused_by_field(
    declaring: Served, checks: list[dict[str, object]], field: str, message: str
) -> None:
    declaring.report({"job": "refused", "kind": "start"})

    answer = define(declaring, "refused", checks)

    assert answer.status == 422
    error = answer.json["error"]
    assert error["field"] == field
    assert message in error["message"]
    body = {"job": "refused", "kind": "start", "definition": {"checks": checks}}
    refused = declaring.ask("POST", "/api/v1/check-ins", body)
    assert refused.status == 422
    assert f"definition.{field}" in refused.text


def test_checks_of_a_check_in_replace_those_of_the_job_and_nothing_else(declaring: Served) -> None:
    schedule = {"schedule": "0 2 * * *", "checks": [ROWS]}
    declaring.report({"job": "stock", "kind": "start", "run": "1", "definition": schedule})
    declaring.report({"job": "stock", "kind": "success", "run": "1", "checks": [{**ROWS, "id": "other"}]})

    definition = declaring.get("/api/v1/jobs/production/stock")["definition"]
    assert [check["id"] for check in definition["checks"]] == ["other"]
    assert definition["schedule"] == "0 2 * * *"

    declaring.report({"job": "stock", "kind": "start", "run": "2", "definition": {"schedule": "0 3 * * *"}})
    assert [
        check["id"] for check in declaring.get("/api/v1/jobs/production/stock")["definition"]["checks"]
    ] == ["other"]

    declaring.report({"job": "stock", "kind": "success", "run": "2", "checks": []})
    assert declaring.get("/api/v1/jobs/production/stock")["definition"]["checks"] == []


def test_a_change_is_declared_judged_and_told_as_it_was_written(declaring: Served) -> None:
    checks = [{"metric": "row_count", "change_min": "-20%"}]
    declaring.report({"job": "steps", "kind": "success", "metrics": {"row_count": 100}, "checks": checks})
    (check,) = declaring.get("/api/v1/jobs/production/steps")["definition"]["checks"]
    assert (check["change_min"], check["change_max"]) == ("-20%", None)
    assert alerts_of(declaring, "steps") == []

    declaring.report({"job": "steps", "kind": "success", "metrics": {"row_count": 79}, "checks": checks})

    (alert,) = alerts_of(declaring, "steps")
    assert alert["evidence"]["row_count"] == "warn: 79, -21 % from 100; may fall by at most 20 %"


def test_checks_of_a_check_in_hold_for_a_job_of_the_file_that_has_none(declaring: Served) -> None:
    sent = {"kind": "success", "metrics": {"row_count": 3}, "checks": [ROWS]}
    declaring.report({"job": "flights", **sent})
    declaring.report({"job": "orders", **sent})

    assert keys_of(declaring, "flights") == ["row_count"]
    (alert,) = alerts_of(declaring, "flights")
    assert alert["condition"] == "data_quality"
    assert declaring.get("/api/v1/jobs/production/flights")["definition"]["owner"] == "the delays desk"
    assert keys_of(declaring, "orders") == ["row_count", "email_null_rate"]

    declaring.report({"job": "flights", "kind": "success", "checks": [NULLS]})
    assert keys_of(declaring, "flights") == ["email_null_rate"]
    declaring.report({"job": "flights", "kind": "success", "checks": []})
    assert keys_of(declaring, "flights") == []
