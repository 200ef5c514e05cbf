"""The numbers that jobs send are gauges at /metrics: the last ones, bounded, and gone with the job."""

from datetime import timedelta

import pytest

from tests.web.served import Served
from tocsin.clock import now
from tocsin.web.api import sent

CHECKS = [{"metric": "null_rate", "column": "email", "threshold_max": 0.5}]


def gauges(served: Served) -> list[str]:
    lines = served.ask("GET", "/metrics").text.splitlines()
    return [line.partition("batch_job_metric")[2] for line in lines if line.startswith("batch_job_metric{")]


def of(job: str, metric: str, value: object, column: str = "") -> str:
    return f'{{job_name="{job}",environment="production",metric="{metric}",column="{column}"}} {value}'


def good(job: str, **more: object) -> dict[str, object]:
    return {"job": job, "kind": "success", **more}


def test_only_what_the_last_run_sent_is_shown_and_with_the_column_that_it_is_of(alone: Served) -> None:
    alone.report(good("orders", run="a", checks=CHECKS, metrics={"email_null_rate": 0.1, "gone": 1}))
    alone.report(good("orders", run="b", metrics={"email_null_rate": 0.2, "rows": 7, "nothing": None}))

    assert gauges(alone) == [of("orders", "email_null_rate", 0.2, "email"), of("orders", "rows", 7.0)]


def test_a_run_that_sent_nothing_leaves_what_the_checks_had_before(alone: Served) -> None:
    alone.report(good("orders", run="a", checks=CHECKS, metrics={"email_null_rate": 0.1, "rows": 1}))
    alone.report({"job": "orders", "kind": "fail", "run": "b"})

    assert gauges(alone) == [of("orders", "email_null_rate", 0.1, "email")]


def test_what_is_old_and_what_is_removed_is_absent(alone: Served) -> None:
    long_ago = (now() - timedelta(days=31)).isoformat()
    alone.report(good("old", at=long_ago, metrics={"rows": 1}), good("new", metrics={"rows": 2}))

    assert gauges(alone) == [of("new", "rows", 2.0)]
    assert alone.ask("DELETE", "/api/v1/jobs/production/new").status == 200
    assert gauges(alone) == []


def test_that_some_is_left_out_is_said(alone: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    alone.report(good("a", metrics={"rows": 1}), good("b", metrics={"rows": 2}))
    assert "tocsin_job_metrics_left_out 0.0" in alone.ask("GET", "/metrics").text

    monkeypatch.setattr(sent, "MAX_JOBS", 1)

    assert gauges(alone) == [of("a", "rows", 1.0)]
    assert "tocsin_job_metrics_left_out 1.0" in alone.ask("GET", "/metrics").text
