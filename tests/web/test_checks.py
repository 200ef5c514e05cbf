"""Checks of a job's data: what is sent instead of a number is kept as that, and shown for what it is."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.web.served import Served, serving
from tocsin.engine.configuration import Configuration
from tocsin.jobs.checks import Anomaly, Check, Metric
from tocsin.jobs.job import Definition, JobKey, Rank

HTML = {"accept": "text/html"}
ROWS = Check(id="<b>rows", metric=Metric.ROW_COUNT, least=10.0, severity="critical")
NULLS = Check(id="nulls", metric=Metric.NULL_RATE, column="email", most=0.05)


def promising(configuration: Configuration) -> Configuration:
    """Let the job have checks."""
    definition = Definition(checks=(ROWS, NULLS), rank=Rank.FILE)
    return replace(configuration, jobs={JobKey("production", "orders"): definition})


@pytest.fixture(scope="module")
def checking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on which a job has checks."""
    folder: Path = tmp_path_factory.mktemp("checking")
    with serving(folder, change=promising) as served:
        yield served


@pytest.mark.parametrize("value", ["null", "NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_fails_its_check_and_not_the_check_in(checking: Served, value: str) -> None:
    metrics = f'{{"row_count": 50, "email_null_rate": {value}}}'
    body = f'{{"job": "orders", "kind": "success", "metrics": {metrics}}}'

    answer = checking.ask("POST", "/api/v1/check-ins", body.encode())

    assert answer.status == 202
    (alert,) = checking.get("/api/v1/alerts")["items"]
    assert (alert["condition"], alert["severity"]) == ("data_quality", "warning")
    assert "is not a finite number" in alert["evidence"]["nulls"]
    (run, *_) = checking.get("/api/v1/jobs/production/orders/runs")["items"]
    assert run["metrics"] == {"row_count": 50.0}

    checking.report({"job": "orders", "kind": "success", "metrics": {"row_count": 50, "email_null_rate": 0}})
    assert checking.get("/api/v1/alerts")["items"] == []


def test_the_checks_of_a_job_are_shown(checking: Served) -> None:
    checking.report({"job": "orders", "kind": "success", "metrics": {"row_count": 50, "email_null_rate": 0}})

    (rows, nulls) = checking.get("/api/v1/jobs/production/orders")["definition"]["checks"]
    assert (rows["key"], rows["threshold_min"], rows["threshold_max"]) == ("row_count", 10.0, None)
    assert (nulls["key"], nulls["severity"]) == ("email_null_rate", "warning")
    page = checking.ask("GET", "/jobs/production/orders", headers=HTML).text
    verdict = r'&lt;b&gt;rows</bdi></th>\s*<td><span class="dot is-success"></span>pass</td>'
    assert re.search(verdict + r'\s*<td class="said"><bdi>50; at least 10', page)


def test_how_a_check_stands_is_told_with_its_normal(checking: Served) -> None:
    past = Check(id="past", metric=Metric.ROW_COUNT, anomaly=Anomaly())
    body = {"checks": [{"id": past.id, "metric": "row_count", "anomaly": True}]}
    for number in range(3):
        checking.report(
            {"job": "sales", "kind": "success", "run": f"r{number}", "metrics": {"row_count": 50}}
        )
    assert checking.ask("PUT", "/api/v1/jobs/production/sales/definition", body).status == 200
    (stands,) = checking.get("/api/v1/jobs/production/sales")["checks"]
    assert (stands["verdict"], stands["values_learned"], stands["normal"]) == (None, 0, None)

    checking.report({"job": "sales", "kind": "success", "run": "r", "metrics": {"row_count": 51}})
    found = checking.get("/api/v1/jobs/production/sales")
    (stands,), (declared,) = found["checks"], found["definition"]["checks"]
    assert (stands["verdict"], stands["value"], stands["run"]) == ("learning", 51.0, "r")
    assert stands["said"] == "51; learning what is normal, 0 of 10 runs"
    assert declared["anomaly"] == {"spreads": 4.0, "direction": "both", "least": 0.0}
    page = checking.ask("GET", "/jobs/production/sales", headers=HTML).text
    assert '<span class="dot is-pending"></span>learning</td>' in page
    assert page.count("learning what is normal, 0 of 10 runs") >= 1
