"""The reference of checks: each example is run, passes and fails, and none is missing."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.docs.conftest import Served
from tests.docs.pages import DOCS, SNIPPETS, snippets, text_of
from tests.docs.running import run
from tocsin.cli import main
from tocsin.cli.exits import Exit
from tocsin.config.data_checks import load_checks
from tocsin.config.grammar.checks import Check
from tocsin.config.grammar.data_checks import DataChecks
from tocsin.jobs.checks import Metric

PLACE = "data-checks/by-example"
EXAMPLES = [Path(name).stem for name in snippets(".yaml") if name.startswith(f"{PLACE}/")]
REFERENCE = DOCS / "reference" / "data-checks.md"
NOON = "2026-03-10T12:00Z"
# What an example without a server cannot show, or shows under another name.
SHOWN_ELSEWHERE = {
    *("anomaly", "change_min", "change_max"),  # they ask for the past of a job
    *("source", "table", "job", "timezone", "null_values"),  # of the how-tos and the tutorial
    "on_fail",  # of a run
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_prints_what_is_shown_and_has_checks_that_pass_and_that_fail(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(SNIPPETS / PLACE)
    monkeypatch.delenv("TOCSIN_URL", raising=False)

    code = main(["quality", "run", "orders.csv", "--checks", f"{name}.yaml", "--as-of", NOON])

    printed = capsys.readouterr().out
    assert printed.rpartition(", in ")[0] + "\n" == text_of(f"{PLACE}/{name}.txt")
    assert code == Exit.FAILED
    assert "\n  pass" in printed


def test_every_metric_has_an_example() -> None:
    shown = {
        check.measurement.metric
        for name in EXAMPLES
        for check in load_checks(SNIPPETS / PLACE / f"{name}.yaml").checks
    }

    assert sorted(metric.value for metric in set(Metric) - shown) == []


def test_every_key_of_a_check_has_an_example() -> None:
    shown = "".join(text_of(f"{PLACE}/{name}.yaml") for name in EXAMPLES)
    keys = {*Check.model_fields, *DataChecks.model_fields} - SHOWN_ELSEWHERE

    assert sorted(key for key in keys if f"{key}:" not in shown) == []


def test_a_check_with_on_fail_fails_the_run_and_says_which_it_was(served: Served, tmp_path: Path) -> None:
    shutil.copy(SNIPPETS / PLACE / "orders.csv", tmp_path)

    done = run([sys.executable, str(SNIPPETS / PLACE / "on_fail.py")], served, tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    found = served.ask("GET", "/api/v1/alerts")[1]["items"]
    (alert,) = [one for one in found if one["job"] == "orders_of_today"]
    assert alert["condition"] == "job_failure"
    said = "check row_count: 8; at least 1,000; also check email_null_rate: 0.25 (25 %); at most 0.05 (5 %)"
    assert said in str(alert)
    assert said in " ".join(REFERENCE.read_text(encoding="utf-8").split())
