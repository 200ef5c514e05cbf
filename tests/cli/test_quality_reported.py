"""`tocsin quality run` as a run of a job: what the server hears, judges and tells."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import PATIENCE_SECONDS, Tocsin
from tests.cli.test_quality import CHECKS, Run
from tocsin.cli.exits import Exit
from tocsin.clock import monotonic


@pytest.fixture
def run(tocsin: Tocsin, tmp_path: Path) -> Run:
    return Run(tocsin, tmp_path)


def eventually(tocsin: Tocsin, *words: str, holds: str) -> str:
    """Ask again until the answer holds some words; the server judges after it has answered."""
    until = monotonic() + PATIENCE_SECONDS
    said = tocsin(*words)
    while holds not in said.out and monotonic() < until:
        said = tocsin(*words)
    assert holds in said.out
    return said.out


def test_of_a_job_the_server_judges_the_same_checks_and_tells_which_rows_failed(
    run: Run, tocsin: Tocsin, real_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_URL", real_server)
    monkeypatch.setenv("TOCSIN_SPOOL", str(run.folder / "spool"))

    assert run(CHECKS, run.data, "--job", "shop/orders").code == Exit.FAILED

    assert run(CHECKS, run.data, "--job", "shop/other", "--no-report").code == Exit.FAILED
    eventually(tocsin, "alerts", holds="shop/orders")
    assert "shop/other" not in tocsin("jobs").out
    (alert,) = [
        one for one in json.loads(tocsin("alerts", "--json").out)["items"] if one["job"] == "shop/orders"
    ]
    shown = tocsin("alerts", alert["id"]).out
    assert "check amount_value_range failed: 250, from 0 to 100" in shown
    assert "fail: 250; from 0 to 100; id=3" in shown
    assert "(66.67 %); at least 1 (100 %); email=•••" in shown


def test_a_check_may_fail_the_run_itself(
    run: Run, tocsin: Tocsin, real_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_URL", real_server)
    monkeypatch.setenv("TOCSIN_SPOOL", str(run.folder / "spool"))
    checks = (
        "checks:\n"
        "  - {metric: row_count, threshold_min: 100, on_fail: fail_run}\n"
        "  - {metric: null_rate, column: email, threshold_max: 0, on_fail: record}\n"
    )

    run(
        f"key: id\n{checks}  - {{metric: uniqueness, column: email, threshold_min: 1}}\n",
        run.data,
        "--job",
        "shop/failing",
    )

    eventually(tocsin, "runs", "shop/failing", holds="failed")
    (alert,) = [
        one for one in json.loads(tocsin("alerts", "--json").out)["items"] if one["job"] == "shop/failing"
    ]
    assert "check row_count: 4; at least 100" in alert["summary"]
    assert (
        "also check email_uniqueness: 0.6666666667 (66.67 %); at least 1 (100 %) (email=b@x)"
        in alert["summary"]
    )
    assert "email_null_rate" not in alert["summary"]
    declared = tocsin("jobs", "show", "shop/failing").out
    assert "check row_count" in declared
    assert "email_null_rate" not in declared


def test_checks_that_cannot_be_used_are_a_failed_run_of_their_job(
    run: Run, tocsin: Tocsin, real_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_URL", real_server)
    monkeypatch.setenv("TOCSIN_SPOOL", str(run.folder / "spool"))

    assert run("checks: []\n", run.data, "--job", "shop/emptied").code == Exit.USAGE
    told = eventually(tocsin, "runs", "shop/emptied", holds="failed")
    assert "checks: must have at least 1 entry, not an empty list" in told

    assert run(CHECKS, "nothing.parquet", "--job", "shop/absent").code == Exit.USAGE
    told = eventually(tocsin, "runs", "shop/absent", holds="failed")
    assert "data was not checked: there is no file nothing.parquet" in told

    assert run("checks: []\n", run.data, "--job", "shop/quiet", "--no-report").code == Exit.USAGE
    assert "shop/quiet" not in tocsin("jobs").out


EVERY_VERDICT = """\
checks:
  - {id: passes, metric: row_count, threshold_min: 3}
  - {id: warns, metric: null_rate, column: email, threshold_max: 0.1}
  - {id: fails, metric: value_range, column: amount, threshold_max: 100, severity: critical}
  - {id: errs, metric: mean, column: amunt, threshold_min: 1}
  - {id: none, metric: max, column: amount, where: id > 99, threshold_min: 1}
  - {id: learns, metric: distinct_count, column: email, change_min: -20%}
"""


def test_the_server_and_whoever_measured_come_to_the_same_verdicts_in_the_same_words(
    run: Run, tocsin: Tocsin, real_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_URL", real_server)
    monkeypatch.setenv("TOCSIN_SPOOL", str(run.folder / "spool"))

    found = json.loads(run(EVERY_VERDICT, run.data, "--job", "shop/every", "--json").out)["checks"]

    eventually(tocsin, "alerts", holds="shop/every")
    told = json.loads(tocsin("jobs", "show", "shop/every", "--json").out)["checks"]
    assert [one["verdict"] for one in found] == ["pass", "warn", "fail", "error", "no data", "learning"]
    assert [one["verdict"] for one in told] == [one["verdict"] for one in found]
    for here, there in zip(found, told, strict=True):
        if here["verdict"] in ("warn", "error", "no data"):
            assert here["said"] == there["said"]
    (alert,) = [
        one for one in json.loads(tocsin("alerts", "--json").out)["items"] if one["job"] == "shop/every"
    ]
    assert (
        alert["evidence"]["errs"] == "error: there is no column 'amunt'; did you mean 'amount'?; at least 1"
    )
    assert alert["evidence"]["checks"] == "1 fail, 1 warn, 1 error, 1 no data, 1 learning, 1 pass"
